package intake

import "outboundbot/storage"

// Slots number the fields of an event, so that a set of them fits into 64 bits. Those up to slotValue hold text.
const (
	slotValue = 31 + iota
	slotAt
	slotUpTo
	slotSeq
	slotTest
	slotSale
	noSlot
)

// names are the native names of an event's fields.
var names = [...]string{
	"id", "type", "at", "seq", "send", "message", "conversation", "channel", "line", "contact", "origin", "campaign",
	"template", "category", "flow", "webhook", "variant", "sender", "test", "code", "reason", "up_to", "kind", "text",
	"reply_to", "how", "group", "agent", "tag", "tag_type", "sale", "by", "value", "currency", "label", "node", "option",
}

// target finds a field of an event by its native name: its slot, and where its text goes if it has text. It is a
// switch, since an import may ask for every cell of every row; a test holds it to the fields that an event has.
func target(e *storage.Event, name string) (slot uint, text *string) {
	switch name {
	case "id":
		return 0, &e.ID
	case "type":
		return 1, (*string)(&e.Type)
	case "send":
		return 2, &e.Send
	case "message":
		return 3, &e.Message
	case "conversation":
		return 4, &e.Conversation
	case "channel":
		return 5, &e.Channel
	case "line":
		return 6, &e.Line
	case "contact":
		return 7, &e.Contact
	case "origin":
		return 8, &e.Origin
	case "campaign":
		return 9, &e.Campaign
	case "template":
		return 10, &e.Template
	case "category":
		return 11, &e.Category
	case "flow":
		return 12, &e.Flow
	case "webhook":
		return 13, &e.Webhook
	case "variant":
		return 14, &e.Variant
	case "sender":
		return 15, &e.Sender
	case "code":
		return 16, &e.Code
	case "reason":
		return 17, &e.Reason
	case "kind":
		return 18, &e.Kind
	case "text":
		return 19, &e.Text
	case "reply_to":
		return 20, &e.ReplyTo
	case "how":
		return 21, &e.How
	case "group":
		return 22, &e.Group
	case "agent":
		return 23, &e.Agent
	case "tag":
		return 24, &e.Tag
	case "tag_type":
		return 25, &e.TagType
	case "by":
		return 26, &e.By
	case "currency":
		return 27, &e.Currency
	case "label":
		return 28, &e.Label
	case "node":
		return 29, &e.Node
	case "option":
		return 30, &e.Option
	case "value":
		return slotValue, &e.Value
	case "at":
		return slotAt, nil
	case "seq":
		return slotSeq, nil
	case "test":
		return slotTest, nil
	case "up_to":
		return slotUpTo, nil
	case "sale":
		return slotSale, nil
	}
	return noSlot, nil
}
