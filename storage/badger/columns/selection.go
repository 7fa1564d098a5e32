package columns

import (
	"slices"

	"outboundbot/storage"
)

// selection is the rows of a segment that a question covers.
type selection struct {
	*Segment
	plan   *plan
	dead   []uint64
	facts  []uint16 // of each row
	clock  clock
	runs   []selected // those that have any, in order; valid until the next segment
	spans  []stretch  // what stretches made
	ran    []uint16   // what running found
	asked  bool
	values *digestValues // if runs are counted whole
	apart  bool          // the rows of those are not gone through
}

// selected is the rows of a run that a question covers: those in list, or if it is nil all of [lo, hi).
type selected struct {
	*run
	number int // of the run
	lo, hi int
	list   []uint16
	cut    bool      // some of the run's rows may lie outside of the range
	all    bool      // all live rows of the run
	whole  *digested // their sums, if the pass by run takes them
	cell   uint32    // of the pass by run
}

func (s *selected) count() int {
	if s.list != nil {
		return len(s.list)
	}
	return s.hi - s.lo
}

// stretch is rows [lo, hi) of a segment; all are selected, or if list is not nil those.
type stretch struct {
	lo, hi int
	list   []uint16
}

// stretches are the runs of the selection, as few as do.
func (s *selection) stretches() []stretch {
	if s.spans != nil {
		return s.spans
	}
	s.spans = s.plan.scratch.stretches[:0]
	for k := range s.runs {
		run := &s.runs[k]
		if s.apart && run.whole != nil {
			continue
		}
		n := len(s.spans)
		if run.list == nil && n > 0 && s.spans[n-1].list == nil && s.spans[n-1].hi == run.lo {
			s.spans[n-1].hi = run.hi
			continue
		}
		s.spans = append(s.spans, stretch{run.lo, run.hi, run.list})
	}
	s.plan.scratch.stretches = s.spans
	return s.spans
}

// selectRows finds the rows of a segment that the question covers; nil for none.
func (p *plan) selectRows(part *Part) (*selection, error) {
	s := &selection{Segment: part.Segment, plan: p, dead: part.Dead}
	s.clock = newClock(p.q.Local(), int64(s.first), int64(s.last))
	if _, none := s.clock.in(p.q.Range, int64(s.first), int64(s.last)); none {
		return nil, nil
	}
	s.selectRuns()
	if len(s.runs) == 0 {
		return nil, nil
	}
	var err error
	if s.facts, err = s.factsOfRows(); err != nil {
		return nil, err
	}
	if err := s.cut(); err != nil {
		return nil, err
	}
	if !s.some() {
		return nil, nil
	}
	if err := s.takeAll(); err != nil {
		return nil, err
	}
	if err := s.sift(); err != nil {
		return nil, err
	}
	s.spans = nil
	if !s.some() {
		return nil, nil
	}
	return s, nil
}

// some drops runs without rows and tells whether any are left.
func (s *selection) some() bool {
	s.runs = slices.DeleteFunc(s.runs, func(run selected) bool { return run.count() == 0 })
	return len(s.runs) > 0
}

// selectRuns takes the runs for which the conditions on runs hold and that may have rows in the range.
func (s *selection) selectRuns() {
	holds := make([]bool, len(s.Segment.runs))
	for i := range holds {
		holds[i] = true
	}
	for _, c := range s.plan.where {
		if c.field.level != byRun {
			continue
		}
		of := c.field.ofRuns(s.Segment)
		by := make([]bool, len(of))
		for code, variety := range of {
			by[code] = c.of(variety)
		}
		for i := range holds {
			holds[i] = holds[i] && by[s.Segment.runs[i].codes[c.field.source.number]]
		}
	}
	s.runs = s.plan.scratch.runs[:0]
	defer func() { s.plan.scratch.runs = s.runs }()
	for i := range s.Segment.runs {
		run := &s.Segment.runs[i]
		if !holds[i] {
			continue
		}
		if _, none := s.clock.in(s.plan.q.Range, run.first, run.last); !none {
			s.runs = append(s.runs, selected{run: run, number: i, lo: run.lo, hi: run.hi})
		}
	}
}

// takeAll takes the live rows of runs that lie in the range, if the question is about live rows and has conditions on
// runs only.
func (s *selection) takeAll() error {
	for _, number := range s.Segment.facts {
		if s.plan.q.Test && s.plan.facts[number].is(factTest) {
			return nil
		}
	}
	for _, c := range s.plan.where {
		if c.field.level != byRun {
			return nil
		}
	}
	var rows *live
	for k := range s.runs {
		run := &s.runs[k]
		if run.cut {
			continue
		}
		if rows == nil {
			var err error
			if rows, err = s.live(); err != nil {
				return err
			}
		}
		run.all, run.list = true, rows.lists[run.number]
	}
	return nil
}

// cut leaves out the rows at the ends of runs that lie outside of the range.
func (s *selection) cut() error {
	for i := range s.runs {
		run := &s.runs[i]
		if all, _ := s.clock.in(s.plan.q.Range, run.first, run.last); all {
			continue
		}
		run.cut = true
		times, err := s.times()
		if err != nil {
			return err
		}
		for run.lo < run.hi && !s.clock.has(s.plan.q.Range, times[run.lo]) {
			run.lo++
		}
		for run.lo < run.hi && !s.clock.has(s.plan.q.Range, times[run.hi-1]) {
			run.hi--
		}
	}
	return nil
}

// running lists the rows, also of those not selected, whose flow nothing has settled and that are in progress at the
// moment of asking.
func (s *selection) running() ([]uint16, error) {
	if s.asked {
		return s.ran, nil
	}
	s.asked = true
	if s.high < s.low || !s.mayRun() {
		return nil, nil
	}
	open, err := s.open()
	if err != nil {
		return nil, err
	}
	limits := make([]storage.Instant, len(s.names[runChannel]))
	for c, channel := range s.names[runChannel] {
		limits[c] = s.plan.q.Now - s.plan.q.Expiry(channel)
	}
	for k, i := range open.rows {
		if open.credits[k] >= limits[open.channels[k]] {
			s.ran = append(s.ran, i)
		}
	}
	return s.ran, nil
}

// openFlows are the rows of a segment whose flow nothing has settled.
type openFlows struct {
	rows     []uint16
	channels []uint16 // codes
	credits  []storage.Instant
}

func (o *openFlows) madeWith() *uint64 { return nil }

// open finds the open flows of a segment, once.
func (s *selection) open() (*openFlows, error) {
	return derived(s.Segment, columnOpen, nil, func() (*openFlows, int, error) {
		times, err := s.times()
		if err != nil {
			return nil, 0, err
		}
		var columns [3]*numbers
		for c, column := range [...]int{columnAnswered, columnAssigned, columnLastCredit} {
			if columns[c], err = s.numbers(column); err != nil {
				return nil, 0, err
			}
		}
		open := &openFlows{}
		for k := range s.Segment.runs {
			run := &s.Segment.runs[k]
			for i := run.lo; i < run.hi; i++ {
				if !s.plan.facts[s.facts[i]].open() {
					continue
				}
				send := storage.Send{Time: storage.Instant(times[i])}
				for c, n := range columns {
					if off := n.difference(i); off != noNumber {
						column := numberedColumns[len(numberedColumns)-len(columns)+c]
						column.set(&send, off+column.near(&send))
					}
				}
				open.rows, open.channels = append(open.rows, uint16(i)), append(open.channels, run.codes[runChannel])
				open.credits = append(open.credits, send.LastCredit)
			}
		}
		return open, 12 * len(open.rows), nil
	})
}

// mayRun tells whether any flow may be in progress: not if the last credits are long ago.
func (s *selection) mayRun() bool {
	for _, channel := range s.names[runChannel] {
		if storage.Instant(s.high) >= s.plan.q.Now-s.plan.q.Expiry(channel) {
			return true
		}
	}
	return false
}
