package reports

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"outboundbot/storage"
)

// auditName is the report that has records.
const auditName = "audit"

// AuditSheet is one row a send: the columns of the audit (MODEL 5), or those that q names. Where the scope hides
// contacts, the contact's column is its token.
func AuditSheet(rows iter.Seq2[storage.Send, error], q Query) Sheet {
	lang := q.language()
	columns := auditColumns(q)
	sheet := Sheet{Name: auditName, About: Facts(q, storage.Stats{}, -1), Zone: zoneOf(q).String(), Lang: lang}
	for _, c := range columns {
		id := "field." + c.name
		sheet.Columns = append(sheet.Columns, SheetColumn{Name: c.name, Label: lang.Say(id), Doc: lang.Say(id + ".doc"), Kind: c.kind})
	}
	sheet.Rows = func(yield func([]storage.Cell, error) bool) {
		row := make([]storage.Cell, len(columns))
		var send storage.Send // one for all rows: a row of its own would be a kilobyte of garbage
		for s, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			send = s
			for i, c := range columns {
				row[i] = c.cell(&send)
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return sheet
}

// auditColumn is a column of the audit for one question.
type auditColumn struct {
	name string
	kind storage.CellKind
	cell func(*storage.Send) storage.Cell
	text func(*storage.Send) string // of columns of texts: the same without a cell around it; nil for others
}

func auditColumns(q Query) []auditColumn {
	names := q.Columns
	if len(names) == 0 {
		for _, f := range storage.Fields {
			if f.Cell != nil && f.Name != "contact_token" {
				names = append(names, f.Name)
			}
		}
	}
	var columns []auditColumn
	for _, name := range names {
		if (name == "contact" || name == "phone") && !q.Scope.Contacts {
			name = "contact_token"
		} else if name == "phone" {
			name = "contact"
		}
		if slices.ContainsFunc(columns, func(c auditColumn) bool { return c.name == name }) {
			continue
		}
		if f, ok := storage.FieldNamed(name); ok {
			columns = append(columns, columnOf(f, q))
		}
	}
	return columns
}

// columnOf is a field's own column or, where it has none, its values as a row of a breakdown would show them.
func columnOf(f *storage.Field, q Query) auditColumn {
	if f.Cell != nil {
		kind := f.Cell(&storage.Send{}).Kind
		if kind == storage.CellNone { // only times can be absent
			kind = storage.CellTime
		}
		return auditColumn{f.Name, kind, f.Cell, f.Text}
	}
	if f.Kind == storage.YesNo {
		return auditColumn{name: f.Name, kind: storage.CellBool, cell: func(s *storage.Send) storage.Cell {
			return storage.Bool(f.Of(s, &q.Question)[0] == "yes")
		}}
	}
	return auditColumn{name: f.Name, kind: storage.CellText, cell: func(s *storage.Send) storage.Cell {
		return storage.Text(strings.Join(f.Of(s, &q.Question), ", "))
	}}
}

// TallySheet is one row a group: first the total, then the rows of each breakdown. A column tells to which one a
// row belongs, a column for each grouped field has its values, and every metric follows (MODEL 3).
func TallySheet(total storage.Tally, groups []Breakdown, q Query) Sheet {
	lang := q.language()
	fields := groupedFields(groups)
	rows := 1
	for _, g := range groups {
		rows += len(g.Rows)
	}
	return Sheet{
		Name:    q.Report,
		Columns: tallyColumns(fields, lang),
		About:   Facts(q, storage.Stats{}, int64(rows)),
		Zone:    zoneOf(q).String(),
		Lang:    lang,
		Rows: func(yield func([]storage.Cell, error) bool) {
			row := append(make([]storage.Cell, 0, 64), storage.Text("total"))
			row = append(row, make([]storage.Cell, len(fields))...)
			if !yield(appendTally(row, &total), nil) {
				return
			}
			for _, g := range groups {
				for i := range g.Rows {
					row[0] = storage.Text(strings.Join(g.By, ", "))
					clear(row[1:])
					for k, name := range g.By {
						row[1+slices.Index(fields, name)] = storage.Text(g.Rows[i].Key[k])
					}
					if !yield(appendTally(row, &g.Rows[i].Tally), nil) {
						return
					}
				}
			}
		},
	}
}

// groupedFields are the fields of all breakdowns, each once, in their order.
func groupedFields(groups []Breakdown) []string {
	var fields []string
	for _, g := range groups {
		for _, name := range g.By {
			if !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		}
	}
	return fields
}

func tallyColumns(fields []string, lang *Language) []SheetColumn {
	columns := []SheetColumn{{Name: "breakdown", Label: lang.Say("export.breakdown"), Doc: lang.Say("export.breakdown.doc"), Kind: storage.CellText}}
	for _, name := range fields {
		c := SheetColumn{Name: name, Label: lang.Say("field." + name), Doc: lang.Say("field." + name + ".doc"), Kind: storage.CellText}
		if lang.Has("metric." + name) { // answered groups sends and counts them
			c.Name, c.Label = "by_"+name, lang.Say("export.by", Args{"Field": c.Label})
		}
		columns = append(columns, c)
	}
	for _, m := range storage.Metrics {
		columns = append(columns, SheetColumn{Name: m.Name, Label: lang.Say("metric." + m.Name), Doc: lang.Say("metric." + m.Name + ".doc"), Kind: storage.CellInt})
	}
	for _, m := range storage.Metrics {
		if !m.Based {
			continue
		}
		args := Args{"Metric": lang.Say("metric." + m.Name), "Base": lang.Say("metric." + m.Base.String())}
		columns = append(columns, SheetColumn{Name: m.Name + "_percent", Label: lang.Say("export.percent", args), Doc: lang.Say("export.percent.doc", args), Kind: storage.CellPercent})
	}
	columns = append(columns, SheetColumn{Name: "value", Label: lang.Say("metric.value"), Doc: lang.Say("metric.value.doc"), Kind: storage.CellAmounts})
	for _, name := range []string{"answer_time_median_s", "answer_time_p90_s"} {
		columns = append(columns, SheetColumn{Name: name, Label: lang.Say("export." + name), Doc: lang.Say("export." + name + ".doc"), Kind: storage.CellInt})
	}
	return columns
}

// appendTally adds the cells of a tally in the order of tallyColumns.
func appendTally(row []storage.Cell, t *storage.Tally) []storage.Cell {
	for _, n := range t.N {
		row = append(row, storage.Int(n))
	}
	for m, info := range storage.Metrics {
		if !info.Based {
			continue
		}
		c := storage.Cell{}
		if p := t.Percent(storage.Metric(m)); p.Known {
			c = storage.Cell{Kind: storage.CellPercent, N: p.Tenths}
		}
		row = append(row, c)
	}
	row = append(row, storage.Amounts(t.Value))
	if !t.AnswerTime.Known {
		return append(row, storage.Cell{}, storage.Cell{})
	}
	return append(row, seconds(t.AnswerTime.Median), seconds(t.AnswerTime.P90))
}

// seconds rounds milliseconds to the nearest second.
func seconds(ms int64) storage.Cell { return storage.Int((ms + 500) / 1000) }

// Facts tell how a sheet came about. What stats does not know and a negative number of rows are left out; reports
// that know them set [Sheet.About] anew.
func Facts(q Query, stats storage.Stats, rows int64) []Fact {
	lang := q.language()
	var facts []Fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, Fact{Name: name, Label: lang.Say("export.about." + name), Value: value})
		}
	}
	add("report", q.Report)
	add("command", q.Command)
	add("range", lang.Days(q.Range))
	add("tz", zoneOf(q).String())
	add("filters", conditions(q.Where, q.Scope))
	add("scope", conditions(q.Scope.Where(), q.Scope))
	add("as_of", q.Now.String())
	add("data_to", stats.Latest.String())
	if rows >= 0 {
		add("rows", strconv.FormatInt(rows, 10))
	}
	return facts
}

// conditions writes filters as people type them; phones are masked where the scope hides contacts.
func conditions(where []storage.Condition, scope storage.Scope) string {
	terms := make([]string, len(where))
	for i, c := range where {
		values := make([]string, len(c.Values))
		for k, v := range c.Values {
			v = shownTo(scope, c.Field, v)
			if strings.ContainsAny(v, " ,:") {
				v = `"` + v + `"`
			}
			values[k] = v
		}
		terms[i] = c.Field + ":" + strings.Join(values, ",")
		if c.Not {
			terms[i] = "-" + terms[i]
		}
	}
	return strings.Join(terms, " ")
}

// shownTo is a value of a filter as an asker may see it: a phone is masked where the scope hides contacts, unless a
// token stands for it already. Commands always put a token there, this is the second lock.
func shownTo(scope storage.Scope, field, value string) string {
	if field != "phone" || scope.Contacts || strings.HasPrefix(value, "~") {
		return value
	}
	return storage.Mask("WA", value)
}

// language is the asker's, or the default.
func (q *Query) language() *Language {
	if q.Lang == nil {
		return languages[0]
	}
	return q.Lang
}

func zoneOf(q Query) *time.Location {
	if q.Zone == nil {
		return time.UTC
	}
	return q.Zone
}
