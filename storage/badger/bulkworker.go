package badger

import (
	"cmp"
	"slices"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
	"outboundbot/storage/badger/packed"
	"outboundbot/storage/badger/vault"
)

// worker folds stacks of an import, one after the other.
type worker struct {
	m       *making
	number  int
	settler settler
	counts  [stackSpan + 1]int32 // of the records before each component of a stack
	next    [stackSpan + 1]int32
	places  []place
	block   *packed.Builder
	open    bool            // it has something
	events  []storage.Event // of the component at hand, in order of time
	arrived []int64         // when each of them came, as numbers that grow
	names   *lexicon        // of its rows
	days    map[int64]*stack

	page     uint32         // its first person
	people   []vault.Person // of the page so far
	previous map[uint32]vault.Person
	tokens   []uint64 // of contacts, with their components
	owners   []uint32
	firsts   []first

	accepted, duplicates, conflicts, sends, orphans int
	latest                                          storage.Instant
}

func (m *making) newWorker(number int) *worker {
	w := &worker{m: m, number: number, names: newLexicon(), days: map[int64]*stack{}, previous: map[uint32]vault.Person{}}
	w.block = packed.NewBuilder(m.run.entry.Seal, w)
	w.settler = settler{windows: m.e.windows, register: w}
	return w
}

// fold folds the components of a stack.
func (w *worker) fold(n int, data []byte) error {
	if err := w.sort(data); err != nil {
		return err
	}
	for i := range stackSpan {
		if w.counts[i] == w.counts[i+1] {
			continue
		}
		if err := w.read(data, w.places[w.counts[i]:w.counts[i+1]]); err != nil {
			return err
		}
		if err := w.settle(uint32(n)*stackSpan + uint32(i)); err != nil {
			return err
		}
	}
	return w.flush()
}

// sort finds the records of each component of a stack: those of component i are w.places[w.counts[i]:w.counts[i+1]].
func (w *worker) sort(data []byte) error {
	counts := w.counts[:]
	clear(counts)
	for rest := data; len(rest) > 0; {
		component, length := header(rest)
		if headerSize+length > len(rest) {
			return errRecord
		}
		counts[component+1]++
		rest = rest[headerSize+length:]
	}
	for i := range stackSpan {
		counts[i+1] += counts[i]
	}
	w.places = slices.Grow(w.places[:0], int(counts[stackSpan]))[:counts[stackSpan]]
	next := w.next[:]
	copy(next, counts)
	for at := 0; at < len(data); {
		component, length := header(data[at:])
		from := at + headerSize
		w.places[next[component]] = place{recordTime(data[from:]), int64(from), int64(from + length)}
		next[component]++
		at = from + length
	}
	return nil
}

// inArrival are the events at hand in order of arrival, in a list of their own.
func (w *worker) inArrival() []storage.Event {
	events := make([]storage.Event, 0, len(w.events))
	for _, i := range byArrival(w.arrived) {
		events = append(events, w.events[i])
	}
	return events
}

// place is where a record stands in a stack, and the time of its event.
type place struct {
	at       int64
	from, to int64
}

// read reads the events of a component, in order of their times: sorting what is short is cheaper than sorting
// events.
func (w *worker) read(data []byte, places []place) error {
	w.arrived = w.arrived[:0]
	sorted := slices.IsSortedFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	if !sorted {
		slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	}
	w.events = slices.Grow(w.events[:0], len(places))[:len(places)]
	for i, p := range places {
		if err := readRecord(&w.events[i], data[p.from:p.to], w.m.b.lexicons); err != nil {
			return err
		}
		w.arrived = append(w.arrived, arrivalOf(data[p.from-headerSize:]))
	}
	return nil
}

// settle folds a component, or leaves it for later if the store has a part of it.
func (w *worker) settle(component uint32) error {
	if component < w.m.b.unions.base {
		t := touched{component: component}
		for _, i := range byArrival(w.arrived) {
			t.events = append(t.events, owned(w.events[i]))
		}
		w.m.mu.Lock()
		defer w.m.mu.Unlock()
		w.m.touched = append(w.m.touched, t)
		return nil
	}
	out, err := w.settler.settleNew(w.events, w.arrived)
	if err != nil {
		return err
	}
	for _, f := range out.fates {
		if f == duplicate {
			w.duplicates++
		}
	}
	w.accepted += len(out.fresh)
	w.conflicts += out.conflicts
	w.sends += len(out.added)
	w.orphans += out.orphans
	w.latest = max(w.latest, out.fresh[len(out.fresh)-1].At)
	w.firsts = append(w.firsts, out.firsts...)
	for i := range out.added {
		if err := w.set(&out.added[i]); err != nil {
			return err
		}
	}
	for _, p := range out.persons {
		channel, contact, err := w.Contact(p)
		if err != nil {
			return err
		}
		w.tokens = append(w.tokens, w.m.e.tokenHash(w.m.e.tokenOf(channel, contact)))
		w.owners = append(w.owners, component)
	}
	bundle := packed.Bundle{Component: component, Persons: out.persons, Events: out.fresh}
	if cutOf(bundle.Events) < len(bundle.Events) {
		return w.parts(bundle)
	}
	w.open = true
	if err := w.block.Add(bundle); err != nil {
		return err
	}
	if w.block.Size() >= blockSize {
		return w.flush()
	}
	return nil
}

// owned is an event whose texts are its own.
func owned(e storage.Event) storage.Event {
	all := texts(&e)
	n := 0
	for _, s := range all[:ownTexts] {
		n += len(*s)
	}
	b := make([]byte, 0, n)
	for _, s := range all[:ownTexts] {
		b = append(b, *s...)
	}
	text := string(b)
	for _, s := range all[:ownTexts] {
		k := len(*s)
		*s, text = text[:k], text[k:]
	}
	for _, s := range all[ownTexts:] {
		if len(*s) > longestName {
			*s = string([]byte(*s))
		}
	}
	return e
}

// flush writes the block at hand.
func (w *worker) flush() error {
	if !w.open {
		return nil
	}
	b, first, _, events, err := w.block.Finish()
	w.open = false
	clear(w.previous)
	for i, p := range w.people {
		w.previous[w.page+uint32(i)] = p
	}
	if err != nil {
		return err
	}
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return w.m.run.put(b, start{Component: first}, events)
}

// parts writes a component that is too large for a block.
func (w *worker) parts(b packed.Bundle) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	w.m.run.keys = w
	return w.m.run.addParts(b)
}

// finish hands over what the worker gathered.
func (w *worker) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.turn(); err != nil {
		return err
	}
	w.places, w.events = nil, nil // rows take their room
	m := w.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.receipt.Accepted += w.accepted
	m.receipt.Duplicates += w.duplicates
	m.receipt.Conflicts += w.conflicts
	m.sends += w.sends
	m.orphans += w.orphans
	m.latest = max(m.latest, w.latest)
	m.firsts = append(m.firsts, w.firsts...)
	for i, t := range w.tokens {
		m.contacts.Add(t, w.owners[i])
	}
	for day, s := range w.days {
		m.days[day] = append(m.days[day], dayRows{worker: w, stack: s})
	}
	return nil
}

// enter implements register: persons come in pages, each the worker's own.
func (w *worker) enter(channel, contact string) (uint32, error) {
	if len(w.people) == personsPerPage || w.people == nil {
		if err := w.turn(); err != nil {
			return 0, err
		}
		w.m.mu.Lock()
		w.page = w.m.persons
		w.m.persons += personsPerPage
		w.m.mu.Unlock()
		w.people = make([]vault.Person, 0, personsPerPage)
	}
	p := vault.Person{Channel: channel, Contact: contact}
	if contact != "" {
		p.Contact = string([]byte(contact)) // the record it lies in goes away
		p.Key = vault.NewKey()
	}
	person := w.page + uint32(len(w.people))
	w.people = append(w.people, p)
	w.previous[person] = p
	return person, nil
}

// turn writes the page of persons at hand.
func (w *worker) turn() error {
	if w.people == nil {
		return nil
	}
	b, err := w.m.e.vault.EncodePage(w.people)
	if err != nil {
		return err
	}
	k := numbered(ofPersons, uint64(w.page/personsPerPage))
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	w.m.used = max(w.m.used, w.page+uint32(len(w.people)))
	return w.m.pen.write(k, seal(ofPersons, k, len(w.people), b))
}

// known implements register.
func (w *worker) known(person uint32) (channel, contact string, err error) { return w.Contact(person) }

// Contact implements packed.Keys for the persons of the block at hand.
func (w *worker) Contact(person uint32) (channel, contact string, err error) {
	p := w.previous[person]
	return p.Channel, p.Contact, nil
}

// Key implements packed.Keys.
func (w *worker) Key(person uint32) ([16]byte, error) { return w.previous[person].Key, nil }

// Loose implements packed.Keys.
func (w *worker) Loose(component uint32) [16]byte { return w.m.e.persons.Loose(component) }

// set sets a row aside for the day of its time.
func (w *worker) set(r *columns.Row) error {
	day := int64(r.Time) / dayMillis
	s := w.days[day]
	if s == nil {
		s = &stack{}
		w.days[day] = s
	}
	s.rows++
	s.buffer = appendRow(s.buffer, r, w.names)
	if len(s.buffer) < rowBuffer {
		return nil
	}
	at, err := w.m.rows.put(s.buffer)
	s.pieces, s.buffer = append(s.pieces, at), s.buffer[:0]
	return err
}
