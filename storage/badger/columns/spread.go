package columns

import "outboundbot/storage"

// spread makes distributions of what a grid counted.
func (c *counting) spread(from *grid, g *grouping, tallies []storage.Tally, v *values, of storage.Metric, over ...storage.Spread) {
	lists := make([][]counted, len(tallies)) // by group
	rest := make([]int64, len(tallies))      // sends without value
	for group := range tallies {
		rest[group] = tallies[group].N[of]
	}
	from.each(func(cell, k int, n uint32) {
		for _, group := range g.of[cell] {
			lists[group] = append(lists[group], counted{k, int64(n)})
			rest[group] -= int64(n)
		}
	})
	for _, o := range over {
		s := newSpelled(c.plan.q, v, o)
		for group := range tallies {
			tallies[group].Spread[o] = s.spread(lists[group], rest[group])
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
	var touched []int
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
	var keys []int
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
	return out
}
