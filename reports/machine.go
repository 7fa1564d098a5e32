package reports

import (
	"encoding/json"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"outboundbot/storage"
)

// Member is one more member of the machine form: JSON is a whole value.
type Member struct {
	Name string
	JSON json.RawMessage
}

// WriteJSON writes the machine form (CHAT 7) as one object and a line feed: names from the tables of fields and
// metrics, exact integers, percentages with one decimal or null, times in UTC with milliseconds; then what else the
// caller has to say. The records of an audit that goes into a file are streamed from its sheet, those of one on
// screen are r.Records.
func (r *Result) WriteJSON(w io.Writer, more ...Member) error {
	q := &r.Query
	var j jsonText
	j.open('{')
	j.key("report").text(q.Report)
	j.key("command").text(q.Command)
	j.key("range").open('{')
	j.key("from").day(q.Range.From)
	j.key("to").day(q.Range.To)
	j.key("tz").text(zoneOf(*q).String())
	j.close('}')
	j.key("as_of").instant(q.Now)
	j.key("total").open('{')
	j.tally(&r.Total)
	j.close('}')
	j.key("groups").breakdowns(r.Groups)
	switch q.Report {
	case auditName:
		if err := j.key("records").sheet(w, r.recordSheet()); err != nil {
			return err
		}
	case contactName:
		j.key("answered").truth(r.answered())
		if err := j.key("sends").sheet(w, auditOf(r.Records, *q)); err != nil {
			return err
		}
		j.key("events").events(r.Events)
	}
	j.key("notes").open('[')
	for _, n := range r.Notes {
		j.text(n.ID)
	}
	j.close(']')
	for _, m := range more {
		j = append(*j.key(m.Name), m.JSON...)
	}
	j.close('}')
	_, err := w.Write(append(j, '\n'))
	return err
}

func (r *Result) recordSheet() Sheet {
	if r.Query.File && r.Sheet.Rows != nil {
		return r.Sheet
	}
	return auditOf(r.Records, r.Query)
}

// auditOf is the sheet of records at hand.
func auditOf(records []storage.Send, q Query) Sheet {
	return AuditSheet(func(yield func(storage.Send, error) bool) {
		for _, s := range records {
			if !yield(s, nil) {
				return
			}
		}
	}, q)
}

// sheet writes what was built so far and then the rows of a sheet, so that they are never all in memory. The object
// goes on after them.
func (j *jsonText) sheet(w io.Writer, s Sheet) error {
	if _, err := w.Write(*j); err != nil {
		return err
	}
	*j = append((*j)[:0], ',')
	_, err := WriteRecords(w, s.Columns, s.Rows)
	return err
}

// flushAt is how many bytes of records are gathered for one write.
const flushAt = 64 << 10

// WriteRecords streams rows as a JSON array with one object a line, whose members are the columns' names, and tells
// how many rows went out. Absent values are null, lists arrays, amounts {currency: "decimal"}.
func WriteRecords(w io.Writer, columns []SheetColumn, rows iter.Seq2[[]storage.Cell, error]) (n int64, err error) {
	names := make([]jsonText, len(columns))
	for i, c := range columns {
		names[i].key(c.Name)
	}
	j := make(jsonText, 0, flushAt+4<<10)
	j = append(j, '[')
	for row, err := range rows {
		if err != nil {
			return n, err
		}
		if n > 0 {
			j = append(j, ',')
		}
		j = append(j, '\n', '{')
		for i, c := range row {
			if i > 0 {
				j = append(j, ',')
			}
			j = append(j, names[i]...)
			j.cell(c)
		}
		j = append(j, '}')
		n++
		if len(j) >= flushAt {
			if _, err := w.Write(j); err != nil {
				return n, err
			}
			j = j[:0]
		}
	}
	_, err = w.Write(append(j, '\n', ']'))
	return n, err
}

// jsonText builds JSON: members and elements stand in the order in which they are added, commas come by themselves.
type jsonText []byte

// value puts the comma that the next key or element needs.
func (j *jsonText) value() {
	if n := len(*j); n > 0 {
		switch (*j)[n-1] {
		case '{', '[', ':', ',':
		default:
			*j = append(*j, ',')
		}
	}
}

func (j *jsonText) open(bracket byte) {
	j.value()
	*j = append(*j, bracket)
}

func (j *jsonText) close(bracket byte) { *j = append(*j, bracket) }

func (j *jsonText) key(name string) *jsonText {
	j.text(name)
	*j = append(*j, ':')
	return j
}

func (j *jsonText) null() {
	j.value()
	*j = append(*j, "null"...)
}

func (j *jsonText) integer(n int64) {
	j.value()
	*j = strconv.AppendInt(*j, n, 10)
}

func (j *jsonText) truth(b bool) {
	j.value()
	*j = strconv.AppendBool(*j, b)
}

// text adds a string. Most need no escape and are copied; the others go through encoding/json.
func (j *jsonText) text(s string) {
	j.value()
	if plain(s) {
		*j = append(append(append(*j, '"'), s...), '"')
		return
	}
	escaped, err := json.Marshal(s)
	if err != nil {
		escaped = []byte(`""`) // cannot be: every string has a JSON form
	}
	*j = append(*j, escaped...)
}

func plain(s string) bool {
	ascii := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == 0x7f:
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}

func (j *jsonText) day(d storage.Day) {
	if d == 0 {
		j.null()
		return
	}
	j.text(d.String())
}

func (j *jsonText) instant(i storage.Instant) {
	if i == 0 {
		j.null()
		return
	}
	j.value()
	*j = i.Time().AppendFormat(append(*j, '"'), "2006-01-02T15:04:05.000Z\"")
}

func (j *jsonText) percent(p storage.Percent) {
	if !p.Known {
		j.null()
		return
	}
	j.integer(p.Tenths / 10)
	*j = append(*j, '.', '0'+byte(p.Tenths%10))
}

func (j *jsonText) cell(c storage.Cell) {
	switch c.Kind {
	case storage.CellText:
		j.text(c.Text)
	case storage.CellInt:
		j.integer(c.N)
	case storage.CellTime:
		j.instant(storage.Instant(c.N))
	case storage.CellBool:
		j.truth(c.N != 0)
	case storage.CellList:
		j.open('[')
		for _, s := range c.List {
			j.text(s)
		}
		j.close(']')
	case storage.CellAmounts:
		j.open('{')
		for i := 0; i+1 < len(c.List); i += 2 {
			j.key(c.List[i]).text(c.List[i+1])
		}
		j.close('}')
	case storage.CellPercent:
		j.percent(storage.Percent{Tenths: c.N, Known: true})
	default:
		j.null()
	}
}

// breakdowns adds the groups: rows with their key by field and every metric.
func (j *jsonText) breakdowns(groups []Breakdown) {
	j.open('[')
	for _, g := range groups {
		j.open('{')
		j.key("by").open('[')
		for _, field := range g.By {
			j.text(field)
		}
		j.close(']')
		j.key("rows").open('[')
		for i := range g.Rows {
			j.open('{')
			j.key("key").open('{')
			for k, field := range g.By {
				j.key(field).text(g.Rows[i].Key[k])
			}
			j.close('}')
			j.tally(&g.Rows[i].Tally)
			j.close('}')
		}
		j.close(']')
		j.close('}')
	}
	j.close(']')
}

// tally adds the members that the total and every row have.
func (j *jsonText) tally(t *storage.Tally) {
	j.key("counts").open('{')
	for m, info := range storage.Metrics {
		j.key(info.Name).integer(t.N[m])
	}
	j.close('}')
	j.key("percent").open('{')
	for m, info := range storage.Metrics {
		if info.Based {
			j.key(info.Name).percent(t.Percent(storage.Metric(m)))
		}
	}
	j.close('}')
	j.funnel(t)
	j.key("value").cell(storage.Amounts(t.Value))
	j.key("answer_time").open('{')
	for _, span := range []struct {
		name string
		ms   int64
	}{{"median_ms", t.AnswerTime.Median}, {"p90_ms", t.AnswerTime.P90}} {
		if j.key(span.name); t.AnswerTime.Known {
			j.integer(span.ms)
		} else {
			j.null()
		}
	}
	j.close('}')
	for s, info := range storage.Spreads {
		if info.Derived {
			continue
		}
		j.key(info.Field).open('{')
		for _, name := range slices.Sorted(maps.Keys(t.Spread[s])) {
			j.key(name).integer(t.Spread[s][name])
		}
		j.close('}')
	}
}

func (j *jsonText) funnel(t *storage.Tally) {
	first := t.N[storage.Funnel[0]]
	j.key("funnel").open('[')
	for i, m := range storage.Funnel {
		j.open('{')
		j.key("step").text(m.String())
		j.key("n").integer(t.N[m])
		j.key("of_successful").percent(storage.PercentOf(t.N[m], first))
		previous := storage.Percent{} // the first step has none
		if i > 0 {
			previous = storage.PercentOf(t.N[m], t.N[storage.Funnel[i-1]])
		}
		j.key("of_previous").percent(previous)
		j.close('}')
	}
	j.close(']')
}
