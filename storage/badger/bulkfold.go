package badger

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"outboundbot/storage"
	"outboundbot/storage/badger/packed"
)

// foldWorkers is how many components are folded at once.
const foldWorkers = 2

// settle folds everything that was set aside and commits it, all of it or nothing.
func (b *bulk) settle(ctx context.Context) (storage.Receipt, error) {
	b.unions.flatten()
	m := b.newMaking(ctx)
	defer m.rows.close()
	if err := m.index(&b.table); err != nil {
		return storage.Receipt{}, err
	}
	if err := m.foldAll(); err != nil {
		return storage.Receipt{}, err
	}
	if b.storedStacks() == 0 {
		b.spool.close() // what it held is in the blocks, and in the rows set aside
	}
	next, retired, err := m.write(b.e.view)
	if err != nil {
		return storage.Receipt{}, err
	}
	if next, retired, err = b.settleStored(m, next, retired); err != nil {
		return storage.Receipt{}, err
	}
	if m.receipt.Accepted+m.receipt.Conflicts == 0 {
		return m.receipt, nil
	}
	return m.receipt, b.e.exchange(m.pen, next, retired)
}

// making is what an import makes of the components that are new: one run of events and many segments of sends.
type making struct {
	b       *bulk
	e       *Engine
	ctx     context.Context
	rows    *spool
	receipt storage.Receipt
	cat     *catalogue

	mu       sync.Mutex // guards what follows
	pen      *pen
	run      *runWriter
	contacts *packed.IndexBuilder // of the tokens that stand for contacts
	persons  uint32               // the next page begins with this one
	used     uint32               // one more than the last person
	firsts   []first
	days     map[int64][]dayRows
	sends    int
	orphans  int
	latest   storage.Instant
	touched  []touched
}

// touched is what arrived for a component of the store.
type touched struct {
	component uint32
	events    []storage.Event
}

func (b *bulk) newMaking(ctx context.Context) *making {
	e := b.e
	m := &making{
		b: b, e: e, ctx: ctx, rows: &spool{dir: e.dir}, cat: e.view.cat.clone(), pen: &pen{e: e},
		contacts: &packed.IndexBuilder{}, days: map[int64][]dayRows{},
	}
	m.persons = (m.cat.Persons + personsPerPage - 1) / personsPerPage * personsPerPage
	m.used = m.cat.Persons
	m.run = e.newRun(e.reserve(ofBlock), nil)
	m.run.tokens = nil
	m.run.write = m.pen.write
	return m
}

// put writes a value from any worker.
func (m *making) put(k, v []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pen.write(k, v)
}

// index makes the indexes of the run, and frees the table they come from bit by bit.
func (m *making) index(t *table) error {
	n := 0
	if t.used() > fewIdentifiers {
		n = indexBits
	}
	u := &m.b.unions
	for value := range 1 << n {
		index := &packed.IndexBuilder{}
		t.drain(n, value, func(hash uint64, component uint32) {
			if component = u.of(component); component >= u.base {
				index.Add(within(hash, n), component)
			}
		})
		if err := m.run.writeIndex(index, n, uint64(value)); err != nil {
			return err
		}
	}
	return nil
}

// A run with more identifiers than a few has an index for each value of the first bits of their hashes.
const (
	fewIdentifiers = 1 << 22
	indexBits      = 5
)

// foldAll folds the stacks, the youngest components first: what was merged into an older component stands before
// that in this order, and is moved to it.
func (m *making) foldAll() error {
	type task struct {
		stack int
		data  []byte
	}
	tasks := make(chan task)
	buffers := make(chan []byte, foldWorkers+2) // that are free
	for range cap(buffers) {
		buffers <- nil
	}
	var group sync.WaitGroup
	faults := make([]error, foldWorkers+1)
	for i := range foldWorkers {
		group.Add(1)
		go func() {
			defer group.Done()
			w := m.newWorker(i)
			for t := range tasks {
				if faults[i] == nil {
					faults[i] = w.fold(t.stack, t.data)
				}
				buffers <- t.data
			}
			if faults[i] == nil {
				faults[i] = w.finish()
			}
		}()
	}
	for n := len(m.b.stacks) - 1; n >= m.b.storedStacks() && faults[foldWorkers] == nil; n-- {
		data, err := m.b.pull(<-buffers, n)
		if err == nil {
			err = m.ctx.Err()
		}
		if faults[foldWorkers] = err; err == nil {
			tasks <- task{n, data}
		}
	}
	close(tasks)
	group.Wait()
	return cmp.Or(faults...)
}

// pull gives the records of a stack's components, in a buffer that is free. Those of components merged into one of an older stack go there.
func (b *bulk) pull(data []byte, n int) ([]byte, error) {
	s := b.stacks[n]
	size := len(s.buffer)
	for _, p := range s.pieces {
		size += p.length
	}
	data = slices.Grow(data[:0], size)
	for _, p := range s.pieces {
		var err error
		if data, err = b.spool.get(data, p); err != nil {
			return nil, err
		}
	}
	data = append(data, s.buffer...)
	b.stacks[n] = nil
	kept := data[:0]
	for rest := data; len(rest) > 0; {
		component, length := header(rest)
		end := headerSize + length
		c := component + uint32(n)*stackSpan
		leader := b.unions.of(c)
		switch home := int(leader / stackSpan); {
		case home == n:
			if leader != c || len(kept) != len(data)-len(rest) {
				kept = append(kept, rest[:end]...)
				appendHeader(kept[len(kept)-end:len(kept)-end], leader%stackSpan, length, arrivalOf(kept[len(kept)-end:]))
			} else {
				kept = kept[:len(kept)+end] // it stands where it shall
			}
		default:
			if err := b.stacks[home].push(b.spool, leader%stackSpan, rest[headerSize:end], arrivalOf(rest)); err != nil {
				return nil, err
			}
		}
		rest = rest[end:]
	}
	return kept, nil
}

// storedAtOnce is about how many events of components of the store are folded at once.
const storedAtOnce = 50_000

// storedStacks is how many stacks hold nothing but components of the store; the one after them may hold some.
func (b *bulk) storedStacks() int { return min(int(b.unions.base/stackSpan), len(b.stacks)) }

// settleStored adds what arrived for components of the store, as Append does, a stack at a time: it may be most of the
// import, where a file comes a second time.
func (b *bulk) settleStored(m *making, v *view, retired []part) (*view, []part, error) {
	s := addition{m: m, view: v, retired: retired, merged: b.unions.merged()}
	slices.SortFunc(m.touched, func(a, b touched) int { return cmp.Compare(a.component, b.component) })
	if err := s.add(m.touched); err != nil {
		return nil, nil, err
	}
	m.touched = nil
	w := m.newWorker(0)
	var data []byte
	for n := b.storedStacks() - 1; n >= 0; n-- {
		var err error
		if data, err = b.pull(data, n); err == nil {
			err = cmp.Or(m.ctx.Err(), w.sort(data))
		}
		for i := 0; i < stackSpan && err == nil; i++ {
			if w.counts[i] == w.counts[i+1] {
				continue
			}
			if err = w.read(data, w.places[w.counts[i]:w.counts[i+1]]); err != nil {
				break
			}
			m.touched = append(m.touched, touched{uint32(n)*stackSpan + uint32(i), w.inArrival()})
			if s.waiting += len(w.events); s.waiting >= storedAtOnce {
				err = s.add(m.touched)
				m.touched, s.waiting = m.touched[:0], 0
			}
		}
		if err == nil {
			err = s.add(m.touched)
			m.touched, s.waiting = m.touched[:0], 0
		}
		if err != nil {
			return nil, nil, err
		}
	}
	m.receipt.Accepted += s.all.receipt.Accepted
	m.receipt.Duplicates += s.all.receipt.Duplicates
	m.receipt.Conflicts += s.all.receipt.Conflicts
	return s.view, s.retired, nil
}

// addition adds to components of the store what an import has for them.
type addition struct {
	m       *making
	view    *view // that it leads to so far
	retired []part
	merged  map[uint32][]uint32
	all     request
	waiting int // events
}

func (s *addition) add(some []touched) error {
	if len(some) == 0 {
		return nil
	}
	c := s.m.e.newChange(s.view)
	for _, t := range some {
		w := c.at(t.component)
		for _, from := range s.merged[t.component] {
			c.merge(t.component, from)
		}
		for _, ev := range t.events {
			w.arrived = append(w.arrived, arrival{ev, &s.all})
		}
	}
	if err := c.settle(); err != nil || !c.matters() {
		return err
	}
	next, gone, err := c.write(s.m.pen)
	if err == nil {
		err = s.m.pen.flush()
	}
	if err == nil {
		s.view, s.retired = next, append(s.retired, gone...)
	}
	return err
}
