package columns

import (
	"context"

	"outboundbot/storage"
)

// Names lists the values that sends visible in the scope have in a field and that begin with prefix, the ones with
// most sends first.
func (v *View) Names(ctx context.Context, scope storage.Scope, fieldName, prefix string) ([]storage.Name, error) {
	q := &storage.Question{Scope: scope}
	names, err := storage.NewNames(q, fieldName, prefix)
	if err != nil {
		return nil, err
	}
	p := newPlan(v, q)
	defer p.done()
	f := p.field(fieldName)
	var found []seen // by variety
	err = p.each(ctx, func(s *selection) error { return f.see(s, &found) })
	if err != nil {
		return nil, err
	}
	for variety, n := range found {
		for _, value := range f.varieties[variety] {
			names.Note(value, n.sends, n.first, n.last)
		}
	}
	return names.Result(), nil
}

// seen is how many sends have something, and when.
type seen struct {
	sends       int
	first, last storage.Instant
}

func (n *seen) note(sends int, first, last storage.Instant) {
	if n.sends == 0 || first < n.first {
		n.first = first
	}
	n.sends, n.last = n.sends+sends, max(n.last, last)
}

// see notes the selected rows of a segment by variety.
func (f *field) see(s *selection, found *[]seen) error {
	var of, runs []uint32
	var times []int64
	var err error
	if f.level == byRun {
		runs = f.ofRuns(s.Segment)
	} else if of, err = f.ofRows(s); err != nil {
		return err
	}
	if n := len(f.varieties) - len(*found); n > 0 {
		*found = append(*found, make([]seen, n)...)
	}
	for _, run := range s.runs {
		if f.level == byRun && run.list == nil && run.count() == run.run.hi-run.run.lo {
			(*found)[runs[run.codes[f.source.number]]].note(run.count(), storage.Instant(run.first), storage.Instant(run.last))
			continue
		}
		if times == nil {
			if times, err = s.times(); err != nil {
				return err
			}
		}
		note := func(i int) {
			variety := uint32(0)
			if of != nil {
				variety = of[i]
			} else {
				variety = runs[run.codes[f.source.number]]
			}
			(*found)[variety].note(1, storage.Instant(times[i]), storage.Instant(times[i]))
		}
		for _, i := range run.list {
			note(int(i))
		}
		if run.list == nil {
			for i := run.lo; i < run.hi; i++ {
				note(i)
			}
		}
	}
	return nil
}
