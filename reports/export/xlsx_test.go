package export

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
)

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

// Readers may take columns that do not ascend for damage; excelize itself does not mind.
func TestXLSXColumnsAscend(t *testing.T) {
	file := export(t, "xlsx", sample())
	parts, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for sheet, want := range map[string][]int{"sheet1": {1, 2, 3, 4, 5, 6, 7, 8}, "sheet2": {1, 2}} {
		part, err := parts.Open("xl/worksheets/" + sheet + ".xml")
		if err != nil {
			t.Fatal(err)
		}
		var grid struct {
			Cols []struct {
				Min int `xml:"min,attr"`
			} `xml:"cols>col"`
		}
		if err := xml.NewDecoder(part).Decode(&grid); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, c := range grid.Cols {
			got = append(got, c.Min)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sheet, diff)
		}
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
