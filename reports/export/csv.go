package export

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"outboundbot/reports"
	"outboundbot/storage"
)

// byteOrderMark makes spreadsheets read the file as UTF-8.
const byteOrderMark = "\uFEFF"

// flushAt is how many bytes are gathered for one write.
const flushAt = 64 << 10

// writeCSV follows RFC 4180: a header in the asker's language, all text quoted and guarded against being read as a
// formula, numbers and times bare, times as local date-times of the sheet's zone.
func writeCSV(ctx context.Context, w io.Writer, s reports.Sheet) (n int64, err error) {
	zone, err := zoneOf(s)
	if err != nil {
		return 0, err
	}
	out := untilDone{ctx, w}
	b := append(make([]byte, 0, flushAt+4<<10), byteOrderMark...)
	for i, c := range s.Columns {
		b = appendQuoted(separate(b, i), c.Label)
	}
	b = append(b, '\r', '\n')
	for row, err := range rowsOf(ctx, s) {
		if err != nil {
			return n, err
		}
		for i, c := range row {
			b = appendCSV(separate(b, i), c, zone)
		}
		b = append(b, '\r', '\n')
		n++
		if len(b) >= flushAt {
			if _, err := out.Write(b); err != nil {
				return n, err
			}
			b = b[:0]
		}
	}
	_, err = out.Write(b)
	return n, err
}

func separate(b []byte, column int) []byte {
	if column == 0 {
		return b
	}
	return append(b, ',')
}

func appendCSV(b []byte, c storage.Cell, zone *time.Location) []byte {
	switch c.Kind {
	case storage.CellInt:
		return strconv.AppendInt(b, c.N, 10)
	case storage.CellTime:
		return time.UnixMilli(c.N).In(zone).AppendFormat(b, time.DateTime)
	case storage.CellPercent:
		b = strconv.AppendInt(b, c.N/10, 10)
		return append(b, '.', '0'+byte(c.N%10))
	case storage.CellBool:
		if c.N != 0 {
			return append(b, "yes"...)
		}
		return append(b, "no"...)
	case storage.CellNone:
		return b
	default:
		return appendQuoted(b, text(c))
	}
}

// appendQuoted writes a text field. NUL and broken UTF-8 become U+FFFD, an absent text stays empty.
func appendQuoted(b []byte, s string) []byte {
	if s == "" {
		return b
	}
	b = append(b, '"')
	if looksLikeFormula(s) {
		b = append(b, '\'')
	}
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	}
	for {
		before, after, quote := strings.Cut(s, `"`)
		b = append(b, before...)
		if !quote {
			return append(b, '"')
		}
		b, s = append(b, '"', '"'), after
	}
}

// looksLikeFormula tells whether a spreadsheet might run a text, or take it for the rest of another cell (OWASP, CSV
// injection): it begins, after spaces, with one of = + - @ | or their full-width forms, or with a tab or line break.
// A phone in E.164 form is harmless and stays as it is, so that files can be joined by phone. A text that begins
// with an apostrophe before such a sign counts too: taking one apostrophe away restores every guarded text.
func looksLikeFormula(s string) bool {
	rest := strings.TrimLeft(s, " \u00a0\uFEFF'")
	r, _ := utf8.DecodeRuneInString(rest)
	switch r {
	case '=', '+', '-', '@', '|', '\t', '\r', '\n', '＝', '＋', '－', '＠', '｜':
		return !isPhone(s)
	default:
		return false
	}
}

// isPhone: + and 7 to 15 digits (E.164).
func isPhone(s string) bool {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
