package columns

import (
	"fmt"
	"math/bits"
	"slices"

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

// place says which rows a column is about, and finds the place of a row among them.
type place struct {
	rows   []uint16 // nil for all
	bits   []uint64 // of the rows
	before []uint16 // rows before each word of bits
}

// of gives the place of row i in the column, -1 if it has none.
func (p *place) of(i int) int {
	if p.rows == nil {
		return i
	}
	word, bit := p.bits[i>>6], uint64(1)<<(i&63)
	if word&bit == 0 {
		return -1
	}
	return int(p.before[i>>6]) + bits.OnesCount64(word&(bit-1))
}

// from gives the place of the first row at or after i.
func (p *place) from(i int) int {
	switch {
	case p.rows == nil:
		return i
	case i>>6 >= len(p.bits):
		return len(p.rows)
	}
	return int(p.before[i>>6]) + bits.OnesCount64(p.bits[i>>6]&(1<<(i&63)-1))
}

// row is the row at a place.
func (p *place) row(k int) int {
	if p.rows == nil {
		return k
	}
	return int(p.rows[k])
}

func (p *place) size() int { return 2*len(p.rows) + 10*len(p.bits) }

// place reads which rows a column is about, and how many they are.
func (s *Segment) place(r *reader) (p place, n int) {
	set := r.bytes()
	rows, err := s.factsOfRows()
	if err != nil || len(set) != (len(s.known)+7)/8 {
		r.fail()
		return p, 0
	}
	in := make([]uint8, len(s.cache.allFacts()))
	all := true
	for f, number := range s.facts {
		in[number] = set[f/8] >> (f % 8) & 1
		all = all && in[number] == 1
	}
	if all {
		return p, s.rows
	}
	p.bits = make([]uint64, (s.rows+63)/64)
	p.before = make([]uint16, len(p.bits))
	for w := range p.bits {
		var word uint64
		for i, f := range rows[64*w : min(64*w+64, s.rows)] {
			word |= uint64(in[f]) << (i & 63)
		}
		p.bits[w], p.before[w] = word, uint16(n)
		n += bits.OnesCount64(word)
	}
	p.rows = make([]uint16, 0, n)
	for w, word := range p.bits {
		for ; word != 0; word &= word - 1 {
			p.rows = append(p.rows, uint16(64*w+bits.TrailingZeros64(word)))
		}
	}
	return p, n
}

// codes of a coded column.
type codes struct {
	place
	of    []uint16 // codes of the rows that the column is about
	texts []string // by code; [0] is absent
}

func (s *Segment) codes(number int) (*codes, error) {
	return column(s, number, func(r *reader) (*codes, int) {
		p, n := s.place(r)
		of, texts := r.codes(n)
		if r.bad {
			return nil, 0
		}
		for _, text := range texts {
			var ok bool
			switch number {
			case columnTags:
				_, ok = parseTags(text)
			case columnLabels:
				_, ok = parseLabels(text)
			default:
				ok = true
			}
			if !ok {
				r.fail()
			}
		}
		size := p.size() + 2*len(of)
		for _, text := range texts {
			size += 16 + len(text)
		}
		return &codes{p, of, texts}, size
	})
}

// code of row i.
func (c *codes) code(i int) uint16 {
	if c == nil {
		return 0
	}
	if k := c.place.of(i); k >= 0 {
		return c.of[k]
	}
	return 0
}

// numbers of a column of times or small numbers: differences to what they are near to; noNumber is absent.
type numbers struct {
	place
	off []int64
}

func (s *Segment) numbers(number int) (*numbers, error) {
	return column(s, number, func(r *reader) (*numbers, int) {
		p, n := s.place(r)
		off := r.spread(n)
		if r.bad {
			return nil, 0
		}
		return &numbers{p, off}, p.size() + 8*len(off)
	})
}

// difference of row i, noNumber if it has none.
func (n *numbers) difference(i int) int64 {
	if n == nil {
		return noNumber
	}
	if k := n.place.of(i); k >= 0 {
		return n.off[k]
	}
	return noNumber
}

// amounts of the taggings of a segment, in order of rows.
type amounts struct {
	rows    []uint16 // that have amounts
	codes   []uint16 // of the tags of each
	first   []uint32 // place of the first amount of each
	scales  []byte
	numbers []int64
	odd     map[int]string
}

func (s *Segment) amounts() (*amounts, error) {
	tags, err := s.codes(columnTags)
	if err != nil {
		return nil, err
	}
	return column(s, columnAmounts, func(r *reader) (*amounts, int) {
		n := r.below(1 << 30)
		a := &amounts{scales: r.packed()}
		a.numbers = r.spread(len(a.scales))
		odd := reader{b: r.packed()}
		if len(a.scales) != n || r.bad || tags == nil {
			r.fail()
			return nil, 0
		}
		for i, scale := range a.scales {
			switch {
			case scale == exactly:
				if a.odd == nil {
					a.odd = map[int]string{}
				}
				a.odd[i] = odd.text()
			case scale > 18:
				r.fail()
			}
		}
		if a.place(tags) != n || odd.bad || len(odd.b) > 0 {
			r.fail()
		}
		return a, 8*len(a.rows) + 9*n + 64*len(a.odd)
	})
}

// place finds where each row's amounts begin, and counts them.
func (a *amounts) place(tags *codes) int {
	each := make([]uint32, len(tags.texts))
	for c, text := range tags.texts {
		list, _ := parseTags(text)
		for _, t := range list {
			if t.Value != "" {
				each[c]++
			}
		}
	}
	n := uint32(0)
	for k, c := range tags.of {
		if each[c] > 0 {
			a.rows, a.codes, a.first = append(a.rows, uint16(tags.row(k))), append(a.codes, c), append(a.first, n)
			n += each[c]
		}
	}
	return int(n)
}

// of gives the place of the first amount of a row.
func (a *amounts) of(i int) int {
	k, ok := slices.BinarySearch(a.rows, uint16(i))
	if !ok {
		return 0
	}
	return int(a.first[k])
}

func (a *amounts) text(k int) string {
	if a.scales[k] == exactly {
		return a.odd[k]
	}
	return scaledText(a.numbers[k], a.scales[k])
}
