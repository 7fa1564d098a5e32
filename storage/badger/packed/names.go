package packed

import "hash/maphash"

// Codes of a field in an event. Ranks among the values that follow from the field's parent come behind them.
const (
	sealedCode = iota // the name tells a contact: it stands in the sealed part
	sameCode          // as this component had it last
	firstRank
)

// noNode is the parent of values that follow from nothing.
const noNode = -1

// node is a value of a field under one value of its parent.
type node struct {
	hash   uint64
	parent int32
	field  field
	rank   uint32 // among those of the same field and parent, by first appearance
	name   uint32 // among the names of the field
	text   string
}

// names are the dictionaries of a block in the making.
type names struct {
	seed  maphash.Seed
	slots []uint32 // places in nodes, from 1; open addressing
	nodes []node
	bytes int                       // of their texts
	hints [hinted]uint32            // nodes found lately, from 1
	count map[uint64]uint32         // values by field and parent
	index [fields]map[string]uint32 // names that more than one parent can have
	texts [fields][]string          // names by first appearance
	order [fields][]uint32          // nodes by first appearance
}

func newNames() *names {
	return &names{seed: maphash.MakeSeed(), slots: make([]uint32, 1<<10), count: map[uint64]uint32{}}
}

// reset empties the dictionaries for another block.
func (t *names) reset() {
	clear(t.slots)
	clear(t.hints[:])
	clear(t.nodes)
	clear(t.count)
	t.nodes, t.bytes = t.nodes[:0], 0
	for f := range fields {
		clear(t.index[f])
		clear(t.texts[f])
		t.texts[f], t.order[f] = t.texts[f][:0], t.order[f][:0]
	}
}

// hinted is how many values may be found by a glance at their ends, without a hash over all of them.
const hinted = 1 << 12

func hint(f field, parent int32, s string) uint32 {
	n := len(s)
	k := uint32(f)*0x9e3779b1 + uint32(parent)*0x85ebca77 + uint32(n)*0xc2b2ae3d + uint32(s[n-1])*0x27d4eb2f + uint32(s[n>>1])*0x165667b1
	if n > 1 {
		k += uint32(s[n-2]) * 0x9e3779b9
	}
	return (k ^ k>>15) * 0x2c1b3c6d >> 20
}

func mixed(h uint64, f field, parent int32) uint64 {
	h ^= (uint64(f)<<32 | uint64(uint32(parent))) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// find gives the node of a value, which is not empty, or -1 and the hash to add it with.
func (t *names) find(f field, parent int32, s string) (int32, uint64) {
	at := hint(f, parent, s)
	if i := t.hints[at]; i != 0 {
		if n := &t.nodes[i-1]; n.parent == parent && n.field == f && n.text == s {
			return int32(i - 1), 0
		}
	}
	h := mixed(maphash.String(t.seed, s), f, parent)
	for i := h & uint64(len(t.slots)-1); t.slots[i] != 0; i = (i + 1) & uint64(len(t.slots)-1) {
		n := &t.nodes[t.slots[i]-1]
		if n.hash == h && n.parent == parent && n.field == f && n.text == s {
			t.hints[at] = t.slots[i]
			return int32(t.slots[i] - 1), h
		}
	}
	return -1, h
}

// add makes the node of a value that find did not find.
func (t *names) add(f field, parent int32, s string, h uint64) int32 {
	if 2*len(t.nodes) >= len(t.slots) {
		t.grow()
	}
	key := uint64(f)<<32 | uint64(uint32(parent))
	id := uint32(len(t.nodes))
	t.bytes += len(s)
	t.nodes = append(t.nodes, node{h, parent, f, t.count[key], t.name(f, s), s})
	t.count[key]++
	t.order[f] = append(t.order[f], id)
	t.place(h, id+1)
	t.hints[hint(f, parent, s)] = id + 1
	return int32(id)
}

// name is the number of a name among those of its field. Without parents each node has a name of its own.
func (t *names) name(f field, s string) uint32 {
	next := uint32(len(t.texts[f]))
	if parents[f] != 0 {
		if t.index[f] == nil {
			t.index[f] = map[string]uint32{}
		}
		if known, ok := t.index[f][s]; ok {
			return known
		}
		t.index[f][s] = next
	}
	t.texts[f] = append(t.texts[f], s)
	return next
}

func (t *names) place(h uint64, v uint32) {
	i := h & uint64(len(t.slots)-1)
	for t.slots[i] != 0 {
		i = (i + 1) & uint64(len(t.slots)-1)
	}
	t.slots[i] = v
}

func (t *names) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	for i := range t.nodes {
		t.place(t.nodes[i].hash, uint32(i+1))
	}
}

// references are the distinct texts of a kind in a component, to which later events point back.
type references struct {
	list  []string
	index map[string]int // of long lists
}

// longList is where looking through a list becomes slower than a map.
const longList = 24

func (r *references) reset() {
	clear(r.list)
	r.list, r.index = r.list[:0], nil
}

// code is 1 for the latest text, 2 for the one before, 0 for one that is new and added.
func (r *references) code(s string) uint64 {
	if r.index != nil {
		if i, ok := r.index[s]; ok {
			return uint64(len(r.list) - i)
		}
		r.index[s] = len(r.list)
		r.list = append(r.list, s)
		return 0
	}
	for i := len(r.list) - 1; i >= 0; i-- {
		if r.list[i] == s {
			return uint64(len(r.list) - i)
		}
	}
	r.list = append(r.list, s)
	if len(r.list) > longList {
		r.index = make(map[string]int, 2*longList)
		for i, t := range r.list {
			r.index[t] = i
		}
	}
	return 0
}

// known tells whether a text was added, and its code.
func (r *references) known(s string) (uint64, bool) {
	if r.index != nil {
		i, ok := r.index[s]
		return uint64(len(r.list) - i), ok
	}
	for i := len(r.list) - 1; i >= 0; i-- {
		if r.list[i] == s {
			return uint64(len(r.list) - i), true
		}
	}
	return 0, false
}
