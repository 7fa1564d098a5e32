package packed

import (
	"math/bits"

	"outboundbot/storage"
)

// event packs one event.
func (b *Builder) event(e *storage.Event) {
	c := &b.c
	kind, h := b.names.find(typeField, noNode, string(e.Type))
	if kind < 0 {
		kind = b.names.add(typeField, noNode, string(e.Type), h)
	}
	f := form{kind: kind, fields: present(e), more: uint16(
		bit(e.Test)*testFlag | bit(e.Sale)*saleFlag | bit(e.Seq != 0)*sequenceFlag | bit(e.UpTo != 0)*upToFlag |
			has(e.Send)*sendFlag | has(e.Conversation)*talkFlag | has(e.Message)*messageFlag | has(e.Value)*valueFlag)}
	for _, field := range placeFields {
		f.same |= bit(f.fields>>field&1 != 0 && *field.at(e) == c.lastText[field]) << field
	}
	person := 0
	if e.Contact != "" {
		f.contact, person = c.contact(e.Contact)
	}
	if e.ReplyTo != "" {
		f.reply = messageReply
		if _, ok := c.sends.known(e.ReplyTo); ok {
			f.reply = sendReply
		}
	}
	f.template = b.template(e)
	b.code(formColumn, b.forms.code(f, c.form))
	c.form = b.forms.last + 1
	class := timeClass(e.Type)
	b.time(e, class)
	b.ids(e, &f, 1-int(bit(class == making)))
	b.contact(e, &f, person)
	if e.Seq != 0 {
		b.number(sequenceColumn, zigzag(e.Seq))
	}
	if e.UpTo != 0 {
		b.number(upToColumn, zigzag(int64(e.UpTo-e.At)))
	}
	for rest := f.fields &^ f.same; rest != 0; rest &= rest - 1 {
		b.name(field(bits.TrailingZeros32(rest)), e)
	}
	if e.Value != "" {
		b.literal(valueRole, e.Value, false)
	}
}

// time packs the step from the event before; for the first one of a component, from that of the block.
func (b *Builder) time(e *storage.Event, class int) {
	c := &b.c
	if c.begun {
		b.number(stepColumn+class, uint64(e.At-c.at))
	} else {
		if !b.started {
			b.start, b.started = e.At, true
		}
		b.number(firstColumn, zigzag(int64(e.At-b.start)))
	}
	c.begun, c.at = true, e.At
}

// template finds out whether the id of an event is made of another id that it has.
func (b *Builder) template(e *storage.Event) uint8 {
	for base, s := range [bases]string{e.Message, e.Send, e.Conversation} {
		prefix, suffix, ok := cut(e.ID, s)
		if !ok {
			continue
		}
		if n := b.forms.template(template{uint8(base), prefix, suffix}, b.c.contacts); n > 0 {
			return n
		}
	}
	return 0
}

// ids packs ids. The part is 0 for events that make a send, 1 for others.
func (b *Builder) ids(e *storage.Event, f *form, part int) {
	c := &b.c
	if e.Message != "" {
		code := c.messages.code(e.Message)
		if b.code(messageColumn+part, code); code == 0 {
			b.literal(messageRole, e.Message, true)
		}
	}
	if e.Send != "" {
		code := c.sends.code(e.Send)
		if b.code(sendColumn+part, code); code == 0 {
			b.literal(sendRole, e.Send, c.tells(e.Send))
		}
	}
	if e.Conversation != "" {
		code := c.talks.code(e.Conversation)
		if b.code(talkColumn+part, code); code == 0 {
			b.literal(talkRole, e.Conversation, c.tells(e.Conversation))
		}
	}
	if f.template == 0 {
		b.literal(eventRole, e.ID, true)
	}
	switch f.reply {
	case sendReply:
		code, _ := c.sends.known(e.ReplyTo)
		b.code(replyColumn, code)
	case messageReply:
		code := c.messages.code(e.ReplyTo)
		if b.code(replyColumn, code); code == 0 {
			b.literal(messageRole, e.ReplyTo, true)
		}
	}
}

// contact packs the contact of an event, which is a person of the component or a spelling.
func (b *Builder) contact(e *storage.Event, f *form, person int) {
	c := &b.c
	switch {
	case f.contact == otherContact:
		code := c.spellings.code(e.Contact)
		if b.code(spellingColumn, code); code == 0 {
			b.literal(spellingRole, e.Contact, true)
		}
	case f.contact != noContact && len(c.persons) > 1:
		b.code(personColumn, uint64(person))
	}
}

// name packs the value of a field in dictionaries.
func (b *Builder) name(f field, e *storage.Event) {
	c := &b.c
	s := *f.at(e)
	column := fieldColumn + int(f)
	if parents[f] == 0 && s == c.lastText[f] {
		b.columns[column] = append(b.columns[column], sameCode)
		return
	}
	parent := int32(noNode)
	if p := parents[f]; p != 0 && *p.at(e) != "" {
		parent = c.lastNode[p]
	}
	id, h := b.names.find(f, parent, s)
	switch {
	case id >= 0:
	case c.names(s):
		b.columns[column] = append(b.columns[column], sealedCode)
		b.literal(nameRole, s, true)
		c.lastText[f], c.lastNode[f] = "", noNode
		return
	default:
		id = b.names.add(f, parent, s, h)
	}
	c.lastText[f], c.lastNode[f] = s, id
	b.code(column, uint64(b.names.nodes[id].rank)+firstRank)
}
