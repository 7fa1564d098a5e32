package badger

import (
	"context"
	"slices"

	"outboundbot/storage/badger/columns"
)

// fullSegment is from how many live rows on a segment is left alone.
const fullSegment = segmentRows / 2

// mergeRows is about how many rows are merged at once; they are in memory meanwhile.
const mergeRows = 2 * segmentRows

// placed is a row and where it was.
type placed struct {
	columns.Row
	part, at int
}

// mergeSegments makes large segments of small ones, and leaves out the rows that were replaced.
func (e *Engine) mergeSegments(ctx context.Context, all bool) (bool, error) {
	v, done, err := e.look()
	if err != nil {
		return false, nil // closed
	}
	defer done()
	from := v.crowd(all)
	if len(from) == 0 {
		return false, nil
	}
	var rows []placed
	for _, i := range from {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		err := v.parts[i].All(v.parts[i].Dead, func(at int, r *columns.Row) error {
			rows = append(rows, placed{*r, i, at})
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	slices.SortFunc(rows, func(a, b placed) int { return byTime(a.Row, b.Row) })
	p := &pen{e: e}
	parts, entries, err := e.cut(p, rows)
	if err == nil {
		err = p.flush()
	}
	if err != nil {
		return false, err
	}
	return true, e.swapSegments(ctx, v, from, rows, parts, entries)
}

// crowd gives the places of segments to be merged: all small ones of a size of which there are too many and of
// those below, or one that has many dead rows.
func (v *view) crowd(all bool) []int {
	var classes [16][]int
	for i := range v.cat.Segments {
		s := &v.cat.Segments[i]
		switch {
		case s.Dead*3 > s.Rows && s.Rows > 1024, all && s.Dead > 0:
			return []int{i}
		case s.live() < fullSegment:
			c := class(s.live())
			classes[c] = append(classes[c], i)
		}
	}
	var from []int
	rows := 0
	for c, some := range classes {
		for _, i := range some {
			if rows < mergeRows {
				from = append(from, i)
				rows += v.cat.Segments[i].live()
			}
		}
		if len(some) >= fanIn || all && c == len(classes)-1 && len(from) > 1 {
			return from
		}
	}
	return nil
}

// cut makes segments of rows in order of time, as even as may be.
func (e *Engine) cut(p *pen, rows []placed) (parts []columns.Part, entries []segmentEntry, err error) {
	if len(rows) == 0 {
		return nil, nil, nil
	}
	n := (len(rows) + segmentRows - 1) / segmentRows
	for some := range slices.Chunk(rows, (len(rows)+n-1)/n) {
		plain := make([]columns.Row, len(some))
		for i := range some {
			plain[i] = some[i].Row
		}
		part, entry, err := e.writeSegment(p.write, plain)
		if err != nil {
			return nil, nil, err
		}
		parts, entries = append(parts, part), append(entries, entry)
	}
	return parts, entries, nil
}

// swapSegments puts segments into the place of those they were made of. Rows that were replaced meanwhile are dead in
// the new ones too.
func (e *Engine) swapSegments(ctx context.Context, before *view, from []int, rows []placed, parts []columns.Part, entries []segmentEntry) error {
	release, err := e.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	v := e.view
	p := &pen{e: e}
	if err := e.buryAgain(p, before, v, from, rows, parts, entries); err != nil {
		return err
	}
	next := &view{cat: v.cat.clone(), runs: v.runs, members: v.members, firsts: v.firsts, blocks: v.blocks}
	next.cat.Segments, next.parts = nil, nil
	var retired []part
	gone := map[uint64]bool{}
	for _, i := range from {
		gone[before.cat.Segments[i].ID] = true
	}
	for i, s := range v.cat.Segments {
		if gone[s.ID] {
			retired = append(retired, part{Kind: ofColumn, ID: s.ID})
			if s.DeadID != 0 {
				retired = append(retired, part{Kind: ofDead, ID: s.DeadID})
			}
			continue
		}
		next.cat.Segments = append(next.cat.Segments, s)
		next.parts = append(next.parts, v.parts[i])
	}
	next.cat.Segments = append(next.cat.Segments, entries...)
	next.parts = append(next.parts, parts...)
	return e.exchange(p, next, retired)
}

// buryAgain marks the rows of new segments that died in the old ones while they were merged.
func (e *Engine) buryAgain(p *pen, before, now *view, from []int, rows []placed, parts []columns.Part, entries []segmentEntry) error {
	died := map[[2]int]bool{}
	for _, i := range from {
		id := before.cat.Segments[i].ID
		j := slices.IndexFunc(now.cat.Segments, func(s segmentEntry) bool { return s.ID == id })
		for w, bits := range now.parts[j].Dead {
			if w < len(before.parts[i].Dead) {
				bits &^= before.parts[i].Dead[w]
			}
			for at := w * 64; bits != 0; at, bits = at+1, bits>>1 {
				if bits&1 != 0 {
					died[[2]int{i, at}] = true
				}
			}
		}
	}
	if len(died) == 0 {
		return nil
	}
	for k := range rows {
		if !died[[2]int{rows[k].part, rows[k].at}] {
			continue
		}
		for n := range parts {
			at, ok, err := parts[n].Find(&rows[k].Row)
			if err != nil {
				return err
			}
			if ok {
				if parts[n].Dead == nil {
					parts[n].Dead = make([]uint64, (entries[n].Rows+63)/64)
				}
				parts[n].Dead[at/64] |= 1 << (at % 64)
				break
			}
		}
	}
	for n := range parts {
		if parts[n].Dead != nil {
			if err := e.writeDeadRows(p.write, &entries[n], parts[n].Dead); err != nil {
				return err
			}
		}
	}
	return nil
}
