package columns

import (
	"context"
	"slices"
	"sort"

	"github.com/shopspring/decimal"

	"outboundbot/storage"
)

// Count gives the metrics of all sends that a valid question covers, and one list of rows for each grouping.
func (v *View) Count(ctx context.Context, q *storage.Question) (storage.Count, error) {
	c := newCounting(v, q)
	err := c.plan.each(ctx, c.add)
	if err != nil {
		return storage.Count{}, err
	}
	count := c.result()
	c.done()
	return count, nil
}

// add counts the selected rows of a segment.
func (c *counting) add(s *selection) error {
	if err := c.takeWhole(s); err != nil {
		return err
	}
	var of *shared
	if len(c.passes) > 1 || slices.ContainsFunc(s.runs, func(run selected) bool { return run.whole == nil }) {
		var err error
		if of, err = c.share(s); err != nil {
			return err
		}
	}
	for _, p := range c.passes {
		if err := p.add(s, of); err != nil {
			return err
		}
	}
	return nil
}

// takeWhole finds the sums of the runs of which all live rows are selected.
func (c *counting) takeWhole(s *selection) error {
	if !slices.ContainsFunc(s.runs, func(run selected) bool { return run.all }) {
		return nil
	}
	d, err := c.digest(s)
	if err != nil {
		return err
	}
	s.values, s.apart = c.valuesOf(d), len(c.passes) == 1
	for k := range s.runs {
		if run := &s.runs[k]; run.all {
			run.whole = &d.runs[run.number]
		}
	}
	return nil
}

// done gives what may be used again back.
func (c *counting) done() {
	s := c.plan.scratch
	s.waits = c.waits[:0]
	for i, p := range c.passes {
		if i == len(s.waiting) {
			s.waiting = append(s.waiting, nil)
		}
		s.waiting[i] = p.waiting[:0]
	}
	c.plan.done()
}

// counting is a count in the making.
type counting struct {
	plan   *plan
	passes []*pass // the first is by run
	asked  []asked // by grouping of the question

	successes, failures, answers []bool // facts, by number
	tags, codes, options         *values
	sales                        map[string][]saleTag // by text of the taggings
	worthKeys                    worthKeys
	waits                        []int64
}

// asked says where a grouping of the question is counted.
type asked struct {
	pass     *pass
	grouping *grouping
	like     int // an earlier one that is the same, else -1
}

func newCounting(v *View, q *storage.Question) *counting {
	p := newPlan(v, q)
	c := &counting{plan: p, tags: newValues(), codes: newValues(), options: newValues(), sales: map[string][]saleTag{}}
	for _, f := range p.facts {
		c.successes = append(c.successes, f.success())
		c.failures = append(c.failures, f.status() == storage.Failed)
		c.answers = append(c.answers, f.success() && f.is(factAnswered))
	}
	runs := &pass{plan: p, byRun: true, cells: map[cell]uint32{}}
	c.passes = []*pass{runs}
	for i, by := range q.By {
		a := asked{like: slices.IndexFunc(q.By[:i], func(o storage.Grouping) bool { return slices.Equal(o, by) })}
		if a.like < 0 {
			a.pass, a.grouping = c.grouping(by, runs)
		}
		c.asked = append(c.asked, a)
	}
	c.waits = p.scratch.waits
	for i, pass := range c.passes {
		if i < len(p.scratch.waiting) {
			pass.waiting = p.scratch.waiting[i]
		}
	}
	return c
}

// grouping adds a grouping to the pass by run, or a pass for it.
func (c *counting) grouping(by storage.Grouping, runs *pass) (*pass, *grouping) {
	to := &pass{plan: c.plan, cells: map[cell]uint32{}}
	if !slices.ContainsFunc(by, func(name string) bool { return c.plan.field(name).level != byRun }) {
		to = runs
	} else {
		c.passes = append(c.passes, to)
	}
	g := &grouping{}
	for _, name := range by {
		f := c.plan.field(name)
		k := slices.Index(to.fields, f)
		if k < 0 {
			k = len(to.fields)
			to.fields = append(to.fields, f)
		}
		g.fields = append(g.fields, k)
	}
	to.groupings = append(to.groupings, g)
	return to, g
}

func (c *counting) result() storage.Count {
	for _, p := range c.passes {
		c.sortWaits(p)
	}
	runs := c.passes[0]
	if len(runs.groupings) == 0 {
		runs.groupings = append(runs.groupings, &grouping{}) // of one group
	}
	least := runs.groupings[0] // the total's people are those of its groups
	for _, g := range runs.groupings {
		if g.extend(runs); len(g.groups) < len(least.groups) {
			least = g
		}
	}
	all := make(people, c.plan.words())
	heads := map[*grouping][]head{}
	for _, g := range runs.groupings {
		to := all
		if g != least {
			to = nil
		}
		heads[g] = headsOf(runs.spans, g.own, len(g.groups), c.plan, to)
	}
	for _, p := range c.passes[1:] {
		g := p.groupings[0]
		if g.extend(p); !p.byKind() {
			heads[g] = p.crowd.heads(len(g.groups), c.plan)
			continue
		}
		heads[g] = make([]head, len(g.groups))
		fresh, again := all.kinds(c.plan.recurring)
		for kind, h := range map[string]head{"new": fresh, "recurring": again} {
			if group, ok := g.number[kind]; ok {
				heads[g][group] = h
			}
		}
	}
	total := &grouping{of: make([][]uint32, len(runs.keys)), groups: []string{""}}
	total.own = make([]uint32, len(runs.keys))
	for cell := range total.of {
		total.of[cell] = []uint32{0}
	}
	count := storage.Count{Total: c.tallies(runs, total, []head{all.head(c.plan.recurring)})[0], Groups: make([][]storage.Group, len(c.asked))}
	for i, a := range c.asked {
		if a.like >= 0 {
			for _, g := range count.Groups[a.like] {
				count.Groups[i] = append(count.Groups[i], copied(g))
			}
			continue
		}
		count.Groups[i] = c.groups(a.pass, a.grouping, heads[a.grouping])
	}
	return count
}

// groups are the rows of a grouping, in byte order of their keys.
func (c *counting) groups(p *pass, g *grouping, heads []head) (list []storage.Group) {
	rows := make([]int64, len(p.keys))
	p.facts.each(func(cell, _ int, n uint32) { rows[cell] += int64(n) })
	tallies := c.tallies(p, g, heads)
	for group, key := range g.shown(rows) {
		if key != nil {
			list = append(list, storage.Group{Key: key, Tally: tallies[group]})
		}
	}
	sort.Slice(list, func(a, b int) bool { return slices.Compare(list[a].Key, list[b].Key) < 0 })
	return list
}

// tallies adds the cells of each group up.
func (c *counting) tallies(p *pass, g *grouping, heads []head) []storage.Tally {
	tallies := make([]storage.Tally, len(g.groups))
	open := make([]int64, len(g.groups))
	ends := make([][4]int64, len(g.groups))
	p.facts.each(func(cell, number int, n uint32) {
		f := c.plan.facts[number]
		for _, group := range g.of[cell] {
			f.counts(&tallies[group].N, int64(n))
			switch {
			case f.open():
				open[group] += int64(n)
			case f.is(factFlow):
				ends[group][f&factEnds>>factEndShift] += int64(n)
			}
		}
	})
	running := make([]int64, len(g.groups))
	p.running.each(func(cell, _ int, n uint32) {
		for _, group := range g.of[cell] {
			running[group] += int64(n)
		}
	})
	for group := range tallies {
		t := &tallies[group]
		if group < len(heads) {
			h := heads[group]
			t.N[storage.Contacts], t.N[storage.Reached], t.N[storage.Repeated] = h.contacts, h.reached, h.repeated
			t.N[storage.Recurring], t.N[storage.New] = h.recurring, h.reached-h.recurring
		}
		t.Value = map[string]decimal.Decimal{}
		t.Spread[storage.FlowEnds] = endsOf(ends[group], open[group]-running[group], running[group])
	}
	p.worth.each(c.worthKeys, func(cell int, currency string, sum decimal.Decimal) {
		for _, group := range g.of[cell] {
			value := tallies[group].Value
			value[currency] = value[currency].Add(sum)
		}
	})
	c.spread(&p.tags, g, tallies, c.tags, storage.SuccessfulSends, storage.FinalTags, storage.FinalTagType)
	c.spread(&p.codes, g, tallies, c.codes, storage.FailedSends, storage.FailureCodes, storage.Failures)
	c.spread(&p.options, g, tallies, c.options, storage.AnsweredSends, storage.FirstOptions)
	c.answerTimes(p, g, tallies)
	return tallies
}

func endsOf(settled [4]int64, abandoned, inProgress int64) map[string]int64 {
	spread := map[string]int64{}
	for code, n := range settled {
		if n > 0 {
			spread[ends[code]] = n
		}
	}
	if abandoned > 0 {
		spread[storage.EndAbandoned] = abandoned
	}
	if inProgress > 0 {
		spread[storage.EndInProgress] = inProgress
	}
	return spread
}
