package columns

import (
	"strconv"

	"outboundbot/storage"
)

// exactly is the scale of an amount that is kept as it is written.
const exactly = 255

// amountColumn has scales, numbers and what is not written like the others, of the taggings in order.
func (e *encoding) amountColumn() {
	var scales []byte
	var numbers []int64
	var odd, w writer
	for k, i := range e.order {
		if !e.known[e.facts[k]].is(factTagged) {
			continue
		}
		for _, t := range e.rows[i].Tags {
			if t.Value == "" {
				continue
			}
			n, scale, ok := scaledOf(t.Value)
			if !ok {
				n, scale = 0, exactly
				odd.text(t.Value)
			}
			scales, numbers = append(scales, scale), append(numbers, n)
		}
	}
	if len(scales) == 0 {
		return
	}
	w.uint(uint64(len(scales)))
	w.packed(scales)
	w.spread(numbers)
	w.packed(odd.b)
	e.values[columnAmounts] = w.b
}

// scaledOf reads a decimal number that scaledText writes alike.
func scaledOf(s string) (n int64, scale byte, ok bool) {
	if len(s) > 18 {
		return 0, 0, false
	}
	digits := make([]byte, 0, 18)
	dot := false
	for i := range len(s) {
		switch {
		case s[i] == '.' && !dot:
			dot = true
			continue
		case dot:
			scale++
		}
		digits = append(digits, s[i])
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	return n, scale, err == nil && scaledText(n, scale) == s
}

func scaledText(n int64, scale byte) string {
	s := strconv.FormatInt(max(n, -n), 10)
	if scale > 0 {
		for len(s) <= int(scale) {
			s = "0" + s
		}
		s = s[:len(s)-int(scale)] + "." + s[len(s)-int(scale):]
	}
	if n < 0 {
		s = "-" + s
	}
	return s
}

// domain writes the facts of all rows that have something; the rest of the column is about the rows with these facts.
func (e *encoding) domain(w *writer, in []bool) (rows int) {
	set := make([]byte, (len(in)+7)/8)
	for f, is := range in {
		if is {
			set[f/8] |= 1 << (f % 8)
		}
	}
	w.bytes(set)
	for _, f := range e.facts {
		if in[f] {
			rows++
		}
	}
	return rows
}

func (e *encoding) codedColumn(column int, codes []uint16, texts []string) {
	if len(texts) == 0 {
		return
	}
	in := make([]bool, len(e.known))
	for i, c := range codes {
		if c != 0 {
			in[e.given[i]] = true
		}
	}
	var w writer
	list := make([]uint16, 0, e.domain(&w, in))
	for k, i := range e.order {
		if in[e.facts[k]] {
			list = append(list, codes[i])
		}
	}
	w.codes(list, texts)
	e.values[column] = w.b
}

// numbered is a column of times or small numbers, 0 for none, kept as differences to what they are mostly near to.
type numbered struct {
	column int
	get    func(*storage.Send) int64
	set    func(*storage.Send, int64)
	near   func(*storage.Send) int64
}

func near(at ...storage.Instant) int64 {
	for _, a := range at {
		if a != 0 {
			return int64(a)
		}
	}
	return 0
}

func sendTime(s *storage.Send) int64 { return int64(s.Time) }

// numberedColumns in an order in which those that others are near to come first.
var numberedColumns = [...]numbered{
	{columnAnswers, func(s *storage.Send) int64 { return int64(s.Answers) }, func(s *storage.Send, v int64) { s.Answers = int(v) }, func(*storage.Send) int64 { return 0 }},
	{columnRequested, func(s *storage.Send) int64 { return int64(s.RequestedAt) }, func(s *storage.Send, v int64) { s.RequestedAt = storage.Instant(v) }, sendTime},
	{columnSent, func(s *storage.Send) int64 { return int64(s.SentAt) }, func(s *storage.Send, v int64) { s.SentAt = storage.Instant(v) }, sendTime},
	{columnDelivered, func(s *storage.Send) int64 { return int64(s.DeliveredAt) }, func(s *storage.Send, v int64) { s.DeliveredAt = storage.Instant(v) }, sendTime},
	{columnRead, func(s *storage.Send) int64 { return int64(s.ReadAt) }, func(s *storage.Send, v int64) { s.ReadAt = storage.Instant(v) }, func(s *storage.Send) int64 { return near(s.DeliveredAt, s.Time) }},
	{columnFailed, func(s *storage.Send) int64 { return int64(s.FailedAt) }, func(s *storage.Send, v int64) { s.FailedAt = storage.Instant(v) }, sendTime},
	{columnAnswered, func(s *storage.Send) int64 { return int64(s.AnsweredAt) }, func(s *storage.Send, v int64) { s.AnsweredAt = storage.Instant(v) }, sendTime},
	{columnAssigned, func(s *storage.Send) int64 { return int64(s.AssignedAt) }, func(s *storage.Send, v int64) { s.AssignedAt = storage.Instant(v) }, func(s *storage.Send) int64 { return near(s.AnsweredAt, s.Time) }},
	{columnLastCredit, func(s *storage.Send) int64 { return int64(s.LastCredit) }, func(s *storage.Send, v int64) { s.LastCredit = storage.Instant(v) }, func(s *storage.Send) int64 { return near(max(s.AnsweredAt, s.AssignedAt), s.Time) }},
}

func (e *encoding) numberColumn(column int, numbers []int64) {
	in, some := make([]bool, len(e.known)), false
	for i, n := range numbers {
		if n != noNumber {
			in[e.given[i]], some = true, true
		}
	}
	if !some {
		return
	}
	var w writer
	list := make([]int64, 0, e.domain(&w, in))
	for k, i := range e.order {
		if in[e.facts[k]] {
			list = append(list, numbers[i])
		}
	}
	w.spread(list)
	e.values[column] = w.b
}
