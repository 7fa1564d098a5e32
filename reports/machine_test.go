package reports_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/memory"
	"outboundbot/storage/storagetest"
)

// object is decoded JSON; numbers keep their text, so that 40.0 differs from 40.
type object = map[string]any

func decode(t testing.TB, from []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(from))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in %.200s", err, from)
	}
}

// golden is the golden set, and a store that holds its events.
func golden(t *testing.T) (*storagetest.GoldenSet, *memory.Store) {
	t.Helper()
	store := memory.New(nil)
	if r, err := store.Append(t.Context(), storagetest.GoldenEvents(t)); err != nil || len(r.Rejected) > 0 {
		t.Fatal(r, err)
	}
	return storagetest.Golden(t), store
}

// query is a golden question as a report asks it.
func query(t *testing.T, g storagetest.GoldenQuestion) reports.Query {
	t.Helper()
	q := reports.Query{Report: "summary", Command: "summary", Question: g.Question(t)}
	if g.Ask.Audit {
		q.Report = "audit"
	}
	return q
}

// objects decodes a list of the golden set.
func objects(t *testing.T, from json.RawMessage) (list []object) {
	t.Helper()
	if from != nil {
		decode(t, from, &list)
	}
	return list
}

// answer asks a store as the reports do.
func answer(t *testing.T, store storage.Store, q reports.Query) reports.Result {
	t.Helper()
	count, err := store.Count(t.Context(), q.Question)
	if err != nil {
		t.Fatal(err)
	}
	r := reports.Result{Query: q, Total: count.Total}
	for i, by := range q.By {
		r.Groups = append(r.Groups, reports.Breakdown{By: by, Rows: count.Groups[i]})
	}
	if q.Report == "audit" {
		for s, err := range store.Sends(t.Context(), q.Question, storage.Order{}) {
			if err != nil {
				t.Fatal(err)
			}
			r.Records = append(r.Records, s)
		}
	}
	return r
}

func machine(t testing.TB, r reports.Result, more ...reports.Member) object {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b, more...); err != nil {
		t.Fatal(err)
	}
	var got object
	decode(t, b.Bytes(), &got)
	return got
}

// The golden set says what every figure and every record looks like.
func TestMachineFormOfGoldenSet(t *testing.T) {
	set, store := golden(t)
	for _, g := range set.Questions {
		t.Run(g.Name, func(t *testing.T) {
			got := machine(t, answer(t, store, query(t, g)))
			var total object
			decode(t, g.Total, &total)
			compare(t, total, got["total"].(object))
			var rows []any
			if groups := got["groups"].([]any); len(groups) > 0 {
				rows = groups[0].(object)["rows"].([]any)
			}
			wanted := objects(t, g.Rows)
			if len(rows) != len(wanted) {
				t.Fatalf("%d rows, want %d", len(rows), len(wanted))
			}
			for i, want := range wanted {
				compare(t, want, rows[i].(object))
			}
			records, listed := got["records"].([]any)
			audit := objects(t, g.Audit)
			if listed != g.Ask.Audit || len(records) != len(audit) {
				t.Fatalf("records listed: %v, %d of them, want %d", listed, len(records), len(audit))
			}
			for i, want := range audit {
				if diff := cmp.Diff(want, records[i]); diff != "" {
					t.Errorf("record %v (-want +got):\n%s", want["send"], diff)
				}
			}
		})
	}
}

// compare finds every member of want in got, which may say more.
func compare(t *testing.T, want, got object) {
	t.Helper()
	for name := range want {
		if diff := cmp.Diff(want[name], got[name]); diff != "" {
			t.Errorf("%s of %v (-want +got):\n%s", name, want["key"], diff)
		}
	}
}

func TestMachineFormHead(t *testing.T) {
	set, store := golden(t)
	q := query(t, set.Questions[0])
	r := answer(t, store, q)
	r.Notes = []reports.Caveat{{ID: "individual_assigned", Text: "…"}}
	got := machine(t, r, reports.Member{Name: "timing", JSON: json.RawMessage(`{"runs":3}`)})
	delete(got, "total")
	delete(got, "records")
	want := object{
		"report": "audit", "command": "summary", "as_of": "2025-12-05T00:00:00.000Z",
		"range":  object{"from": "2025-11-24", "to": "2025-11-30", "tz": "America/Tegucigalpa"},
		"groups": []any{}, "notes": []any{"individual_assigned"}, "timing": object{"runs": json.Number("3")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	open := machine(t, reports.Result{Query: reports.Query{Report: "audit"}})
	if diff := cmp.Diff(object{"from": nil, "to": nil, "tz": "UTC"}, open["range"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{}, open["records"]); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsHideContacts(t *testing.T) {
	set, store := golden(t)
	q := query(t, set.Questions[0])
	q.Scope.Contacts = false
	for _, columns := range [][]string{nil, {"send", "contact"}, {"phone", "contact_token"}} {
		q.Columns = columns
		records := machine(t, answer(t, store, q))["records"].([]any)
		first := records[0].(object)
		if token, _ := first["contact_token"].(string); token == "" || strings.Contains(token, "50499990001") {
			t.Errorf("columns %v: token %q", columns, token)
		}
		for _, name := range []string{"contact", "phone"} {
			if v, ok := first[name]; ok {
				t.Errorf("columns %v: %s is shown as %v", columns, name, v)
			}
		}
	}
}

func TestColumnsAsAsked(t *testing.T) {
	set, store := golden(t)
	q := query(t, set.Questions[0])
	q.Columns = []string{"day", "send", "failure", "read", "tag", "send"}
	records := machine(t, answer(t, store, q))["records"].([]any)
	want := object{"day": "2025-11-24", "send": "S1", "failure": "(none)", "read": true, "tag": "Interested, Closed purchase"}
	if diff := cmp.Diff(want, records[0]); diff != "" {
		t.Error(diff)
	}
}

// An audit for a file streams its sheet: the records need not be in memory.
func TestFileRecordsAreStreamed(t *testing.T) {
	const many = 5000
	var rows iter.Seq2[storage.Send, error] = func(yield func(storage.Send, error) bool) {
		for range many {
			if !yield(storage.Send{ID: "s"}, nil) {
				return
			}
		}
	}
	q := reports.Query{Report: "audit", File: true, Columns: []string{"send"}}
	r := reports.Result{Query: q, Sheet: reports.AuditSheet(rows, q)}
	if n := len(machine(t, r)["records"].([]any)); n != many {
		t.Errorf("%d records, want %d", n, many)
	}
	broken := errors.New("disk gone")
	r.Sheet = reports.AuditSheet(func(yield func(storage.Send, error) bool) { yield(storage.Send{}, broken) }, q)
	if err := r.WriteJSON(&bytes.Buffer{}); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

// Whatever names customers choose, the records decode to them.
func TestAnyNameSurvives(t *testing.T) {
	columns := []reports.SheetColumn{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	rapid.Check(t, func(t *rapid.T) {
		name, list := rapid.String().Draw(t, "name"), rapid.SliceOf(rapid.String()).Draw(t, "list")
		n := rapid.Int64().Draw(t, "n")
		var b bytes.Buffer
		count, err := reports.WriteRecords(&b, columns, func(yield func([]storage.Cell, error) bool) {
			yield([]storage.Cell{storage.Text(name), storage.List(list), storage.Int(n)}, nil)
		})
		if err != nil || count != 1 {
			t.Fatal(count, err)
		}
		var got []struct {
			A string   `json:"a"`
			B []string `json:"b"`
			C int64    `json:"c"`
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got[0].A != name || !cmp.Equal(got[0].B, append([]string{}, list...)) || got[0].C != n {
			t.Fatalf("got %+v", got)
		}
	})
}

// Every ASCII character survives at every place of a name, among others that need no escape.
func TestEveryCharacterSurvives(t *testing.T) {
	columns := []reports.SheetColumn{{Name: "a"}}
	var want []string
	for c := range rune(0x81) {
		for _, n := range []int{1, 3, 8, 9, 17} {
			for at := range n {
				name := []rune(strings.Repeat("n", n))
				name[at] = c
				want = append(want, string(name))
			}
		}
	}
	var b bytes.Buffer
	_, err := reports.WriteRecords(&b, columns, func(yield func([]storage.Cell, error) bool) {
		for _, name := range want {
			if !yield([]storage.Cell{storage.Text(name)}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []struct{ A string }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for i, name := range want {
		if got[i].A != name {
			t.Fatalf("%q is written as %q", name, got[i].A)
		}
	}
}

func TestTallySheet(t *testing.T) {
	set, store := golden(t)
	q := query(t, set.Questions[0])
	q.Report, q.By = "summary", []storage.Grouping{{"origin"}, {"answered"}}
	r := answer(t, store, q)
	sheet := reports.TallySheet(r.Total, r.Groups, q)
	var b bytes.Buffer
	n, err := reports.WriteRecords(&b, sheet.Columns, sheet.Rows)
	if err != nil {
		t.Fatal(err)
	}
	var got []object
	decode(t, b.Bytes(), &got)
	if want := 1 + len(r.Groups[0].Rows) + len(r.Groups[1].Rows); int(n) != want || len(got) != want {
		t.Fatalf("%d rows, want %d", n, want)
	}
	total := object{
		"breakdown": "total", "origin": nil, "by_answered": nil, "answered": json.Number("4"), "answered_percent": json.Number("40.0"),
		"value": object{"HNL": "1500.5", "USD": "99.9"}, "answer_time_median_s": json.Number("300"), "answer_time_p90_s": json.Number("1500"),
	}
	compare(t, total, got[0])
	compare(t, object{"breakdown": "origin", "origin": "flow", "by_answered": nil, "attempted": json.Number("7")}, got[1])
	last := got[len(got)-1]
	compare(t, object{"breakdown": "answered", "origin": nil, "by_answered": "yes", "answered": json.Number("4")}, last)
	if len(got[0]) != len(sheet.Columns) {
		t.Errorf("%d names in a record of %d columns: some are twice", len(got[0]), len(sheet.Columns))
	}
}

// A reader finds a label and a definition above every column.
func TestColumnsHaveWords(t *testing.T) {
	sends := func(func(storage.Send, error) bool) {}
	everything := reports.Query{}
	everything.Scope.Contacts = true
	for _, f := range storage.Fields {
		everything.Columns = append(everything.Columns, f.Name)
	}
	var groups []reports.Breakdown
	for _, f := range storage.Fields {
		if f.Group {
			groups = append(groups, reports.Breakdown{By: storage.Grouping{f.Name}})
		}
	}
	sheets := []reports.Sheet{
		reports.AuditSheet(sends, reports.Query{}), reports.AuditSheet(sends, everything),
		reports.TallySheet(storage.Tally{}, groups, reports.Query{}),
	}
	for _, sheet := range sheets {
		seen := map[string]bool{}
		for _, c := range sheet.Columns {
			if c.Kind == storage.CellNone || strings.Contains(c.Label+c.Doc, ".doc") || strings.Contains(c.Label, ".") {
				t.Errorf("column %+v is not complete", c)
			}
			if seen[c.Name] {
				t.Errorf("column %s is there twice", c.Name)
			}
			seen[c.Name] = true
		}
	}
}

func TestFacts(t *testing.T) {
	q := reports.Query{Report: "audit", Command: "audit contact:~x9"}
	q.Where = []storage.Condition{
		{Field: "campaign", Values: []string{"Black Friday", "Cart"}},
		{Field: "phone", Not: true, Values: []string{"573001234567"}},
	}
	q.Scope.Lines = []string{"50422220000"}
	got := map[string]string{}
	for _, f := range reports.Facts(q, storage.Stats{Latest: 1}, 7) {
		if f.Label == "" || strings.HasPrefix(f.Label, "export.") {
			t.Errorf("%s has no label", f.Name)
		}
		got[f.Name] = f.Value
	}
	want := map[string]string{
		"report": "audit", "command": "audit contact:~x9", "range": "all history", "tz": "UTC", "rows": "7",
		"filters": `campaign:"Black Friday",Cart -phone:"+57 ••• ••• 4567"`, "scope": "line:50422220000", "data_to": "1970-01-01T00:00:00.001Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
