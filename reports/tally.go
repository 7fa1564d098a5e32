package reports

import (
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"outboundbot/storage"
)

// tallyWriter writes tallies in the machine form. A report has hundreds of them, so the names are written out once.
type tallyWriter struct {
	spread     []spreadEntry // room for one distribution
	currencies []string      // and for one list of amounts
}

type spreadEntry struct {
	name string
	n    int64
}

// Names of the members of a tally, with the commas that stand before them.
var (
	countKeys, percentKeys = tallyKeys()
	spreadKeys             = keysOfSpreads()
	funnelSteps            = stepsOfFunnel()
)

func tallyKeys() (counts, percents []jsonText) {
	var all, based []string
	for _, info := range storage.Metrics {
		all = append(all, info.Name)
		if info.Based {
			based = append(based, info.Name)
		}
	}
	return memberKeys(all), memberKeys(based)
}

func keysOfSpreads() []jsonText {
	keys := make([]jsonText, len(storage.Spreads))
	for s, info := range storage.Spreads {
		keys[s].key(info.Field)
		keys[s] = append(keys[s], '{')
	}
	return keys
}

// stepsOfFunnel are the beginnings of its elements: {"step":"read","n":
func stepsOfFunnel() []jsonText {
	steps := make([]jsonText, len(storage.Funnel))
	for i, m := range storage.Funnel {
		if i > 0 {
			steps[i] = append(steps[i], ',')
		}
		steps[i].open('{')
		steps[i].key("step").text(m.String())
		steps[i].key("n")
	}
	return steps
}

// breakdowns adds the groups: rows with their key by field and every metric.
func (t *tallyWriter) breakdowns(w io.Writer, j *jsonText, groups []Breakdown) error {
	j.open('[')
	for _, g := range groups {
		j.open('{')
		j.key("by").open('[')
		for _, field := range g.By {
			j.text(field)
		}
		j.close(']')
		j.key("rows").open('[')
		keys := memberKeys(g.By)
		for i := range g.Rows {
			j.value()
			*j = append(*j, `{"key":{`...)
			for k := range g.By {
				*j = append(*j, keys[k]...)
				j.text(g.Rows[i].Key[k])
			}
			*j = append(*j, '}')
			t.add(j, &g.Rows[i].Tally)
			*j = append(*j, '}')
			if err := j.flush(w); err != nil {
				return err
			}
		}
		j.close(']')
		j.close('}')
	}
	j.close(']')
	return nil
}

// add writes the members that the total and every row have, in an object that is open.
func (t *tallyWriter) add(j *jsonText, of *storage.Tally) {
	j.key("counts")
	*j = append(*j, '{')
	for m := range storage.Metrics {
		*j = append(*j, countKeys[m]...)
		j.digits(of.N[m])
	}
	*j = append(*j, `},"percent":{`...)
	based := 0
	for m := range storage.Metrics {
		if storage.Metrics[m].Based {
			*j = append(*j, percentKeys[based]...)
			j.tenths(of.Percent(storage.Metric(m)))
			based++
		}
	}
	*j = append(*j, '}')
	t.funnel(j, of)
	*j = append(*j, `,"value":{`...)
	t.amounts(j, of.Value)
	*j = append(*j, `},"answer_time":{"median_ms":`...)
	if of.AnswerTime.Known {
		j.digits(of.AnswerTime.Median)
		*j = append(*j, `,"p90_ms":`...)
		j.digits(of.AnswerTime.P90)
	} else {
		*j = append(*j, `null,"p90_ms":null`...)
	}
	*j = append(*j, '}')
	for s := range storage.Spreads {
		if !storage.Spreads[s].Derived {
			*j = append(append(*j, ','), spreadKeys[s]...)
			t.distribution(j, of.Spread[s])
			*j = append(*j, '}')
		}
	}
}

// amounts adds sums in order of the currency.
func (t *tallyWriter) amounts(j *jsonText, of map[string]decimal.Decimal) {
	t.currencies = t.currencies[:0]
	for currency := range of {
		t.currencies = append(t.currencies, currency)
	}
	slices.Sort(t.currencies)
	for _, currency := range t.currencies {
		j.key(currency).text(of[currency].String())
	}
}

// distribution adds names in byte order.
func (t *tallyWriter) distribution(j *jsonText, of map[string]int64) {
	t.spread = t.spread[:0]
	for name, n := range of {
		t.spread = append(t.spread, spreadEntry{name, n})
	}
	slices.SortFunc(t.spread, func(a, b spreadEntry) int { return strings.Compare(a.name, b.name) })
	for _, e := range t.spread {
		j.key(e.name)
		j.digits(e.n)
	}
}

func (t *tallyWriter) funnel(j *jsonText, of *storage.Tally) {
	first := of.N[storage.Funnel[0]]
	*j = append(*j, `,"funnel":[`...)
	previous := storage.Percent{} // the first step has none
	for i, m := range storage.Funnel {
		if i > 0 {
			previous = storage.PercentOf(of.N[m], of.N[storage.Funnel[i-1]])
		}
		*j = append(*j, funnelSteps[i]...)
		j.digits(of.N[m])
		*j = append(*j, `,"of_successful":`...)
		j.tenths(storage.PercentOf(of.N[m], first))
		*j = append(*j, `,"of_previous":`...)
		j.tenths(previous)
		*j = append(*j, '}')
	}
	*j = append(*j, ']')
}
