package columns

import (
	"fmt"

	"outboundbot/storage"
)

// Segment is an immutable set of rows. It is safe for concurrent use.
type Segment struct {
	load  func(column int) ([]byte, error)
	cache *Cache

	rows        int
	first, last storage.Instant
	highest     uint32 // person
	there       uint64 // columns that hold anything
	known       []facts
	facts       []uint16            // the cache's number of each of known
	low, high   int64               // last credits of flows that nothing has settled
	names       [runFields][]string // texts that runs have; [0] is ""
	numbered    [runFields][]uint32 // the cache's number of each
	runs        []run
}

// Open reads the header of a segment. load gives the value of a column, which must not change; it is called for the
// other columns when a question first needs them, perhaps several times.
func Open(load func(column int) ([]byte, error), cache *Cache) (*Segment, error) {
	b, err := load(columnHeader)
	if err != nil {
		return nil, err
	}
	s := &Segment{load: load, cache: cache}
	if len(b) == 0 || b[0] != version {
		return nil, errBroken
	}
	outer := reader{b: b[1:]}
	r := reader{b: outer.packed()}
	s.header(&r)
	if outer.bad || r.bad || len(r.b) > 0 {
		return nil, errBroken
	}
	for f, texts := range s.names {
		s.numbered[f] = cache.numbers(texts)
	}
	s.facts = make([]uint16, len(s.known))
	for i, f := range s.known {
		var ok bool
		if s.facts[i], ok = cache.number(f); !ok {
			return nil, errBroken
		}
	}
	return s, nil
}

func (s *Segment) header(r *reader) {
	s.rows = r.below(MaxRows + 1)
	s.first, s.last = storage.Instant(r.int()), storage.Instant(r.int())
	s.highest = uint32(r.below(1 << 31))
	s.there = r.uint()
	for range r.below(1 << 16) {
		s.known = append(s.known, facts(r.below(1<<factBits)))
	}
	s.low, s.high = r.int(), r.int()
	for f := range s.names {
		s.names[f] = []string{""}
		for n := r.below(1 << 16); n > 0 && !r.bad; n-- {
			s.names[f] = append(s.names[f], r.text())
		}
	}
	at := 0
	for n := r.below(MaxRows + 1); n > 0 && !r.bad; n-- {
		run := run{lo: at}
		for f := range run.codes {
			run.codes[f] = uint16(r.below(len(s.names[f])))
		}
		run.hi = at + r.below(MaxRows+1)
		run.first = int64(s.first) + r.int()
		run.last = run.first + r.int()
		at = run.hi
		s.runs = append(s.runs, run)
		if run.hi == run.lo || run.first <= 0 || run.first > run.last || run.last > int64(s.last) || run.last > maxInstant {
			r.fail()
		}
	}
	if at != s.rows || at == 0 {
		r.fail()
	}
}

// Rows is how many rows the segment has, dead ones too.
func (s *Segment) Rows() int { return s.rows }

// Span is the earliest and the latest time of the rows, dead ones too.
func (s *Segment) Span() (first, last storage.Instant) { return s.first, s.last }

// Forget drops what the cache holds of a segment that is no longer used.
func (s *Segment) Forget() { s.cache.forget(s) }

// key is what the rows of a run agree in.
func (s *Segment) key(r *run) runKey {
	var k runKey
	for f, c := range r.codes {
		k[f] = s.names[f][c]
	}
	return k
}

// column gives a decoded column, from the cache or made by read; zero if the segment has nothing in it.
func column[T any](s *Segment, number int, read func(r *reader) (T, int)) (value T, err error) {
	if s.there&(1<<number) == 0 {
		return value, nil
	}
	key := cacheKey{s, number}
	if v := s.cache.get(key); v != nil {
		return v.(T), nil
	}
	b, err := s.load(number)
	if err != nil {
		return value, err
	}
	r := reader{b: b}
	value, size := read(&r)
	if r.bad || len(r.b) > 0 {
		return *new(T), fmt.Errorf("%w: column %d", errBroken, number)
	}
	s.cache.put(key, value, size+128)
	return value, nil
}

// factsOfRows has the cache's number of each row's facts.
func (s *Segment) factsOfRows() ([]uint16, error) {
	return column(s, columnFacts, func(r *reader) ([]uint16, int) {
		low := r.packed()
		var high []byte
		if len(s.known) > 256 {
			high = r.packed()
		}
		if len(low) != s.rows || (high != nil && len(high) != s.rows) {
			r.fail()
			return nil, 0
		}
		numbers := make([]uint16, s.rows)
		for i, c := range low {
			n := int(c)
			if high != nil {
				n |= int(high[i]) << 8
			}
			if n >= len(s.facts) {
				r.fail()
				return nil, 0
			}
			numbers[i] = s.facts[n]
		}
		return numbers, 2 * s.rows
	})
}

func (s *Segment) persons() ([]uint32, error) {
	return column(s, columnPerson, func(r *reader) ([]uint32, int) {
		lowest := uint32(r.below(1 << 31))
		width := uint(r.below(32))
		packed := newBitReader(r.bytes())
		persons := make([]uint32, s.rows)
		highest := lowest
		for i := range persons {
			persons[i] = lowest + uint32(packed.take(width))
			highest = max(highest, persons[i])
		}
		if !packed.ok() || highest > s.highest {
			r.fail()
		}
		return persons, 4 * s.rows
	})
}

func (s *Segment) times() ([]int64, error) {
	return column(s, columnTime, func(r *reader) ([]int64, int) {
		times := r.spread(s.rows)
		if r.bad {
			return nil, 0
		}
		for _, run := range s.runs {
			at := run.first
			for i := run.lo; i < run.hi; i++ {
				if times[i] < 0 || times[i] > run.last-at {
					r.fail()
					return nil, 0
				}
				at += times[i]
				times[i] = at
			}
		}
		return times, 8 * s.rows
	})
}

// identifiers of a column; nil if no row has one.
func (s *Segment) identifiers(number int) (*identifiers, error) {
	times, err := s.times()
	if err != nil {
		return nil, err
	}
	return column(s, number, func(r *reader) (*identifiers, int) {
		ids := r.identifiers(timeOrder(times))
		if r.bad {
			return nil, 0
		}
		return ids, ids.size()
	})
}
