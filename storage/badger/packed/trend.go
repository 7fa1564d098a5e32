package packed

import (
	"cmp"
	"encoding/binary"
	"slices"

	"outboundbot/storage"
)

// Numbers of sends and conversations mostly grow with time. Where that holds in a block, they are told by how far they
// are from a line through some of them (knots), which takes less than how far they are from the one before in the
// same component.

// pending is a public number that waits for the block to be whole.
type pending struct {
	role      role
	shape     uint16
	at        storage.Instant
	n, before uint64
}

// knot is a point of a trend; its time is in units of 1,024 ms, so that what is reckoned with fits into 64 bits.
type knot struct {
	at int64
	n  uint64
}

const (
	perKnot  = 48 // numbers
	sampled  = 8  // one in so many is looked at for knots
	knotBits = 40 // that a knot takes
	maxKnots = 256
	maxRise  = 1 << 34
	maxSpan  = 1 << 28
)

// expected is the number of a moment on the line through the knots, of which there are two or more.
func expected(knots []knot, at storage.Instant) uint64 {
	t := int64(at) >> 10
	i, end := 0, len(knots) // of the first knot behind t
	for i < end {
		if middle := (i + end) / 2; knots[middle].at > t {
			end = middle
		} else {
			i = middle + 1
		}
	}
	switch {
	case i == 0:
		return knots[0].n
	case i == len(knots):
		return knots[i-1].n
	}
	a, b := &knots[i-1], &knots[i]
	return a.n + uint64(int64(b.n-a.n)*(t-a.at)/(b.at-a.at))
}

// smooth tells whether expected can reckon with the knots.
func smooth(knots []knot) bool {
	for i := 1; i < len(knots); i++ {
		rise, span := int64(knots[i].n-knots[i-1].n), knots[i].at-knots[i-1].at
		if span <= 0 || span > maxSpan || rise > maxRise || rise < -maxRise {
			return false
		}
	}
	return len(knots) > 1
}

// knotsOf draws a line through numbers of one shape, if that makes them shorter.
func knotsOf(numbers []pending) []knot {
	if len(numbers) < 2*perKnot {
		return nil
	}
	sorted := make([]pending, 0, len(numbers)/sampled+1)
	for i := 0; i < len(numbers); i += sampled {
		sorted = append(sorted, numbers[i])
	}
	slices.SortFunc(sorted, func(x, y pending) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.n, y.n)) })
	var knots []knot
	n := min(len(numbers)/perKnot, maxKnots)
	for i := range n {
		p := sorted[i*(len(sorted)-1)/max(1, n-1)]
		if at := int64(p.at) >> 10; len(knots) == 0 || at > knots[len(knots)-1].at {
			knots = append(knots, knot{at, p.n})
		}
	}
	if !smooth(knots) {
		return nil
	}
	var near, far uint
	for _, p := range sorted {
		near += lengthOf(zigzag(int64(p.n - expected(knots, p.at))))
		far += lengthOf(zigzag(int64(p.n - p.before)))
	}
	if sampled*near+knotBits*uint(len(knots)) >= sampled*far {
		return nil
	}
	return knots
}

func appendKnots(b []byte, knots []knot) []byte {
	b = binary.AppendUvarint(b, uint64(len(knots)))
	var last knot
	for _, k := range knots {
		b = binary.AppendUvarint(b, uint64(k.at-last.at))
		b = binary.AppendUvarint(b, zigzag(int64(k.n-last.n)))
		last = k
	}
	return b
}

func (c *cursor) knots() ([]knot, bool) {
	n := c.code()
	if n == 0 {
		return nil, !c.over
	}
	if n > maxKnots {
		return nil, false
	}
	knots := make([]knot, n)
	var last knot
	for i := range knots {
		last.at += int64(c.code())
		last.n += uint64(unzigzag(c.code()))
		knots[i] = last
	}
	return knots, !c.over && smooth(knots)
}

// trends finds the knots of all shapes.
func (b *Builder) trends() {
	for r := range b.shapes {
		for i := range b.shapes[r].list {
			b.list = b.list[:0]
			for _, p := range b.pending {
				if p.role == role(r) && p.shape == uint16(i) {
					b.list = append(b.list, p)
				}
			}
			b.shapes[r].trends[i] = knotsOf(b.list)
		}
	}
}

// settle packs the public numbers from the n-th to the m-th that wait.
func (b *Builder) settle(n, m int) {
	for _, p := range b.pending[n:m] {
		t := &b.shapes[p.role]
		column, from := deltaColumn+int(p.role), p.before
		switch knots := t.trends[p.shape]; {
		case knots != nil:
			from = expected(knots, p.at)
		case p.before == 0:
			column, from = startColumn+int(p.role), t.starts[p.shape]
		}
		v := zigzag(int64(p.n - from))
		length := lengthOf(v)
		b.columns[column] = append(b.columns[column], byte(length))
		b.numbers.tail(v, length)
	}
}
