package columns

import (
	"slices"

	"outboundbot/storage"
)

// live tells which rows of a segment are neither dead nor tests, the ones that most questions are about.
type live struct {
	dead  *uint64    // the first word of the dead rows, which never change
	lists [][]uint16 // by run; nil if all of its rows are
	seen  []seen     // by run
	some  int        // runs that have any
}

// Derived columns, which are made of others.
const (
	columnLive = columnCount + iota
	columnDigest
	columnOpen
	columnSeen // of coded column 0; each has one
	allColumns = columnSeen + columnCount
)

func firstWord(dead []uint64) *uint64 {
	if len(dead) == 0 {
		return nil
	}
	return &dead[0]
}

// live finds the rows that are neither dead nor tests, once for each state of a segment.
func (s *selection) live() (*live, error) {
	return derived(s.Segment, columnLive, s.dead, func() (*live, int, error) {
		l := &live{dead: firstWord(s.dead), lists: make([][]uint16, len(s.Segment.runs)), seen: make([]seen, len(s.Segment.runs))}
		size := 48 * len(l.lists)
		for k := range s.Segment.runs {
			run := &s.Segment.runs[k]
			list := s.liveRows(run)
			first, last := run.first, run.last
			if len(list) > 0 && (int(list[0]) != run.lo || int(list[len(list)-1]) != run.hi-1) {
				times, err := s.times()
				if err != nil {
					return nil, 0, err
				}
				first, last = times[list[0]], times[list[len(list)-1]]
			}
			if len(list) > 0 {
				l.some++
			}
			l.seen[k] = seen{len(list), storage.Instant(first), storage.Instant(last)}
			if len(list) < run.hi-run.lo {
				l.lists[k] = append(make([]uint16, 0, len(list)), list...)
				size += 2 * len(list)
			}
		}
		return l, size, nil
	})
}

// liveRows is valid until the next list.
func (s *selection) liveRows(run *run) []uint16 {
	list := s.plan.scratch.build()[:0]
	for i := run.lo; i < run.hi; i++ {
		if !s.plan.facts[s.facts[i]].is(factTest) {
			list = append(list, uint16(i))
		}
	}
	if anyDead(s.dead, run.lo, run.hi) {
		list = slices.DeleteFunc(list, func(i uint16) bool { return isDead(s.dead, int(i)) })
	}
	return list
}

// state is something derived that tells with which dead rows it was made.
type state interface{ madeWith() *uint64 }

func (l *live) madeWith() *uint64 { return l.dead }

// derived gives what is made of other columns and of dead rows, from the cache or made anew.
func derived[T state](s *Segment, number int, dead []uint64, make func() (T, int, error)) (T, error) {
	key := cacheKey{s, number}
	if v, ok := s.cache.get(key).(T); ok && v.madeWith() == firstWord(dead) {
		return v, nil
	}
	value, size, err := make()
	if err == nil {
		s.cache.put(key, value, size+128)
	}
	return value, err
}
