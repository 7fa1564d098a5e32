package columns

import (
	"math/bits"
	"slices"

	"outboundbot/storage"
)

// waits is how long the answers of a run took.
type waits struct {
	cell uint32
	ms   []int64
}

// eachWait gives the waits that a pass counts, by cell.
func (c *counting) eachWait(p *pass, f func(cell uint32, ms []int64)) {
	for _, w := range p.waits {
		f(w.cell, w.ms)
	}
	for k, cell := range p.waiting {
		if cell != noCell {
			f(cell, c.waits[k:k+1])
		}
	}
}

// answerTimes sets the median and p90 of the waits of each group (MODEL 3, nearest rank).
func (c *counting) answerTimes(p *pass, g *grouping, tallies []storage.Tally) {
	from := make([]int, len(tallies)+2)
	all := 0
	c.eachWait(p, func(cell uint32, ms []int64) {
		all += len(ms)
		for _, group := range g.of[cell] {
			from[group+2] += len(ms)
		}
	})
	if all > c.plan.waits*len(tallies) && len(tallies) <= c.plan.limits.groups {
		c.manyAnswerTimes(p, g, tallies)
		return
	}
	for group := range tallies {
		from[group+2] += from[group+1]
	}
	sorted := make([]int64, from[len(tallies)+1])
	c.eachWait(p, func(cell uint32, ms []int64) {
		for _, group := range g.of[cell] {
			from[group+1] += copy(sorted[from[group+1]:], ms)
		}
	})
	for group := range tallies {
		tallies[group].AnswerTime = answerTime(sorted[from[group]:from[group+1]])
	}
}

// answerTime changes the order of what it is given.
func answerTime(ms []int64) storage.AnswerTime {
	if len(ms) == 0 {
		return storage.AnswerTime{}
	}
	median, p90 := rank(len(ms), 5), rank(len(ms), 9)
	nth(ms, median)
	nth(ms[median:], p90-median)
	return storage.AnswerTime{Median: ms[median], P90: ms[p90], Known: true}
}

// nth brings the number that would stand at k if all were sorted there, and none greater before it.
func nth(ms []int64, k int) {
	for len(ms) > 12 {
		pivot := max(min(ms[0], ms[len(ms)/2]), min(max(ms[0], ms[len(ms)/2]), ms[len(ms)-1]))
		i, j := 0, len(ms)-1
		for i <= j {
			for ms[i] < pivot {
				i++
			}
			for ms[j] > pivot {
				j--
			}
			if i <= j {
				ms[i], ms[j] = ms[j], ms[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			ms = ms[:j+1]
		case k >= i:
			ms, k = ms[i:], k-i
		default:
			return
		}
	}
	slices.Sort(ms)
}

// rank is the place, from 0, of a share in tenths of n sorted numbers.
func rank(n, tenths int) int { return (n*tenths+9)/10 - 1 }

// manyAnswerTimes counts the waits of each group by class, and sorts only those of the classes that the ranks lie in.
func (c *counting) manyAnswerTimes(p *pass, g *grouping, tallies []storage.Tally) {
	counts := make([][classes]uint32, len(tallies))
	c.eachWait(p, func(cell uint32, ms []int64) {
		for _, group := range g.of[cell] {
			n := &counts[group]
			for _, wait := range ms {
				n[class(wait)]++
			}
		}
	})
	wanted := make([][2]wantedClass, len(tallies))
	for group := range tallies {
		wanted[group] = ranksOf(&counts[group])
	}
	c.eachWait(p, func(cell uint32, ms []int64) {
		for _, group := range g.of[cell] {
			w := &wanted[group]
			for _, wait := range ms {
				of := class(wait)
				for i := range w {
					if w[i].class == of {
						w[i].near = append(w[i].near, wait)
					}
				}
			}
		}
	})
	for group := range tallies {
		if wanted[group][0].n == 0 {
			continue
		}
		var at [2]int64
		for i := range at {
			w := &wanted[group][i]
			nth(w.near, w.place)
			at[i] = w.near[w.place]
		}
		tallies[group].AnswerTime = storage.AnswerTime{Median: at[0], P90: at[1], Known: true}
	}
}

// wantedClass is the class that a rank lies in, and the place within it.
type wantedClass struct {
	n, class, place int
	near            []int64
}

func ranksOf(count *[classes]uint32) (wanted [2]wantedClass) {
	n := 0
	for _, k := range count {
		n += int(k)
	}
	for i, tenths := range [2]int{5, 9} {
		w := wantedClass{n: n, place: rank(n, tenths)}
		for n > 0 && w.place >= int(count[w.class]) {
			w.place -= int(count[w.class])
			w.class++
		}
		wanted[i] = w
	}
	return wanted
}

const (
	classBits = 5
	classes   = (64 - classBits) << classBits
)

// class puts numbers that are not negative into classes that keep their order: as many as the highest bits tell apart.
func class(v int64) int {
	n := bits.Len64(uint64(v))
	if n <= classBits {
		return int(v)
	}
	shift := n - classBits - 1
	return shift<<classBits + int(uint64(v)>>shift)
}
