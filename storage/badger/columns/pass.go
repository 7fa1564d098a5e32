package columns

import "slices"

// pass goes over the selected rows once and counts them by *cell*: the combination of the varieties that they have in
// some fields. Rows of a cell are in the same groups of all groupings of the pass. There is one pass for all
// groupings by what runs agree in, and one for each other.
type pass struct {
	plan      *plan
	fields    []*field
	byRun     bool
	groupings []*grouping
	cells     map[cell]uint32
	keys      []cell // by number

	facts   grid // by number of facts
	tags    grid // successful, by final tag
	codes   grid // failed, by failure code
	options grid // answered, by first option
	running grid // flows in progress
	worth   worth

	waiting []uint32 // cells of the count's waits
	waits   []waits  // of runs that were counted whole
	spans   []span   // of a pass by run
	crowd   crowd    // of another
}

// cell is one variety for each field of a pass; a run has five fields.
type cell [runFields]uint32

const noCell = ^uint32(0)

func (p *pass) number(c cell) uint32 {
	n, ok := p.cells[c]
	if !ok {
		n = uint32(len(p.keys))
		p.cells[c] = n
		p.keys = append(p.keys, c)
	}
	return n
}

// add counts the rows of a segment; of is nil if all of them are in runs that are counted whole.
func (p *pass) add(s *selection, of *shared) error {
	if p.byRun {
		if err := p.addRuns(s); err != nil || of == nil {
			return err
		}
		if !slices.ContainsFunc(s.runs, func(run selected) bool { return run.whole == nil }) {
			for range of.waited {
				p.waiting = append(p.waiting, noCell)
			}
			return nil
		}
	}
	cells, err := p.cellsOf(s)
	if err != nil {
		return err
	}
	n := len(p.keys)
	p.facts.reserve(n, len(p.plan.facts), p.plan.grid)
	p.count(s, cells)
	scatter(s, &p.tags, n, cells, &of.tags)
	scatter(s, &p.codes, n, cells, &of.codes)
	scatter(s, &p.options, n, cells, &of.options)
	if len(of.running) > 0 {
		p.running.reserve(n, 1, p.plan.grid)
		for _, i := range of.running {
			if cells[i] != noCell {
				p.running.add(cells[i], 0)
			}
		}
	}
	p.worth.reserve(n, len(*of.found.keys))
	p.worth.addRows(cells, &of.found)
	for _, i := range of.waited {
		p.waiting = append(p.waiting, cells[i])
	}
	if p.byRun || p.byKind() {
		return nil
	}
	return p.crowd.add(p, s, cells)
}

// byKind tells that the groups differ in persons: theirs are the total's.
func (p *pass) byKind() bool {
	return !p.byRun && len(p.groupings[0].fields) == 1 && p.fields[0].level == byKind
}

// cellsOf gives the cell of each selected row, noCell for one that is in a run counted whole. Those of other rows may
// be anything.
func (p *pass) cellsOf(s *selection) ([]uint32, error) {
	if p.byRun {
		cells := s.plan.scratch.numbers(s.rows)
		for k := range s.runs {
			if run := &s.runs[k]; run.whole == nil || !s.apart {
				run.fill(cells)
			}
		}
		return cells, nil
	}
	a, err := p.fields[0].ofRows(s)
	if err != nil {
		return nil, err
	}
	if len(p.fields) == 1 { // a cell for each variety, by the same number
		for v := len(p.keys); v < len(p.fields[0].varieties); v++ {
			p.number(cell{uint32(v)})
		}
		return a, nil
	}
	b, err := p.fields[1].ofRows(s)
	if err != nil {
		return nil, err
	}
	return p.combine(s, a, b), nil
}

// combine finds the cells of rows by two fields.
func (p *pass) combine(s *selection, a, b []uint32) (cells []uint32) {
	cells = s.plan.scratch.numbers(s.rows)
	width := len(p.fields[1].varieties)
	table := make([]uint32, 0) // numbers of cells, +1
	if size := len(p.fields[0].varieties) * width; size <= p.plan.table {
		table = make([]uint32, size)
	}
	one := func(i int) {
		if len(table) == 0 {
			cells[i] = p.number(cell{a[i], b[i]})
			return
		}
		k := int(a[i])*width + int(b[i])
		if table[k] == 0 {
			table[k] = p.number(cell{a[i], b[i]}) + 1
		}
		cells[i] = table[k] - 1
	}
	for k := range s.runs {
		run := &s.runs[k]
		for _, i := range run.list {
			one(int(i))
		}
		if run.list == nil {
			for i := run.lo; i < run.hi; i++ {
				one(i)
			}
		}
	}
	return cells
}

// count counts rows by facts.
func (p *pass) count(s *selection, cells []uint32) {
	for k := range s.runs {
		run := &s.runs[k]
		switch {
		case p.byRun && run.whole != nil:
		case p.facts.many != nil:
			(&place{}).each(&stretch{run.lo, run.hi, run.list}, func(_, i int) { p.facts.add(cells[i], uint32(s.facts[i])) })
		case p.byRun:
			countRun(s, run, p.facts.n[int(run.cell)*p.facts.width:][:p.facts.width])
		default:
			p.countRows(s, run, cells)
		}
	}
}

func countRun(s *selection, run *selected, n []uint32) {
	for _, i := range run.list {
		n[s.facts[i]]++
	}
	if run.list == nil {
		for _, f := range s.facts[run.lo:run.hi] {
			n[f]++
		}
	}
}

func (p *pass) countRows(s *selection, run *selected, cells []uint32) {
	n, width := p.facts.n, p.facts.width
	for _, i := range run.list {
		n[int(cells[i])*width+int(s.facts[i])]++
	}
	if run.list == nil {
		for i, c := range cells[run.lo:run.hi] {
			n[int(c)*width+int(s.facts[run.lo+i])]++
		}
	}
}

// scatter counts rows by the value that a coded column has. Those without are not counted: they are the rest.
func scatter(s *selection, g *grid, n int, cells []uint32, v *valued) {
	if v.codes == nil {
		return
	}
	g.reserve(n, len(v.values.keys), s.plan.grid)
	one := func(code uint16, i int) {
		if cell := cells[i]; code != 0 && cell != noCell && v.covered[s.facts[i]] {
			g.add(cell, v.table[code])
		}
	}
	for _, x := range s.stretches() {
		for _, i := range x.list {
			one(v.code(int(i)), int(i))
		}
		if x.list == nil {
			lo := v.from(x.lo)
			for k, code := range v.codes.of[lo:v.from(x.hi)] {
				one(code, v.row(lo+k))
			}
		}
	}
}
