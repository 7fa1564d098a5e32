package columns

import (
	"math/bits"
	"slices"
)

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
