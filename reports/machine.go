package reports

import (
	"encoding/json"
	"io"
	"iter"

	"outboundbot/storage"
)

// Member is one more member of the machine form: JSON is a whole value.
type Member struct {
	Name string
	JSON json.RawMessage
}

// WriteJSON writes the machine form (CHAT 7) as one object and a line feed: names from the tables of fields and
// metrics, exact integers, percentages with one decimal or null, times in UTC with milliseconds; then what else the
// caller has to say. It goes out in pieces of about 64 KiB. The records of an audit that goes into a file are
// streamed from its sheet, those of one on screen are r.Records.
func (r *Result) WriteJSON(w io.Writer, more ...Member) error {
	q := &r.Query
	j := make(jsonText, 0, r.sizeOfJSON())
	j.open('{')
	j.key("report").text(q.Report)
	j.key("command").text(q.Command)
	j.key("range").open('{')
	j.key("from").day(q.Range.From)
	j.key("to").day(q.Range.To)
	j.key("tz").text(zoneOf(*q).String())
	j.close('}')
	j.key("as_of").instant(q.Now)
	var t tallyWriter
	j.key("total").open('{')
	j = t.add(j, &r.Total)
	j.close('}')
	err := t.breakdowns(w, j.key("groups"), r.Groups)
	if err == nil {
		err = r.writeLists(w, &j)
	}
	if err != nil {
		return err
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
	_, err = w.Write(append(j, '\n'))
	return err
}

// sizeOfJSON guesses how many bytes are in memory at once.
func (r *Result) sizeOfJSON() int {
	const tally, record, event = 2500, 1600, 400
	return min((2+rowsOf(r.Groups))*tally+len(r.Records)*record+len(r.Events)*event, flushAt+8<<10)
}

// writeLists adds the records of an audit, or what the report about one customer has.
func (r *Result) writeLists(w io.Writer, j *jsonText) error {
	q := &r.Query
	switch {
	case q.Report == auditName && q.File && r.Sheet.Rows != nil:
		_, err := writeRows(w, j.key("records"), r.Sheet.Columns, r.Sheet.Rows)
		return err
	case q.Report == auditName:
		return writeSends(w, j.key("records"), auditColumns(*q), r.Records)
	case q.Report == contactName:
		j.key("answered").truth(r.answered())
		if err := writeSends(w, j.key("sends"), auditColumns(*q), r.Records); err != nil {
			return err
		}
		return j.key("events").events(w, r.Events)
	}
	return nil
}

// flushAt is how many bytes are gathered for one write.
const flushAt = 64 << 10

// WriteRecords streams rows as a JSON array with one object a line, whose members are the columns' names, and tells
// how many rows went out. Absent values are null, lists arrays, amounts {currency: "decimal"}.
func WriteRecords(w io.Writer, columns []SheetColumn, rows iter.Seq2[[]storage.Cell, error]) (n int64, err error) {
	j := make(jsonText, 0, flushAt+8<<10)
	if n, err = writeRows(w, &j, columns, rows); err != nil {
		return n, err
	}
	_, err = w.Write(j)
	return n, err
}

// writeRows adds rows to what was built so far, and writes whenever there is enough of it.
func writeRows(w io.Writer, j *jsonText, columns []SheetColumn, rows iter.Seq2[[]storage.Cell, error]) (n int64, err error) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	keys := memberKeys(names)
	j.open('[')
	for row, err := range rows {
		if err != nil {
			return n, err
		}
		j.record(n == 0)
		b := []byte(*j)
		for i := range row {
			b = appendCell(append(b, keys[i]...), &row[i])
		}
		*j = append(b, '}')
		n++
		if err := j.flush(w); err != nil {
			return n, err
		}
	}
	*j = append(*j, '\n', ']')
	return n, nil
}

// writeSends is writeRows for sends at hand: a cell lives no longer than it takes to write it.
func writeSends(w io.Writer, j *jsonText, columns []auditColumn, sends []storage.Send) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	keys := memberKeys(names)
	j.open('[')
	for i := range sends {
		j.record(i == 0)
		b := []byte(*j)
		for k := range columns {
			b = append(b, keys[k]...)
			if text := columns[k].text; text != nil {
				b = appendText(b, text(&sends[i]))
				continue
			}
			c := columns[k].cell(&sends[i])
			b = appendCell(b, &c)
		}
		*j = append(b, '}')
		if err := j.flush(w); err != nil {
			return err
		}
	}
	*j = append(*j, '\n', ']')
	return nil
}

// memberKeys are names as they begin the members of an object: "a": and ,"b":
func memberKeys(names []string) []jsonText {
	keys := make([]jsonText, len(names))
	for i, name := range names {
		if i > 0 {
			keys[i] = append(keys[i], ',')
		}
		keys[i].key(name)
	}
	return keys
}
