package storage

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Event is one thing that happened (MODEL 1). An empty string is an absent field. The JSON tags are the native form.
type Event struct {
	ID   string  `json:"id"`
	Type Type    `json:"type"`
	At   Instant `json:"at"`
	Seq  int64   `json:"seq,omitempty"`

	Send         string `json:"send,omitempty"`
	Message      string `json:"message,omitempty"`
	Conversation string `json:"conversation,omitempty"`
	Channel      string `json:"channel,omitempty"`
	Line         string `json:"line,omitempty"`
	Contact      string `json:"contact,omitempty"`

	// Attributes of the send that the event names.
	Origin   string `json:"origin,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Template string `json:"template,omitempty"`
	Category string `json:"category,omitempty"`
	Flow     string `json:"flow,omitempty"`
	Webhook  string `json:"webhook,omitempty"`
	Variant  string `json:"variant,omitempty"`
	Sender   string `json:"sender,omitempty"`
	Test     bool   `json:"test,omitempty"`

	Code     string  `json:"code,omitempty"`     // message.failed
	Reason   string  `json:"reason,omitempty"`   // message.failed, send.skipped
	UpTo     Instant `json:"up_to,omitempty"`    // watermark.*
	Kind     string  `json:"kind,omitempty"`     // message.inbound
	Text     string  `json:"text,omitempty"`     // message.inbound, flow.step
	ReplyTo  string  `json:"reply_to,omitempty"` // message.inbound
	How      string  `json:"how,omitempty"`      // conversation.closed, assigned, flow.ended
	Group    string  `json:"group,omitempty"`    // assigned
	Agent    string  `json:"agent,omitempty"`    // assigned, agent.replied
	Tag      string  `json:"tag,omitempty"`      // tag.*
	TagType  string  `json:"tag_type,omitempty"` // tag.applied
	Sale     bool    `json:"sale,omitempty"`     // tag.applied
	By       string  `json:"by,omitempty"`       // tag.applied
	Value    string  `json:"value,omitempty"`    // tag.applied: a decimal number, kept as written
	Currency string  `json:"currency,omitempty"` // tag.applied
	Label    string  `json:"label,omitempty"`    // label.*
	Node     string  `json:"node,omitempty"`     // flow.step, flow.option
	Option   string  `json:"option,omitempty"`   // flow.option
}

// Type is what happened. Unknown types are kept and count for nothing.
type Type string

// The types of MODEL 1.
const (
	SendRequested       Type = "send.requested"
	SendSkipped         Type = "send.skipped"
	MessageSent         Type = "message.sent"
	MessageDelivered    Type = "message.delivered"
	MessageRead         Type = "message.read"
	MessageFailed       Type = "message.failed"
	WatermarkDelivered  Type = "watermark.delivered"
	WatermarkRead       Type = "watermark.read"
	MessageInbound      Type = "message.inbound"
	Answered            Type = "answered"
	ConversationStarted Type = "conversation.started"
	ConversationClosed  Type = "conversation.closed"
	Assigned            Type = "assigned"
	AgentReplied        Type = "agent.replied"
	TagApplied          Type = "tag.applied"
	TagRemoved          Type = "tag.removed"
	LabelAdded          Type = "label.added"
	LabelRemoved        Type = "label.removed"
	FlowStep            Type = "flow.step"
	FlowOption          Type = "flow.option"
	FlowEnded           Type = "flow.ended"
	OptOut              Type = "optout"
	ContactErased       Type = "contact.erased"
)

// role says what kind of part a type plays in the join.
type role uint8

const (
	unknown role = iota // kept, counts for nothing
	sending             // send.*: makes a send exist
	status              // message.sent/delivered/read/failed: makes a send exist, may name it by message
	other
)

var roles = map[Type]role{
	SendRequested: sending, SendSkipped: sending,
	MessageSent: status, MessageDelivered: status, MessageRead: status, MessageFailed: status,
	WatermarkDelivered: other, WatermarkRead: other, MessageInbound: other, Answered: other,
	ConversationStarted: other, ConversationClosed: other, Assigned: other, AgentReplied: other,
	TagApplied: other, TagRemoved: other, LabelAdded: other, LabelRemoved: other,
	FlowStep: other, FlowOption: other, FlowEnded: other, OptOut: other, ContactErased: other,
}

// The longest id or name and the longest text that an event may carry, in bytes.
const (
	MaxName = 1024
	MaxText = 8192
)

// Normalize brings an event into the stored form and returns why it cannot be stored, if so: required fields
// (MODEL 1), text that is not UTF-8 or too long, a value that is no decimal number. The customer's free text is
// dropped (MODEL 6).
func (e *Event) Normalize() error {
	switch {
	case e.ID == "":
		return errors.New("id is missing")
	case e.Type == "":
		return errors.New("type is missing")
	case e.At <= 0:
		return errors.New("at is missing")
	case e.Send == "" && (e.Type == SendRequested || e.Type == SendSkipped):
		return fmt.Errorf("%s must name its send", e.Type)
	case (e.Type == WatermarkDelivered || e.Type == WatermarkRead) && e.UpTo <= 0:
		return fmt.Errorf("%s needs up_to", e.Type)
	}
	if !e.sound() {
		for i, s := range e.texts() {
			if err := checkText(textFields[i], *s); err != nil {
				return err
			}
		}
	}
	if e.Value != "" {
		if _, err := parseAmount(e.Value); err != nil {
			return err
		}
	}
	e.Channel = strings.ToUpper(e.Channel)
	if e.Type == MessageInbound {
		if e.Kind == "" {
			e.Kind = "text"
		}
		if e.Kind == "text" {
			e.Text = ""
		}
	}
	return nil
}

// textFields are the native names of texts, in the same order.
var textFields = [...]string{
	"id", "type", "send", "message", "conversation", "channel", "line", "contact", "origin", "campaign", "template",
	"category", "flow", "webhook", "variant", "sender", "code", "reason", "kind", "text", "reply_to", "how", "group",
	"agent", "tag", "tag_type", "by", "value", "currency", "label", "node", "option",
}

// texts are the event's text fields.
func (e *Event) texts() [len(textFields)]*string {
	return [...]*string{
		&e.ID, (*string)(&e.Type), &e.Send, &e.Message, &e.Conversation, &e.Channel, &e.Line, &e.Contact, &e.Origin,
		&e.Campaign, &e.Template, &e.Category, &e.Flow, &e.Webhook, &e.Variant, &e.Sender, &e.Code, &e.Reason, &e.Kind,
		&e.Text, &e.ReplyTo, &e.How, &e.Group, &e.Agent, &e.Tag, &e.TagType, &e.By, &e.Value, &e.Currency, &e.Label,
		&e.Node, &e.Option,
	}
}

// sound tells whether there is nothing to say about the texts: all of them short, UTF-8 and without NUL. It is written
// out, since every event comes by here, mostly with few fields.
func (e *Event) sound() bool {
	return sound(e.ID) && sound(string(e.Type)) && sound(e.Send) && sound(e.Message) && sound(e.Conversation) &&
		sound(e.Channel) && sound(e.Line) && sound(e.Contact) && sound(e.Origin) && sound(e.Campaign) &&
		sound(e.Template) && sound(e.Category) && sound(e.Flow) && sound(e.Webhook) && sound(e.Variant) &&
		sound(e.Sender) && sound(e.Code) && sound(e.Reason) && sound(e.Kind) && sound(e.Text) && sound(e.ReplyTo) &&
		sound(e.How) && sound(e.Group) && sound(e.Agent) && sound(e.Tag) && sound(e.TagType) && sound(e.By) &&
		sound(e.Value) && sound(e.Currency) && sound(e.Label) && sound(e.Node) && sound(e.Option)
}

func sound(s string) bool { return s == "" || isSound(s) }

func isSound(s string) bool { return len(s) <= MaxName && (isPlain(s) || checkText("", s) == nil) }

// isPlain tells whether s is ASCII without NUL. It looks at eight bytes at a time: the highest bit of a byte, or of one
// less, is set in no byte that is plain.
func isPlain(s string) bool {
	var seen uint64
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		seen |= w | (w - 0x0101010101010101)
	}
	for i := range len(s) {
		seen |= uint64(s[i] | (s[i] - 1))
	}
	return seen&0x8080808080808080 == 0
}

// Own gives the event's texts memory of their own, for an event whose texts lie in memory that will hold others.
func (e *Event) Own() {
	texts := e.texts()
	n := 0
	for _, s := range texts {
		n += len(*s)
	}
	var own strings.Builder
	own.Grow(n)
	for _, s := range texts {
		own.WriteString(*s)
	}
	all := own.String()
	for _, s := range texts {
		*s, all = all[:len(*s)], all[len(*s):]
	}
}

func checkText(name, s string) error {
	limit := MaxName
	if name == "text" || name == "reason" {
		limit = MaxText
	}
	switch {
	case len(s) > limit:
		return fmt.Errorf("%s is longer than %d bytes", name, limit)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s is not valid UTF-8", name)
	case strings.IndexByte(s, 0) >= 0:
		return fmt.Errorf("%s holds a NUL character", name)
	}
	return nil
}

// Before is the order of events everywhere: (at, seq, id), ids by bytes (MODEL 1).
func (e *Event) Before(o *Event) bool {
	if e.At != o.At {
		return e.At < o.At
	}
	if e.Seq != o.Seq {
		return e.Seq < o.Seq
	}
	return e.ID < o.ID
}

// parseAmount reads a decimal number; its size is bounded so that a hostile exponent cannot fill the memory.
func parseAmount(s string) (decimal.Decimal, error) {
	d, err := decimal.NewFromString(s)
	if err != nil || len(s) > 40 || d.Exponent() > 18 || d.Exponent() < -18 {
		return decimal.Zero, fmt.Errorf("value %.40q is not a decimal number of at most 18 decimals", s)
	}
	return d, nil
}
