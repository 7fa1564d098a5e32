package columns

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

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
