package columns

import "github.com/shopspring/decimal"

// digest sums up the live rows of each run, so that a question that takes a run whole need not go through its rows.
type digest struct {
	*live
	runs                 []digested
	tags, codes, options texts
	keys                 worthKeys
}

// texts are the dictionary of a column, by code, with the cache's number of each.
type texts struct {
	text    []string
	numbers []uint32
}

// digested is the sums of a run.
type digested struct {
	facts                []sum // by number of facts
	tags, codes, options []sum // by code, of the rows that the distribution is over
	amounts              []sumOfAmounts
	exact                []exactAmount
	waits                []int64
	classes              []uint16 // of the waits
}

// sum is how many rows have something.
type sum struct {
	of uint16
	n  uint16
}

type sumOfAmounts struct {
	key uint16 // of the digest's
	n   int64
}

// digest sums a segment up, once for each state of it.
func (c *counting) digest(s *selection) (*digest, error) {
	return derived(s.Segment, columnDigest, s.dead, func() (*digest, int, error) {
		rows, err := s.live()
		if err != nil {
			return nil, 0, err
		}
		d := &digest{live: rows, runs: make([]digested, len(s.Segment.runs))}
		of := make([]stretch, len(d.runs))
		for k, run := range s.Segment.runs {
			of[k] = stretch{run.lo, run.hi, rows.lists[k]}
		}
		if err := d.count(s, of, c); err != nil {
			return nil, 0, err
		}
		return d, d.size(), nil
	})
}

func (d *digest) size() int {
	n := 0
	for k := range d.runs {
		r := &d.runs[k]
		n += 8*24 + 4*(len(r.facts)+len(r.tags)+len(r.codes)+len(r.options)) + 16*len(r.amounts) + 64*len(r.exact) + 10*len(r.waits)
	}
	return n
}

// count fills the digest; of has the live rows of each run.
func (d *digest) count(s *selection, of []stretch, c *counting) error {
	n := make([]uint16, max(len(s.plan.facts), 1<<16))
	for k := range of {
		(&place{}).each(&of[k], func(_, i int) { n[s.facts[i]]++ })
		d.runs[k].facts = take(n, s.Segment.facts)
	}
	for _, x := range []struct {
		column  int
		covered []bool
		to      *texts
		sums    func(*digested) *[]sum
	}{
		{columnTags, c.successes, &d.tags, func(r *digested) *[]sum { return &r.tags }},
		{columnCode, c.failures, &d.codes, func(r *digested) *[]sum { return &r.codes }},
		{columnFirstOption, c.answers, &d.options, func(r *digested) *[]sum { return &r.options }},
	} {
		codes, err := s.codes(x.column)
		if err != nil {
			return err
		}
		if codes == nil {
			continue
		}
		*x.to = texts{codes.texts, s.cache.numbers(codes.texts)}
		for k := range of {
			*x.sums(&d.runs[k]) = codes.sums(s, &of[k], x.covered, n)
		}
	}
	if err := d.wait(s, of, c); err != nil {
		return err
	}
	return d.value(s, of, c)
}

// sums counts rows of a stretch by code, those with certain facts; n is room.
func (c *codes) sums(s *selection, x *stretch, covered []bool, n []uint16) []sum {
	var touched []uint16
	c.each(x, func(at, i int) {
		if code := c.of[at]; code != 0 && covered[s.facts[i]] {
			if n[code] == 0 {
				touched = append(touched, code)
			}
			n[code]++
		}
	})
	return take(n, touched)
}

// take makes a list of the counts that are not zero, and leaves them so.
func take(n []uint16, of []uint16) (sums []sum) {
	some := 0
	for _, k := range of {
		if n[k] > 0 {
			some++
		}
	}
	sums = make([]sum, 0, some)
	for _, k := range of {
		if n[k] > 0 {
			sums = append(sums, sum{k, n[k]})
			n[k] = 0
		}
	}
	return sums
}

// wait notes how long the answers of each run took, as they stand in the column if they can.
func (d *digest) wait(s *selection, of []stretch, c *counting) error {
	answered, err := s.numbers(columnAnswered)
	if err != nil || answered == nil {
		return err
	}
	for k := range of {
		run := &of[k]
		lo, hi := answered.from(run.lo), answered.from(run.hi)
		fits := run.list == nil
		for at := lo; fits && at < hi; at++ {
			fits = answered.off[at] >= 0 && c.answers[s.facts[answered.row(at)]]
		}
		if fits {
			d.runs[k].waits = answered.off[lo:hi:hi]
		} else {
			answered.each(run, func(at, i int) {
				if off := answered.off[at]; off != noNumber && c.answers[s.facts[i]] {
					d.runs[k].waits = append(d.runs[k].waits, max(0, off))
				}
			})
		}
		d.runs[k].classes = classesOf(d.runs[k].waits)
	}
	return nil
}

// value sums the amounts of sale taggings of each run.
func (d *digest) value(s *selection, in []stretch, c *counting) error {
	a, err := s.amounts()
	if err != nil || a == nil {
		return err
	}
	of := make([][]saleTag, len(d.tags.text))
	for code, text := range d.tags.text {
		of[code] = saleTags(text)
	}
	found := found{keys: &d.keys}
	for k := range in {
		found.amounts, found.exact = found.amounts[:0], nil
		found.look(a, s, in[k:k+1], of, c.successes)
		d.runs[k].exact = found.exact
		sums := make([]sumOfAmounts, 0, len(d.keys))
		for _, x := range found.amounts {
			at := 0
			for at < len(sums) && sums[at].key != x.key {
				at++
			}
			if at == len(sums) {
				sums = append(sums, sumOfAmounts{key: x.key})
			}
			sums[at].n += x.n
		}
		d.runs[k].amounts = sums
	}
	return nil
}

// each gives the selected rows of a stretch that the column is about, with their places.
func (p *place) each(x *stretch, f func(at, i int)) {
	for _, i := range x.list {
		if at := p.of(int(i)); at >= 0 {
			f(at, int(i))
		}
	}
	if x.list == nil {
		for at, end := p.from(x.lo), p.from(x.hi); at < end; at++ {
			f(at, p.row(at))
		}
	}
}

// valuesOf gives what a digest's codes and keys are in the count.
func (c *counting) valuesOf(d *digest) *digestValues {
	v := &digestValues{digest: d, count: c, tags: c.tags.known(&d.tags, finalTag), codes: c.codes.known(&d.codes, failed), options: c.options.known(&d.options, option)}
	for _, of := range d.keys {
		key, ok := c.worthKeys.number(of)
		v.keys = append(v.keys, worthNumber{key, ok})
	}
	return v
}

// digestValues is a digest, and what it means in a count.
type digestValues struct {
	*digest
	count                *counting
	tags, codes, options []uint32
	keys                 []worthNumber
}

type worthNumber struct {
	key uint16
	ok  bool
}

// addWhole counts a run by its sums.
func (p *pass) addWhole(run *selected, v *digestValues) {
	r, cell := run.whole, run.cell
	for _, x := range r.facts {
		p.facts.addMany(cell, uint32(x.of), uint32(x.n))
	}
	for _, x := range r.tags {
		p.tags.addMany(cell, v.tags[x.of], uint32(x.n))
	}
	for _, x := range r.codes {
		p.codes.addMany(cell, v.codes[x.of], uint32(x.n))
	}
	for _, x := range r.options {
		p.options.addMany(cell, v.options[x.of], uint32(x.n))
	}
	for _, x := range r.amounts {
		if number := v.keys[x.key]; number.ok {
			p.worth.add(cell, number.key, x.n)
			continue
		}
		of := v.digest.keys[x.key]
		p.worth.addExact(cell, of.currency, decimal.New(x.n, -int32(of.scale)))
	}
	for i := range r.exact {
		p.worth.addExact(cell, r.exact[i].currency, r.exact[i].amount)
	}
	if len(r.waits) > 0 {
		p.waits = append(p.waits, waits{cell, r.waits, r.classes})
	}
}
