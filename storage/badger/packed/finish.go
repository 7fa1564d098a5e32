package packed

import (
	"encoding/binary"
	"errors"
)

// version stands first in a block.
const version = 1

// Finish makes the block and tells its first and last component and how many events it has. The builder is empty then
// and may go on with the next block of the run.
func (b *Builder) Finish() (block []byte, first, last uint32, events int, err error) {
	if b.components == 0 {
		return nil, 0, 0, 0, errors.New("a block of events needs a component")
	}
	b.putNumbers()
	b.putForms()
	b.putShapes()
	b.putNames()
	public, numbers := b.bits.close(), b.numbers.close()
	block = append(make([]byte, 0, b.Size()/2), version)
	block = binary.AppendUvarint(block, uint64(b.components))
	block = binary.AppendUvarint(block, uint64(b.events))
	block = binary.AppendUvarint(block, uint64(b.start))
	block = binary.AppendUvarint(block, uint64(len(public)))
	block = binary.AppendUvarint(block, uint64(len(numbers)))
	head := len(block)
	block = appendColumns(block, &b.columns, true)
	if b.unpacked() > roomFor(len(block)-head+len(public)+len(numbers)+len(b.sealed)) {
		block = appendColumns(block[:head], &b.columns, false) // so small that a reader would take it for damage
	}
	block = append(append(append(block, public...), numbers...), b.sealed...)
	first, last, events = b.first, b.last, b.events
	b.reset()
	return block, first, last, events, nil
}

// unpacked is how many bytes the columns have.
func (b *Builder) unpacked() (n uint64) {
	for i := range b.columns {
		n += uint64(len(b.columns[i]))
	}
	return n
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// putNumbers packs what waited, and writes where columns stand at the components that are marked: for each column the
// step from one mark to the next.
func (b *Builder) putNumbers() {
	b.trends()
	from := 0
	for i := range b.marks {
		m := &b.marks[i]
		b.settle(from, m.pending)
		from = m.pending
		m.numbers = uint32(b.numbers.position())
		for k := startColumn; k < deltaColumn+int(roles); k++ {
			if k != deltaColumn+int(valueRole) {
				m.columns[k] = uint32(len(b.columns[k]))
			}
		}
	}
	b.settle(from, len(b.pending))
	for k := range eventColumns {
		last := uint32(0)
		for i := range b.marks {
			b.code(markColumn, uint64(b.marks[i].columns[k]-last))
			last = b.marks[i].columns[k]
		}
	}
	var last mark
	for _, m := range b.marks {
		b.code(markColumn, uint64(m.bits-last.bits))
		b.code(markColumn, uint64(m.numbers-last.numbers))
		last = m
	}
}

func (b *Builder) putForms() {
	to := b.columns[formsColumn]
	put := func(v uint64) { to = binary.AppendUvarint(to, v) }
	put(uint64(len(b.forms.templates)))
	for _, t := range b.forms.templates {
		put(uint64(t.base))
		to = appendText(appendText(to, t.prefix), t.suffix)
	}
	put(uint64(len(b.forms.list)))
	for _, f := range b.forms.list {
		put(uint64(b.names.nodes[f.kind].rank))
		put(uint64(f.fields))
		put(uint64(f.same))
		put(uint64(f.more))
		to = append(to, f.contact, f.reply, f.template)
	}
	for _, list := range b.forms.followers {
		put(uint64(len(list)))
		for _, id := range list {
			put(uint64(id))
		}
	}
	b.columns[formsColumn] = to
}

func (b *Builder) putShapes() {
	to := b.columns[shapesColumn]
	put := func(v uint64) { to = binary.AppendUvarint(to, v) }
	for r := range b.shapes {
		t := &b.shapes[r]
		put(uint64(len(t.list)))
		for i, sh := range t.list {
			to = appendText(to, sh.prefix)
			to = append(to, byte(sh.class), sh.pad, byte(bit(sh.sealed)))
			put(uint64(sh.length))
			put(t.starts[i])
			to = appendKnots(to, t.trends[i])
		}
	}
	b.columns[shapesColumn] = to
}

// putNames writes the dictionaries: for each field its names; where it has a parent, also how many values follow from
// nothing and from each of the parent's, and which they are: 0 for a name not met before, else its number.
func (b *Builder) putNames() {
	for f := range fields {
		texts := b.names.texts[f]
		b.code(lengthColumn, uint64(len(texts)))
		for _, s := range texts {
			b.code(lengthColumn, uint64(len(s)))
			b.columns[nameColumn] = append(b.columns[nameColumn], s...)
		}
		if parents[f] != 0 {
			b.putChildren(f)
		}
	}
}

func (b *Builder) putChildren(f field) {
	lists := make([][]uint32, 1+len(b.names.order[parents[f]]))
	for _, id := range b.names.order[f] {
		n := &b.names.nodes[id]
		p := 0
		if n.parent != noNode {
			p = 1 + int(b.names.nodes[n.parent].rank)
		}
		lists[p] = append(lists[p], n.name)
	}
	for _, list := range lists {
		b.code(childColumn, uint64(len(list)))
		for _, name := range list {
			b.code(valueColumn, uint64(name))
		}
	}
}
