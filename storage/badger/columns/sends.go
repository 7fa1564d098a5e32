package columns

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"outboundbot/storage"
)

// Sends gives the rows that a valid question covers, ready to be shown, by time, then id; see [storage.Order]. It ends
// early when yield returns false; yield is never given an error, they are returned.
//
// It holds the columns of the segments that overlap in time at the row it has come to.
func (v *View) Sends(ctx context.Context, q *storage.Question, order storage.Order, yield func(storage.Send, error) bool) error {
	p := newPlan(v, q)
	defer p.done()
	m := merge{plan: p, newest: order.NewestFirst, veil: storage.NewVeil(v.Secret)}
	var err error
	if order.Limit > 0 {
		err = m.limit(ctx, order.Limit)
	} else {
		for i := range v.Parts {
			m.waiting = append(m.waiting, &cursor{part: &v.Parts[i]})
		}
	}
	if err != nil {
		return err
	}
	m.sort()
	for {
		c, err := m.next(ctx)
		if c == nil || err != nil {
			return err
		}
		s, err := c.send(&m)
		if err != nil {
			return err
		}
		if !yield(s, nil) {
			return nil
		}
	}
}

// cursor is how far a segment's rows have been given.
type cursor struct {
	part    *Part
	rows    []uint16 // by time, then id, in the order asked for; the next one first
	reader  *rowReader
	chosen  bool  // rows are known before the segment is opened
	time    int64 // of the next row
	row     Row
	highest int64 // of rows that were chosen
	lowest  int64
}

// merge gives the rows of segments in order.
type merge struct {
	plan    *plan
	newest  bool
	veil    *storage.Veil
	waiting []*cursor // those that need not be opened yet, the next one last
	open    []*cursor // a heap
}

// Len implements heap.Interface.
func (m *merge) Len() int { return len(m.open) }

// Less implements heap.Interface.
func (m *merge) Less(i, j int) bool {
	a, b := m.open[i], m.open[j]
	c := cmp.Compare(a.time, b.time)
	if c == 0 {
		c = cmp.Compare(a.reader.ids.at(int(a.rows[0])), b.reader.ids.at(int(b.rows[0])))
	}
	if m.newest {
		return c > 0
	}
	return c < 0
}

// Swap implements heap.Interface.
func (m *merge) Swap(i, j int) { m.open[i], m.open[j] = m.open[j], m.open[i] }

// Push implements heap.Interface.
func (m *merge) Push(x any) { m.open = append(m.open, x.(*cursor)) }

// Pop implements heap.Interface.
func (m *merge) Pop() any {
	c := m.open[len(m.open)-1]
	m.open = m.open[:len(m.open)-1]
	return c
}

func (m *merge) sort() {
	for _, c := range m.waiting {
		if !c.chosen {
			c.lowest, c.highest = int64(c.part.first), int64(c.part.last)
		}
	}
	slices.SortFunc(m.waiting, func(a, b *cursor) int {
		if m.newest {
			return cmp.Compare(a.highest, b.highest)
		}
		return cmp.Compare(b.lowest, a.lowest)
	})
}

// due tells whether the next segment may have a row before the first of those that are open.
func (m *merge) due() bool {
	if len(m.waiting) == 0 || len(m.open) == 0 {
		return len(m.waiting) > 0
	}
	c := m.waiting[len(m.waiting)-1]
	if m.newest {
		return c.highest >= m.open[0].time
	}
	return c.lowest <= m.open[0].time
}

// next gives the cursor with the next row, which it has read; nil at the end.
func (m *merge) next(ctx context.Context) (*cursor, error) {
	for m.due() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := m.waiting[len(m.waiting)-1]
		m.waiting = m.waiting[:len(m.waiting)-1]
		if err := c.start(m); err != nil {
			return nil, err
		}
		if len(c.rows) > 0 {
			c.time = c.reader.times[c.rows[0]]
			heap.Push(m, c)
		}
	}
	if len(m.open) == 0 {
		return nil, nil
	}
	c := m.open[0]
	i := int(c.rows[0])
	c.reader.row(i, c.part.runOf(i), &c.row)
	if c.rows = c.rows[1:]; len(c.rows) == 0 {
		heap.Pop(m)
	} else {
		c.time = c.reader.times[c.rows[0]]
		heap.Fix(m, 0)
	}
	return c, nil
}

// start reads the segment and brings its rows into order.
func (c *cursor) start(m *merge) error {
	if !c.chosen {
		m.plan.scratch.forget()
		m.plan.scratch.forget()
		s, err := m.plan.selectRows(c.part)
		if s == nil || err != nil {
			return err
		}
		c.rows = s.list()
	}
	var err error
	if c.reader, err = c.part.rowReader(); err != nil {
		return err
	}
	sortRows(c.rows, c.reader.times, c.reader.ids, m.newest)
	return nil
}

// list is the rows of a selection.
func (s *selection) list() (rows []uint16) {
	for _, run := range s.runs {
		rows = append(rows, run.list...)
		if run.list == nil {
			for i := run.lo; i < run.hi; i++ {
				rows = append(rows, uint16(i))
			}
		}
	}
	return rows
}

func sortRows(rows []uint16, times []int64, ids *identifiers, newest bool) {
	slices.SortFunc(rows, func(a, b uint16) int {
		c := cmp.Compare(times[a], times[b])
		if c == 0 {
			c = cmp.Compare(ids.at(int(a)), ids.at(int(b)))
		}
		if newest {
			return -c
		}
		return c
	})
}

// send is the row that was read last, as the asker may see it.
func (c *cursor) send(m *merge) (storage.Send, error) {
	s, p := c.row.Send, m.plan
	var err error
	if s.Contact, err = p.view.Contact(c.row.Person); err != nil {
		return s, err
	}
	p.q.Complete(&s, p.view.first(c.row.Person))
	m.veil.Show(&s, p.q.Scope)
	return s, nil
}

// candidate is a row that may be one of the newest.
type candidate struct {
	time int64
	part int
	row  uint16
}

// limit chooses the newest n rows.
func (m *merge) limit(ctx context.Context, n int) error {
	parts := m.plan.view.Parts
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(parts[b].last, parts[a].last) })
	var found []candidate
	oldest := int64(0) // rows before it are not among the newest
	for _, i := range order {
		if int64(parts[i].last) < oldest {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		m.plan.scratch.forget()
		s, err := m.plan.selectRows(&parts[i])
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		times, err := s.times()
		if err != nil {
			return err
		}
		for _, row := range s.list() {
			if times[row] >= oldest {
				found = append(found, candidate{times[row], i, row})
			}
		}
		if len(found) > n {
			found, oldest = newest(found, n)
		}
	}
	return m.choose(found, n)
}

// newest keeps the n newest, and those as old as the last of them.
func newest(found []candidate, n int) ([]candidate, int64) {
	slices.SortFunc(found, func(a, b candidate) int { return cmp.Compare(b.time, a.time) })
	oldest := found[n-1].time
	for n < len(found) && found[n].time == oldest {
		n++
	}
	return found[:n], oldest
}

// choose makes cursors of the candidates, leaving out of those of the earliest moment the ones with the lowest ids.
func (m *merge) choose(found []candidate, n int) error {
	parts := m.plan.view.Parts
	if len(found) > n {
		oldest := found[len(found)-1].time
		first := slices.IndexFunc(found, func(c candidate) bool { return c.time == oldest })
		tied := found[first:]
		ids := make(map[candidate]string, len(tied))
		for _, c := range tied {
			of, err := parts[c.part].identifiers(columnID)
			if err != nil {
				return err
			}
			ids[c] = of.at(int(c.row))
		}
		slices.SortFunc(tied, func(a, b candidate) int { return cmp.Compare(ids[b], ids[a]) })
		found = found[:n]
	}
	cursors := map[int]*cursor{}
	for _, f := range found {
		c := cursors[f.part]
		if c == nil {
			c = &cursor{part: &parts[f.part], chosen: true, lowest: f.time, highest: f.time}
			cursors[f.part] = c
			m.waiting = append(m.waiting, c)
		}
		c.rows = append(c.rows, f.row)
		c.lowest, c.highest = min(c.lowest, f.time), max(c.highest, f.time)
	}
	return nil
}
