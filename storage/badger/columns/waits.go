package columns

import (
	"math/bits"
	"slices"

	"outboundbot/storage"
)

// answerTimes sets the median and p90 of the waits of each group; cells has the cell of each wait.
func answerTimes(waits []int64, cells []uint32, g *grouping, tallies []storage.Tally) {
	if len(g.groups) == 1 {
		tallies[0].AnswerTime = answerTime(waits)
		return
	}
	from := make([]int, len(tallies)+2)
	for _, c := range cells {
		for _, group := range g.of[c] {
			from[group+2]++
		}
	}
	for group := range tallies {
		from[group+2] += from[group+1]
	}
	sorted := make([]int64, from[len(tallies)+1])
	for k, c := range cells {
		for _, group := range g.of[c] {
			sorted[from[group+1]] = waits[k]
			from[group+1]++
		}
	}
	for group := range tallies {
		tallies[group].AnswerTime = answerTime(sorted[from[group]:from[group+1]])
	}
}

// answerTime is the median and p90 by nearest rank (MODEL 3).
func answerTime(ms []int64) storage.AnswerTime {
	if len(ms) == 0 {
		return storage.AnswerTime{}
	}
	of := ranks(ms, (len(ms)*5+9)/10-1, (len(ms)*9+9)/10-1)
	return storage.AnswerTime{Median: of[0], P90: of[1], Known: true}
}

// ranks gives the numbers, none negative, that would stand in two places if all were sorted.
func ranks(ms []int64, places ...int) []int64 {
	out := make([]int64, 0, len(places))
	if len(ms) < 1000 {
		sorted := slices.Clone(ms)
		slices.Sort(sorted)
		for _, p := range places {
			out = append(out, sorted[p])
		}
		return out
	}
	var count [classes]int
	for _, v := range ms {
		count[class(v)]++
	}
	for _, p := range places {
		c := 0
		for ; p >= count[c]; c++ {
			p -= count[c]
		}
		near := make([]int64, 0, count[c])
		for _, v := range ms {
			if class(v) == c {
				near = append(near, v)
			}
		}
		slices.Sort(near)
		out = append(out, near[p])
	}
	return out
}

const (
	classBits = 7
	classes   = (64 - classBits) << classBits
)

// class puts numbers into classes that keep their order: as many as the highest bits tell apart.
func class(v int64) int {
	n := bits.Len64(uint64(v))
	if n <= classBits {
		return int(v)
	}
	shift := n - classBits - 1
	return shift<<classBits + int(uint64(v)>>shift)
}
