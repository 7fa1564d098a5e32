package intake

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"outboundbot/storage"
)

// quick reads a line of the usual kind into an empty event: an object of members that are no objects or lists, none
// twice. It stands at buf[i:], ends with a line end and has chunkPad bytes behind it. The texts are views of
// buf, unless they have escapes, and end is where the next line begins. Of anything else, right or wrong, quick only says that it is not ok:
// [decode] reads it, slower, and knows what to say. So quick must take no line that decode reads in another way.
//
// Imports spend most of their time here. It looks at eight bytes at a time (see [stops]), finds a field by the bytes
// of its name (see [fields]) and makes one pass.
func quick(e *storage.Event, buf []byte, i int) (end int, ok bool) {
	start := i
	var seen, high uint64
	if buf[i] != '{' {
		return 0, false
	}
	for more := true; more; {
		i = blank(buf, i+1)
		if buf[i] != '"' {
			return 0, false
		}
		f, colon := fieldAt(buf, i+1)
		if f == nil {
			colon = closing(buf, i+1, &high)
			if buf[colon] != '"' {
				return 0, false
			}
			f, colon = &anyField, colon+1
		}
		if colon = blank(buf, colon); buf[colon] != ':' || seen&f.bit != 0 {
			return 0, false
		}
		seen |= f.bit
		if i = blank(buf, colon+1); buf[i] == '"' {
			i = f.quoted(e, buf, i+1, &high)
		} else {
			i = f.bare(e, buf, i)
		}
		if i == 0 {
			return 0, false
		}
		i = blank(buf, i)
		more = buf[i] == ','
	}
	if buf[i] != '}' {
		return 0, false
	}
	i = blank(buf, i+1)
	if buf[i] == '\r' {
		i++
	}
	if buf[i] != '\n' || high&highs != 0 && !utf8.Valid(buf[start:i]) {
		return 0, false
	}
	return i + 1, true
}

func blank(buf []byte, i int) int {
	for buf[i] == ' ' {
		i++
	}
	return i
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

// closing finds what ends the plain part of a string: its quote, if it has no escapes. It adds the string's bytes to
// high, and perhaps some behind it.
func closing(buf []byte, i int, high *uint64) int {
	for ; ; i += 8 { // a line end stops it
		w := binary.LittleEndian.Uint64(buf[i:])
		*high |= w
		if m := stops(w); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
}

// firstQuote is the place of the first quote among eight bytes, 8 if there is none.
func firstQuote(w uint64) uint {
	quote := w ^ ('"' * ones)
	return uint(bits.TrailingZeros64((quote-ones)&^quote&highs)) >> 3
}
