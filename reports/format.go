package reports

import (
	"context"
	"io"
)

// Format writes sheets as files of one kind. Formats live in reports/export; main hands the list to commands.
type Format struct {
	Name string // csv, xlsx, json: what people type after format:
	Type string // MIME
	// Write streams the sheet and tells how many rows went out. Memory does not grow with the rows.
	Write func(ctx context.Context, w io.Writer, s Sheet) (rows int64, err error)
}

// LimitError: the sheet does not fit into the format. Text tells the asker what to do instead.
type LimitError struct{ Text string }

func (e *LimitError) Error() string { return e.Text }
