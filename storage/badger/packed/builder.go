package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"outboundbot/storage"
)

// Builder packs components into one block after another. It is for one goroutine; after an error of Add it is as it
// was before.
type Builder struct {
	run     uint64
	keys    Keys
	columns [columns][]byte
	bits    bitWriter // public
	pending []pending
	list    []pending // of one shape
	numbers bitWriter // of those that are pending, public too
	marks   []mark
	hidden  bitWriter // of the component that is being added
	sealed  []byte
	names   *names
	forms   forms
	shapes  [roles]shapes
	sealer  sealer

	components, events int
	first, last        uint32
	lastPerson         uint32
	start              storage.Instant // of the first component that has events
	started            bool

	c componentState
}

// componentState is what is known of the component that is being added.
type componentState struct {
	number                 uint32
	persons                []uint32
	contacts               []string       // of persons
	places                 map[string]int // of contacts, where there are many
	sends, talks, messages references
	spellings              references
	lastText               [fields]string
	lastNode               [fields]int32
	form                   int  // of the event before, from 1
	person                 int  // of the contact before
	begun, selfNamed       bool // events were added; sends go by their message ids
	at                     storage.Instant
	nested                 []byte          // bytes of the last literal that has some
	last                   [roles][]uint64 // number of each shape, 0 before the first
}

// NewBuilder starts a block of a run, whose number is below 2^63. A run and a component must never come together again in another block, since
// they are what a component's key is used with.
func NewBuilder(run uint64, keys Keys) *Builder {
	return &Builder{run: run, keys: keys, names: newNames(), forms: newForms()}
}

// reset empties the builder for another block, and keeps its room.
func (b *Builder) reset() {
	for i := range b.columns {
		b.columns[i] = b.columns[i][:0]
	}
	b.bits.reset()
	b.numbers.reset()
	b.names.reset()
	b.forms.reset()
	for r := range b.shapes {
		b.shapes[r].reset()
	}
	b.sealed, b.pending, b.marks = b.sealed[:0], b.pending[:0], b.marks[:0]
	b.components, b.events, b.first, b.last, b.lastPerson, b.start, b.started = 0, 0, 0, 0, 0, 0, false
}

// Size is about how many bytes the block has before compression.
func (b *Builder) Size() int {
	n := len(b.sealed) + len(b.bits.b) + 4*len(b.pending)
	for i := range b.columns {
		n += len(b.columns[i])
	}
	return n + 16*len(b.names.nodes)
}

// Add packs one component; their numbers ascend.
func (b *Builder) Add(bundle Bundle) error {
	if b.components > 0 && bundle.Component <= b.last {
		return fmt.Errorf("component %d is not after %d", bundle.Component, b.last)
	}
	if b.run > maxRun {
		return errors.New("the number of a run is too high")
	}
	for i := range bundle.Events {
		if err := fits(bundle.Events, i); err != nil {
			return err
		}
	}
	c := &b.c
	c.reset(&bundle)
	key, err := keyOf(b.keys, bundle.Component, bundle.Persons)
	if err != nil {
		return err
	}
	for _, p := range bundle.Persons {
		_, id, err := b.keys.Contact(p)
		if err != nil {
			return fmt.Errorf("a contact: %w", err)
		}
		c.contacts = append(c.contacts, id)
	}
	c.place()
	b.mark()
	b.hidden.reset()
	for i := range bundle.Events {
		b.event(&bundle.Events[i])
	}
	b.close(&bundle, key)
	return nil
}

// fits refuses what cannot be packed.
func fits(events []storage.Event, i int) error {
	e := &events[i]
	if i > 0 && e.Before(&events[i-1]) {
		return fmt.Errorf("event %d of a component is not in order", i)
	}
	if max(len(e.ID), len(e.Message), len(e.ReplyTo), len(e.Contact), len(e.Send), len(e.Conversation), len(e.Value), len(e.Text), len(e.Reason)) > math.MaxUint16 {
		return errors.New("a text of an event is too long")
	}
	if e.ID == "" || e.Type == "" {
		return errors.New("an event has no id or no type")
	}
	return nil
}

func (c *componentState) reset(bundle *Bundle) {
	c.number, c.persons, c.contacts = bundle.Component, bundle.Persons, c.contacts[:0]
	for _, r := range []*references{&c.sends, &c.talks, &c.messages, &c.spellings} {
		r.reset()
	}
	clear(c.lastText[:])
	c.form, c.person, c.begun, c.at = 0, 0, false, 0
	for r := range c.last {
		clear(c.last[r])
	}
	c.selfNamed, c.nested = false, nil
	for i := range bundle.Events {
		e := &bundle.Events[i]
		c.selfNamed = c.selfNamed || e.Send != "" && e.Send == e.Message
	}
}

// marked says how often the place of a component in the columns is noted, so that reading one need not begin with
// the first.
const marked = 64

// mark is where each column stands before a component. What waits for the block to be whole is counted.
type mark struct {
	columns       [eventColumns]uint32
	bits, numbers uint32
	pending       int
}

// mark notes where a component begins.
func (b *Builder) mark() {
	if b.components%marked != 0 || b.components == 0 {
		return
	}
	m := mark{bits: uint32(b.bits.position()), pending: len(b.pending)}
	for i := range m.columns {
		m.columns[i] = uint32(len(b.columns[i]))
	}
	b.marks = append(b.marks, m)
}

func (b *Builder) code(column int, v uint64) {
	if v < 0x80 {
		b.columns[column] = append(b.columns[column], byte(v))
		return
	}
	b.columns[column] = binary.AppendUvarint(b.columns[column], v)
}

// number puts the length of v into a column and the rest into the bits.
func (b *Builder) number(column int, v uint64) {
	n := lengthOf(v)
	b.columns[column] = append(b.columns[column], byte(n))
	b.bits.tail(v, n)
}

func (b *Builder) close(bundle *Bundle, key [16]byte) {
	if b.components == 0 {
		b.first = bundle.Component
	}
	b.code(numberColumn, uint64(bundle.Component-b.last))
	b.code(personsColumn, uint64(len(bundle.Persons)))
	b.code(eventsColumn, uint64(len(bundle.Events)))
	for _, p := range bundle.Persons {
		b.code(whoColumn, zigzag(int64(p)-int64(b.lastPerson)))
		b.lastPerson = p
	}
	hidden := append(b.hidden.close(), bundle.State...)
	b.hidden.b = hidden
	b.code(sealedColumn, uint64(len(hidden)))
	b.code(stateColumn, uint64(len(bundle.State)))
	from := len(b.sealed)
	b.sealed = append(b.sealed, hidden...)
	b.sealer.xor(b.sealed[from:], key, b.run, bundle.Component)
	b.last = bundle.Component
	b.components++
	b.events += len(bundle.Events)
}

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
	b.links(e, &f, person, 1-int(bit(class == making)))
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

// manyContacts is from where on contacts are not looked through one by one.
const manyContacts = 32

func (c *componentState) place() {
	c.places = nil
	if len(c.contacts) < manyContacts {
		return
	}
	c.places = make(map[string]int, len(c.contacts))
	for i, id := range c.contacts {
		c.places[id] = i
	}
}

// contact tells how a contact is written and whose it is.
func (c *componentState) contact(s string) (way uint8, person int) {
	if c.person < len(c.contacts) && c.contacts[c.person] == s {
		return plainContact, c.person
	}
	if i := c.indexOf(s); i >= 0 {
		c.person = i
		return plainContact, i
	}
	if s[0] == '+' && len(s) > 1 {
		if i := c.indexOf(s[1:]); i >= 0 {
			return plusContact, i
		}
	}
	return otherContact, 0
}

// indexOf is the place of a contact among those of the component, or -1.
func (c *componentState) indexOf(s string) int {
	if c.places == nil {
		return slices.Index(c.contacts, s)
	}
	if i, ok := c.places[s]; ok {
		return i
	}
	return -1
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

// links packs ids and the contact. The part is 0 for events that make a send, 1 for others.
func (b *Builder) links(e *storage.Event, f *form, person, part int) {
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
	switch {
	case f.contact == otherContact:
		code := c.spellings.code(e.Contact)
		if b.code(spellingColumn, code); code == 0 {
			b.literal(spellingRole, e.Contact, true)
		}
	case f.contact != noContact && len(c.persons) > 1:
		b.code(personColumn, uint64(person))
	}
	if e.Seq != 0 {
		b.number(sequenceColumn, zigzag(e.Seq))
	}
	if e.UpTo != 0 {
		b.number(upToColumn, zigzag(int64(e.UpTo-e.At)))
	}
}

// tells whether a public id says who somebody is: a message id that stands for a send, or one made with a contact.
func (c *componentState) tells(id string) bool {
	if c.selfNamed || strings.Contains(id, "wamid.") {
		return true
	}
	if _, ok := c.messages.known(id); ok {
		return true
	}
	return c.names(id)
}

// names tells whether a text has a contact of the component in it; where there are many, whether it could.
func (c *componentState) names(s string) bool {
	if len(c.contacts) >= manyContacts {
		return suspicious(s)
	}
	for _, id := range c.contacts {
		if len(id) >= 4 && len(s) >= len(id) && strings.Contains(s, id) {
			return true
		}
	}
	return false
}

// suspicious tells whether a text could hold a phone, a platform id or an address.
func suspicious(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] == '@' {
			return true
		}
		digits += int(kinds[s[i]] & isDigit)
	}
	return digits >= 7
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
