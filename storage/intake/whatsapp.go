package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WhatsApp is the webhook payloads of the WhatsApp Cloud API, also as other providers pass them on: one a line, one
// document, or an array. Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks.
//
// Statuses carry no campaign: they join the send.requested that has the same message id, whichever comes first, or
// name their send themselves when the sender put its id into biz_opaque_callback_data.
var WhatsApp = Format{
	Name: "whatsapp",
	Detect: func(_ string, head []byte) bool {
		return bytes.Contains(head, []byte(`"whatsapp_business_account"`)) || bytes.Contains(head, []byte(`"messaging_product"`))
	},
	read: readWhatsApp,
}

// payload is one POST. Its parts stay raw until their turn, so that a bad one spoils no other.
type payload struct {
	Object string
	Entry  []json.RawMessage
}

type entry struct{ Changes []json.RawMessage }

type change struct {
	Field string
	Value json.RawMessage
}

// value is what changed on one number of the company.
type value struct {
	Metadata struct {
		Line text `json:"display_phone_number"`
	}
	Contacts []struct {
		WaID   text `json:"wa_id"`
		UserID text `json:"user_id"`
	}
	Statuses    []json.RawMessage
	Messages    []json.RawMessage
	Preferences []json.RawMessage `json:"user_preferences"`
}

func readWhatsApp(r io.Reader, to *batch) error {
	w := walk{to: to}
	for doc, err := range documents(r, maxPayload) {
		if err != nil {
			return err
		}
		if !w.payload(doc) {
			return w.fault
		}
	}
	return nil
}

// walk goes through payloads and writes an event for each status, message and preference. Its steps tell whether to
// go on.
type walk struct {
	to    *batch
	line  int
	fault error // why it does not go on
}

func (w *walk) payload(doc document) bool {
	w.line = doc.line
	var p payload
	err := doc.bad
	if err == nil {
		err = unmarshal(doc.data, &p)
	}
	switch {
	case err != nil:
		return w.reject("", doc.data, syntaxf("%v", err))
	case p.Object != "" && p.Object != "whatsapp_business_account":
		return w.reject("object", doc.data, fmt.Errorf("%.40q is not whatsapp_business_account", p.Object))
	case p.Entry == nil:
		return w.reject("entry", doc.data, errors.New("missing: this is no WhatsApp webhook"))
	}
	return each(p.Entry, "entry", func(path string, raw json.RawMessage) bool {
		var e entry
		if err := unmarshal(raw, &e); err != nil {
			return w.reject(path, raw, err)
		}
		return each(e.Changes, path+".changes", w.change)
	})
}

func (w *walk) change(path string, raw json.RawMessage) bool {
	var c change
	if err := unmarshal(raw, &c); err != nil {
		return w.reject(path, raw, err)
	}
	if c.Field != "messages" && c.Field != "user_preferences" {
		return true // about the account, a template, a call: no event of a send
	}
	var v value
	if err := unmarshal(c.Value, &v); err != nil {
		return w.reject(path+".value", raw, err)
	}
	return each(v.Statuses, path+".statuses", func(path string, raw json.RawMessage) bool {
		return report(w, path, raw, &v, status.event)
	}) && each(v.Messages, path+".messages", func(path string, raw json.RawMessage) bool {
		return report(w, path, raw, &v, inbound.event)
	}) && each(v.Preferences, path+".user_preferences", func(path string, raw json.RawMessage) bool {
		return report(w, path, raw, &v, preference.event)
	})
}

// each calls do with every element and its path.
func each(list []json.RawMessage, path string, do func(path string, raw json.RawMessage) bool) bool {
	for i, raw := range list {
		if !do(fmt.Sprintf("%s[%d]", path, i), raw) {
			return false
		}
	}
	return true
}

func (w *walk) reject(path string, raw []byte, why error) bool {
	w.fault = w.to.reject(Place{Line: w.line, Path: path}, raw, why)
	return w.fault == nil
}

func unmarshal(raw []byte, to any) error {
	if !utf8.Valid(raw) {
		return errors.New("not valid UTF-8")
	}
	err := json.Unmarshal(raw, to)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped) && mistyped.Field != "":
		return fmt.Errorf("%s must not be %s", strings.ToLower(mistyped.Field), article(mistyped.Value))
	case errors.As(err, &mistyped):
		return fmt.Errorf("must not be %s", article(mistyped.Value))
	case err != nil:
		return fmt.Errorf("not JSON: %w", err)
	}
	return nil
}

func article(noun string) string {
	if strings.HasPrefix(noun, "a") || strings.HasPrefix(noun, "o") {
		return "an " + noun
	}
	return "a " + noun
}

// text is a string that some providers send as a number.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("an object or list where a string or number belongs")
	}
	*t = text(n)
	return nil
}
