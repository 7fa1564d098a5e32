package packed

import (
	"encoding/base64"
	"strings"
)

// A WhatsApp message id is base64 of bytes: a head with the contact's phone, the same in all ids of a contact, then
// hex digits as text. Kept as these bytes, without what it shares with the id before, it takes a third.
const (
	minNested = 24
	maxNested = 60 // bytes; lengths have 6 bits
)

// nested are the bytes of a text in base64, if they can be told by fewer bits.
func nested(s string, pad uint8) ([]byte, bool) {
	if len(s) < minNested || base64.StdEncoding.DecodedLen(len(s)) > maxNested {
		return nil, false
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil || (3-len(b)%3)%3 != int(pad) {
		return nil, false
	}
	from, to := hexRun(b)
	return b, to-from >= 12
}

// hexRun is the longest run of hex digits.
func hexRun(b []byte) (from, to int) {
	start := 0
	for i := range len(b) + 1 {
		if i < len(b) && kinds[b[i]]&isHighHex != 0 {
			continue
		}
		if i-start > to-from {
			from, to = start, i
		}
		start = i + 1
	}
	return from, to
}

// putNested writes bytes after those before them of the same shape: how many they share, what stands before the hex
// digits, the digits, the rest.
func putNested(w *bitWriter, b, before []byte) {
	shared := 0
	for shared < len(b) && shared < len(before) && b[shared] == before[shared] {
		shared++
	}
	w.put(uint64(shared), 6)
	b = b[shared:]
	from, to := hexRun(b)
	for i, part := range [][]byte{b[:from], b[from:to], b[to:]} {
		w.put(uint64(len(part)), 6)
		for _, c := range part {
			if i == 1 {
				w.put(uint64(values[highHexClass][c]), 4)
			} else {
				w.put(uint64(c), 8)
			}
		}
	}
}

// nested reads into b what putNested wrote.
func (r *bitReader) nested(b, before []byte) []byte {
	b = append(b, before[:min(int(r.get(6)), len(before))]...)
	for i := range 3 {
		for n := r.get(6); n > 0 && !r.over(); n-- {
			if i == 1 {
				b = append(b, highAlphabet[r.get(4)])
			} else {
				b = append(b, byte(r.get(8)))
			}
		}
	}
	return b
}

// unpadded is a literal without its prefix and padding.
func (sh *shape) unpadded(s string) string {
	return strings.TrimPrefix(s[:len(s)-int(sh.pad)], sh.prefix)
}
