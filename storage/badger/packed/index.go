package packed

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The key index of a run tells which of its blocks may know an identifier, by a keyed hash of it. Entries are sorted
// by hash and cut into pages by it: page = hash × pages >> 64. Within a page what is left of the hash is a quotient,
// one for each entry on average and told by marks in a bit string, and a remainder of 15 bits beside the block:
// about 17 bits an entry and those of a block number.
const remainderBits = 15

// A page has fewer entries than fill the bytes it should have, since hashes do not fall evenly.
const (
	pageBytes = 64 << 10
	fillBits  = pageBytes * 8 * 93 / 100
)

// quotients are counted at every step-th, with 32 bits.
const step = 128

// indexEntry is a hash, and the block that knows what it stands for.
type indexEntry struct {
	hash  uint64
	block uint32
}

// IndexBuilder gathers the index of a run. It takes 16 bytes of memory an entry, twice that in Finish.
type IndexBuilder struct {
	entries []indexEntry
	top     uint32 // the highest block
}

// Add notes that a block knows the identifier with this hash. Hashes must be keyed and even over 64 bits.
func (b *IndexBuilder) Add(hash uint64, block uint32) {
	b.entries = append(b.entries, indexEntry{hash, block})
	b.top = max(b.top, block)
}

// Finish gives the pages, each of at most 64 KiB unless one hash stands in thousands of blocks, and the directory
// that OpenIndex wants.
func (b *IndexBuilder) Finish() (directory []byte, pages [][]byte) {
	width := max(1, bits.Len32(b.top))
	perEntry := remainderBits + width + 2 + 1
	n := max(1, (len(b.entries)*perEntry+fillBits-1)/fillBits)
	parts := b.parts(n)
	pages = make([][]byte, n)
	for i, part := range parts {
		pages[i] = encodePage(part, uint64(n), uint(width))
	}
	directory = binary.AppendUvarint([]byte{version}, uint64(n))
	directory = binary.AppendUvarint(directory, uint64(width))
	return directory, pages
}

// parts sorts the entries by page.
func (b *IndexBuilder) parts(n int) [][]indexEntry {
	ends := make([]int, n+1)
	for i := range b.entries {
		page, _ := bits.Mul64(b.entries[i].hash, uint64(n))
		ends[page+1]++
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	starts := slices.Clone(ends)
	sorted := make([]indexEntry, len(b.entries))
	for _, e := range b.entries {
		page, _ := bits.Mul64(e.hash, uint64(n))
		sorted[ends[page]] = e
		ends[page]++
	}
	b.entries = nil
	parts := make([][]indexEntry, n)
	for i := range parts {
		parts[i] = sorted[starts[i]:starts[i+1]]
	}
	return parts
}

// split gives the quotient and the remainder of a hash in a page of n entries.
func split(hash, pages, n uint64) (quotient, remainder uint64) {
	_, rest := bits.Mul64(hash, pages)
	quotient, rest = bits.Mul64(rest, n)
	return quotient, rest >> (64 - remainderBits)
}

// encodePage lays out a page: its number of entries; the number of those below each step-th quotient; for each
// quotient a 1 for each of its entries, then a 0; remainders and blocks.
func encodePage(entries []indexEntry, pages uint64, width uint) []byte {
	n := uint64(len(entries))
	list := sortedPage(entries, pages, n, width)
	var marks, body bitWriter
	counts := make([]byte, 0, 4*(n/step+1))
	q, counted := uint64(0), uint64(0)
	mask := uint64(1)<<(remainderBits+width) - 1
	for i, x := range list {
		quotient := x >> (remainderBits + width)
		for ; counted <= quotient; counted += step {
			counts = binary.LittleEndian.AppendUint32(counts, uint32(i))
		}
		for ; q < quotient; q++ {
			marks.put(0, 1)
		}
		marks.put(1, 1)
		body.put(x&mask, remainderBits+width)
	}
	for ; counted < n; counted += step {
		counts = binary.LittleEndian.AppendUint32(counts, uint32(len(list)))
	}
	for ; q < n; q++ {
		marks.put(0, 1)
	}
	page := binary.LittleEndian.AppendUint32(nil, uint32(n))
	page = binary.LittleEndian.AppendUint32(page, uint32(len(list)))
	page = append(append(page, counts...), marks.close()...)
	return append(page, body.close()...)
}

// sortedPage makes one number of the quotient, the remainder and the block of each entry, ascending, each once.
func sortedPage(entries []indexEntry, pages, n uint64, width uint) []uint64 {
	ends := make([]uint32, n+1)
	keys := make([]uint64, n)
	for i, e := range entries {
		q, rest := split(e.hash, pages, n)
		keys[i] = q<<(remainderBits+width) | rest<<width | uint64(e.block)
		ends[q+1]++
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	list := make([]uint64, n)
	for _, k := range keys {
		q := k >> (remainderBits + width)
		list[ends[q]] = k
		ends[q]++
	}
	start := uint32(0)
	for q := range n {
		if ends[q]-start > 1 {
			slices.Sort(list[start:ends[q]])
		}
		start = ends[q]
	}
	return slices.Compact(list)
}

// Index looks hashes up in the pages of a run. It is for use by many at a time.
type Index struct {
	pages uint64
	width uint
	load  func(page int) ([]byte, error)
}

// OpenIndex makes an index of its directory and what gets a page.
func OpenIndex(directory []byte, load func(page int) ([]byte, error)) (*Index, error) {
	in := cursor{b: directory}
	v, pages, width := in.code(), in.code(), in.code()
	if v != version || in.over || pages == 0 || pages > 1<<31 || width == 0 || width > 32 {
		return nil, errDamaged
	}
	return &Index{pages, uint(width), load}, nil
}

// Pages is how many pages the index has.
func (x *Index) Pages() int { return int(x.pages) }

// Lookup gives f each block that may know the identifier with this hash, until f gives false. All that know it are
// among them; one in 30,000 lookups gives another one.
func (x *Index) Lookup(hash uint64, f func(block uint32) bool) error {
	number, _ := bits.Mul64(hash, x.pages)
	page, err := x.load(int(number))
	if err != nil {
		return err
	}
	if len(page) < 8 {
		return errDamaged
	}
	n, kept := uint64(binary.LittleEndian.Uint32(page)), uint64(binary.LittleEndian.Uint32(page[4:]))
	if n == 0 {
		return nil
	}
	counts := page[8:]
	marksAt := 4 * ((n + step - 1) / step)
	bodyAt := marksAt + (n+kept+7)/8
	if kept > n || uint64(len(counts)) != bodyAt+(kept*uint64(remainderBits+x.width)+7)/8 {
		return errDamaged
	}
	q, rest := split(hash, x.pages, n)
	from, to := run(counts[:marksAt], counts[marksAt:bodyAt], q)
	if to > kept {
		return errDamaged
	}
	body := bitReader{b: counts[bodyAt:], pos: int(from) * int(remainderBits+x.width)}
	for range to - from {
		if v := body.get(remainderBits + x.width); v>>x.width == rest && !f(uint32(v&(1<<x.width-1))) {
			return nil
		}
	}
	return nil
}

// run is which entries of a page have a quotient.
func run(counts, marks []byte, q uint64) (from, to uint64) {
	from = uint64(binary.LittleEndian.Uint32(counts[q/step*4:]))
	at, zeros := q/step*step+from, q%step
	in := bitReader{b: marks}
	for zeros > 0 && at < uint64(len(marks))*8 {
		in.pos = int(at)
		word := in.get(56)
		if gaps := uint64(56 - bits.OnesCount64(word)); gaps < zeros {
			zeros -= gaps
			from += 56 - gaps
			at += 56
			continue
		}
		end := uint64(0)
		for ; zeros > 0; end++ {
			zeros -= ^word >> end & 1
		}
		from += uint64(bits.OnesCount64(word & (1<<end - 1)))
		at += end
	}
	to = from
	for ; at < uint64(len(marks))*8 && marks[at>>3]>>(at&7)&1 != 0; at++ {
		to++
	}
	return from, to
}
