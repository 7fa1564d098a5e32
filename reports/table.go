package reports

import (
	"slices"
	"strings"

	"outboundbot/storage"
)

// measure is a column of a breakdown: a metric as a number, or its percentage.
type measure struct {
	of    storage.Metric
	share bool
	minor bool // left out first where there is no room
}

var (
	originColumns = []measure{
		{of: storage.SuccessfulSends},
		{of: storage.Read, share: true, minor: true},
		{of: storage.AnsweredSends, share: true},
		{of: storage.AssignedSends, minor: true},
		{of: storage.Sales},
		{of: storage.Sales, share: true},
	}
	campaignColumns = []measure{
		{of: storage.SuccessfulSends},
		{of: storage.Read, minor: true},
		{of: storage.Read, share: true, minor: true},
		{of: storage.AnsweredSends, minor: true},
		{of: storage.AnsweredSends, share: true},
		{of: storage.AssignedSends, minor: true},
		{of: storage.AssignedSends, share: true, minor: true},
		{of: storage.Sales},
		{of: storage.Sales, share: true},
	}
	askedColumns = originColumns
)

// spreadOut shows a breakdown as a table with a total. Unless a sort was asked for, rows with most sends come first:
// the machine form keeps byte order, people want the biggest.
func (r *Result) spreadOut(title string, b Breakdown, columns []measure) Table {
	l := r.lang()
	t := Table{Title: title, Omitted: b.Omitted}
	for i, name := range b.By {
		t.Columns = append(t.Columns, Heading{Label: l.Say("field." + name), Minor: i > 0})
	}
	for _, c := range columns {
		t.Columns = append(t.Columns, c.heading(r))
	}
	rows := slices.Clone(b.Rows)
	if r.Query.Sort == (Sort{}) && !ordered(b.By) {
		Sort{By: storage.SuccessfulSends.String(), Descend: true}.order(rows)
	}
	for _, g := range rows {
		var line []Entry
		for i, name := range b.By {
			line = append(line, Entry{Text: l.Value(name, g.Key[i])})
		}
		t.Rows = append(t.Rows, append(line, measures(l, &g.Tally, columns)...))
	}
	if len(rows) > 1 || b.Omitted > 0 {
		t.Total = []Entry{{Text: l.Say("table.total")}}
		for range b.By[1:] {
			t.Total = append(t.Total, Entry{})
		}
		t.Total = append(t.Total, measures(l, &r.Total, columns)...)
	}
	return t
}

// ordered: days, hours and the like read in their own order.
func ordered(by storage.Grouping) bool {
	f, ok := storage.FieldNamed(by[0])
	return ok && f.Kind == storage.Period
}

func (c measure) heading(r *Result) Heading {
	l := r.lang()
	id := "metric." + c.of.String()
	if c.of == storage.Read && r.Query.Report == "detailed" {
		id = "metric.views" // MODEL 3: in Detailed it is called Views
	}
	label := l.Say(id)
	if l.Has(id + ".short") {
		label = l.Say(id + ".short")
	}
	if c.share {
		label += " %"
	}
	return Heading{Label: label, Number: true, Minor: c.minor}
}

func measures(l *Language, t *storage.Tally, columns []measure) []Entry {
	entries := make([]Entry, len(columns))
	for i, c := range columns {
		if c.share {
			entries[i] = share(l, t.Percent(c.of))
			entries[i].Text = strings.TrimSuffix(entries[i].Text, " %") // the heading has it
			continue
		}
		entries[i] = Entry{Text: l.Int(t.N[c.of]), N: float64(t.N[c.of])}
	}
	return entries
}

// distributionRows is how many values of a distribution a card lists; by: lists them all.
const distributionRows = 12

// distribution shows how sends spread over the values of a field, the largest first.
func (r *Result) distribution(over storage.Spread) Table {
	l := r.lang()
	field := storage.Spreads[over].Field
	base := r.Total.N[storage.Spreads[over].Of]
	t := Table{
		Title: l.Say("field." + field),
		Columns: []Heading{
			{Label: l.Say("field." + field)},
			{Label: l.Say("metric.successful.short"), Number: true},
			{Label: "%", Number: true},
		},
	}
	values := make([]string, 0, len(r.Total.Spread[over]))
	for v := range r.Total.Spread[over] {
		values = append(values, v)
	}
	n := r.Total.Spread[over]
	slices.SortFunc(values, func(a, b string) int {
		if n[a] != n[b] {
			return int(n[b] - n[a])
		}
		return strings.Compare(a, b)
	})
	if len(values) > distributionRows {
		t.Omitted, values = len(values)-distributionRows, values[:distributionRows]
	}
	for _, v := range values {
		p := share(l, storage.PercentOf(n[v], base))
		p.Text = strings.TrimSuffix(p.Text, " %")
		t.Rows = append(t.Rows, []Entry{{Text: l.Value(field, v)}, {Text: l.Int(n[v]), N: float64(n[v])}, p})
	}
	return t
}
