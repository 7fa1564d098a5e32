package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"outboundbot/storage"
)

// CSV is one event of MODEL 1 a row under a row of native field names, which are compared as names are (MODEL 4).
// Cells are divided by comma, semicolon or tab; an empty cell is an absent field.
var CSV = Format{
	Name: "csv",
	Detect: func(name string, head []byte) bool {
		if strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv") {
			return true
		}
		first, _, _ := bytes.Cut(head, []byte{'\n'})
		_, known := comma(first)
		return known >= len(required)
	},
	read: readCSV,
}

// The columns without which no row is an event.
var required = [...]string{"id", "type", "at"}

func readCSV(r io.Reader, to *batch) error {
	br, err := open(r)
	if err != nil {
		return err
	}
	table := &rows{lines: lines{r: br, limit: maxLine}}
	columns, notice, err := header(table)
	if err != nil {
		return err
	}
	if notice != "" {
		if err := to.notice(Place{Line: 1}, notice); err != nil {
			return err
		}
	}
	for {
		got, err := table.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at := Place{Line: got.line}
		if bad := columns.event(to.slot(), got); bad != nil {
			err = to.reject(at, got.raw, bad)
		} else {
			err = to.event(at, got.raw)
		}
		if err != nil {
			return err
		}
	}
}

// columns are the native names of a table's columns in order, "" for one that is not known.
type columns []string

// header reads the first row and finds the delimiter. The notice names the columns that are ignored.
func header(table *rows) (cols columns, notice string, err error) {
	head, _ := table.lines.r.Peek(16 << 10)
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte{'\n'})
	table.comma, _ = comma(first)
	top, err := table.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, "", nil // nothing in it: no events
	case err != nil:
		return nil, "", err
	case top.bad != nil:
		return nil, "", fmt.Errorf("%w: the first line must name the columns: %w", ErrFormat, top.bad)
	}
	at := map[string]bool{}
	var unknown []string
	for _, title := range top.cells {
		name, known := column(title)
		switch {
		case known && at[name]:
			return nil, "", fmt.Errorf("%w: column %s is there twice", ErrFormat, name)
		case !known && strings.TrimSpace(title) != "":
			unknown = append(unknown, fmt.Sprintf("%.40q", title))
		}
		at[name] = true
		cols = append(cols, name)
	}
	for _, name := range required {
		if !at[name] {
			return nil, "", fmt.Errorf("%w: the first line must name the columns, and column %s is missing", ErrFormat, name)
		}
	}
	if len(unknown) > 0 {
		notice = cut("ignored columns that no event has: "+strings.Join(unknown, ", "), maxReason)
	}
	return cols, notice, nil
}

// comma finds the delimiter under which most cells of the header are native names, and their number.
func comma(first []byte) (delimiter byte, known int) {
	delimiter = ','
	for _, c := range []byte(",;\t") {
		n := 0
		for _, title := range strings.Split(string(first), string(rune(c))) {
			if _, ok := column(strings.Trim(strings.TrimSpace(title), `"`)); ok {
				n++
			}
		}
		if n > known {
			delimiter, known = c, n
		}
	}
	return delimiter, known
}

// column is the native name that a title stands for.
func column(title string) (name string, known bool) {
	var e storage.Event
	folded := storage.Fold(strings.TrimSpace(title))
	for _, name := range [...]string{"up_to", "reply_to", "tag_type"} { // the names that folding changes
		if folded == storage.Fold(name) {
			return name, true
		}
	}
	if slot, _ := target(&e, folded); slot == noSlot {
		return "", false
	}
	return folded, true
}

// event reads a row into an empty event.
func (cols columns) event(e *storage.Event, r row) error {
	if r.bad != nil {
		return r.bad
	}
	for i, cell := range r.cells {
		if cell == "" {
			continue
		}
		if i >= len(cols) {
			return syntaxf("more cells than the %d columns of the first line", len(cols))
		}
		if err := set(e, cols[i], unguard(cell)); err != nil {
			return err
		}
	}
	if len(r.cells) < len(cols) {
		return syntaxf("%d cells, but %d columns in the first line", len(r.cells), len(cols))
	}
	return nil
}

// set writes the text of a cell into the field of that native name.
func set(e *storage.Event, name, cell string) error {
	slot, text := target(e, name)
	switch slot {
	case noSlot:
		return nil
	case slotAt:
		return setInstant(name, strings.TrimSpace(cell), &e.At)
	case slotUpTo:
		return setInstant(name, strings.TrimSpace(cell), &e.UpTo)
	case slotSeq:
		return setInteger(name, strings.TrimSpace(cell), &e.Seq)
	case slotTest:
		return setBoolean(name, cell, &e.Test)
	case slotSale:
		return setBoolean(name, cell, &e.Sale)
	}
	*text = cell
	return nil
}

func setBoolean(name, cell string, to *bool) error {
	switch storage.Fold(cell) {
	case "true", "yes", "si", "1":
		*to = true
	case "false", "no", "0":
	default:
		return fmt.Errorf("%s must be true or false", name)
	}
	return nil
}

// unguard takes off the apostrophe that our exports put before what a spreadsheet would take for a formula, that is
// before text that begins, after spaces and further apostrophes, with one of the signs below.
func unguard(cell string) string {
	rest, guarded := strings.CutPrefix(cell, "'")
	if !guarded {
		return cell
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, " \u00a0'"+byteOrderMark))
	if strings.ContainsRune("=+-@\t\r\n|＝＋－＠｜", r) {
		return rest
	}
	return cell
}
