package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

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

// NewBuilder starts a block of a run, whose number is below 2^63. A run and a component must never come together in
// two blocks, not even if the first was never stored, since they are what sets the use of a component's key apart:
// numbers of runs that begin anew after a crash must be random, or skip what may have been used.
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
	return n + 16*len(b.names.nodes) + b.names.bytes
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
