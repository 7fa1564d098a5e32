package columns

import "slices"

// sift leaves out single rows: dead ones, those that the conditions do not hold for, and where local time goes back
// those between that are not in the range.
func (s *selection) sift() error {
	dead := s.dead
	if !slices.ContainsFunc(s.runs, func(run selected) bool { return !run.all }) {
		return nil
	}
	all := true
	for _, number := range s.Segment.facts {
		all = all && s.plan.covered[number]
	}
	few, tests, err := s.tests()
	if err != nil {
		return err
	}
	var back []int64
	if len(s.clock.offset) > 1 {
		if back, err = s.times(); err != nil {
			return err
		}
	}
	for i := range s.runs {
		run := &s.runs[i]
		dies := anyDead(dead, run.lo, run.hi)
		if run.all || all && !dies && len(tests) == 0 && few == nil && (back == nil || !run.cut) {
			continue
		}
		var list []uint16
		if few != nil {
			list = few.list(s, run)
		} else {
			list = s.among(run, all)
		}
		if dies {
			list = slices.DeleteFunc(list, func(i uint16) bool { return isDead(dead, int(i)) })
		}
		for _, t := range tests {
			list = t.keep(s, list)
		}
		if back != nil && run.cut {
			list = slices.DeleteFunc(list, func(i uint16) bool { return !s.clock.has(s.plan.q.Range, back[i]) })
		}
		if len(list) < run.hi-run.lo {
			run.list = s.plan.scratch.keep(list)
		}
	}
	return nil
}

// tests prepares the conditions on rows. If one holds for few rows, those of a coded column that have certain texts,
// few lists them, and the others need not be known for all rows.
func (s *selection) tests() (few *rowTest, tests []*rowTest, err error) {
	for _, c := range s.plan.where {
		if c.field.level != byCode {
			continue
		}
		t := &rowTest{field: c.field, absent: make([]bool, len(s.plan.facts))}
		if t.codes, err = s.codes(c.field.source.number); err != nil {
			return nil, nil, err
		}
		some := false
		for _, number := range s.Segment.facts {
			t.absent[number] = c.of(c.field.ofFacts(number))
			some = some || t.absent[number] && s.plan.covered[number]
		}
		if t.codes != nil {
			for _, variety := range c.field.ofCodes(t.codes) {
				t.holds = append(t.holds, c.of(variety))
			}
		}
		if !some && few == nil {
			few = t
		} else {
			tests = append(tests, t)
		}
	}
	if few == nil { // for many rows it is better to know the varieties of all
		tests = nil
	}
	for _, c := range s.plan.where {
		if c.field.level == byRun || c.field.level == byFacts || (c.field.level == byCode && few != nil) {
			continue
		}
		of, err := c.field.ofRows(s)
		if err != nil {
			return nil, nil, err
		}
		tests = append(tests, &rowTest{of: of, holds: c.extended()})
	}
	return few, tests, nil
}

// rowTest is a condition on rows: by variety of each row, or by code and facts.
type rowTest struct {
	of    []uint32
	holds []bool // by variety; else by code

	field  *field
	codes  *codes
	absent []bool // by facts, for rows without code
}

// keep drops the rows for which the condition does not hold.
func (t *rowTest) keep(s *selection, list []uint16) []uint16 {
	n := 0
	for _, i := range list {
		list[n] = i
		if t.codes == nil && t.field == nil && t.holds[t.of[i]] || t.field != nil && t.ofRow(s, int(i)) {
			n++
		}
	}
	return list[:n]
}

func (t *rowTest) ofRow(s *selection, i int) bool {
	if code := t.codes.code(i); code != 0 && t.field.counts(s.facts[i]) {
		return t.holds[code]
	}
	return t.absent[s.facts[i]]
}

// list gives the rows of a run for which the condition holds, if it holds for none without code.
func (t *rowTest) list(s *selection, run *selected) []uint16 {
	list := s.plan.scratch.build()[:0]
	if t.codes == nil {
		return list
	}
	lo := t.codes.from(run.lo)
	for k, code := range t.codes.of[lo:t.codes.from(run.hi)] {
		if code == 0 || !t.holds[code] {
			continue
		}
		i := t.codes.row(lo + k)
		if number := s.facts[i]; s.plan.covered[number] && t.field.counts(number) {
			list = append(list, uint16(i))
		}
	}
	return list
}

// among lists the rows of a run whose facts the question covers.
func (s *selection) among(run *selected, all bool) []uint16 {
	list := s.plan.scratch.build()[:run.hi-run.lo]
	if all {
		for k := range list {
			list[k] = uint16(run.lo + k)
		}
		return list
	}
	n := 0
	covered := s.plan.covered
	for i, f := range s.facts[run.lo:run.hi] {
		list[n] = uint16(run.lo + i)
		if covered[f] {
			n++
		}
	}
	return list[:n]
}

func anyDead(dead []uint64, lo, hi int) bool {
	for w := lo >> 6; w < len(dead) && w<<6 < hi; w++ {
		if dead[w] != 0 {
			return true
		}
	}
	return false
}
