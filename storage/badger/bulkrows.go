package badger

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"outboundbot/storage/badger/columns"
)

const dayMillis = 24 * 60 * 60 * 1000

// rowBuffer is how much of a day's rows a worker gathers before it sets them aside.
const rowBuffer = 32 << 10

// dayRows are the rows of a day that one worker folded.
type dayRows struct {
	worker *worker
	stack  *stack
}

// segments makes segments of all rows, oldest first: some days together, or a day in parts.
func (m *making) segments() ([]segmentEntry, error) {
	var batches [][]dayRows
	rows := 0
	for _, day := range slices.Sorted(maps.Keys(m.days)) {
		n := 0
		for _, d := range m.days[day] {
			n += d.stack.rows
		}
		if len(batches) == 0 || rows+n > segmentRows {
			batches, rows = append(batches, nil), 0
		}
		rows += n
		last := len(batches) - 1
		batches[last] = append(batches[last], m.days[day]...)
	}
	entries := make([][]segmentEntry, len(batches))
	faults := make([]error, foldWorkers)
	var group sync.WaitGroup
	for i := range foldWorkers {
		group.Add(1)
		go func() {
			defer group.Done()
			for k := i; k < len(batches) && faults[i] == nil; k += foldWorkers {
				if faults[i] = m.ctx.Err(); faults[i] == nil {
					entries[k], faults[i] = m.segment(batches[k])
				}
			}
		}()
	}
	group.Wait()
	return slices.Concat(entries...), cmp.Or(faults...)
}

// segment makes one segment of some days, or several of a large one.
func (m *making) segment(days []dayRows) (entries []segmentEntry, err error) {
	n := 0
	for _, d := range days {
		n += d.stack.rows
	}
	rows := make([]columns.Row, 0, n)
	for _, d := range days {
		if rows, err = m.read(rows, d); err != nil {
			return nil, err
		}
	}
	if len(rows) > segmentRows {
		slices.SortFunc(rows, byTime)
	}
	parts := (len(rows) + segmentRows - 1) / segmentRows
	for some := range slices.Chunk(rows, (len(rows)+parts-1)/parts) {
		_, entry, err := m.e.writeSegment(m.write, some)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func (m *making) read(rows []columns.Row, d dayRows) ([]columns.Row, error) {
	var data []byte
	for _, p := range d.stack.pieces {
		var err error
		if data, err = m.rows.get(data, p); err != nil {
			return nil, err
		}
	}
	r := reader{append(data, d.stack.buffer...)}
	for range d.stack.rows {
		rows = append(rows, columns.Row{})
		if err := r.row(&rows[len(rows)-1], d.worker.names.names); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// commit makes what was made part of the store.
func (m *making) commit() error {
	if m.receipt.Accepted == 0 {
		m.cat.Conflicts += m.receipt.Conflicts
		if m.receipt.Conflicts == 0 {
			return nil
		}
	}
	entries, err := m.segments()
	if err != nil {
		return err
	}
	v := m.e.view
	m.cat.Events += m.receipt.Accepted
	m.cat.Conflicts += m.receipt.Conflicts
	m.cat.Sends += m.sends
	m.cat.Orphans += m.orphans
	m.cat.Latest = max(m.cat.Latest, m.latest)
	m.cat.Components += uint32(len(m.b.unions.parent))
	if m.persons > (m.cat.Persons+personsPerPage-1)/personsPerPage*personsPerPage {
		m.cat.Persons = m.persons
	}
	next := &view{cat: m.cat, members: v.members, firsts: withFirsts(v.firsts, int(m.cat.Persons), m.firsts)}
	for page := len(v.firsts) / firstsPerPage; page*firstsPerPage < len(next.firsts); page++ {
		if err := m.e.writeFirsts(m.pen.write, m.cat, next.firsts, page); err != nil {
			return err
		}
	}
	r, err := m.run.finishWith(m.contacts)
	if err != nil {
		return err
	}
	m.cat.Runs = append(m.cat.Runs, r.entry)
	next.runs = append(slices.Clone(v.runs), r)
	if err := m.pen.flush(); err != nil {
		return err
	}
	next.parts = slices.Clone(v.parts)
	for _, entry := range entries {
		part, err := m.e.openSegment(entry)
		if err != nil {
			return err
		}
		next.parts = append(next.parts, part)
	}
	m.cat.Segments = append(m.cat.Segments, entries...)
	return m.e.exchange(m.pen, next, nil)
}
