package reports

import (
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"outboundbot/storage"
)

// jsonText builds JSON: members and elements stand in the order in which they are added, commas come by themselves.
type jsonText []byte

// value puts the comma that the next key or element needs.
func (j *jsonText) value() {
	if n := len(*j); n > 0 {
		switch (*j)[n-1] {
		case '{', '[', ':', ',':
		default:
			*j = append(*j, ',')
		}
	}
}

// record begins an object on a line of its own.
func (j *jsonText) record(first bool) {
	if !first {
		*j = append(*j, ',')
	}
	*j = append(*j, '\n', '{')
}

// flush writes what was built so far, if there is enough of it. The last byte stays, so that what follows sees
// whether it needs a comma.
func (j *jsonText) flush(w io.Writer) error {
	last := len(*j) - 1
	if last < flushAt {
		return nil
	}
	if _, err := w.Write((*j)[:last]); err != nil {
		return err
	}
	*j = append((*j)[:0], (*j)[last])
	return nil
}

func (j *jsonText) open(bracket byte) {
	j.value()
	*j = append(*j, bracket)
}

func (j *jsonText) close(bracket byte) { *j = append(*j, bracket) }

func (j *jsonText) key(name string) *jsonText {
	j.text(name)
	*j = append(*j, ':')
	return j
}

func (j *jsonText) null() {
	j.value()
	*j = append(*j, "null"...)
}

func (j *jsonText) integer(n int64) {
	j.value()
	j.digits(n)
}

// digits adds an integer where no comma is needed.
func (j *jsonText) digits(n int64) { *j = strconv.AppendInt(*j, n, 10) }

func (j *jsonText) truth(b bool) {
	j.value()
	*j = strconv.AppendBool(*j, b)
}

// text adds a string.
func (j *jsonText) text(s string) {
	j.value()
	*j = appendText(*j, s)
}

// appendText adds a string where no comma is needed. Most need no escape and are copied; the others go through
// encoding/json.
func appendText(b []byte, s string) []byte {
	if plain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	escaped, err := json.Marshal(s)
	if err != nil {
		escaped = []byte(`""`) // cannot be: every string has a JSON form
	}
	return append(b, escaped...)
}

// plain tells whether a text stands in JSON as it is. It looks at eight bytes at once, the last eight perhaps twice.
func plain(s string) bool {
	n := len(s)
	if n < 8 {
		for i := range n {
			if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
				return plainUTF8(s)
			}
		}
		return true
	}
	for i := 0; i < n; i += 8 {
		if special(eight(s, min(i, n-8))) {
			return plainUTF8(s)
		}
	}
	return true
}

// plainUTF8 is plain for texts with characters beyond ASCII.
func plainUTF8(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

func eight(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// special tells whether one of eight bytes is a control, a quotation mark, a backslash, DEL or beyond ASCII. A borrow
// goes only from a byte that is special already (Bit Twiddling Hacks, "haszero" and "hasless").
func special(x uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, slash, del := x^ones*'"', x^ones*'\\', x^ones*0x7f
	return (x|((x-ones*' ')|(quote-ones)&^quote|(slash-ones)&^slash|(del-ones)&^del)&^x)&highs != 0
}

func (j *jsonText) day(d storage.Day) {
	if d == 0 {
		j.null()
		return
	}
	j.text(d.String())
}

func (j *jsonText) instant(i storage.Instant) {
	if i == 0 {
		j.null()
		return
	}
	j.value()
	*j = append(i.Append(append(*j, '"')), '"')
}

// tenths adds a percentage where no comma is needed.
func (j *jsonText) tenths(p storage.Percent) {
	if !p.Known {
		*j = append(*j, "null"...)
		return
	}
	j.digits(p.Tenths / 10)
	*j = append(*j, '.', '0'+byte(p.Tenths%10))
}

func (j *jsonText) cell(c *storage.Cell) {
	switch c.Kind {
	case storage.CellText:
		j.text(c.Text)
	case storage.CellInt:
		j.integer(c.N)
	case storage.CellTime:
		j.instant(storage.Instant(c.N))
	case storage.CellBool:
		j.truth(c.N != 0)
	case storage.CellList:
		j.open('[')
		for _, s := range c.List {
			j.text(s)
		}
		j.close(']')
	case storage.CellAmounts:
		j.open('{')
		for i := 0; i+1 < len(c.List); i += 2 {
			j.key(c.List[i]).text(c.List[i+1])
		}
		j.close('}')
	case storage.CellPercent:
		j.value()
		j.tenths(storage.Percent{Tenths: c.N, Known: true})
	default:
		j.null()
	}
}
