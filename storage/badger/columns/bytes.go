package columns

import (
	"encoding/binary"
	"math/bits"

	"github.com/klauspost/compress/zstd"
)

// Both are safe for concurrent use and never changed.
var encoder, decoder = newZstd()

func newZstd() (*zstd.Encoder, *zstd.Decoder) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(false), zstd.WithWindowSize(128<<10))
	if err != nil {
		panic("zstd: " + err.Error()) // the options are constants
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic("zstd: " + err.Error())
	}
	return e, d
}

// writer appends the parts of a value.
type writer struct{ b []byte }

func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)   { w.b = binary.AppendVarint(w.b, v) }

func (w *writer) text(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) bytes(b []byte) {
	w.uint(uint64(len(b)))
	w.b = append(w.b, b...)
}

// packed appends bytes, compressed if that makes them fewer.
func (w *writer) packed(b []byte) {
	w.uint(uint64(len(b)))
	if len(b) == 0 {
		return
	}
	z := encoder.EncodeAll(b, nil)
	if len(z) >= len(b) {
		z = nil
	}
	w.bytes(z)
	if z == nil {
		w.b = append(w.b, b...)
	}
}

// reader takes the parts of a value; after the first that is damaged all are zero and bad is set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		return r.fail()
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) fail() uint64 {
	r.b, r.bad = nil, true
	return 0
}

// below reads a number that must be less than limit.
func (r *reader) below(limit int) int {
	v := r.uint()
	if v >= uint64(limit) {
		r.fail()
		return 0
	}
	return int(v)
}

func (r *reader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) text() string { return string(r.bytes()) }

// packed reads what writer.packed wrote.
func (r *reader) packed() []byte {
	n := r.uint()
	if n == 0 || r.bad {
		return nil
	}
	z := r.bytes()
	if len(z) == 0 {
		if n > uint64(len(r.b)) {
			r.fail()
			return nil
		}
		b := r.b[:n:n]
		r.b = r.b[n:]
		return b
	}
	if n > 1<<30 || n > uint64(len(z))*(64<<10) { // more than any compression gives
		r.fail()
		return nil
	}
	b, err := decoder.DecodeAll(z, make([]byte, 0, n))
	if err != nil || uint64(len(b)) != n {
		r.fail()
		return nil
	}
	return b
}

// bitWriter packs numbers of few bits, lowest bits first.
type bitWriter struct {
	b    []byte
	acc  uint64
	used uint
}

// add appends the lowest n bits of v, which has no others; n ≤ 64.
func (w *bitWriter) add(v uint64, n uint) {
	w.acc |= v << w.used
	if w.used+n < 64 {
		w.used += n
		return
	}
	w.b = binary.LittleEndian.AppendUint64(w.b, w.acc)
	w.acc = v >> (64 - w.used) // 0 for a shift by 64
	w.used += n - 64
}

// done gives the bytes, with 8 more so that a reader may always load a word.
func (w *bitWriter) done() []byte {
	w.b = binary.LittleEndian.AppendUint64(w.b, w.acc)
	w.b = w.b[:len(w.b)-int(64-w.used)/8]
	return w.b
}

// bitReader reads what bitWriter wrote; what lies behind the end is zero.
type bitReader struct {
	b   []byte // with 16 bytes of padding
	at  uint
	end uint
}

func newBitReader(b []byte) bitReader {
	padded := make([]byte, len(b)+16)
	copy(padded, b)
	return bitReader{b: padded, end: uint(len(b)) * 8}
}

// take reads n bits; n ≤ 64. Reading behind the end gives zero and leaves the place there, for ok to tell.
func (r *bitReader) take(n uint) uint64 {
	if r.at+n > r.end {
		r.at = r.end + 1
		return 0
	}
	i := r.at >> 3
	shift := r.at & 7
	v := binary.LittleEndian.Uint64(r.b[i:]) >> shift
	if shift+n > 64 {
		v |= uint64(r.b[i+8]) << (64 - shift)
	}
	r.at += n
	return v & (1<<n - 1) // all ones for 64
}

func (r *bitReader) ok() bool { return r.at <= r.end }

// noNumber stands for one that is absent.
const noNumber = -1 << 63

// spread appends numbers, each as a class, one byte that says how many bits it has and its sign, and the bits below
// the highest. Classes compress well, the bits not at all.
func (w *writer) spread(numbers []int64) {
	classes := make([]byte, len(numbers))
	bw := bitWriter{b: make([]byte, 0, len(numbers)*2)}
	for i, v := range numbers {
		if v == noNumber {
			continue
		}
		var sign byte
		u := uint64(v)
		if v < 0 {
			u, sign = uint64(-v), 0x80
		}
		u++ // at least one bit
		n := uint(bits.Len64(u))
		classes[i] = byte(n) | sign
		bw.add(u&^(1<<(n-1)), n-1)
	}
	w.packed(classes)
	w.bytes(bw.done())
}

// spread reads n numbers.
func (r *reader) spread(n int) []int64 {
	classes := r.packed()
	low := newBitReader(r.bytes())
	if len(classes) != n {
		r.fail()
		return nil
	}
	numbers := make([]int64, n)
	for i, class := range classes {
		k := uint(class & 0x7f)
		if k == 0 {
			numbers[i] = noNumber
			continue
		}
		if k > 63 {
			r.fail()
			return nil
		}
		v := int64(low.take(k-1)|1<<(k-1)) - 1
		if class&0x80 != 0 {
			v = -v
		}
		numbers[i] = v
	}
	if !low.ok() {
		r.fail()
	}
	return numbers
}
