package columns

import "math/bits"

// people is a set of persons, 64 a pair of words. A person of whom only low is set has sends, none of them
// successful; only high: one successful send; both: several.
type people []struct{ low, high uint64 }

// head counts people.
type head struct{ contacts, reached, repeated, recurring int64 }

// add notes a send; success is all ones or 0.
func (p people) add(person uint32, success uint64) {
	w := &p[person>>6]
	bit := uint64(1) << (person & 63)
	again := w.high & bit & success
	w.low = w.low&^(bit&success) | again | bit&^(w.high|success)
	w.high |= bit & success
}

// addSpan notes the rows of a run; success is by number of facts.
func (p people) addSpan(s *span, success []uint64) {
	if s.list == nil {
		facts := s.facts[s.lo:s.hi]
		for i, person := range s.persons[s.lo:s.hi] {
			p.add(person, success[facts[i]])
		}
		return
	}
	for _, i := range s.list {
		p.add(s.persons[i], success[s.facts[i]])
	}
}

// count adds the people of a word to a head.
func (p people) count(w int, h *head, r *recurring) {
	low, high := p[w].low, p[w].high
	h.contacts += int64(bits.OnesCount64(low | high))
	h.reached += int64(bits.OnesCount64(high))
	h.repeated += int64(bits.OnesCount64(low & high))
	if high != 0 {
		h.recurring += int64(bits.OnesCount64(high & r.word(w)))
	}
}

// join adds the people of a word of another set.
func (p people) join(w int, o people) {
	a, b := &p[w], o[w]
	high := a.high | b.high
	several := a.high&b.high | a.high&a.low | b.high&b.low
	a.low = several | (a.low|b.low)&^high
	a.high = high
}

// few is how many rows of a group there are for each word of a set, at most, for the
// words to be left alone that they do not touch.
const few = 2

// headsOf counts the people of each group of a pass by run: the runs of one group after the other. all, if it is not
// nil, gets those of all groups, each row being in one.
func headsOf(spans []span, groupOf []uint32, groups int, plan *plan, all people) []head {
	from := make([]int, groups+2)
	rows := make([]int, groups)
	for i := range spans {
		g := groupOf[spans[i].cell]
		from[g+2]++
		rows[g] += spans[i].count()
	}
	for g := range groups {
		from[g+2] += from[g+1]
	}
	sorted := make([]*span, len(spans))
	for i := range spans {
		g := groupOf[spans[i].cell]
		sorted[from[g+1]] = &spans[i]
		from[g+1]++
	}
	set := make(people, plan.words())
	heads := make([]head, groups)
	for g := range heads {
		set.group(sorted[from[g]:from[g+1]], rows[g], &heads[g], plan, all)
	}
	return heads
}

// group counts the people of some runs and leaves the set empty.
func (p people) group(spans []*span, rows int, h *head, plan *plan, all people) {
	if rows <= few*len(p) {
		for _, s := range spans {
			p.addSpan(s, plan.success)
			if all != nil {
				all.addSpan(s, plan.success)
			}
		}
		for _, s := range spans {
			p.leave(s, h, plan.recurring.all())
		}
		return
	}
	for _, s := range spans {
		p.addSpan(s, plan.success)
	}
	for w := range p {
		if p[w].low|p[w].high != 0 {
			p.close(w, h, plan, all)
		}
	}
}

func (p people) close(w int, h *head, plan *plan, all people) {
	p.count(w, h, plan.recurring)
	if all != nil {
		all.join(w, p)
	}
	p[w].low, p[w].high = 0, 0
}

// kinds are the heads of those whom the question calls new and recurring: each person is one of the two.
func (p people) kinds(r *recurring) (fresh, again head) {
	for w := range p {
		set := r.word(w)
		low, high := p[w].low, p[w].high
		p[w].low, p[w].high = low&^set, high&^set
		p.count(w, &fresh, r)
		p[w].low, p[w].high = low&set, high&set
		p.count(w, &again, r)
		p[w].low, p[w].high = low, high
	}
	return fresh, again
}

func (p people) head(r *recurring) (h head) {
	for w := range p {
		if p[w].low|p[w].high != 0 {
			p.count(w, &h, r)
		}
	}
	return h
}

// crowd gathers the people of the groups of a pass by rows. The first groups have sets of their own; of others the
// persons are listed and sorted by group in the end.
type crowd struct {
	sets []people
	rest []*listed
}

// listed is persons, with the groups that they are in. The highest bit of a person says that the send is successful.
type listed struct {
	n               int
	persons, groups [1 << 16]uint32
}

func (c *crowd) add(p *pass, s *selection, cells []uint32) error {
	persons, err := s.persons()
	if err != nil {
		return err
	}
	g := p.groupings[0]
	g.extend(p)
	for len(c.sets) < min(len(g.groups), p.plan.sets) {
		c.sets = append(c.sets, make(people, p.plan.words()))
	}
	success, sets := p.plan.success, uint32(p.plan.sets)
	for _, run := range s.runs {
		if run.list == nil {
			for i := run.lo; i < run.hi; i++ {
				if own := g.own[cells[i]]; own < sets {
					c.sets[own].add(persons[i], success[s.facts[i]])
				} else {
					c.list(p.plan, g.of[cells[i]], persons[i], success[s.facts[i]])
				}
			}
			continue
		}
		for _, i := range run.list {
			if own := g.own[cells[i]]; own < sets {
				c.sets[own].add(persons[i], success[s.facts[i]])
			} else {
				c.list(p.plan, g.of[cells[i]], persons[i], success[s.facts[i]])
			}
		}
	}
	return nil
}

// list notes a person in groups of which not all have sets of their own.
func (c *crowd) list(plan *plan, groups []uint32, person uint32, success uint64) {
	for _, group := range groups {
		if int(group) < plan.sets {
			c.sets[group].add(person, success)
			continue
		}
		if n := len(c.rest); n == 0 || c.rest[n-1].n == len(c.rest[n-1].persons) {
			c.rest = append(c.rest, plan.scratch.listed())
		}
		l := c.rest[len(c.rest)-1]
		l.persons[l.n], l.groups[l.n] = person|uint32(success)&successBit, group
		l.n++
	}
}

const successBit = 1 << 31

func (c *crowd) heads(groups int, plan *plan) []head {
	heads := make([]head, groups)
	for g, set := range c.sets {
		heads[g] = set.head(plan.recurring)
	}
	if len(c.rest) == 0 {
		return heads
	}
	from := make([]int, groups+2)
	for _, l := range c.rest {
		for _, g := range l.groups[:l.n] {
			from[g+2]++
		}
	}
	for g := range groups {
		from[g+2] += from[g+1]
	}
	sorted := make([]uint32, from[groups+1])
	for _, l := range c.rest {
		for k, g := range l.groups[:l.n] {
			sorted[from[g+1]] = l.persons[k]
			from[g+1]++
		}
	}
	plan.scratch.free = append(plan.scratch.free, c.rest...)
	c.rest = nil
	set := make(people, plan.words())
	for g := len(c.sets); g < groups; g++ {
		persons := sorted[from[g]:from[g+1]]
		for _, person := range persons {
			set.add(person&^successBit, -uint64(person>>31))
		}
		set.leaveList(persons, &heads[g], plan.recurring.all())
	}
	return heads
}
