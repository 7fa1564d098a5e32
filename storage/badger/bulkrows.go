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
			var rows []columns.Row
			for k := i; k < len(batches) && faults[i] == nil; k += foldWorkers {
				if faults[i] = m.ctx.Err(); faults[i] == nil {
					rows, entries[k], faults[i] = m.segment(rows[:0], batches[k])
				}
			}
		}()
	}
	group.Wait()
	return slices.Concat(entries...), cmp.Or(faults...)
}

// segment makes one segment of some days, or several of a large one. It gives back the memory for rows.
func (m *making) segment(rows []columns.Row, days []dayRows) (memory []columns.Row, entries []segmentEntry, err error) {
	n := 0
	for _, d := range days {
		n += d.stack.rows
	}
	rows = slices.Grow(rows, n)
	for _, d := range days {
		if rows, err = m.read(rows, d); err != nil {
			return nil, nil, err
		}
	}
	if len(rows) > segmentRows {
		slices.SortFunc(rows, byTime)
	}
	parts := (len(rows) + segmentRows - 1) / segmentRows
	for some := range slices.Chunk(rows, (len(rows)+parts-1)/parts) {
		_, entry, err := m.e.writeSegment(m.put, some)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, entry)
	}
	return rows, entries, nil
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

// write writes all but the catalogue of what was made, and gives the state that it leads to.
func (m *making) write(v *view) (next *view, retired []part, err error) {
	next = &view{cat: m.cat, members: v.members, firsts: v.firsts, blocks: v.blocks, runs: v.runs, parts: v.parts}
	m.cat.Conflicts += m.receipt.Conflicts
	if m.receipt.Accepted == 0 {
		return next, nil, nil
	}
	m.total()
	entries, err := m.segments()
	if err != nil {
		return nil, nil, err
	}
	next.firsts = withFirsts(v.firsts, int(m.cat.Persons), m.firsts)
	next.blocks = blocksOf(next.firsts, v.blocks, v.firsts, m.firsts)
	retired, err = m.e.writeFirsts(m.put, next, pagesFrom(len(v.firsts)/firstsPerPage, len(next.firsts)))
	if err != nil {
		return nil, nil, err
	}
	if err := m.run.writeIndex(m.contacts, 0, 0); err != nil {
		return nil, nil, err
	}
	r, err := m.run.close()
	if err == nil {
		err = m.pen.flush() // the segments are read back
	}
	if err != nil {
		return nil, nil, err
	}
	m.cat.Runs = append(m.cat.Runs, r.entry)
	next.runs = append(slices.Clone(v.runs), r)
	m.cat.Segments = append(m.cat.Segments, entries...)
	next.parts, err = m.e.opened(slices.Clone(v.parts), entries)
	return next, retired, err
}

// total adds what was made to the figures of the catalogue.
func (m *making) total() {
	m.cat.Events += m.receipt.Accepted
	m.cat.Sends += m.sends
	m.cat.Orphans += m.orphans
	m.cat.Latest = max(m.cat.Latest, m.latest)
	m.cat.Components += uint32(len(m.b.unions.parent))
	m.cat.Persons = max(m.cat.Persons, m.used)
}

// opened opens segments beside others.
func (e *Engine) opened(parts []columns.Part, entries []segmentEntry) ([]columns.Part, error) {
	for _, entry := range entries {
		part, err := e.openSegment(entry)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// pagesFrom are the numbers of pages of first successes from one on.
func pagesFrom(page, persons int) (pages []int) {
	for ; page*firstsPerPage < persons; page++ {
		pages = append(pages, page)
	}
	return pages
}
