package packed

import (
	"fmt"
	"math/bits"

	"outboundbot/storage"
)

// reader goes through the events of a block.
type reader struct {
	b       *Block
	next    int // the component it stands before
	columns [eventColumns]cursor
	bits    bitReader // public
	numbers bitReader // public
	hidden  bitReader // of the component that is read
	piece   []byte    // opened
	sealer  sealer

	contacts []string
	nested   []byte // bytes of the last literal that has some
	spare    []byte // room for the next
	text     []byte // literals of the component one after the other
	fixes    []fix  // where they belong
	damaged  bool
	at       storage.Instant // of the event

	sends, talks, messages, spellings []span
	lastText                          [fields]string
	lastPlace                         [fields]int // in its dictionary from 1; 0 for nothing
	last                              [roles][]uint64
}

// reader stands at the component marked before the i-th.
func (b *Block) reader(i int) *reader {
	r := &reader{b: b, bits: bitReader{b: b.bits}, numbers: bitReader{b: b.numbers}}
	for k := range r.columns {
		r.columns[k].b = b.columns[k]
	}
	for role := range r.last {
		r.last[role] = make([]uint64, len(b.shapes[role]))
	}
	r.seek(i)
	return r
}

// seek goes to the component marked before the i-th.
func (r *reader) seek(i int) {
	var m mark
	if r.next = i / marked * marked; r.next > 0 {
		m = r.b.marks[i/marked-1]
	}
	for k := range r.columns {
		r.columns[k].i = int(m.columns[k])
	}
	r.bits.pos, r.numbers.pos = int(m.bits), int(m.numbers)
}

func (r *reader) reset() {
	r.nested = r.nested[:0]
	r.text, r.fixes = r.text[:0], r.fixes[:0]
	r.sends, r.talks, r.messages, r.spellings = r.sends[:0], r.talks[:0], r.messages[:0], r.spellings[:0]
	clear(r.lastText[:])
	clear(r.lastPlace[:])
	for role := range r.last {
		clear(r.last[role])
	}
}

// firstEvents bounds what is made room for before the events are seen to be there.
const firstEvents = 1 << 12

// bundle reads the next component, the i-th, into the slices that out has.
func (r *reader) bundle(i int, out *Bundle) error {
	e := &r.b.entries[i]
	out.Component = r.b.components[i]
	out.Persons = append(out.Persons[:0], r.b.persons[e.person:e.person+e.persons]...)
	if err := r.open(e, out); err != nil {
		return err
	}
	r.reset()
	events := out.Events[:0]
	if cap(events) == 0 {
		events = make([]storage.Event, 0, min(e.events, firstEvents))
	}
	after := 0
	r.at = r.b.start
	for n := range e.events {
		if int(n) < cap(events) {
			events = events[:n+1]
			events[n] = storage.Event{}
		} else {
			events = append(events, storage.Event{})
		}
		r.event(&events[n], n, &after)
		if r.damaged {
			return errDamaged
		}
	}
	out.Events = events
	if r.over() {
		return errDamaged
	}
	r.fix(events)
	return nil
}

// open opens the sealed piece of a component and gets the contacts of its persons.
func (r *reader) open(e *entry, out *Bundle) error {
	key, err := keyOf(r.b.keys, out.Component, out.Persons)
	if err != nil {
		return err
	}
	r.piece = append(r.piece[:0], r.b.sealed[e.from:e.to]...)
	r.sealer.xor(r.piece, key, r.b.run, out.Component)
	whole := len(r.piece) - int(e.state)
	r.hidden = bitReader{b: r.piece[:whole]}
	out.State = append(out.State[:0], r.piece[whole:]...)
	if len(out.State) == 0 {
		out.State = nil
	}
	r.contacts = r.contacts[:0]
	for _, p := range out.Persons {
		_, id, err := r.b.keys.Contact(p)
		if err != nil {
			return fmt.Errorf("a contact: %w", err)
		}
		r.contacts = append(r.contacts, id)
	}
	return nil
}

// over tells whether anything was read beyond its end.
func (r *reader) over() bool {
	for k := range r.columns {
		if r.columns[k].over {
			return true
		}
	}
	return r.bits.over() || r.numbers.over() || r.hidden.over()
}

// nextForm reads the form of an event.
func (r *reader) nextForm(after *int) *readForm {
	c := &r.columns[formColumn]
	rank, list := c.code(), r.b.next[*after]
	if c.over || rank >= uint64(len(list)) {
		r.damaged = true
		return nil
	}
	*after = int(list[rank]) + 1
	return &r.b.forms[list[rank]]
}

// number reads what Builder.number wrote.
func (r *reader) number(column int) uint64 {
	return r.bits.tail(uint(r.columns[column].code()))
}

// event reads the n-th event of a component; after is the form of the one before it.
func (r *reader) event(e *storage.Event, n uint32, after *int) {
	f := r.nextForm(after)
	if f == nil {
		return
	}
	if n == 0 {
		r.at += storage.Instant(unzigzag(r.number(firstColumn)))
	} else {
		r.at += storage.Instant(r.number(f.step))
	}
	e.Type, e.At = f.typ, r.at
	e.Test, e.Sale = f.more&testFlag != 0, f.more&saleFlag != 0
	r.ids(f, n)
	r.contact(e, f, n)
	if f.more&sequenceFlag != 0 {
		e.Seq = unzigzag(r.number(sequenceColumn))
	}
	if f.more&upToFlag != 0 {
		e.UpTo = e.At + storage.Instant(unzigzag(r.number(upToColumn)))
	}
	for rest := f.same; rest != 0; rest &= rest - 1 {
		place := field(bits.TrailingZeros32(rest))
		*place.at(e) = r.lastText[place]
	}
	for rest := f.fields &^ f.same; rest != 0; rest &= rest - 1 {
		r.name(field(bits.TrailingZeros32(rest)), f.fields, e, n)
	}
	if f.more&valueFlag != 0 {
		r.fixes = append(r.fixes, fix{n, fixValue, r.literal(valueRole)})
	}
}

// ids reads ids, in the order in which Builder.ids writes them.
func (r *reader) ids(f *readForm, n uint32) {
	var ids [bases]span
	if f.more&messageFlag != 0 {
		ids[messageBase] = r.reference(messageColumn+f.part, messageRole, &r.messages)
		r.fixes = append(r.fixes, fix{n, fixMessage, ids[messageBase]})
	}
	if f.more&sendFlag != 0 {
		ids[sendBase] = r.reference(sendColumn+f.part, sendRole, &r.sends)
		r.fixes = append(r.fixes, fix{n, fixSend, ids[sendBase]})
	}
	if f.more&talkFlag != 0 {
		ids[talkBase] = r.reference(talkColumn+f.part, talkRole, &r.talks)
		r.fixes = append(r.fixes, fix{n, fixTalk, ids[talkBase]})
	}
	if f.form.template == 0 {
		r.fixes = append(r.fixes, fix{n, fixID, r.literal(eventRole)})
	} else {
		r.fixes = append(r.fixes, fix{n, fixID, r.make(&f.made, ids[f.made.base])})
	}
	switch f.reply {
	case sendReply:
		r.fixes = append(r.fixes, fix{n, fixReply, r.back(&r.columns[replyColumn], r.sends)})
	case messageReply:
		r.fixes = append(r.fixes, fix{n, fixReply, r.reference(replyColumn, messageRole, &r.messages)})
	}
}

func (r *reader) contact(e *storage.Event, f *readForm, n uint32) {
	if f.contact == noContact {
		return
	}
	if f.contact == otherContact {
		r.fixes = append(r.fixes, fix{n, fixContact, r.reference(spellingColumn, spellingRole, &r.spellings)})
		return
	}
	person := uint64(0)
	if len(r.contacts) > 1 {
		person = r.columns[personColumn].code()
	}
	if person >= uint64(len(r.contacts)) {
		r.damaged = true
		return
	}
	if f.contact == plainContact {
		e.Contact = r.contacts[person]
		return
	}
	from := uint32(len(r.text))
	r.text = append(append(r.text, '+'), r.contacts[person]...)
	r.fixes = append(r.fixes, fix{n, fixContact, span{from, uint32(len(r.text))}})
}

// reference reads an id that the component may have had before.
func (r *reader) reference(column int, role role, list *[]span) span {
	c := &r.columns[column]
	if c.i < len(c.b) && c.b[c.i] == 0 {
		c.i++
		s := r.literal(role)
		*list = append(*list, s)
		return s
	}
	return r.back(c, *list)
}

// back reads how far back in a list an id is.
func (r *reader) back(c *cursor, list []span) span {
	code := c.code()
	if code == 0 || code > uint64(len(list)) {
		r.damaged = true
		return span{}
	}
	return list[len(list)-int(code)]
}

// make makes the id of an event from another id.
func (r *reader) make(t *template, base span) span {
	from := uint32(len(r.text))
	r.text = append(r.text, t.prefix...)
	r.text = append(r.text, r.text[base.from:base.to]...)
	r.text = append(r.text, t.suffix...)
	return span{from, uint32(len(r.text))}
}

// name reads the value of a field in dictionaries.
func (r *reader) name(f field, set uint32, e *storage.Event, n uint32) {
	code := r.columns[fieldColumn+int(f)].code()
	switch code {
	case sameCode:
	case sealedCode:
		r.fixes = append(r.fixes, fix{n, uint8(f), r.literal(nameRole)})
		r.lastText[f], r.lastPlace[f] = "", 0
		return
	default:
		parent := 0
		if p := parents[f]; p != 0 && set>>p&1 != 0 {
			parent = r.lastPlace[p]
		}
		s, place, ok := r.b.names[f].text(parent, code-firstRank)
		if !ok {
			r.damaged = true
			return
		}
		r.lastText[f], r.lastPlace[f] = s, place+1
	}
	*f.at(e) = r.lastText[f]
}
