package export

import (
	"archive/zip"
	"context"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"outboundbot/reports"
	"outboundbot/storage"
)

// Limits of a worksheet (Microsoft, "Excel specifications and limits").
const (
	maxRows  = 1<<20 - 1 // below the header
	maxChars = 32_767    // UTF-16 units of a cell
)

// aboutSheet is the second sheet: how the first came about and what its columns mean.
const aboutSheet = "about"

// writeXLSX writes a workbook: rows with typed cells below a frozen header with filters, and a sheet that explains
// them. Rows go through a temporary file and the parts straight to w, so that neither is held in memory.
func writeXLSX(ctx context.Context, w io.Writer, s reports.Sheet) (n int64, err error) {
	book := excelize.NewFile()
	defer func() {
		if closed := book.Close(); err == nil {
			err = closed
		}
	}()
	book.SetZipWriter(func(io.Writer) excelize.ZipWriter { // not the buffer that excelize would fill
		return &archive{zip.NewWriter(untilDone{ctx, w}), wording(s)}
	})
	if err := book.SetSheetName(book.GetSheetName(0), s.Name); err != nil {
		return 0, err
	}
	looks, err := newLooks(book)
	if err != nil {
		return 0, err
	}
	n, cut, err := writeGrid(ctx, book, s, looks)
	if err != nil {
		return n, err
	}
	if err := writeAbout(book, s, looks, cut); err != nil {
		return n, err
	}
	return n, book.Write(io.Discard)
}

// archive is a zip file whose entries are refused when they need Zip64: spreadsheets take such files for damaged.
type archive struct {
	*zip.Writer
	lang *reports.Language
}

func (a *archive) Create(name string) (io.Writer, error) {
	entry, err := a.Writer.Create(name)
	return &part{entry: entry, lang: a.lang}, err
}

type part struct {
	entry io.Writer
	bytes int64
	lang  *reports.Language
}

func (p *part) Write(b []byte) (int, error) {
	if p.bytes += int64(len(b)); p.bytes > math.MaxUint32 {
		return 0, &reports.LimitError{Text: p.lang.Say("export.xlsx.bytes")}
	}
	return p.entry.Write(b)
}

// looks are the styles of a workbook.
type looks struct {
	head int
	of   map[storage.CellKind]int
}

func newLooks(book *excelize.File) (looks, error) {
	when := "yyyy-mm-dd hh:mm:ss"
	share := "0.0%"
	const asText = 49 // built-in format @: what looks like a number stays as typed
	var err error
	style := func(s excelize.Style) int {
		id, e := book.NewStyle(&s)
		if e != nil {
			err = e
		}
		return id
	}
	l := looks{head: style(excelize.Style{Font: &excelize.Font{Bold: true}}), of: map[storage.CellKind]int{
		storage.CellText:    style(excelize.Style{NumFmt: asText}),
		storage.CellTime:    style(excelize.Style{CustomNumFmt: &when}),
		storage.CellPercent: style(excelize.Style{CustomNumFmt: &share}),
	}}
	return l, err
}

// writeGrid writes the first sheet and tells how many rows went out and how many cells were cut.
func writeGrid(ctx context.Context, book *excelize.File, s reports.Sheet, l looks) (n int64, cut int, err error) {
	zone, err := zoneOf(s)
	if err != nil {
		return 0, 0, err
	}
	grid, err := openGrid(book, s, l)
	if err != nil {
		return 0, 0, err
	}
	cells := make([]excelize.Cell, len(s.Columns))
	values := make([]any, len(s.Columns))
	for row, err := range rowsOf(ctx, s) {
		if err != nil {
			return n, cut, err
		}
		if n == maxRows {
			lang := wording(s)
			return n, cut, &reports.LimitError{Text: lang.Say("export.xlsx.rows", reports.Args{"Limit": lang.Int(maxRows)})}
		}
		for i, c := range row {
			value, shortened := typed(c, zone)
			if shortened {
				cut++
			}
			cells[i] = excelize.Cell{StyleID: l.of[c.Kind], Value: value}
			if values[i] = &cells[i]; value == nil {
				values[i] = nil
			}
		}
		n++
		if err := grid.SetRow("A"+strconv.FormatInt(n+1, 10), values); err != nil {
			return n, cut, err
		}
	}
	last, err := excelize.CoordinatesToCellName(max(len(s.Columns), 1), int(n)+1)
	if err != nil {
		return n, cut, err
	}
	if err := book.AutoFilter(s.Name, "A1:"+last, nil); err != nil {
		return n, cut, err
	}
	return n, cut, grid.Flush()
}

// openGrid starts the first sheet with its column widths and header.
func openGrid(book *excelize.File, s reports.Sheet, l looks) (*excelize.StreamWriter, error) {
	grid, err := book.NewStreamWriter(s.Name)
	if err != nil {
		return nil, err
	}
	head := make([]any, len(s.Columns))
	widths := make([]float64, len(s.Columns))
	for i, c := range s.Columns {
		head[i], widths[i] = excelize.Cell{StyleID: l.head, Value: c.Label}, width(c)
	}
	if err := setWidths(grid, widths); err != nil {
		return nil, err
	}
	if err := grid.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	return grid, grid.SetRow("A1", head)
}

// setWidths goes from the last column to the first: excelize writes them the other way round, and a spreadsheet may
// take columns that do not ascend for damage.
func setWidths(grid *excelize.StreamWriter, widths []float64) error {
	for i, w := range slices.Backward(widths) {
		if err := grid.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	return nil
}

// width of a column in characters: room for its values, its label and the filter's arrow.
func width(c reports.SheetColumn) float64 {
	room := 10
	switch c.Kind {
	case storage.CellTime:
		room = 20
	case storage.CellText:
		room = 16
	case storage.CellList, storage.CellAmounts:
		room = 28
	}
	return float64(max(room, min(utf8.RuneCountInString(c.Label)+3, 40)))
}

// writeAbout writes the second sheet.
func writeAbout(book *excelize.File, s reports.Sheet, l looks, cut int) error {
	if _, err := book.NewSheet(aboutSheet); err != nil {
		return err
	}
	about, err := book.NewStreamWriter(aboutSheet)
	if err != nil {
		return err
	}
	if err := setWidths(about, []float64{28, 100}); err != nil {
		return err
	}
	lang := wording(s)
	lines := make([][2]string, 0, len(s.About)+len(s.Columns)+3)
	for _, f := range s.About {
		lines = append(lines, [2]string{f.Label, f.Value})
	}
	if cut > 0 {
		lines = append(lines, [2]string{lang.Say("export.about.cut"), lang.Say("export.about.cut.doc", reports.Args{"N": lang.Int(int64(cut)), "Limit": lang.Int(maxChars)})})
	}
	lines = append(lines, [2]string{}, [2]string{lang.Say("export.about.column"), lang.Say("export.about.meaning")})
	heading := len(lines) - 1
	for _, c := range s.Columns {
		lines = append(lines, [2]string{c.Label, c.Doc})
	}
	for i, line := range lines {
		key, value := excelize.Cell{StyleID: l.head, Value: line[0]}, excelize.Cell{Value: line[1]}
		if i == heading {
			value.StyleID = l.head
		}
		if err := about.SetRow("A"+strconv.Itoa(i+1), []any{key, value}); err != nil {
			return err
		}
	}
	return about.Flush()
}

// typed is the value that a spreadsheet sorts and adds up: nil for an empty cell. shortened tells that a text was
// longer than a cell holds.
func typed(c storage.Cell, zone *time.Location) (value any, shortened bool) {
	switch c.Kind {
	case storage.CellNone:
		return nil, false
	case storage.CellInt:
		return c.N, false
	case storage.CellBool:
		return c.N != 0, false
	case storage.CellPercent:
		return float64(c.N) / 1000, false
	case storage.CellTime:
		return serial(c.N, zone), false
	default:
		s := text(c)
		if s == "" {
			return nil, false
		}
		fitting, shortened := fit(s)
		return fitting, shortened
	}
}

// serial is a local date-time as spreadsheets count it: days since 30 December 1899.
func serial(ms int64, zone *time.Location) float64 {
	const day, epoch = 86_400_000, 25_569
	_, offset := time.UnixMilli(ms).In(zone).Zone()
	return epoch + float64(ms+int64(offset)*1000)/day
}

// fit cuts a text that is longer than a cell holds and says at its end how many characters are missing.
func fit(s string) (string, bool) {
	if len(s) <= maxChars {
		return s, false
	}
	const room = 16 // for the mark
	units, end := 0, 0
	for i, r := range s {
		if units <= maxChars-room {
			end = i
		}
		units += utf16.RuneLen(r)
	}
	if units <= maxChars {
		return s, false
	}
	return s[:end] + "… [+" + strconv.Itoa(utf8.RuneCountInString(s[end:])) + "]", true
}
