package commands

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"outboundbot/reports"
	"outboundbot/storage"
)

// filter reads the values of a field and adds them to the question.
func (p *parser) filter(f *storage.Field, it item) error {
	for _, w := range it.words {
		not := it.not != w.not
		if w.text == "" { // a star alone: any value at all
			if f.Kind != storage.Free && f.Kind != storage.Address && f.Kind != storage.Code || f.Name == "phone" || len(it.words) > 1 {
				return p.fault(w.off, w.end, "commands.star", reports.Args{"Key": f.Name})
			}
			p.where(f, !not, absent(f))
			continue
		}
		if r, _ := reports.Named(p.plan.query.Report); r.OneOf && f.Name == "phone" && !not && !w.before && !w.then {
			p.where(f, false, p.customer(w)...)
			continue
		}
		values, err := p.values(f, w)
		if err != nil {
			return err
		}
		p.where(f, not, values...)
	}
	return nil
}

// where adds values to the condition of a field: any of them, or with not none of them.
func (p *parser) where(f *storage.Field, not bool, values ...string) {
	q := &p.plan.query
	i := slices.IndexFunc(q.Where, func(c storage.Condition) bool { return c.Field == f.Name && c.Not == not })
	if i < 0 {
		i = len(q.Where)
		q.Where = append(q.Where, storage.Condition{Field: f.Name, Not: not})
	}
	c := &q.Where[i]
	for _, v := range values {
		same := func(have string) bool { return f.Key(have) == f.Key(v) }
		if !slices.ContainsFunc(c.Values, same) {
			c.Values = append(c.Values, v)
		}
	}
}

// values turns what was typed into values of the field.
func (p *parser) values(f *storage.Field, w word) ([]string, error) {
	stars := w.before || w.then
	if row, ok := absentRow(f, w); ok && !stars {
		return []string{row}, nil
	}
	if stars && (f.Kind == storage.Enum || f.Kind == storage.YesNo || f.Kind == storage.Period || f.Name == "phone") {
		return nil, p.fault(w.off, w.end, "commands.star", reports.Args{"Key": f.Name})
	}
	switch {
	case f.Name == "phone":
		return p.tokens(f, w)
	case f.Kind == storage.Enum, f.Kind == storage.YesNo, f.Name == "weekday":
		return p.listed(f, w)
	case f.Kind == storage.Period:
		return p.period(f, w)
	default:
		return p.named(f, w)
	}
}

// listed finds a value of an enumeration by its machine name or any of its words. Channels are an open list: one
// that the store has counts too.
func (p *parser) listed(f *storage.Field, w word) ([]string, error) {
	if v, ok := known.values[f.Name].find(w.text); ok {
		return []string{v}, nil
	}
	list := f.Values
	if f.Name == "channel" {
		names, err := p.namesOf(f)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if storage.Fold(n.Name) == storage.Fold(w.text) {
				return []string{n.Name}, nil
			}
		}
	}
	if f.Name == "weekday" {
		list = []string{"1", "2", "3", "4", "5", "6", "7"}
	}
	e := p.fault(w.off, w.end, "commands.unknown_value", reports.Args{"Key": f.Name, "Text": w.text, "Values": strings.Join(list, ", ")})
	like, sure := known.values[f.Name].like(w.text)
	return nil, p.replace(e, sure, like...)
}

// period reads a day, week, month or hour in any way that dates are written, and gives the machine form.
func (p *parser) period(f *storage.Field, w word) ([]string, error) {
	wrong := p.fault(w.off, w.end, "commands.period."+f.Name, reports.Args{"Text": w.text})
	if f.Name == "hour" {
		hour, err := strconv.Atoi(strings.TrimSuffix(w.text, ":00"))
		if err != nil || hour < 0 || hour > 23 {
			return nil, wrong
		}
		return []string{twoDigits(hour)}, nil
	}
	r, err := p.cal.read(w.text)
	if errors.Is(err, errNoDate) {
		return nil, wrong
	}
	if err != nil {
		var cannotBe *dateFault
		if errors.As(err, &cannotBe) {
			return nil, p.replace(p.fault(w.off, w.end, cannotBe.id, cannotBe.args), false, cannotBe.suggest...)
		}
		return nil, err
	}
	first := r.From.Date()
	switch {
	case f.Name == "day" && r.Days() == 1:
		return []string{r.From.String()}, nil
	case f.Name == "week" && r == weekOf(r.From):
		y, n := first.ISOWeek()
		return []string{strconv.Itoa(y) + "-W" + twoDigits(n)}, nil
	case f.Name == "month" && r == monthOf(first.Year(), first.Month()):
		return []string{first.Format("2006-01")}, nil
	}
	return nil, wrong
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// absent is the row of sends that have no value in the field (MODEL 4).
func absent(f *storage.Field) string {
	switch f.Name {
	case "tag", "final_tag", "final_tag_type", "tag_path":
		return storage.Untagged
	case "group", "agent":
		return storage.Unassigned
	}
	return storage.None
}

// rows are the words of such rows that a field has: a send that is assigned may still have no group.
func rows(f *storage.Field) []string {
	switch {
	case f.Kind == storage.YesNo, f.Kind == storage.Period, f.Name == "phone", f.Name == "status", f.Name == "contact_kind":
		return nil
	case absent(f) == storage.None:
		return []string{storage.None}
	default:
		return []string{absent(f), storage.None}
	}
}

// absentRow reads (none), none, untagged and unassigned. In quotes only the spelling of the row itself is one, so
// that a campaign called "none" can be named.
func absentRow(f *storage.Field, w word) (string, bool) {
	list := rows(f)
	if len(list) == 0 {
		return "", false
	}
	for _, row := range list {
		if strings.EqualFold(w.text, row) {
			return row, true
		}
	}
	return list[0], !w.quoted && strings.EqualFold(w.text, "none")
}
