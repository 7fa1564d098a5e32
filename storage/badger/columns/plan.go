package columns

import (
	"math/bits"

	"outboundbot/storage"
)

// plan is a question while it is answered. It is used by one goroutine.
type plan struct {
	view *View
	q    *storage.Question
	limits
	facts      []facts // all that segments have, by number
	fields     map[string]*field
	where      []*condition
	recurring  *recurring
	covered    []bool   // facts that the question covers, by number
	success    []uint64 // all ones for facts of a successful send, by number
	scratch    *scratch
	candidates map[uint32]bool // persons that a condition on phones may mean
	anybody    bool            // such a condition may mean sends without contact
}

// limits are up to where the quick ways go.
type limits struct {
	grid   int // counts that are kept in one slice rather than in a map
	table  int // combinations of two fields that are looked up in a table of all
	sets   int // groups of a pass by rows that have a set of their own
	waits  int // answers of a group, on average, that are sorted rather than counted by class
	groups int // groups that are counted by class
}

var usualLimits = limits{grid: 1 << 24, table: 1 << 18, sets: 32, waits: 256, groups: 1024}

// condition is a storage.Condition over varieties.
type condition struct {
	field  *field
	not    bool
	values map[string]bool // by Field.Key
	holds  []bool          // by variety
}

func newPlan(v *View, q *storage.Question) *plan {
	p := &plan{view: v, q: q, limits: usualLimits, fields: map[string]*field{}, candidates: map[uint32]bool{}, scratch: &scratch{}}
	if v.limits != nil {
		p.limits = *v.limits
	}
	if len(v.Parts) > 0 {
		cache := v.Parts[0].cache
		p.facts = cache.allFacts()
		p.scratch = cache.borrow()
	}
	p.recurring = newRecurring(v, q)
	for _, c := range append(q.Scope.Where(), q.Where...) {
		f := p.field(c.Field)
		prepared := &condition{field: f, not: c.Not, values: make(map[string]bool, len(c.Values))}
		for _, value := range c.Values {
			prepared.values[f.Key(value)] = true
			if f.Kind == storage.Address {
				prepared.values[storage.Digits(value)] = true
			}
		}
		p.where = append(p.where, prepared)
	}
	p.covered, p.success = make([]bool, len(p.facts)), make([]uint64, len(p.facts))
	for n, f := range p.facts {
		if f.success() {
			p.success[n] = ^uint64(0)
		}
		p.covered[n] = q.Test || !f.is(factTest)
		for _, c := range p.where {
			if c.field.level == byFacts {
				p.covered[n] = p.covered[n] && c.of(c.field.ofFacts(uint16(n)))
			}
		}
	}
	return p
}

// words is how many words a set of all persons has.
func (p *plan) words() int { return (p.view.people() + 63) / 64 }

// of tells whether the condition holds for a variety.
func (c *condition) of(variety uint32) bool { return c.extended()[variety] }

// extended tells for each variety that has turned up whether the condition holds.
func (c *condition) extended() []bool {
	for n := len(c.holds); n < len(c.field.varieties); n++ {
		any := false
		for _, v := range c.field.varieties[n] {
			any = any || c.values[c.field.Key(v)]
		}
		c.holds = append(c.holds, any != c.not)
	}
	return c.holds
}

// recurring tells which persons were reached before the range, 64 at a time.
type recurring struct {
	view         *View
	q            *storage.Question
	words        []uint64
	known        []bool
	whole        bool
	before, from int64 // surely before the range; surely not
}

func newRecurring(v *View, q *storage.Question) *recurring {
	r := &recurring{view: v, q: q}
	if q.Range.From == 0 {
		return r
	}
	start := int64(q.Range.From) * dayMillis
	c := newClock(q.Local(), start-26*60*60*1000, start+26*60*60*1000) // no zone is farther from UTC
	r.before = max(start-c.high, 1)
	r.from = max(start-c.low, r.before)
	words := (v.people() + 63) / 64
	r.words, r.known = make([]uint64, words), make([]bool, words)
	return r
}

// word has a bit for each of the persons from 64w on.
func (r *recurring) word(w int) uint64 {
	if r.words == nil {
		return 0
	}
	if !r.known[w] {
		r.words[w], r.known[w] = r.look(w), true
	}
	return r.words[w]
}

// all is every word, nil if the question calls nobody recurring.
func (r *recurring) all() []uint64 {
	if !r.whole {
		for w := range r.words {
			r.word(w)
		}
		r.whole = true
	}
	return r.words
}

func (r *recurring) look(w int) (set uint64) {
	if 64*w >= len(r.view.First) {
		return 0
	}
	if w < len(r.view.Blocks) {
		switch b := &r.view.Blocks[w]; {
		case int64(b.Last) < r.before:
			return b.Reached
		case int64(b.First) >= r.from:
			return 0
		}
	}
	block := r.view.First[64*w : min(64*w+64, len(r.view.First))]
	limit, doubt := uint64(r.before-1), uint64(0)
	for i, first := range block {
		at := uint64(first - 1) // never reached is the last of all
		_, before := bits.Sub64(at, limit, 0)
		set |= before << i
		_, near := bits.Sub64(at-limit, uint64(r.from-r.before), 0)
		doubt |= near
	}
	if doubt == 0 {
		return set
	}
	for i, first := range block {
		if first != 0 && storage.DayOf(first, r.q.Local()) < r.q.Range.From {
			set |= 1 << i
		}
	}
	return set
}
