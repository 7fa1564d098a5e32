package packed

import "encoding/base64"

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

// literal reads a text that no dictionary has.
func (r *reader) literal(role role) span {
	sh, i := r.shape(role)
	if sh == nil {
		return span{}
	}
	from := uint32(len(r.text))
	in := &r.bits
	if sh.sealed {
		in = &r.hidden
	}
	switch {
	case sh.class == nestedClass:
		r.nest(sh)
	case sh.class.counts():
		r.text = sh.appendNumber(r.text, r.counted(role, i, sh))
	default:
		r.text = sh.read(in, r.text)
	}
	return span{from, uint32(len(r.text))}
}

// shape reads the shape of a literal.
func (r *reader) shape(role role) (*readShape, int) {
	i := r.columns[shapeColumn+int(role)].code()
	if i >= uint64(len(r.b.shapes[role])) {
		r.damaged = true
		return nil, 0
	}
	return &r.b.shapes[role][i], int(i)
}

// nest reads an id that is base64.
func (r *reader) nest(sh *readShape) {
	next := r.hidden.nested(r.spare[:0], r.nested)
	r.spare, r.nested = r.nested, next
	r.text = base64.RawStdEncoding.AppendEncode(append(r.text, sh.prefix...), next)
	r.text = sh.padding(r.text)
}

// counted reads a numbered id.
func (r *reader) counted(role role, i int, sh *readShape) uint64 {
	if sh.sealed {
		r.last[role][i] += uint64(unzigzag(unhide(&r.hidden)))
		return r.last[role][i]
	}
	if sh.class == decimalClass {
		return uint64(unzigzag(r.number(deltaColumn + int(role))))
	}
	column, from := deltaColumn+int(role), r.last[role][i]
	switch {
	case sh.knots != nil:
		from = expected(sh.knots, r.at)
	case from == 0:
		column, from = startColumn+int(role), sh.start
	}
	r.last[role][i] = from + uint64(unzigzag(r.numbers.tail(uint(r.columns[column].code()))))
	return r.last[role][i]
}
