package intake

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"outboundbot/storage"
)

// quick reads a line of the usual kind into an empty event: an object of known members, none twice, and of others. It
// stands at buf[i:], ends with a line end and has chunkPad bytes behind it. The texts are views of buf unless they have
// escapes, and end is where the next line begins. Of anything else, right or wrong, quick only says that it is not ok:
// [decode] reads it, slower, and knows what to say. So quick must take no line that decode reads in another way.
//
// Imports spend most of their time here. It looks at eight bytes at a time (see [stops]), finds a field by the bytes
// of its name (see [fields]) and makes one pass.
func quick(e *storage.Event, buf []byte, i int) (end int, ok bool) {
	if buf[i] != '{' {
		return 0, false
	}
	var seen uint64
	for more := true; more; {
		if i = blank(buf, i+1); buf[i] != '"' {
			return 0, false
		}
		f, colon := fieldAt(buf, i+1)
		if f == nil {
			if _, colon = plainString(buf, i+1); colon == 0 {
				return 0, false
			}
			f = &anyField
		}
		if colon = blank(buf, colon); buf[colon] != ':' || seen&f.bit != 0 {
			return 0, false
		}
		seen |= f.bit
		if i = f.value(e, buf, blank(buf, colon+1)); i == 0 {
			return 0, false
		}
		i = blank(buf, i)
		more = buf[i] == ','
	}
	if buf[i] != '}' {
		return 0, false
	}
	if i = blank(buf, i+1); buf[i] == '\r' {
		i++
	}
	return i + 1, buf[i] == '\n'
}

func blank(buf []byte, i int) int {
	for buf[i] == ' ' {
		i++
	}
	return i
}

// plainString reads a string without escapes whose text begins at buf[i]. It returns what stands behind its quote, 0 if
// it is no such string.
func plainString(buf []byte, i int) (s []byte, next int) {
	high := uint64(0) // the bytes of the string, and perhaps some behind it
	end := i
	for ; ; end += 8 { // a line end stops it
		w := binary.LittleEndian.Uint64(buf[end:])
		high |= w
		if m := stops(w); m != 0 {
			end += bits.TrailingZeros64(m) >> 3
			break
		}
	}
	s = buf[i:end]
	if buf[end] != '"' || high&highs != 0 && !utf8.Valid(s) {
		return nil, 0
	}
	return s, end + 1
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// stops marks, by its highest bit, the first of eight bytes that ends the plain part of a string: a quote, a backslash
// or a control character. Bits above that one mean nothing.
func stops(w uint64) uint64 {
	quote, slash := w^('"'*ones), w^('\\'*ones)
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & highs
}

// firstQuote is the place of the first quote among eight bytes, 8 if there is none.
func firstQuote(w uint64) uint {
	quote := w ^ ('"' * ones)
	return uint(bits.TrailingZeros64((quote-ones)&^quote&highs)) >> 3
}
