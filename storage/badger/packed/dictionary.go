package packed

// dictionary has the values of a field: those that follow from nothing, then those of each value of the parent.
type dictionary struct {
	starts []uint32 // by parent from 1; one more for the end
	values []uint32
	texts  []string
}

// text gives the value of a rank after a parent's value, and its own place.
func (d *dictionary) text(parent int, rank uint64) (s string, place int, ok bool) {
	if parent+1 >= len(d.starts) || rank >= uint64(d.starts[parent+1]-d.starts[parent]) {
		return "", 0, false
	}
	place = int(d.starts[parent]) + int(rank)
	return d.texts[d.values[place]], place, true
}

func (b *Block) readNames() bool {
	lengths, names := cursor{b: b.columns[lengthColumn]}, string(b.columns[nameColumn])
	counts, values := cursor{b: b.columns[childColumn]}, cursor{b: b.columns[valueColumn]}
	for f := range fields {
		d := &b.names[f]
		n := lengths.code()
		if n > uint64(len(lengths.b)) {
			return false
		}
		d.texts = make([]string, n)
		for i := range d.texts {
			length := lengths.code()
			if length > uint64(len(names)) {
				return false
			}
			d.texts[i], names = names[:length], names[length:]
		}
		if !d.read(f, len(b.names[parents[f]].texts), &counts, &values) {
			return false
		}
	}
	return !lengths.over && !counts.over && !values.over
}

// read gets which values follow from which of the parent's.
func (d *dictionary) read(f field, ofParent int, counts, values *cursor) bool {
	if parents[f] == 0 {
		d.starts = []uint32{0, uint32(len(d.texts))}
		d.values = make([]uint32, len(d.texts))
		for i := range d.values {
			d.values[i] = uint32(i)
		}
		return true
	}
	d.starts = make([]uint32, 1, ofParent+2)
	for range ofParent + 1 {
		n := counts.code()
		if n > uint64(len(values.b)-values.i) {
			return false
		}
		for range n {
			v := values.code()
			if v >= uint64(len(d.texts)) {
				return false
			}
			d.values = append(d.values, uint32(v))
		}
		d.starts = append(d.starts, uint32(len(d.values)))
	}
	return true
}
