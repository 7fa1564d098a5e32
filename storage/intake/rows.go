package intake

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// rows cuts CSV (RFC 4180) into cells. It is not encoding/csv, since that holds everything up to the end of the
// input when a quote is never closed: here a faulty row costs its first line only, and no row is longer than
// maxLine. Line ends within cells come out as LF.
type rows struct {
	lines lines
	comma byte
	again []pending // lines of a faulty row, to be read as rows of their own; the next one first

	buf   []byte // the row as written
	pos   int    // how much of buf is cut
	start int    // where the cell under way begins in buf
	spans []span
	cells []string
}

// span is where a cell stands in a row.
type span struct {
	from, to int
	quoted   bool
}

// pending is a line that waits to be read again.
type pending struct {
	text []byte
	n    int
	over bool
}

// row is one line of a table, or several where a cell holds line ends.
type row struct {
	cells []string // valid until the next row
	raw   []byte   // likewise
	line  int      // where it begins
	bad   error
}

var errOpenQuote = syntaxf("a quoted cell is not closed")

// next returns the next row that is not blank, io.EOF after the last.
func (r *rows) next() (row, error) {
	for {
		first, err := r.line()
		if err != nil {
			return row{}, err
		}
		if first.over {
			return row{raw: first.text, line: first.n, bad: tooLong(maxLine)}, nil
		}
		got, err := r.from(first)
		if err != nil {
			return row{}, err
		}
		if got.bad != nil || slices.ContainsFunc(got.cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			return got, nil
		}
	}
}

// from reads the row that begins with a line.
func (r *rows) from(first pending) (row, error) {
	r.buf, r.pos, r.spans = append(r.buf[:0], first.text...), 0, r.spans[:0]
	var more []pending
	done, fault := r.cut()
	for !done && fault == nil {
		l, err := r.line()
		switch {
		case errors.Is(err, io.EOF):
			fault = errOpenQuote
			continue
		case err != nil:
			return row{}, err
		}
		more = append(more, pending{append([]byte(nil), l.text...), l.n, l.over})
		if l.over || len(r.buf)+len(l.text) > maxLine {
			fault = errOpenQuote
			continue
		}
		r.buf = append(append(r.buf, '\n'), l.text...)
		done, fault = r.cut()
	}
	got := row{raw: r.buf, line: first.n, bad: fault}
	if fault != nil {
		if len(more) > 0 {
			got.bad = errOpenQuote // wherever its end was thought to be
		}
		got.raw = r.buf[:min(len(first.text), len(r.buf))]
		r.again = append(more, r.again...)
	} else if !utf8.Valid(r.buf) {
		got.bad = syntaxf("not valid UTF-8")
	} else {
		got.cells = r.texts()
	}
	return got, nil
}

// texts gives the cells. They share one copy of the row, unless it is long and an event may keep little of it.
func (r *rows) texts() []string {
	text := string(r.buf)
	r.cells = r.cells[:0]
	for _, s := range r.spans {
		cell := text[s.from:s.to]
		if s.quoted {
			cell = strings.ReplaceAll(cell, `""`, `"`)
		}
		if len(text) > longLine {
			cell = strings.Clone(cell)
		}
		r.cells = append(r.cells, cell)
	}
	return r.cells
}

// line is the next line of the input, those that are to be read again first.
func (r *rows) line() (pending, error) {
	if len(r.again) > 0 {
		l := r.again[0]
		r.again = r.again[1:]
		return l, nil
	}
	text, over, err := r.lines.next()
	return pending{text, r.lines.n, over}, err
}

// cut takes cells off buf from pos on. It is not done when a quoted cell goes on in the next line; called again with
// that line it goes on from where it was.
func (r *rows) cut() (done bool, fault error) {
	if r.pos > 0 || len(r.spans) > 0 { // a quoted cell is open
		return r.quoted()
	}
	return r.plain()
}

func (r *rows) plain() (done bool, fault error) {
	for {
		r.start = r.pos
		if r.pos < len(r.buf) && r.buf[r.pos] == '"' {
			r.pos++
			return r.quoted()
		}
		end := bytes.IndexByte(r.buf[r.pos:], r.comma)
		if end < 0 {
			r.spans = append(r.spans, span{r.pos, len(r.buf), false})
			return true, nil
		}
		r.spans = append(r.spans, span{r.pos, r.pos + end, false})
		r.pos += end + 1
	}
}

// quoted reads on in a quoted cell and then the cells behind it.
func (r *rows) quoted() (done bool, fault error) {
	for {
		end := bytes.IndexByte(r.buf[r.pos:], '"')
		if end < 0 {
			r.pos = len(r.buf)
			return false, nil
		}
		r.pos += end + 1
		if r.pos < len(r.buf) && r.buf[r.pos] == '"' {
			r.pos++
			continue
		}
		break
	}
	r.spans = append(r.spans, span{r.start + 1, r.pos - 1, true})
	switch {
	case r.pos == len(r.buf):
		return true, nil
	case r.buf[r.pos] != r.comma:
		return false, syntaxf("text behind the closing quote of a cell")
	}
	r.pos++
	return r.plain()
}
