package columns

// addRuns notes the people of runs, and counts those that are counted whole.
func (p *pass) addRuns(s *selection) error {
	if err := p.cellsOfRuns(s); err != nil {
		return err
	}
	v := s.values
	if v == nil {
		return nil
	}
	running, err := s.running()
	if err != nil {
		return err
	}
	n := len(p.keys)
	p.facts.reserve(n, len(p.plan.facts), p.plan.grid)
	p.tags.reserve(n, len(v.count.tags.keys), p.plan.grid)
	p.codes.reserve(n, len(v.count.codes.keys), p.plan.grid)
	p.options.reserve(n, len(v.count.options.keys), p.plan.grid)
	p.running.reserve(n, 1, p.plan.grid)
	p.worth.reserve(n, len(v.count.worthKeys))
	for k := range s.runs {
		run := &s.runs[k]
		if run.whole == nil {
			continue
		}
		p.addWhole(run, v)
		eachOf(running, run.lo, run.hi, run.list, func(uint16) { p.running.add(run.cell, 0) })
	}
	return nil
}

// cellsOfRuns finds the cell of each run, and notes its people.
func (p *pass) cellsOfRuns(s *selection) error {
	var of [runFields][]uint32
	for k, f := range p.fields {
		of[k] = f.ofRuns(s.Segment)
	}
	persons, err := s.persons()
	if err != nil {
		return err
	}
	a := &area{persons, s.facts}
	for i := range s.runs {
		run := &s.runs[i]
		var c cell
		for k, f := range p.fields {
			c[k] = of[k][run.codes[f.source.number]]
		}
		run.cell = p.number(c)
		p.span(a, run, run.cell)
	}
	return nil
}

// fill notes the cell of each row.
func (run *selected) fill(cells []uint32) {
	cell := run.cell
	if run.whole != nil {
		cell = noCell
	}
	for _, i := range run.list {
		cells[i] = cell
	}
	if run.list == nil {
		part := cells[run.lo:run.hi]
		for i := range part {
			part[i] = cell
		}
	}
}

// span is selected rows of one cell: those in list, or if it is nil all of [lo, hi).
type span struct {
	*area
	lo, hi int32
	cell   uint32
	list   []uint16
}

// area is a segment's columns that people are counted from.
type area struct {
	persons []uint32
	facts   []uint16
}

func (s *span) count() int {
	if s.list != nil {
		return len(s.list)
	}
	return int(s.hi - s.lo)
}

// span notes the selected rows of a run. Runs that follow each other in the segment and in the cell are one span.
func (p *pass) span(a *area, run *selected, cell uint32) {
	if n := len(p.spans); n > 0 && run.list == nil {
		last := &p.spans[n-1]
		if last.area == a && last.list == nil && last.cell == cell && int(last.hi) == run.lo {
			last.hi = int32(run.hi)
			return
		}
	}
	p.spans = append(p.spans, span{a, int32(run.lo), int32(run.hi), cell, run.list})
}
