package columns

import (
	"math/bits"
	"slices"
	"strconv"
)

// Identifiers are mostly decimal numbers that grow with time. They are written in order of time, as differences to
// the highest so far or to the one before, whichever is less; others as what differs from the text before.
const (
	idsText = iota
	idsAboveHighest
	idsAboveLast
)

// numberOf reads a decimal number that prints as it is written.
func numberOf(s string) (int64, bool) {
	if len(s) == 0 || len(s) > 18 || (s[0] == '0' && len(s) > 1) {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// identifiers appends one text for each row; order is that of time.
func (w *writer) identifiers(texts []string, order []uint16) {
	numbers := make([]int64, len(texts)) // in order of time; -1 is absent
	for k, i := range order {
		numbers[k] = -1
		if texts[i] == "" {
			continue
		}
		n, ok := numberOf(texts[i])
		if !ok {
			w.identifierTexts(texts, order)
			return
		}
		numbers[k] = n
	}
	var cost [2]int
	var differences [2][]int64
	for way := range differences {
		differences[way], cost[way] = differ(numbers, way == 1)
	}
	way := 0
	if cost[1] < cost[0] {
		way = 1
	}
	w.uint(uint64(idsAboveHighest + way))
	w.spread(differences[way])
}

// differ gives the differences to the highest number so far or to the last, and about how many bits they take.
func differ(numbers []int64, toLast bool) (differences []int64, cost int) {
	differences = make([]int64, len(numbers))
	var before int64
	for k, n := range numbers {
		if n < 0 {
			differences[k] = noNumber
			continue
		}
		d := n - before
		differences[k] = d
		cost += bits.Len64(uint64(max(d, -d))) + 2
		if toLast || n > before {
			before = n
		}
	}
	return differences, cost
}

func (w *writer) identifierTexts(texts []string, order []uint16) {
	var same, rest []byte
	lengths := writer{}
	last := ""
	for _, i := range order {
		s := texts[i]
		n := 0
		for n < min(len(s), len(last), 255) && s[n] == last[n] {
			n++
		}
		same = append(same, byte(n))
		lengths.uint(uint64(len(s) - n))
		rest = append(rest, s[n:]...)
		if s != "" {
			last = s
		}
	}
	w.uint(idsText)
	w.packed(same)
	w.packed(lengths.b)
	w.packed(rest)
}

// identifiers of the rows of a segment: numbers, of which -1 is absent, or texts.
type identifiers struct {
	numbers []int64
	texts   []string
}

func (ids *identifiers) at(i int) string {
	switch {
	case ids == nil:
		return ""
	case ids.numbers == nil:
		return ids.texts[i]
	case ids.numbers[i] < 0:
		return ""
	}
	return strconv.FormatInt(ids.numbers[i], 10)
}

// is tells whether row i has the identifier.
func (ids *identifiers) is(i int, id string) bool {
	if ids != nil && ids.numbers != nil && id != "" {
		n, ok := numberOf(id)
		return ok && ids.numbers[i] == n
	}
	return ids.at(i) == id
}

// size is about how many bytes they take.
func (ids *identifiers) size() int {
	n := 8*len(ids.numbers) + 16*len(ids.texts)
	for _, t := range ids.texts {
		n += len(t)
	}
	return n
}

func (r *reader) identifiers(order []uint16) *identifiers {
	switch mode := r.below(idsAboveLast + 1); mode {
	case idsText:
		return r.identifierTexts(order)
	default:
		return r.identifierNumbers(order, mode == idsAboveLast)
	}
}

func (r *reader) identifierNumbers(order []uint16, toLast bool) *identifiers {
	differences := r.spread(len(order))
	if r.bad {
		return nil
	}
	ids := &identifiers{numbers: make([]int64, len(order))}
	var before int64
	for k, i := range order {
		if differences[k] == noNumber {
			ids.numbers[i] = -1
			continue
		}
		n := before + differences[k]
		if n < 0 {
			r.fail()
			return nil
		}
		ids.numbers[i] = n
		if toLast || n > before {
			before = n
		}
	}
	return ids
}

func (r *reader) identifierTexts(order []uint16) *identifiers {
	same, lengths, rest := r.packed(), reader{b: r.packed()}, r.packed()
	if len(same) != len(order) {
		r.fail()
		return nil
	}
	ids := &identifiers{texts: make([]string, len(order))}
	var last, text []byte
	for k, i := range order {
		n := lengths.uint()
		if n > uint64(len(rest)) || int(same[k]) > len(last) {
			r.fail()
			return nil
		}
		text = append(text[:0], last[:same[k]]...)
		text = append(text, rest[:n]...)
		rest = rest[n:]
		ids.texts[i] = string(text)
		if len(text) > 0 {
			last = append(last[:0], text...)
		}
	}
	if lengths.bad {
		r.fail()
	}
	return ids
}

// timeOrder lists rows by time, those of one moment as they stand. Radix sort: it is needed for each segment read.
func timeOrder(times []int64) []uint16 {
	order := make([]uint16, len(times))
	for i := range order {
		order[i] = uint16(i)
	}
	if len(times) == 0 {
		return order
	}
	low := slices.Min(times)
	span := uint64(slices.Max(times) - low)
	other := make([]uint16, len(times))
	const digit = 11
	for shift := 0; span>>shift > 0; shift += digit {
		var from [1 << digit]int
		for _, t := range times {
			from[uint64(t-low)>>shift&(1<<digit-1)]++
		}
		sum := 0
		for d, n := range from {
			from[d] = sum
			sum += n
		}
		for _, i := range order {
			d := uint64(times[i]-low) >> shift & (1<<digit - 1)
			other[from[d]] = i
			from[d]++
		}
		order, other = other, order
	}
	return order
}
