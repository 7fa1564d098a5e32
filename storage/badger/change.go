package badger

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
	"outboundbot/storage/badger/packed"
	"outboundbot/storage/badger/vault"
)

// change is what some events change in the store, in the making: nothing of it is seen before it is committed.
type change struct {
	e       *Engine
	view    *view // before
	cat     *catalogue
	entries *entries
	owner   map[uint64]uint32 // component by identifier, as far as looked up
	leader  map[uint32]uint32 // of components merged by this change
	work    map[uint32]*work
	moved   []redirect
	rows    []columns.Row
	dead    map[int][]uint64 // by place in the catalogue: rows that are dead afterwards
	firsts  []first
	retired []part
	run     *runWriter
	carried *cache   // components as Appends left them; nil for none
	left    []source // components as this change leaves them, if carried
	found   []uint32 // scratch
	tokens  []uint64 // scratch
}

// work is a component that new events arrived for.
type work struct {
	component uint32
	stored    []uint32 // components of the store that it is made of
	arrived   []arrival
}

// arrival is a new event and who sent it.
type arrival struct {
	event storage.Event
	from  *request
}

// newChange begins a change of a state: the present one, or one that is about to be. The caller holds the writer's
// token, so that nobody else publishes.
func (e *Engine) newChange(v *view) *change {
	return &change{
		e: e, view: v, cat: v.cat.clone(), entries: &entries{persons: e.persons, next: v.cat.Persons, fresh: map[uint32]vault.Person{}},
		owner: map[uint64]uint32{}, leader: map[uint32]uint32{}, work: map[uint32]*work{}, dead: map[int][]uint64{},
	}
}

func (c *change) of(component uint32) uint32 {
	component = c.view.members.of(component)
	for {
		to, ok := c.leader[component]
		if !ok {
			return component
		}
		component = to
	}
}

// route puts an event into the component that its identifiers lead to, merging those that it ties together.
func (c *change) route(ev storage.Event, from *request) error {
	c.tokens = c.e.tokens(c.tokens[:0], &ev)
	leader, found := uint32(0), false
	for _, t := range c.tokens {
		owners, err := c.owners(t)
		if err != nil {
			return err
		}
		for _, o := range owners {
			if o = c.of(o); !found {
				leader, found = o, true
			} else {
				leader = c.merge(leader, o)
			}
		}
	}
	if !found {
		if c.cat.Components == columns.Anyone {
			return errors.New("the store has as many components as it can take")
		}
		leader = c.cat.Components
		c.cat.Components++
	}
	for _, t := range c.tokens {
		c.owner[t] = leader
	}
	w := c.at(leader)
	w.arrived = append(w.arrived, arrival{ev, from})
	return nil
}

// owners are the components that may have an identifier.
func (c *change) owners(token uint64) ([]uint32, error) {
	if o, ok := c.owner[token]; ok {
		c.found = append(c.found[:0], o)
		return c.found, nil
	}
	found := c.found[:0]
	var err error
	for i := len(c.view.runs) - 1; i >= 0; i-- {
		if found, err = c.view.runs[i].lookup(found, token); err != nil {
			return nil, err
		}
	}
	c.found = found
	return found, nil
}

func (c *change) at(component uint32) *work {
	w := c.work[component]
	if w == nil {
		w = &work{component: component}
		if component < c.view.cat.Components {
			w.stored = append(w.stored, component)
		}
		c.work[component] = w
	}
	return w
}

// merge makes one component of two: the younger goes into the older.
func (c *change) merge(a, b uint32) uint32 {
	if a == b {
		return a
	}
	into, from := c.at(min(a, b)), c.at(max(a, b))
	c.leader[from.component] = into.component
	if from.component < c.view.cat.Components {
		c.moved = append(c.moved, redirect{From: from.component, To: into.component})
	}
	into.stored = append(into.stored, from.stored...)
	into.arrived = append(into.arrived, from.arrived...)
	delete(c.work, from.component)
	return into.component
}

// stored is a component as it is stored, from memory if an Append left it there.
func (c *change) stored(component uint32) (source, error) {
	if c.carried != nil {
		if src, ok := c.carried.peek(cacheKey{kind: ofSource, part: int(component)}).(source); ok {
			return src, nil
		}
	}
	return c.view.source(c.e, component)
}

// leave notes a component as this change leaves it, for those that follow.
func (c *change) leave(component uint32, sources []source, out *outcome) {
	n := len(out.fresh)
	for i := range sources {
		n += len(sources[i].events)
	}
	src := source{component: component}
	if n*perEvent <= c.carried.budget/8 {
		src.events = make([]storage.Event, 0, n)
		for i := range sources {
			src.events = append(src.events, sources[i].events...)
		}
		for i := range out.fresh {
			src.events = append(src.events, cloned(&out.fresh[i]))
		}
		inOrder(src.events)
		src.persons = slices.Clone(out.persons)
	}
	c.left = append(c.left, src)
}

// perEvent is about how much memory an event takes.
const perEvent = 800

// carry hands the components over to the changes that follow, once this one is durable.
func (c *change) carry() {
	c.carried = c.e.blocks.carried(c.view.cat.Events)
	for _, src := range c.left {
		k := cacheKey{kind: ofSource, part: int(src.component)}
		if src.events == nil { // it is too large
			c.carried.drop(k)
			continue
		}
		c.carried.put(k, src, perEvent*len(src.events))
	}
	c.e.blocks.events = c.cat.Events
}

// cloned is an event with texts of its own: those of what arrived lie in memory that the caller uses again.
func cloned(ev *storage.Event) storage.Event {
	e := *ev
	all, n := texts(&e), 0
	for _, s := range all {
		n += len(*s)
	}
	var b strings.Builder
	b.Grow(n)
	for _, s := range all {
		b.WriteString(*s)
	}
	whole := b.String()
	for _, s := range all {
		*s, whole = whole[:len(*s)], whole[len(*s):]
	}
	return e
}

// settle brings all components up to date that events arrived for, oldest first.
func (c *change) settle() error {
	s := settler{windows: c.e.windows, register: c.entries}
	c.run = c.e.newRun(c.e.reserve(ofBlock), c.entries)
	c.run.moved = c.moved
	components := make([]uint32, 0, len(c.work))
	for component := range c.work {
		components = append(components, component)
	}
	slices.Sort(components)
	load, done := c.load(components)
	defer done()
	var events []storage.Event
	for i, component := range components {
		w := c.work[component]
		sources, err := load(i)
		if err != nil {
			return err
		}
		events = events[:0]
		for i := range w.arrived {
			events = append(events, w.arrived[i].event)
		}
		out, err := s.settle(sources, events)
		if err != nil {
			return err
		}
		for i, f := range out.fates {
			w.arrived[i].from.note(f)
		}
		if err := c.take(component, out); err != nil {
			return err
		}
		if c.carried != nil && len(out.fresh) > 0 {
			c.leave(component, sources, out)
		}
	}
	return nil
}

// take notes what became of a component.
func (c *change) take(component uint32, out *outcome) error {
	c.cat.Conflicts += out.conflicts
	if len(out.fresh) == 0 {
		return nil
	}
	c.cat.Events += len(out.fresh)
	c.cat.Orphans += out.orphans
	c.cat.Sends += len(out.added) - len(out.dead)
	for i := range out.fresh {
		c.cat.Latest = max(c.cat.Latest, out.fresh[i].At)
	}
	for i := range out.dead {
		if err := c.bury(&out.dead[i]); err != nil {
			return err
		}
	}
	c.rows = append(c.rows, out.added...)
	c.firsts = append(c.firsts, out.firsts...)
	if err := c.run.add(packed.Bundle{Component: component, Persons: out.persons, Events: out.fresh}); err != nil {
		return err
	}
	for i := range out.fresh {
		c.tokens = c.e.tokens(c.tokens[:0], &out.fresh[i])
		for _, t := range c.tokens {
			c.run.name(t, component)
		}
	}
	for _, p := range out.persons {
		if fresh, ok := c.entries.fresh[p]; ok {
			c.run.name(c.e.tokenHash(c.e.tokenOf(fresh.Channel, fresh.Contact)), component)
		}
	}
	return nil
}

// bury marks the row that a new one replaces.
func (c *change) bury(r *columns.Row) error {
	for i := len(c.view.parts) - 1; i >= 0; i-- {
		entry := &c.cat.Segments[i]
		if r.Time < entry.First || r.Time > entry.Last {
			continue
		}
		part := c.view.parts[i]
		row, ok, err := part.Find(r)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		dead := c.dead[i]
		if dead == nil {
			dead = make([]uint64, (entry.Rows+63)/64)
			copy(dead, part.Dead)
		}
		if dead[row/64]&(1<<(row%64)) != 0 {
			continue // an earlier version of it
		}
		dead[row/64] |= 1 << (row % 64)
		c.dead[i] = dead
		entry.Dead++
		return nil
	}
	return fmt.Errorf("a damaged store: a send of %s is in no segment", r.Time)
}
