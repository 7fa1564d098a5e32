package badger

import (
	"math/bits"
	"slices"
	"sort"

	"outboundbot/storage/badger/packed"
)

// run is a set of event blocks in order of their components, with an index of all identifiers in them. It never
// changes: what comes later stands in a newer run, and merging makes a new one of several.
type run struct {
	entry   runEntry
	starts  []start           // of the blocks, by component
	moved   []redirect        // components that were merged when the run was written
	indexes []index           // identifier hash → component
	tokens  map[uint64]uint32 // the same in memory, of a small run written by this process; else nil
}

// redirect says that a component has been merged into another one.
type redirect struct {
	_        struct{} `cbor:",toarray"`
	From, To uint32
}

// directory is what a run knows of itself.
type directory struct {
	_       struct{} `cbor:",toarray"`
	Starts  []start
	Moved   []redirect
	Indexes []indexEntry
}

// indexEntry is an index of identifiers. A large run has several, so that none is large in memory while it is made:
// one for each value of the first bits of the hash.
type indexEntry struct {
	_         struct{} `cbor:",toarray"`
	Bits      int      // how many
	Value     uint64   // of these bits
	Base      int      // its first page
	Directory []byte
}

// index is an indexEntry that was opened.
type index struct {
	bits  int
	value uint64
	*packed.Index
}

// within is a hash as an index of those with the same first bits knows it.
func within(hash uint64, n int) uint64 { return bits.RotateLeft64(hash, n) }

// openRun reads a run's directory; its blocks and index pages stay on disk.
func (e *Engine) openRun(entry runEntry) (*run, error) {
	b, err := e.value(ofDirectory, numbered(ofDirectory, entry.ID))
	if err != nil {
		return nil, err
	}
	var d directory
	if err := decode(b, &d); err != nil {
		return nil, err
	}
	return e.runOf(entry, &d)
}

func (e *Engine) runOf(entry runEntry, d *directory) (*run, error) {
	r := &run{entry: entry, starts: d.Starts, moved: d.Moved}
	for _, x := range d.Indexes {
		opened, err := e.openIndex(entry.ID, x.Base, x.Directory)
		if err != nil {
			return nil, err
		}
		r.indexes = append(r.indexes, index{x.Bits, x.Value, opened})
	}
	return r, nil
}

func (e *Engine) openIndex(run uint64, base int, toc []byte) (*packed.Index, error) {
	return packed.OpenIndex(toc, func(page int) ([]byte, error) {
		page += base
		return e.blocks.get(cacheKey{ofPage, run, page}, func() (any, int, error) {
			b, err := e.value(ofPage, inside(ofPage, run, page))
			return b, len(b), err
		}).bytes()
	})
}

// blocksOf are the blocks that may hold a component: one, or several of a large one.
func (r *run) blocksOf(component uint32) []start {
	end := sort.Search(len(r.starts), func(i int) bool { return r.starts[i].Component > component })
	if end == 0 {
		return nil
	}
	return r.starts[end-1-int(r.starts[end-1].Part) : end]
}

// lookup appends the components that may have an identifier.
func (r *run) lookup(to []uint32, token uint64) ([]uint32, error) {
	if r.tokens != nil {
		if component, ok := r.tokens[token]; ok {
			to = append(to, component)
		}
		return to, nil
	}
	for _, index := range r.indexes {
		if index.bits > 0 && token>>(64-index.bits) != index.value {
			continue
		}
		err := index.Lookup(within(token, index.bits), func(component uint32) bool {
			to = append(to, component)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return to, nil
}

// openBlock reads a block of events, or finds it among those read of late.
func (e *Engine) openBlock(r *run, at start) (*packed.Block, error) {
	number := int(at.Block)
	got := e.blocks.get(cacheKey{ofBlock, r.entry.ID, number}, func() (any, int, error) {
		b, err := e.value(ofBlock, inside(ofBlock, r.entry.ID, number))
		if err != nil {
			return nil, 0, err
		}
		block, err := packed.Open(b, at.sealing(r.entry.Seal), e.persons)
		if err != nil {
			return nil, 0, err
		}
		return block, block.Size() + len(b), nil
	})
	if got.err != nil {
		return nil, got.err
	}
	return got.value.(*packed.Block), nil
}

// bundle is what a run has of a component; false for nothing.
func (e *Engine) bundle(r *run, component uint32) (all packed.Bundle, found bool, err error) {
	for _, at := range r.blocksOf(component) {
		block, err := e.openBlock(r, at)
		if err != nil {
			return all, false, err
		}
		b, ok, err := block.Find(component)
		if err != nil {
			return all, false, err
		}
		if ok && !found {
			all, found = b, true
		} else if ok {
			all.Events = append(all.Events, b.Events...)
		}
	}
	return all, found, nil
}

// source reads a component as it is stored.
func (v *view) source(e *Engine, component uint32) (source, error) {
	return e.gather(v.runs, v.members, component)
}

// gather puts together what runs have of a component and of those merged into it.
func (e *Engine) gather(runs []*run, members *members, component uint32) (src source, err error) {
	for _, m := range members.with(component) {
		for _, r := range runs {
			b, ok, err := e.bundle(r, m)
			if err != nil {
				return src, err
			}
			if !ok {
				continue
			}
			src.events = append(src.events, b.Events...)
			for _, p := range b.Persons {
				if !slices.Contains(src.persons, p) {
					src.persons = append(src.persons, p)
				}
			}
		}
	}
	inOrder(src.events)
	return src, nil
}

// members tells which components were merged, both ways.
type members struct {
	leader map[uint32]uint32   // of those merged into another one
	led    map[uint32][]uint32 // by leader
}

func (m *members) of(component uint32) uint32 {
	for {
		to, ok := m.leader[component]
		if !ok {
			return component
		}
		component = to
	}
}

// with are the leader and all that were merged into it.
func (m *members) with(leader uint32) []uint32 {
	all := []uint32{leader}
	for i := 0; i < len(all); i++ {
		all = append(all, m.led[all[i]]...)
	}
	return all
}

// join gathers the redirects of runs.
func join(runs []*run) *members {
	m := &members{leader: map[uint32]uint32{}, led: map[uint32][]uint32{}}
	for _, r := range runs {
		for _, d := range r.moved {
			m.add(d)
		}
	}
	return m
}

func (m *members) add(d redirect) {
	if _, known := m.leader[d.From]; known || d.From == d.To {
		return
	}
	m.leader[d.From] = d.To
	m.led[d.To] = append(m.led[d.To], d.From)
}

// plus is the same with more redirects, for a view of its own.
func (m *members) plus(moved []redirect) *members {
	if len(moved) == 0 {
		return m
	}
	n := &members{leader: make(map[uint32]uint32, len(m.leader)+len(moved)), led: make(map[uint32][]uint32, len(m.led)+len(moved))}
	for k, v := range m.leader {
		n.leader[k] = v
	}
	for k, v := range m.led {
		n.led[k] = slices.Clone(v)
	}
	for _, d := range moved {
		n.add(d)
	}
	return n
}
