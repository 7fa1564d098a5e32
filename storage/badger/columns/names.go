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
	n := naming{field: f}
	err = p.each(ctx, n.add)
	if err != nil {
		return nil, err
	}
	for variety, n := range n.found {
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

func (n *seen) note(o seen) {
	if n.sends == 0 || o.first < n.first {
		n.first = o.first
	}
	n.sends, n.last = n.sends+o.sends, max(n.last, o.last)
}

// naming is a list of names in the making.
type naming struct {
	field *field
	found []seen // by variety
}

func (n *naming) note(variety uint32, o seen) {
	if o.sends == 0 {
		return
	}
	for len(n.found) <= int(variety) {
		n.found = append(n.found, seen{})
	}
	n.found[variety].note(o)
}

// add notes the selected rows of a segment.
func (n *naming) add(s *selection) error {
	f := n.field
	all := 0 // runs of which all live rows are selected
	for k := range s.runs {
		if s.runs[k].all {
			all++
		}
	}
	switch {
	case f.level == byRun && all == len(s.runs):
		return n.addRuns(s)
	case f.level == byCode || f.level == byFacts:
		rows, err := s.live()
		if err != nil {
			return err
		}
		if all == rows.some {
			return n.addCensus(s)
		}
	}
	return n.addRows(s)
}

func (n *naming) addRuns(s *selection) error {
	rows, err := s.live()
	if err != nil {
		return err
	}
	of := n.field.ofRuns(s.Segment)
	for k := range s.runs {
		run := &s.runs[k]
		n.note(of[run.codes[n.field.source.number]], rows.seen[run.number])
	}
	return nil
}

func (n *naming) addRows(s *selection) error {
	of, err := n.field.ofRows(s)
	if err != nil {
		return err
	}
	times, err := s.times()
	if err != nil {
		return err
	}
	for _, x := range s.stretches() {
		(&place{}).each(&x, func(_, i int) {
			n.note(of[i], seen{1, storage.Instant(times[i]), storage.Instant(times[i])})
		})
	}
	return nil
}

// addCensus notes all live rows of the segment.
func (n *naming) addCensus(s *selection) error {
	c, err := s.census(n.field)
	if err != nil {
		return err
	}
	for k, number := range s.Segment.facts {
		n.note(n.field.ofFacts(number), c.facts[k])
	}
	for code, of := range c.codes {
		if of.sends > 0 {
			n.note(n.field.ofText(c.texts[code]), of)
		}
	}
	return nil
}

// census is how many live rows of a segment have each value of a field, and when.
type census struct {
	dead  *uint64
	texts []string // by code
	codes []seen   // by code
	facts []seen   // by facts as the segment numbers them, of rows that the field takes no code of for a value
}

func (c *census) madeWith() *uint64 { return c.dead }

// census counts the live rows by a field of a coded column or of facts, once for each state of the segment.
func (s *selection) census(f *field) (*census, error) {
	number := columnFacts // which is no coded column
	if f.level == byCode {
		number = f.source.number
	}
	return derived(s.Segment, columnSeen+number, s.dead, func() (*census, int, error) {
		c := &census{dead: firstWord(s.dead), facts: make([]seen, len(s.Segment.facts))}
		times, err := s.times()
		if err != nil {
			return nil, 0, err
		}
		var of *codes
		if f.level == byCode {
			if of, err = s.codes(f.source.number); err != nil {
				return nil, 0, err
			}
		}
		if of != nil {
			c.texts, c.codes = of.texts, make([]seen, len(of.texts))
		}
		local := make([]uint16, len(s.plan.facts)) // numbers of facts in the segment
		for k, number := range s.Segment.facts {
			local[number] = uint16(k)
		}
		for _, x := range s.stretches() {
			(&place{}).each(&x, func(_, i int) {
				one := seen{1, storage.Instant(times[i]), storage.Instant(times[i])}
				if code := of.code(i); code != 0 && f.counts(s.facts[i]) {
					c.codes[code].note(one)
				} else {
					c.facts[local[s.facts[i]]].note(one)
				}
			})
		}
		return c, 24 * (len(c.codes) + len(c.facts)), nil
	})
}
