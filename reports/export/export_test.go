package export

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

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
