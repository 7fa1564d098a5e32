package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
)

var update = flag.Bool("update", false, "write golden files anew")

// noon is 24 November 2025, 10:00:00.123 in Tegucigalpa.
var noon = storage.InstantOf(time.Date(2025, 11, 24, 16, 0, 0, 123e6, time.UTC))

// sheetOf makes a sheet of some rows, with a column of every kind.
func sheetOf(rows ...[]storage.Cell) reports.Sheet {
	return reports.Sheet{
		Name: "audit",
		Columns: []reports.SheetColumn{
			{Name: "send", Label: "Send", Doc: "The producer's id.", Kind: storage.CellText},
			{Name: "contact", Label: "Contact", Doc: `The "customer".`, Kind: storage.CellText},
			{Name: "time", Label: "Send date", Doc: "When it was sent.", Kind: storage.CellTime},
			{Name: "answers", Label: "Answers", Doc: "How many.", Kind: storage.CellInt},
			{Name: "sale", Label: "Sale", Doc: "A sale tagging.", Kind: storage.CellBool},
			{Name: "tag_path", Label: "Tagging path", Doc: "In order.", Kind: storage.CellList},
			{Name: "value", Label: "Value", Doc: "By currency.", Kind: storage.CellAmounts},
			{Name: "read_percent", Label: "Read %", Doc: "Share.", Kind: storage.CellPercent},
		},
		About: []reports.Fact{{Name: "command", Label: "Command", Value: "audit channel:WA"}, {Name: "rows", Label: "Rows", Value: "3"}},
		Zone:  "America/Tegucigalpa",
		Rows: func(yield func([]storage.Cell, error) bool) {
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		},
	}
}

func sample() reports.Sheet {
	amounts := storage.Amounts(map[string]decimal.Decimal{"USD": decimal.RequireFromString("99.9"), "HNL": decimal.RequireFromString("1500.5")})
	absent := make([]storage.Cell, 8)
	absent[0] = storage.Text("S2")
	return sheetOf(
		[]storage.Cell{storage.Text("S1"), storage.Text("+50499990001"), storage.At(noon), storage.Int(2), storage.Bool(true), storage.List([]string{"Interested", "Closed, \"purchase\""}), amounts, {Kind: storage.CellPercent, N: 335}},
		absent,
		[]storage.Cell{storage.Text("=1+1"), storage.Text("Día ñandú 🎉"), storage.At(noon), storage.Int(-3), storage.Bool(false), storage.List(nil), storage.Amounts(nil), {Kind: storage.CellPercent, N: 1000}},
	)
}

func export(t testing.TB, format string, s reports.Sheet) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, f := range Formats() {
		if f.Name == format {
			if _, err := f.Write(t.Context(), &b, s); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			return b.Bytes()
		}
	}
	t.Fatalf("no format %s", format)
	return nil
}

func TestGoldenFiles(t *testing.T) {
	for _, format := range []string{"csv", "json"} {
		got := export(t, format, sample())
		name := filepath.Join("testdata", "sample."+format)
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCSVReadsBack(t *testing.T) {
	file := export(t, "csv", sample())
	body, marked := strings.CutPrefix(string(file), byteOrderMark)
	if !marked {
		t.Error("no byte order mark: Excel would not read it as UTF-8")
	}
	got, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Send", "Contact", "Send date", "Answers", "Sale", "Tagging path", "Value", "Read %"},
		{"S1", "+50499990001", "2025-11-24 10:00:00", "2", "yes", `Interested → Closed, "purchase"`, "1500.5 HNL, 99.9 USD", "33.5"},
		{"S2", "", "", "", "", "", "", ""},
		{"'=1+1", "Día ñandú 🎉", "2025-11-24 10:00:00", "-3", "no", "", "", "100.0"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJSONReadsBack(t *testing.T) {
	var got struct {
		About struct {
			Command, Rows string
			Columns       map[string]string
		}
		Records []map[string]any
	}
	if err := json.Unmarshal(export(t, "json", sample()), &got); err != nil {
		t.Fatal(err)
	}
	if got.About.Command != "audit channel:WA" || got.About.Rows != "3" || got.About.Columns["contact"] != `The "customer".` || len(got.About.Columns) != 8 {
		t.Errorf("about %+v", got.About)
	}
	want := []map[string]any{
		{"send": "S1", "contact": "+50499990001", "time": "2025-11-24T16:00:00.123Z", "answers": 2.0, "sale": true, "tag_path": []any{"Interested", `Closed, "purchase"`}, "value": map[string]any{"HNL": "1500.5", "USD": "99.9"}, "read_percent": 33.5},
		{"send": "S2", "contact": nil, "time": nil, "answers": nil, "sale": nil, "tag_path": nil, "value": nil, "read_percent": nil},
		{"send": "=1+1", "contact": "Día ñandú 🎉", "time": "2025-11-24T16:00:00.123Z", "answers": -3.0, "sale": false, "tag_path": []any{}, "value": map[string]any{}, "read_percent": 100.0},
	}
	if diff := cmp.Diff(want, got.Records); diff != "" {
		t.Error(diff)
	}
}

// Hostile beginnings are guarded; phones, words and our own numbers are not touched.
func TestFormulaGuard(t *testing.T) {
	for s, guarded := range map[string]bool{
		"=1+1": true, "+1+1": true, "-1": true, "@SUM(A1)": true, "|cmd": true, "\t=1": true, "\r=1": true, "\n=1": true,
		"  =1": true, "\uFEFF=1": true, "＝1": true, "＋1": true, "－1": true, "＠A": true, "'=1": true,
		"+549115555": false, "+12345678901234567": true, "+50 4999": true, " +549115555": true, "+": true, "+549115555x": true,
		"Black Friday": false, "a=1": false, "'quoted'": false, "": false, "50499990001": false, "ñ": false,
	} {
		if got := looksLikeFormula(s); got != guarded {
			t.Errorf("%q: guarded %v, want %v", s, got, guarded)
		}
	}
}

// hostile draws texts as attackers write them.
func hostile(t *rapid.T, name string) string {
	start := rapid.SampledFrom([]string{"", "=", "+", "-", "@", "|", "＝", "\t", "\n", " =", "'", "'=", "\uFEFF+", "+549", `"`, "\x00", "\xff", "\u202e", "_x0041_"})
	return start.Draw(t, name+" start") + rapid.String().Draw(t, name)
}

// Whatever customers type, the csv gives it back when one guarding apostrophe is taken away, and no field begins
// like a formula.
func TestAnyTextSurvivesCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 100 {
			survivesCSV(t, hostile(t, "text"))
		}
	})
}

func survivesCSV(t *rapid.T, s string) {
	t.Helper()
	quoted := string(appendQuoted(nil, s))
	rows, err := csv.NewReader(strings.NewReader(quoted + ",end\n")).ReadAll()
	if err != nil || len(rows) != 1 || len(rows[0]) != 2 {
		t.Fatalf("%q becomes %q: %v %v", s, quoted, rows, err)
	}
	got := rows[0][0]
	if looksLikeFormula(got) && got[0] != '\'' {
		t.Fatalf("%q is not guarded", got)
	}
	if plain, ok := strings.CutPrefix(got, "'"); ok && looksLikeFormula(plain) {
		got = plain
	}
	want := strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	want = strings.ReplaceAll(want, "\r\n", "\n") // encoding/csv reads line ends so
	if got != want {
		t.Fatalf("%q came back as %q", want, got)
	}
}

// open reads a workbook.
func open(t testing.TB, file []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	return book
}

func TestXLSXReadsBack(t *testing.T) {
	book := open(t, export(t, "xlsx", sample()))
	if diff := cmp.Diff([]string{"audit", "about"}, book.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	got, err := book.GetRows("audit")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Send", "Contact", "Send date", "Answers", "Sale", "Tagging path", "Value", "Read %"},
		{"S1", "+50499990001", "2025-11-24 10:00:00", "2", "TRUE", `Interested → Closed, "purchase"`, "1500.5 HNL, 99.9 USD", "33.5%"},
		{"S2"},
		{"=1+1", "Día ñandú 🎉", "2025-11-24 10:00:00", "-3", "FALSE", "", "", "100.0%"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for cell, want := range map[string]excelize.CellType{
		"B2": excelize.CellTypeInlineString, "C2": excelize.CellTypeUnset, "D2": excelize.CellTypeUnset, "E2": excelize.CellTypeBool, "A4": excelize.CellTypeInlineString,
	} {
		if got, err := book.GetCellType("audit", cell); err != nil || got != want {
			t.Errorf("%s has type %v, want %v (%v)", cell, got, want, err)
		}
	}
	if formula, err := book.GetCellFormula("audit", "A4"); err != nil || formula != "" {
		t.Errorf("A4 is a formula: %q %v", formula, err)
	}
	raw, err := book.GetCellValue("audit", "C2", excelize.Options{RawCellValue: true})
	if err != nil || !strings.HasPrefix(raw, "45985.416") { // 24 November 2025 is day 45,985; 10 h are 0.41667
		t.Errorf("the date is %s, %v", raw, err)
	}
	panes, err := book.GetPanes("audit")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header is not frozen: %+v %v", panes, err)
	}
	names := book.GetDefinedName()
	if len(names) != 1 || names[0].RefersTo != "'audit'!$A$1:$H$4" {
		t.Errorf("no filter over all rows: %+v", names)
	}
	about, err := book.GetRows("about")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"Command", "audit channel:WA"}, {"Rows", "3"}, nil, {"Column", "Meaning"}, {"Send", "The producer's id."}}, about[:5]); diff != "" {
		t.Error(diff)
	}
}

func TestXLSXCutsLongCells(t *testing.T) {
	long := strings.Repeat("a", maxChars+1)
	party := strings.Repeat("🎉", maxChars) // two units each
	fits := strings.Repeat("ñ", maxChars)
	row := make([]storage.Cell, 8)
	row[0], row[1], row[5] = storage.Text(long), storage.Text(party), storage.List([]string{fits})
	book := open(t, export(t, "xlsx", sheetOf(row)))
	for cell, want := range map[string]string{
		"A2": strings.Repeat("a", maxChars-16) + "… [+17]",
		"B2": strings.Repeat("🎉", 16375) + "… [+16392]",
		"F2": fits,
	} {
		if got, err := book.GetCellValue("audit", cell); err != nil || got != want {
			t.Errorf("%s is %d bytes that end in %q, want %d (%v)", cell, len(got), got[max(0, len(got)-20):], len(want), err)
		}
	}
	if got, _ := book.GetCellValue("about", "B3"); !strings.HasPrefix(got, "2;") {
		t.Errorf("about says %q of the cut cells", got)
	}
}

func TestAnyTextSurvivesXLSX(t *testing.T) {
	var sent []string
	rapid.Check(t, func(t *rapid.T) {
		for range 100 {
			sent = append(sent, hostile(t, "text"))
		}
	})
	var rows [][]storage.Cell
	for _, s := range sent {
		row := make([]storage.Cell, 8)
		row[0] = storage.Text(s)
		rows = append(rows, append(row[:7], storage.Cell{Kind: storage.CellPercent}))
	}
	got, err := open(t, export(t, "xlsx", sheetOf(rows...))).GetRows("audit")
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sent {
		if want := xmlText(s); got[i+1][0] != want {
			t.Errorf("%q came back as %q", want, got[i+1][0])
		}
	}
}

// xmlText is what XML can hold of a text (XML 1.0, Char).
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func TestFailuresReachTheCaller(t *testing.T) {
	gone := errors.New("disk gone")
	broken := sample()
	broken.Rows = func(yield func([]storage.Cell, error) bool) { yield(nil, gone) }
	narrow := sheetOf([]storage.Cell{storage.Text("S1")})
	nowhere := sample()
	nowhere.Zone = "Mars/Base"
	for _, f := range Formats() {
		if _, err := f.Write(t.Context(), io.Discard, broken); !errors.Is(err, gone) {
			t.Errorf("%s: error of a row became %v", f.Name, err)
		}
		if _, err := f.Write(t.Context(), failing{gone}, sample()); !errors.Is(err, gone) {
			t.Errorf("%s: error of the writer became %v", f.Name, err)
		}
		if _, err := f.Write(t.Context(), io.Discard, narrow); err == nil {
			t.Errorf("%s: a row with too few cells went out", f.Name)
		}
		if _, err := f.Write(t.Context(), io.Discard, nowhere); (err == nil) != (f.Name == "json") {
			t.Errorf("%s: a zone that does not exist gives %v", f.Name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A cancelled export stops within some hundred rows, and excelize's temporary file is gone.
func TestCancelStopsSoon(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, f := range Formats() {
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		s := endless(sample())
		rows := s.Rows
		s.Rows = func(yield func([]storage.Cell, error) bool) {
			for row, err := range rows {
				if seen++; seen == 200_000 {
					cancel()
				}
				if !yield(row, err) {
					return
				}
			}
		}
		if _, err := f.Write(ctx, io.Discard, s); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", f.Name, err)
		}
		if seen > 200_000+checkEvery {
			t.Errorf("%s: %d rows were read after the end", f.Name, seen-200_000)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// endless repeats the rows of a sheet for ever.
func endless(s reports.Sheet) reports.Sheet {
	rows := s.Rows
	s.Rows = func(yield func([]storage.Cell, error) bool) {
		for {
			for row, err := range rows {
				if !yield(row, err) {
					return
				}
			}
		}
	}
	return s
}

func TestXLSXRefusesTooManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a million rows")
	}
	s := sample()
	s.Columns = s.Columns[:1]
	one := []storage.Cell{{}}
	s.Rows = func(yield func([]storage.Cell, error) bool) {
		for yield(one, nil) {
		}
	}
	var tooMany *reports.LimitError
	n, err := writeXLSX(t.Context(), io.Discard, s)
	if !errors.As(err, &tooMany) || n != maxRows || !strings.Contains(tooMany.Text, "1,048,575") {
		t.Errorf("%d rows, %v", n, err)
	}
}

// tide is how much a format held and wrote.
type tide struct {
	heap    uint64 // largest, sampled while rows are read and while bytes go out
	bytes   int
	largest int // single write
}

// watch writes n rows with names that do not compress.
func watch(t *testing.T, f reports.Format, n int) tide {
	t.Helper()
	var seen tide
	look := func() {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		seen.heap = max(seen.heap, m.HeapAlloc)
	}
	random := rand.NewChaCha8([32]byte{})
	s := sample()
	s.Rows = func(yield func([]storage.Cell, error) bool) {
		name := make([]byte, 32)
		row := make([]storage.Cell, len(s.Columns))
		for i := range n {
			random.Read(name)
			row[0], row[1] = storage.Text(hex.EncodeToString(name)), storage.Text("Día de la Madre")
			row[2], row[3] = storage.At(noon+storage.Instant(i)), storage.Int(int64(i))
			if i%(n/8) == 0 {
				look()
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	written, err := f.Write(t.Context(), writerFunc(func(p []byte) (int, error) {
		if seen.bytes/(n*16) < (seen.bytes+len(p))/(n*16) {
			look()
		}
		seen.bytes += len(p)
		seen.largest = max(seen.largest, len(p))
		return len(p), nil
	}), s)
	if err != nil || written != int64(n) {
		t.Fatal(written, err)
	}
	return seen
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// The rows of a large file stay neither on the heap nor in one piece at the end.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	for _, f := range Formats() {
		few, many := watch(t, f, 20_000), watch(t, f, 200_000)
		t.Logf("%s: 20,000 rows %+v; 200,000 rows %+v", f.Name, few, many)
		bound := few.heap + 3<<20
		if f.Name == "xlsx" {
			bound = few.heap + 2*excelize.StreamChunkSize // kept before it uses a file, in a buffer that doubles
		}
		if many.heap > bound {
			t.Errorf("%s: the heap grew from %d to %d bytes", f.Name, few.heap, many.heap)
		}
		if many.bytes < 8<<20 || many.largest > 128<<10 {
			t.Errorf("%s: %d bytes went out, up to %d at once", f.Name, many.bytes, many.largest)
		}
	}
}
