// Package export writes sheets as files: csv, xlsx and json. Rows are streamed; no format keeps them in memory.
//
// A new format is a file with a Write function and a line in [Formats].
package export

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// Formats lists the formats in the order that people see them.
func Formats() []reports.Format {
	return []reports.Format{
		{Name: "csv", Type: "text/csv; charset=utf-8", Write: writeCSV},
		{Name: "xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Write: writeXLSX},
		{Name: "json", Type: "application/json", Write: writeJSON},
	}
}

// checkEvery is after how many rows a cancelled export notices.
const checkEvery = 256

// rowsOf are the rows of a sheet until ctx ends: then its error is the last one.
func rowsOf(ctx context.Context, s reports.Sheet) iter.Seq2[[]storage.Cell, error] {
	return func(yield func([]storage.Cell, error) bool) {
		n := 0
		for row, err := range s.Rows {
			switch {
			case err != nil:
			case n%checkEvery == 0 && ctx.Err() != nil:
				err = ctx.Err()
			case len(row) != len(s.Columns):
				err = fmt.Errorf("row %d of %s has %d cells for %d columns", n+1, s.Name, len(row), len(s.Columns))
			}
			if !yield(row, err) || err != nil {
				return
			}
			n++
		}
	}
}

// untilDone writes to w until ctx ends.
type untilDone struct {
	ctx context.Context
	w   io.Writer
}

func (u untilDone) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(p)
}

// zoneOf is the zone in which csv and xlsx show times.
func zoneOf(s reports.Sheet) (*time.Location, error) {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, fmt.Errorf("sheet %s: %w", s.Name, err)
	}
	return zone, nil
}

// wording is the sheet's language, or the default one.
func wording(s reports.Sheet) *reports.Language {
	if s.Lang == nil {
		return reports.LanguageFor("")
	}
	return s.Lang
}

// text is a cell of words as csv and xlsx show it; lists are joined as in tag_path (MODEL 4).
func text(c storage.Cell) string {
	if c.Kind == storage.CellList {
		return strings.Join(c.List, " → ")
	}
	return c.Text
}
