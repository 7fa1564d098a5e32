package reports

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"outboundbot/storage"
)

// count asks the store once for all that the reports have in common: the total, the groupings that the report shows
// and those that were asked for, and what the reader must know about them.
func count(ctx context.Context, src Source, q Query, shown ...storage.Grouping) (Result, error) {
	return countAs(ctx, src, q, q.Question, shown...)
}

// countAs is count where the store is asked something else than what the answer says: see runContact.
func countAs(ctx context.Context, src Source, q Query, asked storage.Question, shown ...storage.Grouping) (Result, error) {
	r := Result{Query: q}
	shown = append(shown, q.Asked...)
	asked.By = shown
	origins := slices.IndexFunc(shown, tellsOrigins)
	if origins < 0 { // the caveats need them
		origins, asked.By = len(shown), append(slices.Clone(shown), storage.Grouping{"origin"})
	}
	c, err := src.Count(ctx, asked)
	if err != nil {
		return r, err
	}
	if r.Stats, err = src.Stats(ctx); err != nil {
		return r, err
	}
	r.Total = c.Total
	for i, by := range shown {
		b := Breakdown{By: by, Rows: c.Groups[i]}
		q.Sort.order(b.Rows)
		if q.Top > 0 && len(b.Rows) > q.Top {
			b.Omitted, b.Rows = len(b.Rows)-q.Top, b.Rows[:q.Top]
		}
		r.Groups = append(r.Groups, b)
	}
	r.caveats(individuals(asked.By[origins], c.Groups[origins]))
	if q.Machine {
		return r, nil
	}
	r.Card = Card{Title: r.title(), Scope: r.scope(), Lang: q.language()}
	if q.File && q.Report != contactName {
		r.Sheet = TallySheet(r.Total, r.Groups, q)
		r.Sheet.About = Facts(q, r.Stats, int64(1+rowsOf(r.Groups)))
	}
	return r, nil
}

// tellsOrigins: counts of sends over the rows of a grouping with one origin each are those of the origin. A send stands
// in several rows of a tag or label.
func tellsOrigins(by storage.Grouping) bool {
	return slices.Contains(by, "origin") && !slices.Contains(by, "tag") && !slices.Contains(by, "label")
}

// individuals is how many successful sends were individual templates.
func individuals(by storage.Grouping, rows []storage.Group) (n int64) {
	at := slices.Index(by, "origin")
	for i := range rows {
		if rows[i].Key[at] == "individual" {
			n += rows[i].Tally.N[storage.SuccessfulSends]
		}
	}
	return n
}

func rowsOf(groups []Breakdown) (n int) {
	for _, g := range groups {
		n += len(g.Rows)
	}
	return n
}

// order sorts rows by a metric, equal ones by key; the zero value leaves them in byte order of their keys.
func (s Sort) order(rows []storage.Group) {
	of := s.metric()
	if of == nil {
		if s.Descend {
			slices.Reverse(rows)
		}
		return
	}
	type place struct {
		n int64
		i int
	}
	places := make([]place, len(rows))
	for i := range rows {
		places[i] = place{of(&rows[i].Tally), i}
	}
	slices.SortFunc(places, func(a, b place) int {
		byMetric := cmp.Compare(a.n, b.n)
		if s.Descend {
			byMetric = -byMetric
		}
		return cmp.Or(byMetric, cmp.Compare(a.i, b.i))
	})
	ordered := make([]storage.Group, len(rows)) // rows are large: each is moved twice, not at every step of the sort
	for i, p := range places {
		ordered[i] = rows[p.i]
	}
	copy(rows, ordered)
}

func (s Sort) metric() func(*storage.Tally) int64 {
	for m, info := range storage.Metrics {
		if info.Name == s.By {
			return func(t *storage.Tally) int64 { return t.N[m] }
		}
	}
	return nil
}

func (r *Result) lang() *Language { return r.Query.language() }

// add appends the blocks that have something to show.
func (r *Result) add(blocks ...Block) {
	for _, b := range blocks {
		switch t := b.(type) {
		case Table:
			if len(t.Rows) == 0 {
				continue
			}
		case Metrics:
			if len(t.Items) == 0 {
				continue
			}
		}
		r.Card.Blocks = append(r.Card.Blocks, b)
	}
}

// addAsked shows the groupings of by:, which follow the report's own.
func (r *Result) addAsked(own int) {
	for _, g := range r.Groups[own:] {
		r.add(r.spreadOut(r.lang().Say("breakdown.by", Args{"Fields": r.fieldLabels(g.By)}), g, askedColumns))
	}
}

// close ends the card: what to know about the numbers, and where to go from here.
func (r *Result) close(others ...string) {
	l := r.lang()
	if r.Total.Sends() == 0 && r.Query.Report != contactName { // its title says so
		r.add(Note{Info, l.Say("empty.range")})
	}
	for _, c := range r.Notes {
		r.add(Note{Warning, c.Text})
	}
	command := r.Query.Elsewhere
	if command == nil {
		return
	}
	var a Actions
	for _, name := range others {
		a.Buttons = append(a.Buttons, Button{Label: l.Say("report." + name + ".short"), Command: command(name, "")})
	}
	for _, format := range []string{"xlsx", "csv", "json"} {
		a.Buttons = append(a.Buttons, Button{Label: l.Say("action.export", Args{"Format": format}), Command: command(r.Query.Report, format)})
	}
	r.add(a)
}

// title is the report, the campaigns and the channels: Outbound summary · Black Friday · WhatsApp.
func (r *Result) title() string {
	l := r.lang()
	parts := []string{l.Say("report." + r.Query.Report)}
	for _, field := range []string{"campaign", "channel"} {
		for _, c := range r.Query.Where {
			if c.Field == field && !c.Not {
				parts = append(parts, r.shown(c))
			}
		}
	}
	return strings.Join(parts, " · ")
}

// inTitle: the title of the card tells of the condition already.
func (r *Result) inTitle(c storage.Condition) bool {
	if r.Query.Report == contactName {
		return isCustomer(c)
	}
	return (c.Field == "campaign" || c.Field == "channel") && !c.Not
}

// scope says which sends the numbers are of: range and zone, filters, what names matched.
func (r *Result) scope() []string {
	l := r.lang()
	lines := []string{l.Days(r.Query.Range) + " (" + zoneOf(r.Query).String() + ")"}
	var filters []string
	for _, c := range r.Query.Where {
		if r.inTitle(c) {
			continue
		}
		id := "scope.is"
		if c.Not {
			id = "scope.not"
		}
		filters = append(filters, l.Say(id, Args{"Field": l.Say("field." + c.Field), "Values": r.shown(c)}))
	}
	if r.Query.Test {
		filters = append(filters, l.Say("scope.test"))
	}
	if len(filters) > 0 {
		lines = append(lines, strings.Join(filters, " · "))
	}
	for _, m := range r.Query.Matches {
		lines = append(lines, l.Say("scope.matches", Args{"N": len(m.Names), "Field": strings.ToLower(l.Say("field." + m.Field)), "Value": strings.Trim(m.Value, `"`), "Names": head(m.Names, 3, l)}))
	}
	return lines
}

// shown are the values of a condition as people read them, the first few of many; a phone is masked where the scope
// hides contacts.
func (r *Result) shown(c storage.Condition) string {
	l := r.lang()
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		values[i] = shownTo(r.Query.Scope, c.Field, l.Value(c.Field, v))
	}
	return head(values, 3, l)
}

// head joins the first n and says how many more there are.
func head(values []string, n int, l *Language) string {
	if len(values) <= n {
		return strings.Join(values, ", ")
	}
	return strings.Join(values[:n], ", ") + " " + l.Say("card.more", Args{"N": len(values) - n})
}

// sentence is the answer in one line, for notifications and screen readers.
func (r *Result) sentence() string {
	l := r.lang()
	t := &r.Total
	return l.Say("summary.lead", Args{
		"Title": strings.ReplaceAll(r.Card.Title, " · ", ", "), "Days": l.Days(r.Query.Range),
		"N": t.N[storage.SuccessfulSends], "Read": l.Percent(t.Percent(storage.Read)),
		"Answered": l.Percent(t.Percent(storage.AnsweredSends)), "Assigned": l.Int(t.N[storage.AssignedSends]),
		"Sales": l.Int(t.N[storage.Sales]), "Share": l.Percent(t.Percent(storage.Sales)),
	})
}

// caveats notes what is true of these numbers and surprises people (CHAT 3).
func (r *Result) caveats(individuals int64) {
	l := r.lang()
	note := func(id string, n int64) {
		switch {
		case n <= 0:
		case r.Query.Machine: // it has the name only
			r.Notes = append(r.Notes, Caveat{ID: id})
		default:
			r.Notes = append(r.Notes, Caveat{id, l.Say("caveat."+id, Args{"N": n})})
		}
	}
	note("individual_assigned", individuals)
	note("over_open", r.Total.N[storage.OverOpen])
	note("sales_final", r.Total.N[storage.Sales]-r.Total.N[storage.SalesFinal])
	note("orphans", int64(r.Stats.Orphans))
	today := storage.DayOf(r.Query.Now, zoneOf(r.Query))
	if r.Query.Range.Has(today) && r.Query.Now != 0 && r.Query.Report != contactName {
		note("partial_day", 1)
	}
}

// Value is a value of a field as people read it: enumerations and absent values by their label, names as they are.
func (l *Language) Value(field, value string) string {
	switch value {
	case storage.None:
		return l.Say("value.none")
	case storage.Untagged, storage.Unassigned:
		return l.Say("value." + value)
	}
	if id := "value." + field + "." + value; l.Has(id) {
		return l.Say(id)
	}
	if f, ok := storage.FieldNamed(field); ok && f.Kind == storage.YesNo {
		return l.Say("value." + value)
	}
	return value
}

func (r *Result) fieldLabels(by storage.Grouping) string {
	labels := make([]string, len(by))
	for i, name := range by {
		labels[i] = strings.ToLower(r.lang().Say("field." + name))
	}
	return strings.Join(labels, ", ")
}

// share of a count of one row, as a sortable entry.
func share(l *Language, p storage.Percent) Entry {
	if !p.Known {
		return Entry{Text: l.Percent(p), N: math.Inf(-1)}
	}
	return Entry{Text: l.Percent(p), N: float64(p.Tenths) / 10}
}
