package packed

import (
	"slices"
	"sync/atomic"

	"outboundbot/storage"
)

// Block is an opened block: its columns unpacked, its sealed pieces still sealed. It is for use by many at a time.
type Block struct {
	run     uint64
	keys    Keys
	columns [columns][]byte
	bits    []byte
	numbers []byte // bits too: those of numbers of sends and conversations
	sealed  []byte
	start   storage.Instant
	forms   []readForm
	next    [][]uint32 // forms by the one before, from 1
	shapes  [roles][]readShape
	names   [fields]dictionary

	components []uint32
	entries    []entry
	persons    []uint32
	marks      []mark                 // of every marked-th component but the first
	idle       atomic.Pointer[reader] // of Find, where the last one left it
}

// entry is where a component stands.
type entry struct {
	persons, events uint32 // numbers of them
	person          uint32 // the first one's place among all
	from, to, state uint32 // its sealed piece, and how much of it is state
}

// maxDensity is more events than one byte can hold: an event has an id of its own, so it has sealed bits, or its
// message has, and there are few templates.
const maxDensity = 2 * maxTemplates

// readForm is a form made ready for reading.
type readForm struct {
	form
	typ  storage.Type
	step int      // the column of its time
	part int      // 0 for an event that makes a send, else 1
	made template // of its event's id, if it has one
}

type readShape struct {
	shape
	start uint64
	knots []knot
}

// Open unpacks a block that was built for that run. The block is kept.
func Open(block []byte, run uint64, keys Keys) (*Block, error) {
	in := cursor{b: block}
	if in.code() != version {
		return nil, errDamaged
	}
	b := &Block{run: run, keys: keys}
	components, events := in.code(), in.code()
	b.start = storage.Instant(in.code())
	public, numbers := in.code(), in.code()
	if in.over {
		return nil, errDamaged
	}
	rest, err := readColumns(block[in.i:], &b.columns)
	if err != nil {
		return nil, err
	}
	if public > uint64(len(rest)) || numbers > uint64(len(rest))-public {
		return nil, errDamaged
	}
	b.bits, b.numbers, b.sealed = rest[:public], rest[public:public+numbers], rest[public+numbers:]
	if components > uint64(len(b.columns[numberColumn])) || events > uint64(len(b.columns[formColumn])) || events/maxDensity > uint64(len(block)) {
		return nil, errDamaged
	}
	for _, read := range []func() bool{
		func() bool { return b.readEntries(int(components), events) },
		b.readMarks, b.readNames, b.readForms, b.readShapes,
	} {
		if !read() {
			return nil, errDamaged
		}
	}
	return b, nil
}

func (b *Block) readEntries(n int, events uint64) bool {
	var in [markColumn - numberColumn]cursor
	for k := range in {
		in[k].b = b.columns[numberColumn+k]
	}
	next := func(column int) uint64 { return in[column-numberColumn].code() }
	who := uint64(len(b.columns[whoColumn]))
	b.components, b.entries = make([]uint32, n), make([]entry, n)
	b.persons = make([]uint32, 0, who)
	number, person, at, sum := uint64(0), int64(0), uint64(0), uint64(0)
	for i := range b.entries {
		number += next(numberColumn)
		persons, had := next(personsColumn), next(eventsColumn)
		length, state := next(sealedColumn), next(stateColumn)
		sum += had
		if number > 1<<32-1 || persons > who-uint64(len(b.persons)) || sum > events || state > length || length > uint64(len(b.sealed))-at {
			return false
		}
		b.components[i] = uint32(number)
		b.entries[i] = entry{uint32(persons), uint32(had), uint32(len(b.persons)), uint32(at), uint32(at + length), uint32(state)}
		at += length
		for range persons {
			person += unzigzag(next(whoColumn))
			b.persons = append(b.persons, uint32(person))
		}
	}
	for k := range in {
		if in[k].over {
			return false
		}
	}
	return sum == events && at == uint64(len(b.sealed))
}

func (b *Block) readMarks() bool {
	in := cursor{b: b.columns[markColumn]}
	n := max(0, len(b.entries)-1) / marked
	if n*(eventColumns+2) > len(in.b) {
		return false
	}
	b.marks = make([]mark, n)
	for k := range eventColumns {
		at := uint64(0)
		for i := range b.marks {
			if at += in.code(); at > uint64(len(b.columns[k])) {
				return false
			}
			b.marks[i].columns[k] = uint32(at)
		}
	}
	bits, numbers := uint64(0), uint64(0)
	for i := range b.marks {
		bits += in.code()
		numbers += in.code()
		if bits > uint64(len(b.bits))*8 || numbers > uint64(len(b.numbers))*8 {
			return false
		}
		b.marks[i].bits, b.marks[i].numbers = uint32(bits), uint32(numbers)
	}
	return !in.over
}

func (b *Block) readForms() bool {
	in := cursor{b: b.columns[formsColumn]}
	n := in.code()
	if n > maxTemplates {
		return false
	}
	templates := make([]template, n)
	for i := range templates {
		templates[i] = template{uint8(in.code()), in.text(), in.text()}
		if templates[i].base >= bases {
			return false
		}
	}
	if n = in.code(); n > uint64(len(in.b)) || in.over {
		return false
	}
	b.forms = make([]readForm, n)
	for i := range b.forms {
		if !b.forms[i].read(&in, b.names[typeField].texts, templates) {
			return false
		}
	}
	b.next = make([][]uint32, n+1)
	for i := range b.next {
		count := in.code()
		if count > uint64(len(in.b)-in.i) || in.over {
			return false
		}
		b.next[i] = make([]uint32, count)
		for k := range b.next[i] {
			id := in.code()
			if id >= n {
				return false
			}
			b.next[i][k] = uint32(id)
		}
	}
	return !in.over
}

func (f *readForm) read(in *cursor, types []string, templates []template) bool {
	kind, set, same, more := in.code(), in.code(), in.code(), in.code()
	contact, reply, number := in.code(), in.code(), in.code()
	if in.over || kind >= uint64(len(types)) || set >= 1<<fields || set&1 != 0 || same&^set != 0 || more >= moreFlags ||
		contact >= contactWays || reply >= replyWays || number > uint64(len(templates)) {
		return false
	}
	f.form = form{int32(kind), uint32(set), uint32(same), uint16(more), uint8(contact), uint8(reply), uint8(number)}
	f.typ = storage.Type(types[kind])
	class := timeClass(f.typ)
	f.step, f.part = stepColumn+class, 1-int(bit(class == making))
	if number > 0 {
		f.made = templates[number-1]
	}
	return true
}

func (b *Block) readShapes() bool {
	in := cursor{b: b.columns[shapesColumn]}
	for r := range b.shapes {
		n := in.code()
		if n > maxShapes+4 || in.over {
			return false
		}
		b.shapes[r] = make([]readShape, n)
		for i := range b.shapes[r] {
			sh := &b.shapes[r][i]
			sh.prefix = in.text()
			k, pad, sealed, length := in.code(), in.code(), in.code(), in.code()
			sh.start = in.code()
			var ok bool
			if sh.knots, ok = in.knots(); !ok {
				return false
			}
			if k >= uint64(classes) || pad > 2 || sealed > 1 || length > 1<<16-1 || class(k).counts() && length > 40 {
				return false
			}
			sh.class, sh.pad, sh.sealed, sh.length = class(k), uint8(pad), sealed == 1, uint16(length)
		}
	}
	return !in.over
}

// Size is about how much memory the block takes, in bytes.
func (b *Block) Size() int {
	n := len(b.bits) + len(b.numbers) + len(b.sealed) + 28*len(b.entries) + 4*len(b.persons)
	for k := range b.columns {
		n += len(b.columns[k])
	}
	for f := range b.names {
		n += 16*len(b.names[f].texts) + 4*len(b.names[f].values)
	}
	return n + len(b.marks)*(eventColumns*4+16) + len(b.forms)*96
}

// Components are those of the block, ascending. The slice is the block's own.
func (b *Block) Components() []uint32 { return b.components }

// Find gives one component, if it is there. What it gives is the caller's to keep.
func (b *Block) Find(component uint32) (Bundle, bool, error) {
	i, ok := slices.BinarySearch(b.components, component)
	if !ok {
		return Bundle{}, false, nil
	}
	r := b.idle.Swap(nil)
	switch {
	case r == nil:
		r = b.reader(i)
	case r.next > i || r.next < i/marked*marked:
		r.seek(i)
	}
	for ; r.next < i; r.next++ {
		r.skip(&b.entries[r.next])
	}
	var bundle Bundle
	if err := r.bundle(i, &bundle); err != nil {
		return Bundle{}, false, err
	}
	if cap(r.text) <= mostIdle {
		r.next = i + 1
		b.idle.Store(r)
	}
	return bundle, true, nil
}

// mostIdle is up to how many bytes of text a reader keeps room for between two uses.
const mostIdle = 64 << 10

// Each gives all components in order until f gives an error. The slices of a bundle are used again after f; what the
// texts of its events are may be kept.
func (b *Block) Each(f func(Bundle) error) error {
	r := b.reader(0)
	var bundle Bundle
	for i := range b.entries {
		if err := r.bundle(i, &bundle); err != nil {
			return err
		}
		if err := f(bundle); err != nil {
			return err
		}
	}
	return nil
}
