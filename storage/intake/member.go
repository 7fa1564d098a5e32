package intake

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
	"unsafe"

	"outboundbot/storage"
)

// field is where [quick] writes the value of a native name.
type field struct {
	word   uint64 // the first eight bytes of the name
	size   uint   // of the name
	bit    uint64 // of its slot
	slot   uint
	offset uintptr // of a text within an event
}

// anyField stands for all names that MODEL 1 does not have. It may come twice.
var anyField = field{slot: noSlot}

// fieldTable finds a field by the first eight bytes of its name, at the place that hash gives. No two fields have the
// same place.
type fieldTable struct {
	factor uint64
	at     [256]field
}

var fields = newFieldTable()

func (t *fieldTable) hash(word uint64) uint64 { return word * t.factor >> 56 }

// newFieldTable tries factors until one keeps all fields apart; the first dozens do.
func newFieldTable() *fieldTable {
	for factor := uint64(0x9e3779b97f4a7c15); ; factor += 0x632be59bd9b4e01a {
		if t := (&fieldTable{factor: factor}); t.fill() {
			return t
		}
	}
}

func (t *fieldTable) fill() bool {
	var e storage.Event
	for _, name := range names {
		var first [8]byte
		copy(first[:], name)
		slot, text := target(&e, name)
		f := field{word: binary.LittleEndian.Uint64(first[:]), size: uint(len(name)), bit: 1 << slot, slot: slot}
		if text != nil {
			f.offset = uintptr(unsafe.Pointer(text)) - uintptr(unsafe.Pointer(&e))
		}
		place := &t.at[t.hash(f.word)]
		if place.bit != 0 {
			return false
		}
		*place = f
	}
	return true
}

// fieldAt finds the field whose name begins at buf[i] and ends with a quote, and what stands behind the quote. It is
// nil for a name that no field has, and for one with escapes.
func fieldAt(buf []byte, i int) (f *field, next int) {
	w := binary.LittleEndian.Uint64(buf[i:])
	n := firstQuote(w)
	w &= 1<<(8*n) - 1 // n is 8 for no quote
	switch {
	case n < 8, buf[i+8] == '"':
	case string(buf[i:i+len(longName)+1]) == longName+`"`:
		n = uint(len(longName))
	default:
		return nil, 0
	}
	f = &fields.at[fields.hash(w)]
	if n == 0 || f.word != w || f.size != n {
		return nil, 0
	}
	return f, i + int(n) + 1
}

// longName is the only one of more than eight bytes.
const longName = "conversation"

// value sets the field to the value that begins at buf[i]. It returns what stands behind the value, 0 if it is not
// what the field may be.
func (f *field) value(e *storage.Event, buf []byte, i int) (next int) {
	switch {
	case buf[i] != '"' && f.slot == noSlot:
		return skipped(buf, i)
	case buf[i] != '"':
		return f.bare(e, buf, i)
	}
	s, next := plainString(buf, i+1)
	if next == 0 {
		s, next = escapedString(buf, i)
	}
	switch f.slot {
	case slotAt:
		if !instant(s, &e.At) {
			return 0
		}
	case slotUpTo:
		if !instant(s, &e.UpTo) {
			return 0
		}
	case slotSeq, slotTest, slotSale:
		return 0
	case noSlot:
	default:
		f.set(e, s)
	}
	return next
}

// set makes the text a view of s.
func (f *field) set(e *storage.Event, s []byte) {
	*(*string)(unsafe.Add(unsafe.Pointer(e), f.offset)) = view(s)
}

func view(s []byte) string { return unsafe.String(unsafe.SliceData(s), len(s)) }

// rest is a scanner of what stands in a line from buf[i] on.
func rest(buf []byte, i int) scanner {
	return scanner{s: view(buf[i : i+bytes.IndexByte(buf[i:], '\n')])}
}

// escapedString reads any string. Its text has memory of its own if it has escapes.
func escapedString(buf []byte, i int) (s []byte, next int) {
	p := rest(buf, i)
	text, err := p.text()
	if err != nil || !utf8.Valid(buf[i:i+p.i]) {
		return nil, 0
	}
	return unsafe.Slice(unsafe.StringData(text), len(text)), i + p.i
}

// skipped steps over any value.
func skipped(buf []byte, i int) (next int) {
	p := rest(buf, i)
	if p.skip(1) != nil || !utf8.Valid(buf[i:i+p.i]) {
		return 0
	}
	return i + p.i
}

// bare sets the field to what is no string: null, true, false or a number without exponent. It returns where that
// ends, 0 if the field may not be it.
func (f *field) bare(e *storage.Event, buf []byte, i int) (next int) {
	switch {
	case string(buf[i:i+4]) == "null":
		return i + 4
	case f.slot == slotSeq || f.slot == slotValue:
		return f.number(e, buf, i)
	case f.slot != slotTest && f.slot != slotSale:
		return 0
	case string(buf[i:i+5]) == "false":
		return i + 5
	case string(buf[i:i+4]) != "true":
		return 0
	}
	e.Test = e.Test || f.slot == slotTest
	e.Sale = e.Sale || f.slot == slotSale
	return i + 4
}

// number sets seq or value. What may not follow it, such as the fraction of a seq, is seen where it ends.
func (f *field) number(e *storage.Event, buf []byte, i int) (next int) {
	from := i
	if buf[i] == '-' {
		i++
	}
	whole := i
	n := int64(0)
	for ; buf[i]-'0' <= 9; i++ {
		n = n*10 + int64(buf[i]-'0')
	}
	digits := i - whole
	switch {
	case digits == 0, digits > 18, digits > 1 && buf[whole] == '0':
		return 0
	case f.slot == slotSeq:
		if e.Seq = n; whole > from {
			e.Seq = -n
		}
		return i
	case buf[i] == '.':
		for i++; buf[i]-'0' <= 9; i++ {
		}
		if buf[i-1] == '.' {
			return 0
		}
	}
	f.set(e, buf[from:i])
	return i
}
