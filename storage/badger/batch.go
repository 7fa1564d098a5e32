package badger

import (
	"encoding/binary"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
)

// batch is one change of the store in the making: reads see what it has written so far, nothing reaches the
// database before commit. There is one at a time.
type batch struct {
	e          *Engine
	txn        *badger.Txn       // the state of the store before
	writes     map[string][]byte // nil deletes
	count      counters
	components map[uint64]*component
	links      map[hash]uint64 // owners of link tokens looked up or written
	touched    []*component    // to be joined and folded
	reached    map[hash]*reach
	done       bool // nothing is left to commit
}

func (e *Engine) newBatch() *batch {
	return &batch{
		e: e, txn: e.db.NewTransaction(false), writes: map[string][]byte{}, count: e.count,
		components: map[uint64]*component{}, links: map[hash]uint64{}, reached: map[hash]*reach{},
	}
}

// discard ends a batch. What it has touched stays at hand for the next one, unless it was not committed.
func (b *batch) discard() {
	b.txn.Discard()
	if b.done {
		b.e.recent.keep(b)
	} else {
		b.e.recent = recent{}
	}
}

// get is the value under a key, nil if there is none.
func (b *batch) get(k []byte) ([]byte, error) {
	if v, ok := b.writes[string(k)]; ok {
		return v, nil
	}
	return valueOf(b.txn, k)
}

func (b *batch) put(k, v []byte) {
	if v == nil {
		v = []byte{}
	}
	b.writes[string(k)] = v
}

func (b *batch) delete(k []byte) { b.writes[string(k)] = nil }

func putRecord[T any](b *batch, k []byte, v *T) error {
	enc, err := encode(v)
	if err != nil {
		return err
	}
	b.put(k, enc)
	return nil
}

// next gives a number for a chunk or component.
func (b *batch) next() uint64 {
	b.count.Last++
	return b.count.Last
}

// commit joins and folds what was touched and makes the batch durable, all of it or nothing.
func (b *batch) commit() error {
	if err := b.settle(); err != nil {
		return err
	}
	for h, r := range b.reached {
		if err := b.firstSuccess(h, r); err != nil {
			return err
		}
	}
	if err := putRecord(b, metaKey(metaCounters), &b.count); err != nil {
		return err
	}
	if err := b.e.write(b.writes); err != nil {
		return err
	}
	b.e.count, b.done = b.count, true
	return nil
}

// owner is the component that a link token belongs to; nil if none does.
func (b *batch) owner(link hash) (*component, error) {
	id, ok := b.links[link]
	if !ok {
		id, ok = b.e.recent.link(link)
	}
	if !ok {
		v, err := b.get(linkKey(link))
		if err != nil || v == nil {
			return nil, err
		}
		id = binary.BigEndian.Uint64(v)
	}
	b.links[link] = id
	return b.component(id)
}

// own gives a link token to a component.
func (b *batch) own(link hash, c *component) {
	b.links[link] = c.id
	b.put(linkKey(link), number(c.id))
}

// add puts a new event into the component that its links lead to, merging those they tie together.
func (b *batch) add(ev *storage.Event, fresh newEvent) error {
	links := b.e.links(ev)
	owners := make([]*component, len(links))
	var c *component
	for i, link := range links {
		o, err := b.owner(link)
		if err != nil {
			return err
		}
		owners[i] = o
		if c, err = b.merge(c, o); err != nil {
			return err
		}
	}
	if c == nil {
		c = b.create()
	}
	for i, link := range links {
		if owners[i] != c {
			b.own(link, c)
		}
	}
	if err := b.load(c); err != nil {
		return err
	}
	c.events = append(c.events, *ev)
	c.fresh = append(c.fresh, fresh)
	b.touch(c)
	b.count.Events++
	b.count.Latest = max(b.count.Latest, ev.At)
	return nil
}

func (b *batch) touch(c *component) {
	if !c.touched {
		c.touched = true
		b.touched = append(b.touched, c)
	}
}
