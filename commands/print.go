package commands

import (
	"slices"
	"strconv"
	"strings"

	"outboundbot/reports"
	"outboundbot/storage"
)

// mostPrinted is how many names a pattern is printed as; above that the pattern itself stands in the command.
const mostPrinted = 5

// written is the canonical command of a plan: runnable on any platform, and read back as the same question. Names
// stand as the store spells them, dates are absolute.
func written(pl plan, d *Desk) string {
	q := pl.query
	parts := []string{q.Report}
	for _, c := range q.Where {
		parts = append(parts, condition(c, q.Matches))
	}
	parts = append(parts, keyDate+":"+printDays(q.Range))
	if zone := zoneOf(q); d.Zone == nil || zone.String() != d.Zone.String() {
		if d.Zone != nil || zone.String() != "UTC" {
			parts = append(parts, keyZone+":"+zone.String())
		}
	}
	if q.Test {
		parts = append(parts, keyTest+":include")
	}
	for _, by := range q.Asked {
		parts = append(parts, keyBy+":"+strings.Join(by, ","))
	}
	if q.Sort.By != "" {
		parts = append(parts, keySort+":"+map[bool]string{true: "-", false: "+"}[q.Sort.Descend]+q.Sort.By)
	}
	if q.Top > 0 {
		parts = append(parts, keyTop+":"+strconv.Itoa(q.Top))
	}
	if q.Limit > 0 {
		parts = append(parts, keyLimit+":"+strconv.Itoa(q.Limit))
	}
	if len(q.Columns) > 0 {
		parts = append(parts, keyColumns+":"+strings.Join(q.Columns, ","))
	}
	if pl.format != nil {
		parts = append(parts, keyFormat+":"+pl.format.Name)
	}
	if pl.empty != "" {
		parts = append(parts, keyEmpty+":"+pl.empty)
	}
	if q.Lang != nil && d.Lang != nil && q.Lang.Tag != d.Lang.Tag {
		parts = append(parts, keyLang+":"+q.Lang.Tag)
	}
	return strings.Join(parts, " ")
}

// reworded is the same question as a command for another report, without the settings that mean nothing there, or
// with a format for a file.
func reworded(pl plan, d *Desk) func(report, format string) string {
	return func(report, format string) string {
		other := pl
		other.query.Report, other.format, other.empty = report, nil, ""
		refused := notFor(report)
		if slices.Contains(refused, keyTop) {
			other.query.Top, other.query.Sort = 0, reports.Sort{}
		} else {
			other.query.Limit, other.query.Columns = 0, nil
		}
		text := written(other, d)
		if format != "" {
			text += " " + keyFormat + ":" + format
		}
		return text
	}
}

// condition writes a filter. Many names that one pattern found stand as that pattern.
func condition(c storage.Condition, matches []reports.Matched) string {
	f, _ := storage.FieldNamed(c.Field)
	values := slices.Clone(c.Values)
	var parts []string
	for _, m := range matches {
		if m.Field != c.Field || len(m.Names) <= mostPrinted || !containsAll(values, m.Names) {
			continue
		}
		parts = append(parts, m.Value)
		values = slices.DeleteFunc(values, func(v string) bool { return slices.Contains(m.Names, v) })
	}
	for _, v := range values {
		parts = append(parts, printed(f, v))
	}
	sign := ""
	if c.Not {
		sign = "-"
	}
	key := c.Field
	if key == "phone" {
		key = "contact" // by token, never by phone (DESIGN 2)
	}
	return sign + key + ":" + strings.Join(parts, ",")
}

func containsAll(values, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(values, n) })
}

// printed writes one value; a name that reads like the row of absent values stands in quotes.
func printed(f *storage.Field, value string) string {
	if slices.Contains(rows(f), value) {
		return value
	}
	if _, row := absentRow(f, word{text: value}); row {
		return `"` + value + `"`
	}
	return Quote(value)
}

// printDays writes a range as a date expression.
func printDays(r storage.Range) string {
	switch {
	case r.From == 0 && r.To == 0:
		return "all"
	case r.From == 0:
		return ".." + r.To.String()
	case r.From == r.To:
		return r.From.String()
	default:
		return r.From.String() + ".." + r.To.String()
	}
}
