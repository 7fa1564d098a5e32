package intake

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"outboundbot/storage"
)

// report turns one part of a payload into an event.
func report[T any](w *walk, path string, raw json.RawMessage, v *value, event func(T, *value) (storage.Event, error)) bool {
	var part T
	if err := unmarshal(raw, &part); err != nil {
		return w.reject(path, raw, err)
	}
	e, err := event(part, v)
	if err != nil {
		return w.reject(path, raw, err)
	}
	e.Channel, e.Line = "WA", string(v.Metadata.Line)
	*w.to.slot() = e
	w.fault = w.to.event(Place{Line: w.line, Path: path}, raw)
	return w.fault == nil
}

// status is what became of a message that the company sent.
type status struct {
	ID              string
	Status          string
	Timestamp       text
	RecipientID     text   `json:"recipient_id"`
	RecipientUserID string `json:"recipient_user_id"`
	Callback        string `json:"biz_opaque_callback_data"`
	Errors          []struct {
		Code    text
		Title   string
		Message string
		Data    struct{ Details string } `json:"error_data"`
	}
}

// event: Meta repeats statuses, a repetition has the same message id and status and so the same event id.
func (s status) event(v *value) (storage.Event, error) {
	if s.ID == "" || s.Status == "" {
		return storage.Event{}, errors.New("id or status is missing")
	}
	at, err := unix(s.Timestamp)
	e := storage.Event{
		ID: "wa:" + s.ID + ":" + s.Status, At: at, Message: s.ID, Send: s.Callback,
		Contact: cmp.Or(string(s.RecipientID), s.RecipientUserID, v.contact()),
	}
	switch s.Status {
	case "sent":
		e.Type = storage.MessageSent
	case "delivered":
		e.Type = storage.MessageDelivered
	case "read", "played": // played: a voice message was heard
		e.Type = storage.MessageRead
	case "failed":
		e.Type = storage.MessageFailed
	default:
		e.Type = storage.Type("whatsapp." + s.Status) // kept, counts for nothing
	}
	if len(s.Errors) > 0 && e.Type == storage.MessageFailed {
		first := s.Errors[0]
		e.Code, e.Reason = string(first.Code), cut(cmp.Or(first.Data.Details, first.Message, first.Title), maxReason)
	}
	return e, err
}

// contact is the customer that the payload is about, for parts that name none.
func (v *value) contact() string {
	if len(v.Contacts) != 1 {
		return ""
	}
	return cmp.Or(string(v.Contacts[0].WaID), string(v.Contacts[0].UserID))
}

// inbound is a message of the customer, or a notice about them.
type inbound struct {
	ID          string
	From        text
	FromUserID  string `json:"from_user_id"`
	Timestamp   text
	Type        string
	Context     struct{ ID string }
	Text        struct{ Body string }
	Button      struct{ Text string }
	Interactive struct {
		Type   string
		Button choice `json:"button_reply"`
		List   choice `json:"list_reply"`
		Form   struct {
			Name, Body string
		} `json:"nfm_reply"`
	}
	Reaction struct {
		MessageID string `json:"message_id"`
	}
	System struct{ Type, Marketing string }
}

type choice struct{ Title string }

func (m inbound) event(v *value) (storage.Event, error) {
	if m.ID == "" {
		return storage.Event{}, errors.New("id is missing")
	}
	contact := cmp.Or(string(m.From), m.FromUserID, v.contact())
	if m.System.Type == "user_preference_changed" && m.System.Marketing != "" {
		p := preference{WaID: text(contact), Category: "marketing_messages", Value: m.System.Marketing, Timestamp: m.Timestamp}
		return p.event(v)
	}
	at, err := unix(m.Timestamp)
	e := storage.Event{
		ID: "wa:" + m.ID, Type: storage.MessageInbound, At: at, Message: m.ID,
		Contact: contact, ReplyTo: cmp.Or(m.Context.ID, m.Reaction.MessageID),
	}
	e.Kind, e.Text = m.content()
	return e, err
}

// content gives the kind of a message by MODEL 1 and its words. Whatever is not known here, such as a poll, is
// something that the customer wrote all the same.
func (m inbound) content() (kind, words string) {
	switch m.Type {
	case "text":
		return "text", cut(m.Text.Body, storage.MaxText)
	case "button":
		return "button", m.Button.Text
	case "interactive":
		switch m.Interactive.Type {
		case "list_reply":
			return "list", m.Interactive.List.Title
		case "nfm_reply":
			return "form", cmp.Or(m.Interactive.Form.Body, m.Interactive.Form.Name)
		}
		return "button", m.Interactive.Button.Title
	case "order", "reaction":
		return m.Type, ""
	case "system", "request_welcome":
		return "system", ""
	}
	return "media", ""
}

// preference is the customer's wish to get marketing messages or not.
type preference struct {
	WaID      text   `json:"wa_id"`
	UserID    string `json:"user_id"`
	Category  string
	Value     string
	Timestamp text
}

func (p preference) event(v *value) (storage.Event, error) {
	at, err := unix(p.Timestamp)
	contact := cmp.Or(string(p.WaID), p.UserID, v.contact())
	e := storage.Event{ // the wish is about one number of the company, so that is part of the id
		ID:   fmt.Sprintf("wa:%s:%s:%s:%s:%s", storage.Digits(string(v.Metadata.Line)), contact, p.Category, p.Value, p.Timestamp),
		Type: storage.OptOut, At: at, Contact: contact,
	}
	switch {
	case contact == "":
		return e, errors.New("no wa_id and no user_id")
	case p.Value == "":
		return e, errors.New("value is missing")
	case p.Value != "stop":
		e.Type = storage.Type("whatsapp.preference") // kept, counts for nothing
	}
	return e, err
}

// unix reads a timestamp in seconds.
func unix(s text) (storage.Instant, error) {
	n, err := strconv.ParseInt(string(s), 10, 64)
	switch {
	case s == "":
		return 0, errors.New("timestamp is missing")
	case err != nil || n <= 0:
		return 0, errors.New("timestamp must be seconds since 1970")
	case n >= int64(tooLate)/1000:
		return 0, errors.New("timestamp is after 2199: it must be in seconds, not in milliseconds")
	}
	return storage.Instant(n * 1000), nil
}
