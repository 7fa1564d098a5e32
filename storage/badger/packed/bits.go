package packed

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter appends numbers of 0 to 64 bits, low bits first.
type bitWriter struct {
	b   []byte
	acc uint64
	n   uint // bits in acc
}

func (w *bitWriter) reset() { w.b, w.acc, w.n = w.b[:0], 0, 0 }

// put appends the n bits of v, which has no more.
func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v << w.n
	if w.n+n < 64 {
		w.n += n
		return
	}
	w.b = binary.LittleEndian.AppendUint64(w.b, w.acc)
	w.acc = v >> (64 - w.n)
	w.n += n - 64
}

// tail appends what follows the highest bit of v; its length is told elsewhere.
func (w *bitWriter) tail(v uint64, length uint) {
	if length > 1 {
		w.put(v&^(1<<(length-1)), length-1)
	}
}

func (w *bitWriter) position() int { return len(w.b)*8 + int(w.n) }

// close fills up the last byte and returns all of them.
func (w *bitWriter) close() []byte {
	for ; w.n > 0; w.acc >>= 8 {
		w.b = append(w.b, byte(w.acc))
		w.n -= min(w.n, 8)
	}
	return w.b
}

// bitReader gives zeros behind its end; over tells that it was read beyond.
type bitReader struct {
	b   []byte
	pos int // in bits
}

func (r *bitReader) get(n uint) uint64 {
	if n > 56 {
		low := r.get(32)
		return low | r.get(n-32)<<32
	}
	i := r.pos >> 3
	var x uint64
	if i+8 <= len(r.b) {
		x = binary.LittleEndian.Uint64(r.b[i:])
	} else {
		for k := i; k < len(r.b); k++ {
			x |= uint64(r.b[k]) << (8 * (k - i))
		}
	}
	x >>= r.pos & 7
	r.pos += int(n)
	return x & (1<<n - 1)
}

// tail is the number of that length, in bits, whose highest bit was left out.
func (r *bitReader) tail(length uint) uint64 {
	switch {
	case length == 0 || length > 64:
		return 0
	case length == 1:
		return 1
	}
	return 1<<(length-1) | r.get(length-1)
}

func (r *bitReader) over() bool { return r.pos > len(r.b)*8 }

// zigzag makes small numbers of both signs small.
func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func lengthOf(v uint64) uint { return uint(bits.Len64(v)) }
