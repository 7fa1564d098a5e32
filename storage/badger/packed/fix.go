package packed

import (
	"outboundbot/storage"
)

// span is a part of the text of a component.
type span struct{ from, to uint32 }

// fix is a text to be given to an event when the text of its component is whole, so that all share one copy.
type fix struct {
	event uint32
	into  uint8 // a field in dictionaries, or one of those below
	span
}

const (
	fixID = uint8(fields) + iota
	fixMessage
	fixSend
	fixTalk
	fixReply
	fixContact
	fixValue
)

// fix gives events their texts, all from one copy.
func (r *reader) fix(events []storage.Event) {
	text := string(r.text)
	for _, x := range r.fixes {
		e, s := &events[x.event], text[x.from:x.to]
		switch x.into {
		case fixID:
			e.ID = s
		case fixMessage:
			e.Message = s
		case fixSend:
			e.Send = s
		case fixTalk:
			e.Conversation = s
		case fixReply:
			e.ReplyTo = s
		case fixContact:
			e.Contact = s
		case fixValue:
			e.Value = s
		default:
			*field(x.into).at(e) = s
		}
	}
}
