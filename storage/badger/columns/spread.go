package columns

import "outboundbot/storage"

// spread makes distributions of what a grid counted.
func (c *counting) spread(from *grid, g *grouping, tallies []storage.Tally, v *values, of storage.Metric, over ...storage.Spread) {
	rest := make([]int64, len(tallies)) // sends without value
	ends := make([]int, len(tallies)+1) // of each group in list
	for group := range tallies {
		rest[group] = tallies[group].N[of]
	}
	from.each(func(cell, k int, n uint32) {
		for _, group := range g.of[cell] {
			ends[group+1]++
		}
	})
	for group := range tallies {
		ends[group+1] += ends[group]
	}
	list := make([]counted, ends[len(tallies)]) // by group
	from.each(func(cell, k int, n uint32) {
		for _, group := range g.of[cell] {
			list[ends[group]] = counted{k, int64(n)}
			ends[group]++
			rest[group] -= int64(n)
		}
	})
	for _, o := range over {
		s := newSpelled(c.plan.q, v, o)
		at := 0
		for group := range tallies {
			tallies[group].Spread[o] = s.spread(list[at:ends[group]], rest[group])
			at = ends[group]
		}
	}
}

// counted is how many sends have a value.
type counted struct {
	value int
	n     int64
}

// spelled knows how values are spelled in a distribution and which of them are one.
type spelled struct {
	spelling []int // by value
	texts    []string
	key      []int // by spelling
	keys     int
	votes    []int64 // scratch, by spelling
	sums     []int64 // scratch, by key
	best     []int
	touched  []int // scratch, spellings
	counted  []int // scratch, keys
}

func newSpelled(q *storage.Question, v *values, over storage.Spread) *spelled {
	f, _ := storage.FieldNamed(storage.Spreads[over].Field)
	s := &spelled{}
	texts, keys := map[string]int{}, map[string]int{}
	for i := range v.keys {
		text := f.Of(&v.keys[i], q)[0]
		n, ok := texts[text]
		if !ok {
			n = len(s.texts)
			texts[text] = n
			s.texts = append(s.texts, text)
			key := f.Key(text)
			if _, ok := keys[key]; !ok {
				keys[key] = s.keys
				s.keys++
			}
			s.key = append(s.key, keys[key])
		}
		s.spelling = append(s.spelling, n)
	}
	s.votes, s.sums, s.best = make([]int64, len(s.texts)), make([]int64, s.keys), make([]int, s.keys)
	return s
}

// spread sums what is counted, and rest sends without value, which stand under the first.
func (s *spelled) spread(list []counted, rest int64) map[string]int64 {
	touched, keys := s.touched[:0], s.counted[:0]
	vote := func(spelling int, n int64) {
		if s.votes[spelling] == 0 {
			touched = append(touched, spelling)
		}
		s.votes[spelling] += n
	}
	if rest > 0 {
		vote(s.spelling[0], rest)
	}
	for _, c := range list {
		vote(s.spelling[c.value], c.n)
	}
	for _, spelling := range touched {
		k, n := s.key[spelling], s.votes[spelling]
		switch b := s.best[k]; {
		case s.sums[k] == 0:
			keys = append(keys, k)
			s.best[k] = spelling
		case n > s.votes[b], n == s.votes[b] && s.texts[spelling] < s.texts[b]:
			s.best[k] = spelling
		}
		s.sums[k] += n
	}
	out := make(map[string]int64, len(keys))
	for _, k := range keys {
		out[s.texts[s.best[k]]] = s.sums[k]
		s.sums[k] = 0
	}
	for _, spelling := range touched {
		s.votes[spelling] = 0
	}
	s.touched, s.counted = touched, keys
	return out
}
