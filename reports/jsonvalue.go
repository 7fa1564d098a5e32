package reports

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"outboundbot/storage"
)

// The functions here add one value to JSON, without the comma before it. An answer has a hundred thousand of them:
// they take and give the slice, so that it stays in registers.

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

func appendInstant(b []byte, i storage.Instant) []byte {
	if i == 0 {
		return append(b, "null"...)
	}
	return append(i.Append(append(b, '"')), '"')
}

// appendTenths adds a percentage with one decimal.
func appendTenths(b []byte, p storage.Percent) []byte {
	if !p.Known {
		return append(b, "null"...)
	}
	return append(strconv.AppendInt(b, p.Tenths/10, 10), '.', '0'+byte(p.Tenths%10))
}

func appendCell(b []byte, c *storage.Cell) []byte {
	switch c.Kind {
	case storage.CellText:
		return appendText(b, c.Text)
	case storage.CellInt:
		return strconv.AppendInt(b, c.N, 10)
	case storage.CellTime:
		return appendInstant(b, storage.Instant(c.N))
	case storage.CellBool:
		return strconv.AppendBool(b, c.N != 0)
	case storage.CellList:
		b = append(b, '[')
		for i, s := range c.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, s)
		}
		return append(b, ']')
	case storage.CellAmounts:
		b = append(b, '{')
		for i := 0; i+1 < len(c.List); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(appendText(b, c.List[i]), ':'), c.List[i+1])
		}
		return append(b, '}')
	case storage.CellPercent:
		return appendTenths(b, storage.Percent{Tenths: c.N, Known: true})
	default:
		return append(b, "null"...)
	}
}
