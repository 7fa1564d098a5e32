package storage

import (
	"slices"
	"sort"
	"strings"

	"github.com/shopspring/decimal"
)

// Matcher tells which sends a question covers: by day, by test, by scope and by its conditions.
type Matcher struct {
	q     *Question
	where []condition
}

type condition struct {
	field  *Field
	not    bool
	values map[string]bool // by Field.Key
}

// NewMatcher prepares a valid question.
func NewMatcher(q *Question) *Matcher {
	m := &Matcher{q: q}
	for _, c := range append(q.Scope.Where(), q.Where...) {
		f, _ := FieldNamed(c.Field)
		prepared := condition{field: f, not: c.Not, values: make(map[string]bool, len(c.Values))}
		for _, v := range c.Values {
			prepared.values[f.Key(v)] = true
			if f.Kind == Address {
				prepared.values[Digits(v)] = true
			}
		}
		m.where = append(m.where, prepared)
	}
	return m
}

// Match completes a row for the question (contact_kind, flow_end) and tells whether the question covers it.
// firstSuccess is that of the send's contact, 0 if it was never reached.
func (m *Matcher) Match(s *Send, firstSuccess Instant) bool {
	if s.Test && !m.q.Test || !m.q.Range.Has(DayOf(s.Time, m.q.zone())) {
		return false
	}
	m.q.complete(s, firstSuccess)
	for i := range m.where {
		if !m.where[i].holds(s, m.q) {
			return false
		}
	}
	return true
}

func (c *condition) holds(s *Send, q *Question) bool {
	for _, v := range c.field.of(s, q) {
		if c.values[c.field.Key(v)] {
			return !c.not
		}
	}
	return c.not
}

// Counter adds sends up into the answer to a question. Engines that know no better way feed it every row of
// Question.Range.Window; it is also the plain truth that faster ways are compared with.
type Counter struct {
	q      *Question
	match  *Matcher
	total  *sum
	groups []map[string]*row // one for each grouping, by folded key
}

// row is a group in the making. Names that fold to one key are one row, shown in the spelling that most of its sends
// carry.
type row struct {
	sum       *sum
	spellings []spelling // one for each field of the grouping
}

// spelling counts the ways in which a name is written.
type spelling map[string]int64

// shown is the spelling that most sends carry; of equals the first in byte order.
func (sp spelling) shown() string {
	best, most := "", int64(-1)
	for s, n := range sp {
		if n > most || (n == most && s < best) {
			best, most = s, n
		}
	}
	return best
}

// NewCounter starts an answer to a valid question.
func NewCounter(q *Question) *Counter {
	c := &Counter{q: q, match: NewMatcher(q), total: newSum(), groups: make([]map[string]*row, len(q.By))}
	for i := range c.groups {
		c.groups[i] = map[string]*row{}
	}
	return c
}

// Add counts a send if the question covers it. The send is completed for the question.
func (c *Counter) Add(s *Send, firstSuccess Instant) {
	if !c.match.Match(s, firstSuccess) {
		return
	}
	c.total.add(s, c.q)
	for i, by := range c.q.By {
		c.addTo(c.groups[i], by, s)
	}
}

func (c *Counter) addTo(rows map[string]*row, by Grouping, s *Send) {
	keys := [][]string{nil}
	for _, name := range by {
		f, _ := FieldNamed(name)
		var longer [][]string
		for _, key := range keys {
			for _, v := range f.of(s, c.q) {
				longer = append(longer, append(slices.Clone(key), v))
			}
		}
		keys = longer
	}
	for _, key := range keys {
		folded := make([]string, len(key))
		for i, name := range by {
			f, _ := FieldNamed(name)
			folded[i] = f.Key(key[i])
		}
		id := strings.Join(folded, "\x00")
		r := rows[id]
		if r == nil {
			r = &row{sum: newSum(), spellings: make([]spelling, len(key))}
			for i := range r.spellings {
				r.spellings[i] = spelling{}
			}
			rows[id] = r
		}
		r.sum.add(s, c.q)
		for i, v := range key {
			r.spellings[i][v]++
		}
	}
}

// Result is the answer: rows in byte order of their keys.
func (c *Counter) Result() Count {
	count := Count{Total: c.total.tally(), Groups: make([][]Group, len(c.groups))}
	for i, rows := range c.groups {
		for _, r := range rows {
			g := Group{Tally: r.sum.tally()}
			for _, sp := range r.spellings {
				g.Key = append(g.Key, sp.shown())
			}
			count.Groups[i] = append(count.Groups[i], g)
		}
		sort.Slice(count.Groups[i], func(a, b int) bool {
			return slices.Compare(count.Groups[i][a].Key, count.Groups[i][b].Key) < 0
		})
	}
	return count
}

// sum adds sends up into one tally.
type sum struct {
	n        [metricCount]int64
	value    map[string]decimal.Decimal
	answers  []int64             // answered_at − time
	contacts map[string]*contact // by ContactKey
	spread   [spreadCount]map[string]spelling
}

type contact struct {
	successes int
	recurring bool
}

func newSum() *sum {
	s := &sum{contacts: map[string]*contact{}, value: map[string]decimal.Decimal{}}
	for i := range s.spread {
		s.spread[i] = map[string]spelling{}
	}
	return s
}

func (t *sum) add(s *Send, q *Question) {
	c := t.contacts[s.ContactKey()]
	if c == nil {
		c = &contact{recurring: s.ContactKind == "recurring"}
		t.contacts[s.ContactKey()] = c
	}
	switch s.Status {
	case Skipped:
		t.n[SkippedSends]++
		return
	case Failed:
		t.n[FailedSends]++
		t.scatter(FailureCodes, s, q)
		t.scatter(Failures, s, q)
	case Pending:
		t.n[PendingSends]++
	case Successful:
		c.successes++
		t.success(s, q)
	}
	t.n[Attempted]++
}

// success counts what only successful sends have.
func (t *sum) success(s *Send, q *Question) {
	for m, is := range map[Metric]bool{
		SuccessfulSends: true,
		Delivered:       s.DeliveredAt != 0 || s.ReadAt != 0,
		Read:            s.ReadAt != 0,
		AnsweredSends:   s.AnsweredAt != 0,
		AssignedSends:   s.AssignedAt != 0,
		Attended:        s.Attended,
		Sales:           s.Sale(),
		SalesFinal:      s.SaleFinal(),
		Conversations:   s.Started,
		OverOpen:        !s.Started,
		OptOuts:         s.OptOut,
	} {
		if is {
			t.n[m]++
		}
	}
	for currency, amount := range s.Amounts() {
		t.value[currency] = t.value[currency].Add(amount)
	}
	t.scatter(FinalTags, s, q)
	t.scatter(FinalTagType, s, q)
	if s.AnsweredAt == 0 {
		return
	}
	t.answers = append(t.answers, int64(max(0, s.AnsweredAt-s.Time)))
	t.scatter(FirstOptions, s, q)
	if s.Origin == "flow" {
		t.scatter(FlowEnds, s, q)
	}
}

func (t *sum) scatter(over Spread, s *Send, q *Question) {
	f, _ := FieldNamed(Spreads[over].Field)
	for _, v := range f.of(s, q) {
		key := f.Key(v)
		if t.spread[over][key] == nil {
			t.spread[over][key] = spelling{}
		}
		t.spread[over][key][v]++
	}
}

func (t *sum) tally() Tally {
	out := Tally{N: t.n, Value: t.value, AnswerTime: answerTime(t.answers)}
	out.N[Contacts] = int64(len(t.contacts))
	for _, c := range t.contacts {
		if c.successes == 0 {
			continue
		}
		out.N[Reached]++
		if c.successes > 1 {
			out.N[Repeated]++
		}
		if c.recurring {
			out.N[Recurring]++
		} else {
			out.N[New]++
		}
	}
	for i, values := range t.spread {
		out.Spread[i] = make(map[string]int64, len(values))
		for _, sp := range values {
			var n int64
			for _, k := range sp {
				n += k
			}
			out.Spread[i][sp.shown()] = n
		}
	}
	return out
}

// answerTime is the median and p90 by nearest rank (MODEL 3).
func answerTime(ms []int64) AnswerTime {
	if len(ms) == 0 {
		return AnswerTime{}
	}
	slices.Sort(ms)
	rank := func(tenths int) int64 { return ms[(len(ms)*tenths+9)/10-1] }
	return AnswerTime{Median: rank(5), P90: rank(9), Known: true}
}
