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
	for i := range rows {
		if err := rows[i].check(); err != nil {
			return Encoded{}, err
		}
	}
	e := encoding{values: make([][]byte, columnCount)}
	e.sort(rows)
	e.factsColumn()
	e.persons()
	e.times()
	order := timeOrder(e.at)
	e.identifierColumns(order)
	e.amounts()
	e.numberColumns()
	for i := range codedColumns {
		e.coded(&codedColumns[i])
	}
	e.header()
	return Encoded{Rows: len(rows), First: e.first, Last: e.last, Values: e.values}, nil
}

// encoding is a segment in the making.
type encoding struct {
	rows        []*Row // in order
	at          []int64
	runs        []run
	names       [runFields]*dictionary
	facts       []uint16 // number of the row's facts in known
	known       []facts
	first, last storage.Instant
	highest     uint32 // person
	values      [][]byte
	codes       []uint16 // scratch
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

// sort orders the rows. Few rows differ in what runs agree in, so each combination is compared once.
func (e *encoding) sort(rows []Row) {
	number := map[runKey]int32{}
	var keys []runKey
	type placed struct {
		rank int32
		row  int32
		time storage.Instant
	}
	list := make([]placed, len(rows))
	for i := range rows {
		k := keyOf(&rows[i])
		n, ok := number[k]
		if !ok {
			n = int32(len(keys))
			number[k] = n
			keys = append(keys, k)
		}
		list[i] = placed{n, int32(i), rows[i].Time}
	}
	slices.SortFunc(keys, runKey.compare)
	ranks := make([]int32, len(keys))
	for rank, k := range keys {
		ranks[number[k]] = int32(rank)
	}
	for i := range list {
		list[i].rank = ranks[list[i].rank]
	}
	slices.SortFunc(list, func(a, b placed) int {
		if a.rank != b.rank {
			return cmp.Compare(a.rank, b.rank)
		}
		if a.time != b.time {
			return cmp.Compare(a.time, b.time)
		}
		return cmp.Compare(rows[a.row].ID, rows[b.row].ID)
	})
	for i := range e.names {
		e.names[i] = newDictionary()
	}
	e.rows, e.at = make([]*Row, len(list)), make([]int64, len(list))
	e.first, e.last = math.MaxInt64, 0
	for i, p := range list {
		e.rows[i], e.at[i] = &rows[p.row], int64(p.time)
		e.first, e.last = min(e.first, p.time), max(e.last, p.time)
		if i == 0 || p.rank != list[i-1].rank {
			r := run{lo: i, first: int64(p.time)}
			for f, name := range keys[p.rank] {
				r.codes[f] = e.names[f].of(name)
			}
			e.runs = append(e.runs, r)
		}
		last := &e.runs[len(e.runs)-1]
		last.hi, last.last = i+1, int64(p.time)
	}
}

func (e *encoding) factsColumn() {
	number := map[facts]uint16{}
	e.facts = make([]uint16, len(e.rows))
	low, high := make([]byte, len(e.rows)), make([]byte, len(e.rows))
	for i, r := range e.rows {
		f := factsOf(r)
		n, ok := number[f]
		if !ok {
			n = uint16(len(e.known))
			number[f] = n
			e.known = append(e.known, f)
		}
		e.facts[i], low[i], high[i] = n, byte(n), byte(n>>8)
	}
	var w writer
	w.packed(low)
	if len(e.known) > 256 {
		w.packed(high)
	}
	e.values[columnFacts] = w.b
}

func (e *encoding) persons() {
	lowest, highest := uint32(math.MaxUint32), uint32(0)
	for _, r := range e.rows {
		lowest, highest = min(lowest, r.Person), max(highest, r.Person)
	}
	e.highest = highest
	width := uint(bits.Len32(highest - lowest))
	var w writer
	w.uint(uint64(lowest))
	w.uint(uint64(width))
	bw := bitWriter{b: make([]byte, 0, len(e.rows)*int(width)/8+16)}
	for _, r := range e.rows {
		bw.add(uint64(r.Person-lowest), width)
	}
	w.bytes(bw.done())
	e.values[columnPerson] = w.b
}

// times are differences within the run; its first stands in the header.
func (e *encoding) times() {
	differences := make([]int64, len(e.rows))
	for _, r := range e.runs {
		before := r.first
		for i := r.lo; i < r.hi; i++ {
			differences[i] = e.at[i] - before
			before = e.at[i]
		}
	}
	var w writer
	w.spread(differences, nil)
	e.values[columnTime] = w.b
}

func (e *encoding) identifierColumns(order []uint16) {
	texts := make([]string, len(e.rows))
	for column, of := range map[int]func(*Row) string{
		columnID:           func(r *Row) string { return r.ID },
		columnConversation: func(r *Row) string { return r.Conversation },
	} {
		some := false
		for i, r := range e.rows {
			texts[i] = of(r)
			some = some || texts[i] != ""
		}
		if some {
			var w writer
			w.identifiers(texts, order)
			e.values[column] = w.b
		}
	}
}

// exactly is the scale of an amount that is kept as it is written.
const exactly = 255

// amounts of the taggings in order: scales, numbers and what is not written like the others.
func (e *encoding) amounts() {
	var scales []byte
	var numbers []int64
	var odd writer
	for _, r := range e.rows {
		for _, t := range r.Tags {
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
	var w writer
	w.uint(uint64(len(scales)))
	w.packed(scales)
	w.spread(numbers, nil)
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

// domain lists the rows whose facts are those of any row that has something; the rest of the column is about them.
func (e *encoding) domain(w *writer, has func(i int) bool) []uint16 {
	in := make([]bool, len(e.known))
	for i, f := range e.facts {
		if !in[f] && has(i) {
			in[f] = true
		}
	}
	set := make([]byte, (len(in)+7)/8)
	all := true
	for f, is := range in {
		if is {
			set[f/8] |= 1 << (f % 8)
		}
		all = all && is
	}
	w.bytes(set)
	rows := make([]uint16, 0, len(e.rows))
	for i, f := range e.facts {
		if in[f] {
			rows = append(rows, uint16(i))
		}
	}
	return rows
}

func (e *encoding) coded(c *coded) {
	d := newDictionary()
	if e.codes == nil {
		e.codes = make([]uint16, len(e.rows))
	}
	for i, r := range e.rows {
		e.codes[i] = d.of(c.get(&r.Send))
	}
	if len(d.texts) == 0 {
		return
	}
	var w writer
	rows := e.domain(&w, func(i int) bool { return e.codes[i] != 0 })
	codes := make([]uint16, len(rows))
	for k, i := range rows {
		codes[k] = e.codes[i]
	}
	w.codes(codes, d.texts)
	e.values[c.column] = w.b
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

func (e *encoding) numberColumns() {
	for c := range numberedColumns {
		n := &numberedColumns[c]
		var w writer
		rows := e.domain(&w, func(i int) bool { return n.get(&e.rows[i].Send) != 0 })
		if len(rows) == 0 {
			continue
		}
		differences := make([]int64, len(rows))
		for k, i := range rows {
			s := &e.rows[i].Send
			differences[k] = n.get(s) - n.near(s)
		}
		w.spread(differences, func(k int) bool { return n.get(&e.rows[rows[k]].Send) != 0 })
		e.values[n.column] = w.b
	}
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
	low, high := e.unsettled()
	w.int(low)
	w.int(high)
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

// unsettled is when flows that nothing has settled had their last credit: the earliest and the latest of them; high is
// less than low if there are none.
func (e *encoding) unsettled() (low, high int64) {
	low, high = maxInstant, -1
	for _, r := range e.rows {
		if r.FlowEnd == "" && r.flowAnswered() {
			low, high = min(low, int64(r.LastCredit)), max(high, int64(r.LastCredit))
		}
	}
	return low, high
}
