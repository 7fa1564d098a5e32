package reports

import (
	"io"
	"slices"
	"strconv"
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
			b := append([]byte(*j), `{"key":{`...)
			for k := range g.By {
				b = appendText(append(b, keys[k]...), g.Rows[i].Key[k])
			}
			b = append(b, `},`...)
			*j = append(t.add(b, &g.Rows[i].Tally), '}')
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

// add writes the members that the total and every row have, the first without a comma before it.
func (t *tallyWriter) add(b []byte, of *storage.Tally) []byte {
	b = append(b, `"counts":{`...)
	for m := range storage.Metrics {
		b = strconv.AppendInt(append(b, countKeys[m]...), of.N[m], 10)
	}
	b = append(b, `},"percent":{`...)
	based := 0
	for m := range storage.Metrics {
		if storage.Metrics[m].Based {
			b = appendTenths(append(b, percentKeys[based]...), of.Percent(storage.Metric(m)))
			based++
		}
	}
	b = append(b, '}')
	b = appendFunnel(b, of)
	b = append(b, `,"value":{`...)
	b = t.amounts(b, of.Value)
	b = append(b, `},"answer_time":{"median_ms":`...)
	if of.AnswerTime.Known {
		b = append(strconv.AppendInt(b, of.AnswerTime.Median, 10), `,"p90_ms":`...)
		b = strconv.AppendInt(b, of.AnswerTime.P90, 10)
	} else {
		b = append(b, `null,"p90_ms":null`...)
	}
	b = append(b, '}')
	for s := range storage.Spreads {
		if !storage.Spreads[s].Derived {
			b = append(append(b, ','), spreadKeys[s]...)
			b = append(t.distribution(b, of.Spread[s]), '}')
		}
	}
	return b
}

// amounts adds sums in order of the currency.
func (t *tallyWriter) amounts(b []byte, of map[string]decimal.Decimal) []byte {
	t.currencies = t.currencies[:0]
	for currency := range of {
		t.currencies = append(t.currencies, currency)
	}
	slices.Sort(t.currencies)
	for i, currency := range t.currencies {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(appendText(b, currency), ':'), of[currency].String())
	}
	return b
}

// distribution adds names in byte order.
func (t *tallyWriter) distribution(b []byte, of map[string]int64) []byte {
	t.spread = t.spread[:0]
	for name, n := range of {
		t.spread = append(t.spread, spreadEntry{name, n})
	}
	if len(t.spread) > 1 {
		slices.SortFunc(t.spread, func(a, b spreadEntry) int { return strings.Compare(a.name, b.name) })
	}
	for i, e := range t.spread {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(appendText(b, e.name), ':'), e.n, 10)
	}
	return b
}

func appendFunnel(b []byte, of *storage.Tally) []byte {
	first := of.N[storage.Funnel[0]]
	b = append(b, `,"funnel":[`...)
	previous := storage.Percent{} // the first step has none
	for i, m := range storage.Funnel {
		if i > 0 {
			previous = storage.PercentOf(of.N[m], of.N[storage.Funnel[i-1]])
		}
		b = strconv.AppendInt(append(b, funnelSteps[i]...), of.N[m], 10)
		b = appendTenths(append(b, `,"of_successful":`...), storage.PercentOf(of.N[m], first))
		b = appendTenths(append(b, `,"of_previous":`...), previous)
		b = append(b, '}')
	}
	return append(b, ']')
}
