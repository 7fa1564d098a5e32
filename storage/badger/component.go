package badger

import (
	"errors"

	"outboundbot/storage"
)

// component is a set of events closed under the links of the join.
type component struct {
	id      uint64
	head    head
	loaded  bool
	touched bool
	events  []storage.Event // stored and new
	fresh   []newEvent      // not yet in a chunk
	settled bool            // joined is the join of events, and nobody else has part in its timelines
	joined  storage.Joined
	places  []hash // of the joined timelines; zero for a send alone in its timeline
	weight  int    // events it counts for among the recent ones
}

// newEvent is what is stored of an event on its way into the store.
type newEvent struct {
	id      hash
	encoded []byte
	content uint64
}

// places tells where in the list of homes each place is that the component owned when it was last stored.
func (h *head) places() map[hash]int {
	places := make(map[hash]int, len(h.Homes.Items))
	for i, at := range h.Homes.Items {
		places[at.Place] = i
	}
	return places
}

// component loads the head of a component, following merges.
func (b *batch) component(id uint64) (*component, error) {
	for {
		c, err := b.head(id)
		if err != nil {
			return nil, err
		}
		if c.head.Into == 0 {
			return c, nil
		}
		id = c.head.Into
	}
}

func (b *batch) head(id uint64) (*component, error) {
	c := b.components[id]
	if c == nil {
		c = b.e.recent.component(id)
	}
	if c != nil {
		b.components[id] = c
		return c, nil
	}
	v, err := b.get(headKey(id))
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, errMissing
	}
	c = &component{id: id}
	if err := decode(v, &c.head); err != nil {
		return nil, err
	}
	b.components[id] = c
	return c, nil
}

var errMissing = errors.New("a damaged store: a record that another one names is missing")

func (b *batch) create() *component {
	c := &component{id: b.next(), loaded: true}
	b.components[c.id] = c
	return c
}

// load reads the events and lists of a component.
func (b *batch) load(c *component) error {
	if c.loaded {
		return nil
	}
	err := c.head.read(b.get, c.id)
	if err != nil {
		return err
	}
	c.events, err = c.head.readEvents(b.get)
	c.loaded = err == nil
	return err
}

// merge makes one component of two, of which one may be nil: the smaller goes into the larger.
func (b *batch) merge(x, y *component) (*component, error) {
	if x == nil || x == y {
		return y, nil
	}
	if y == nil {
		return x, nil
	}
	for _, c := range []*component{x, y} {
		if err := b.load(c); err != nil {
			return nil, err
		}
	}
	large, small := x, y
	if len(large.events) < len(small.events) {
		large, small = small, large
	}
	large.events = append(large.events, small.events...)
	large.fresh = append(large.fresh, small.fresh...)
	large.head.Chunks.add(small.head.Chunks.Items...)
	b.grow(&large.head, small.head.Tail)
	large.head.Events += small.head.Events
	large.head.Orphans += small.head.Orphans
	large.head.Rows.add(small.head.Rows.Items...)
	for _, h := range small.head.Homes.Items {
		b.delete(homeKey(h.Contact, small.id))
	}
	small.goInto(large.id)
	large.settled, small.settled = false, false
	b.touch(small)
	b.touch(large)
	return large, nil
}

// goInto empties a component that another one has taken over. Its tokens still lead to it; its head tells where it
// went.
func (c *component) goInto(id uint64) {
	h := &c.head
	h.Into, h.Tail, h.Events, h.Orphans = id, nil, 0, 0
	h.Chunks.clear()
	h.Rows.clear()
	h.Homes.clear()
	c.events, c.fresh = nil, nil
}

// settle joins what was touched until no timeline has parts in two components, and stores the outcome.
func (b *batch) settle() error {
	var settled []*component
	for len(b.touched) > 0 {
		c := b.touched[len(b.touched)-1]
		b.touched = b.touched[:len(b.touched)-1]
		c.touched = false
		if c.head.Into != 0 {
			if err := b.putHead(c.id, &c.head); err != nil {
				return err
			}
			continue
		}
		if err := b.join(c); err != nil {
			return err
		}
		if c.settled {
			settled = append(settled, c)
		}
	}
	for _, c := range settled {
		if !c.settled {
			continue // merged into another one since, or stored already
		}
		c.settled = false
		if err := b.store(c); err != nil {
			return err
		}
	}
	return nil
}

// join joins a component and claims the places of the timelines that come out; where another one owns a place the
// two merge and the result is touched again.
func (b *batch) join(c *component) error {
	c.joined = storage.Join(c.events)
	c.settled = true
	claimed := c.head.places()
	whole := c
	c.places = make([]hash, len(c.joined.Timelines))
	for i, t := range c.joined.Timelines {
		if t.Key.Contact == "" {
			continue // a send alone in its timeline: the send's own token is enough
		}
		place := b.e.placeHash(t.Key.Channel, t.Key.Line, t.Key.Contact)
		c.places[i] = place
		if _, ok := claimed[place]; ok {
			continue // nobody takes a token away
		}
		o, err := b.owner(place)
		if err != nil {
			return err
		}
		if o == nil {
			b.own(place, whole)
		}
		if whole, err = b.merge(whole, o); err != nil {
			return err
		}
	}
	return nil
}
