package columns

import (
	"math/bits"
	"slices"

	"outboundbot/storage"
)

// waits is how long the answers of a run took.
type waits struct {
	cell    uint32
	ms      []int64
	classes []uint16
}

func classesOf(ms []int64) []uint16 {
	list := make([]uint16, len(ms))
	for k, wait := range ms {
		list[k] = uint16(class(wait))
	}
	return list
}

// sortWaits puts the waits of rows together by cell.
func (c *counting) sortWaits(p *pass) {
	from := make([]int, len(p.keys)+2)
	for _, cell := range p.waiting {
		if cell != noCell {
			from[cell+2]++
		}
	}
	for cell := range p.keys {
		from[cell+2] += from[cell+1]
	}
	sorted := make([]int64, from[len(p.keys)+1])
	for k, cell := range p.waiting {
		if cell != noCell {
			sorted[from[cell+1]] = c.waits[k]
			from[cell+1]++
		}
	}
	for cell := range p.keys {
		if ms := sorted[from[cell]:from[cell+1]]; len(ms) > 0 {
			p.waits = append(p.waits, waits{uint32(cell), ms, classesOf(ms)})
		}
	}
}

// answerTimes sets the median and p90 of the waits of each group (MODEL 3, nearest rank).
func (c *counting) answerTimes(p *pass, g *grouping, tallies []storage.Tally) {
	from := make([]int, len(tallies)+2)
	all := 0
	for _, w := range p.waits {
		all += len(w.ms)
		for _, group := range g.of[w.cell] {
			from[group+2] += len(w.ms)
		}
	}
	if all > c.plan.waits*len(tallies) && len(tallies) <= c.plan.limits.groups {
		c.manyAnswerTimes(p, g, tallies)
		return
	}
	for group := range tallies {
		from[group+2] += from[group+1]
	}
	sorted := make([]int64, from[len(tallies)+1])
	for _, w := range p.waits {
		for _, group := range g.of[w.cell] {
			from[group+1] += copy(sorted[from[group+1]:], w.ms)
		}
	}
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
	counts := make([][1 << 11]uint32, len(tallies)) // more than there are classes
	for _, w := range p.waits {
		for _, group := range g.of[w.cell] {
			n := &counts[group]
			for _, of := range w.classes {
				n[of]++
			}
		}
	}
	wanted := make([][2]wantedClass, len(tallies))
	for group := range tallies {
		wanted[group] = ranksOf(&counts[group])
	}
	for _, w := range p.waits {
		for _, group := range g.of[w.cell] {
			median, p90 := &wanted[group][0], &wanted[group][1]
			for k, of := range w.classes {
				if of == median.class {
					median.near = append(median.near, w.ms[k])
				}
				if of == p90.class {
					p90.near = append(p90.near, w.ms[k])
				}
			}
		}
	}
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
	n, place int
	class    uint16
	near     []int64
}

func ranksOf(count *[1 << 11]uint32) (wanted [2]wantedClass) {
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
		w.near = make([]int64, 0, count[w.class])
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
