package packed

// shapes are those of a role in a block in the making.
type shapes struct {
	list   []shape
	starts []uint64 // the first public number of each
	begun  []bool   // it has one
	trends [][]knot // of those that grow with time
	index  map[shape]int
	last   int // the one used last
}

// reset empties the shapes for another block.
func (t *shapes) reset() {
	clear(t.list)
	clear(t.index)
	clear(t.trends)
	t.list, t.starts, t.begun, t.trends, t.last = t.list[:0], t.starts[:0], t.begun[:0], t.trends[:0], 0
}

// find is the number of a shape. Where there are too many, or its prefix is part of a contact, it becomes plain.
func (t *shapes) find(sh shape, s string, contacts []string) int {
	if t.last < len(t.list) && t.list[t.last] == sh {
		return t.last
	}
	i, ok := t.index[sh]
	if !ok && (len(t.list) >= maxShapes || shares(sh.prefix, contacts)) && (sh.prefix != "" || sh.length != 0 || sh.pad != 0) {
		return t.find(shape{class: plainest(s), sealed: sh.sealed}, s, nil)
	}
	if !ok {
		if t.index == nil {
			t.index = map[shape]int{}
		}
		i = len(t.list)
		t.index[sh] = i
		t.list = append(t.list, sh)
		t.starts, t.begun, t.trends = append(t.starts, 0), append(t.begun, false), append(t.trends, nil)
	}
	t.last = i
	return i
}

// literal packs a text that no dictionary has.
func (b *Builder) literal(r role, s string, sealed bool) {
	t, c := &b.shapes[r], &b.c
	i := t.find(shapeOf(s, r, sealed), s, c.contacts)
	b.code(shapeColumn+int(r), uint64(i))
	sh := &t.list[i]
	if sh.class == nestedClass {
		bytes, _ := nested(sh.unpadded(s), sh.pad)
		putNested(&b.hidden, bytes, c.nested)
		c.nested = bytes
		return
	}
	if !sh.class.counts() {
		if sealed {
			sh.write(&b.hidden, s)
		} else {
			sh.write(&b.bits, s)
		}
		return
	}
	n := sh.number(s)
	for len(c.last[r]) <= i {
		c.last[r] = append(c.last[r], 0)
	}
	before := c.last[r][i]
	if sh.class != decimalClass {
		c.last[r][i] = n
	}
	switch delta := zigzag(int64(n - before)); {
	case sealed:
		hide(&b.hidden, delta)
	case sh.class == decimalClass:
		b.number(deltaColumn+int(r), delta)
	default:
		if !t.begun[i] {
			t.starts[i], t.begun[i] = n, true
		}
		b.pending = append(b.pending, pending{r, uint16(i), c.at, n, before})
	}
}

// wide stands for the lengths that 6 bits cannot tell.
const wide = 63

// hide writes a number so that its length is hidden too.
func hide(w *bitWriter, v uint64) {
	n := lengthOf(v)
	if n >= wide {
		w.put(wide, 6)
		w.put(v, 64)
		return
	}
	w.put(uint64(n), 6)
	w.tail(v, n)
}

func unhide(r *bitReader) uint64 {
	n := uint(r.get(6))
	if n == wide {
		return r.get(64)
	}
	return r.tail(n)
}
