package intake

import (
	"encoding/binary"
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

// quoted sets the field to the string whose text begins at buf[i]. It returns what stands behind the string, 0 if the
// field may not be it.
func (f *field) quoted(e *storage.Event, buf []byte, i int, high *uint64) int {
	end := closing(buf, i, high)
	s := buf[i:end]
	switch buf[end] {
	case '"':
		end++
	case '\\':
		p := scanner{s: unsafe.String(&buf[i], len(buf)-i)} // it does not go beyond the line
		text, err := p.escaped(0)
		if err != nil {
			return 0
		}
		s, end = []byte(text), i+p.i
		*high = highs // whatever stands behind the escape
	default:
		return 0
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
	return end
}

// set makes the text a view of s.
func (f *field) set(e *storage.Event, s []byte) {
	*(*string)(unsafe.Add(unsafe.Pointer(e), f.offset)) = unsafe.String(unsafe.SliceData(s), len(s))
}

// bare sets the field to what is no string: null, true, false or a number without exponent. It returns where that
// ends, 0 if the field may not be it.
func (f *field) bare(e *storage.Event, buf []byte, i int) int {
	switch c := buf[i]; {
	case string(buf[i:i+4]) == "null":
		return i + 4
	case c == '-' || '0' <= c && c <= '9':
		return f.number(e, buf, i)
	case f.slot != slotTest && f.slot != slotSale && f.slot != noSlot:
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

func (f *field) number(e *storage.Event, buf []byte, i int) int {
	from := i
	n, digits := int64(0), 0
	if buf[i] == '-' {
		i++
	}
	lead := buf[i]
	for ; buf[i]-'0' <= 9; i++ {
		n = n*10 + int64(buf[i]-'0')
		digits++
	}
	if digits == 0 || digits > 1 && lead == '0' {
		return 0
	}
	switch f.slot {
	case slotSeq:
		if digits > 18 {
			return 0
		}
		if e.Seq = n; buf[from] == '-' {
			e.Seq = -n
		}
		return i // a fraction is not what may follow
	case slotValue, noSlot:
	default:
		return 0
	}
	if buf[i] == '.' {
		for i++; buf[i]-'0' <= 9; i++ {
		}
		if buf[i-1] == '.' {
			return 0
		}
	}
	if f.slot == slotValue {
		f.set(e, buf[from:i])
	}
	return i
}
