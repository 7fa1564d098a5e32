package storage

import (
	"sort"
	"strings"

	"github.com/shopspring/decimal"
)

// Metric is one of the counts of MODEL 3.
type Metric uint8

// The counts, in the order of MODEL 3.
const (
	Attempted Metric = iota
	SuccessfulSends
	FailedSends
	PendingSends
	SkippedSends
	Contacts
	Reached
	Repeated
	New
	Recurring
	Delivered
	Read
	AnsweredSends
	AssignedSends
	Attended
	Sales
	SalesFinal
	Conversations
	OverOpen
	OptOuts
	metricCount
)

// MetricInfo is the machine name of a metric and the metric that its percentage is of.
type MetricInfo struct {
	Name  string
	Base  Metric
	Based bool // false: it has no percentage
}

// Metrics is the one table of counts (MODEL 3), indexed by Metric. Labels and definitions stand in the catalogue.
var Metrics = [metricCount]MetricInfo{
	Attempted:       {Name: "attempted"},
	SuccessfulSends: {"successful", Attempted, true},
	FailedSends:     {"failed", Attempted, true},
	PendingSends:    {"pending", Attempted, true},
	SkippedSends:    {Name: "skipped"},
	Contacts:        {Name: "contacts"},
	Reached:         {"reached", Contacts, true},
	Repeated:        {"repeated", Reached, true},
	New:             {"new", Reached, true},
	Recurring:       {"recurring", Reached, true},
	Delivered:       {"delivered", SuccessfulSends, true},
	Read:            {"read", SuccessfulSends, true},
	AnsweredSends:   {"answered", SuccessfulSends, true},
	AssignedSends:   {"assigned", SuccessfulSends, true},
	Attended:        {"attended", AssignedSends, true},
	Sales:           {"sales", SuccessfulSends, true},
	SalesFinal:      {"sales_final", SuccessfulSends, true},
	Conversations:   {"conversations", SuccessfulSends, true},
	OverOpen:        {"over_open", SuccessfulSends, true},
	OptOuts:         {"optouts", Delivered, true},
}

// Funnel is the steps of the sales funnel (MODEL 3).
var Funnel = []Metric{SuccessfulSends, Read, AnsweredSends, AssignedSends, Sales}

func (m Metric) String() string { return Metrics[m].Name }

// Spread is a distribution of sends over the values of a field.
type Spread uint8

// The distributions of MODEL 3.
const (
	FinalTags    Spread = iota // over successful sends
	FinalTagType               // over successful sends
	FailureCodes               // over failed sends, raw codes
	Failures                   // over failed sends, categories
	FlowEnds                   // over answered flow sends
	FirstOptions               // over answered sends
	spreadCount
)

// Spreads has the field of each distribution and the metric that its counts add up to; flow ends add up to the
// flow sends answered. A derived one follows from another by a table that the operator may edit: the machine form
// leaves it out, by: gives it.
var Spreads = [spreadCount]struct {
	Field   string
	Of      Metric
	Derived bool
}{
	FinalTags:    {Field: "final_tag", Of: SuccessfulSends},
	FinalTagType: {Field: "final_tag_type", Of: SuccessfulSends},
	FailureCodes: {Field: "failure_code", Of: FailedSends},
	Failures:     {Field: "failure", Of: FailedSends, Derived: true},
	FlowEnds:     {Field: "flow_end", Of: AnsweredSends},
	FirstOptions: {Field: "first_option", Of: AnsweredSends},
}

// Tally is every metric of MODEL 3 for one group of sends.
type Tally struct {
	N          [metricCount]int64
	Value      map[string]decimal.Decimal // by currency
	AnswerTime AnswerTime
	Spread     [spreadCount]map[string]int64 // by shown spelling; rows of nobody are absent
}

// AnswerTime is how long answers took, in milliseconds, nearest rank; Known is false when nobody answered.
type AnswerTime struct {
	Median, P90 int64
	Known       bool
}

// Percent is a share in tenths of a per cent; Known is false for a zero base.
type Percent struct {
	Tenths int64
	Known  bool
}

// PercentOf is n of base with one decimal, halves rounded up, from the integers (MODEL 3).
func PercentOf(n, base int64) Percent {
	if base == 0 {
		return Percent{}
	}
	return Percent{Tenths: (n*2000 + base) / (2 * base), Known: true}
}

// Percent is the metric's share of its base; not known for a metric without one.
func (t *Tally) Percent(m Metric) Percent {
	if !Metrics[m].Based {
		return Percent{}
	}
	return PercentOf(t.N[m], t.N[Metrics[m].Base])
}

// Sends is how many sends the tally is of, skipped ones too.
func (t *Tally) Sends() int64 { return t.N[Attempted] + t.N[SkippedSends] }

// Count is the answer to a question: the total and, for each grouping asked, its rows in byte order of their keys.
type Count struct {
	Total  Tally
	Groups [][]Group
}

// Group is one row of a breakdown. Key has a value for each field of the grouping.
type Group struct {
	Key   []string
	Tally Tally
}

// Amounts makes a cell of sums by currency, in order of the currency.
func Amounts(sums map[string]decimal.Decimal) Cell {
	if len(sums) == 0 {
		return Cell{Kind: CellAmounts}
	}
	c := Cell{Kind: CellAmounts}
	currencies := make([]string, 0, len(sums))
	for currency := range sums {
		currencies = append(currencies, currency)
	}
	sort.Strings(currencies)
	shown := make([]string, len(currencies))
	for i, currency := range currencies {
		amount := sums[currency].String()
		c.List = append(c.List, currency, amount)
		shown[i] = amount + " " + currency
	}
	c.Text = strings.Join(shown, ", ")
	return c
}
