package columns

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"outboundbot/storage"
)

// version of the stored form, the first byte of a header.
const version = 1

// Encode makes a segment of rows, 1 to [MaxRows], in any order. It refuses rows that storage.Timeline.Fold does not
// make.
func Encode(rows []Row) (Encoded, error) {
	if len(rows) == 0 || len(rows) > MaxRows {
		return Encoded{}, fmt.Errorf("columns: a segment of %d rows", len(rows))
	}
	e := encoding{values: make([][]byte, columnCount), rows: rows}
	if err := e.gather(); err != nil {
		return Encoded{}, err
	}
	e.sort()
	e.factsColumn()
	e.personColumn()
	e.timeColumn()
	order := timeOrder(e.at)
	e.identifierColumn(columnID, e.ids, order)
	e.identifierColumn(columnConversation, e.talks, order)
	e.amountColumn()
	for i := range numberedColumns {
		e.numberColumn(numberedColumns[i].column, e.numbers[i])
	}
	for i := range codedColumns {
		e.codedColumn(codedColumns[i].column, e.codes[i], e.texts[i].texts)
	}
	e.header()
	return Encoded{Rows: len(rows), First: e.first, Last: e.last, Values: e.values}, nil
}

// encoding is a segment in the making.
type encoding struct {
	rows        []Row // as they are given
	order       []uint16
	runs        []run
	first, last storage.Instant
	values      [][]byte

	// by row, as they are given
	keys       []int32 // of what runs agree in
	given      []uint16
	times      []int64
	persons    []uint32
	ids, talks []string
	codes      [len(codedColumns)][]uint16
	numbers    [len(numberedColumns)][]int64 // noNumber is absent

	// in order
	facts []uint16 // number of the row's facts in known
	at    []int64

	known     []facts
	names     [runFields]*dictionary
	runCodes  [][runFields]uint16 // by key
	texts     [len(codedColumns)]*dictionary
	lowest    uint32 // person
	highest   uint32
	low, high int64 // last credits of flows that nothing has settled
}

// Fields that the rows of a run agree in.
const (
	runChannel = iota
	runLine
	runOrigin
	runCampaign
	runFields
)

// run is a stretch of rows [lo, hi).
type run struct {
	codes       [runFields]uint16 // in the dictionaries of the header
	lo, hi      int
	first, last int64
}

type runKey [runFields]string

func keyOf(r *Row) runKey { return runKey{r.Channel, r.Line, r.Origin, r.Campaign} }

func (k runKey) compare(o runKey) int { return slices.Compare(k[:], o[:]) }

// gather takes all columns from the rows, going over them once and as they lie in memory: they are much larger than
// the columns.
func (e *encoding) gather() error {
	n := len(e.rows)
	e.keys, e.given, e.times, e.persons = make([]int32, n), make([]uint16, n), make([]int64, n), make([]uint32, n)
	e.ids, e.talks = make([]string, n), make([]string, n)
	for f := range e.names {
		e.names[f] = newDictionary()
	}
	for c := range e.codes {
		e.codes[c], e.texts[c] = make([]uint16, n), newDictionary()
	}
	for c := range e.numbers {
		e.numbers[c] = make([]int64, n)
	}
	e.lowest, e.low, e.high = math.MaxUint32, maxInstant, -1
	numbers, keys := map[facts]uint16{}, map[[runFields]uint16]int32{}
	for i := range e.rows {
		r := &e.rows[i]
		if err := r.check(); err != nil {
			return err
		}
		f := factsOf(r)
		number, ok := numbers[f]
		if !ok {
			number = uint16(len(e.known))
			numbers[f] = number
			e.known = append(e.known, f)
		}
		if f.open() {
			e.low, e.high = min(e.low, int64(r.LastCredit)), max(e.high, int64(r.LastCredit))
		}
		code := [runFields]uint16{e.names[runChannel].of(r.Channel), e.names[runLine].of(r.Line), e.names[runOrigin].of(r.Origin), e.names[runCampaign].of(r.Campaign)}
		key, ok := keys[code]
		if !ok {
			key = int32(len(keys))
			keys[code] = key
			e.runCodes = append(e.runCodes, code)
		}
		e.keys[i], e.given[i], e.times[i], e.persons[i] = key, number, int64(r.Time), r.Person
		e.ids[i], e.talks[i] = r.ID, r.Conversation
		e.lowest, e.highest = min(e.lowest, r.Person), max(e.highest, r.Person)
		e.gatherRest(i, &r.Send)
	}
	return nil
}

func (e *encoding) gatherRest(i int, s *storage.Send) {
	for c := range codedColumns {
		if text := codedColumns[c].get(s); text != "" {
			e.codes[c][i] = e.texts[c].of(text)
		}
	}
	for c := range numberedColumns {
		e.numbers[c][i] = noNumber
		if v := numberedColumns[c].get(s); v != 0 {
			e.numbers[c][i] = v - numberedColumns[c].near(s)
		}
	}
}

// sort orders the rows. Few differ in what runs agree in, so each combination is compared once.
func (e *encoding) sort() {
	name := func(key int32) (k runKey) {
		for f, code := range e.runCodes[key] {
			if code > 0 {
				k[f] = e.names[f].texts[code-1]
			}
		}
		return k
	}
	sorted := make([]int32, len(e.runCodes))
	for key := range sorted {
		sorted[key] = int32(key)
	}
	slices.SortFunc(sorted, func(a, b int32) int { return name(a).compare(name(b)) })
	ranks := make([]int32, len(sorted))
	for rank, key := range sorted {
		ranks[key] = int32(rank)
	}
	type placed struct {
		time int64
		rank int32
		row  uint16
	}
	list := make([]placed, len(e.rows))
	for i := range list {
		list[i] = placed{e.times[i], ranks[e.keys[i]], uint16(i)}
	}
	slices.SortFunc(list, func(a, b placed) int {
		if a.rank != b.rank {
			return int(a.rank - b.rank)
		}
		if a.time != b.time {
			return cmp.Compare(a.time, b.time)
		}
		return cmp.Compare(e.ids[a.row], e.ids[b.row])
	})
	e.order, e.facts, e.at = make([]uint16, len(list)), make([]uint16, len(list)), make([]int64, len(list))
	e.first, e.last = math.MaxInt64, 0
	for i, p := range list {
		e.order[i], e.facts[i], e.at[i] = p.row, e.given[p.row], p.time
		e.first, e.last = min(e.first, storage.Instant(p.time)), max(e.last, storage.Instant(p.time))
		if i == 0 || p.rank != list[i-1].rank {
			e.runs = append(e.runs, run{lo: i, first: p.time, codes: e.runCodes[sorted[p.rank]]})
		}
		last := &e.runs[len(e.runs)-1]
		last.hi, last.last = i+1, p.time
	}
}

func (e *encoding) factsColumn() {
	low, high := make([]byte, len(e.facts)), make([]byte, len(e.facts))
	for i, n := range e.facts {
		low[i], high[i] = byte(n), byte(n>>8)
	}
	var w writer
	w.packed(low)
	if len(e.known) > 256 {
		w.packed(high)
	}
	e.values[columnFacts] = w.b
}

func (e *encoding) personColumn() {
	width := uint(bits.Len32(e.highest - e.lowest))
	var w writer
	w.uint(uint64(e.lowest))
	w.uint(uint64(width))
	bw := bitWriter{b: make([]byte, 0, len(e.persons)*int(width)/8+16)}
	for _, i := range e.order {
		bw.add(uint64(e.persons[i]-e.lowest), width)
	}
	w.bytes(bw.done())
	e.values[columnPerson] = w.b
}

// timeColumn has differences within the run; its first stands in the header.
func (e *encoding) timeColumn() {
	differences := make([]int64, len(e.rows))
	for _, r := range e.runs {
		before := r.first
		for i := r.lo; i < r.hi; i++ {
			differences[i] = e.at[i] - before
			before = e.at[i]
		}
	}
	var w writer
	w.spread(differences)
	e.values[columnTime] = w.b
}

func (e *encoding) identifierColumn(column int, texts []string, order []uint16) {
	if !slices.ContainsFunc(texts, func(s string) bool { return s != "" }) {
		return
	}
	ordered := make([]string, len(texts))
	for k, i := range e.order {
		ordered[k] = texts[i]
	}
	var w writer
	w.identifiers(ordered, order)
	e.values[column] = w.b
}

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

// header has the runs, and all that is wanted before any column.
func (e *encoding) header() {
	var w writer
	w.uint(uint64(len(e.rows)))
	w.int(int64(e.first))
	w.int(int64(e.last))
	w.uint(uint64(e.highest))
	var there uint64
	for column, v := range e.values {
		if v != nil {
			there |= 1 << column
		}
	}
	w.uint(there)
	w.uint(uint64(len(e.known)))
	for _, f := range e.known {
		w.uint(uint64(f))
	}
	w.int(e.low)
	w.int(e.high)
	for _, d := range e.names {
		w.uint(uint64(len(d.texts)))
		for _, text := range d.texts {
			w.text(text)
		}
	}
	w.uint(uint64(len(e.runs)))
	for _, r := range e.runs {
		for _, c := range r.codes {
			w.uint(uint64(c))
		}
		w.uint(uint64(r.hi - r.lo))
		w.int(r.first - int64(e.first))
		w.int(r.last - r.first)
	}
	out := writer{b: []byte{version}}
	out.packed(w.b)
	e.values[columnHeader] = out.b
}
