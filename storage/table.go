package storage

// table numbers strings in the order in which they come. Nearly all are short, where comparing beats hashing; a long
// one has a map. The zero value is empty.
type table struct {
	keys  []tableKey
	index map[string]int32 // of keys, once there are more than fewKeys
}

// tableKey has its last bytes at hand, which tell most ids apart.
type tableKey struct {
	key string
	end uint32
}

const (
	fewKeys  = 16
	manyKeys = 1 << 12 // a map with so many is let go rather than cleared
)

// endOf is the last four bytes of a key, or all of a shorter one.
func endOf(key string) uint32 {
	if n := len(key); n >= 4 {
		key = key[n-4:]
		return uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24
	}
	var end uint32
	for i := range len(key) {
		end = end<<8 | uint32(key[i])
	}
	return end
}

// find gives the number of a key, or -1. The newest are looked at first: events in order come back to them.
func (t *table) find(key string) int32 {
	if len(t.keys) == 0 {
		return -1
	}
	if len(t.keys) > fewKeys {
		if i, ok := t.index[key]; ok {
			return i
		}
		return -1
	}
	end := endOf(key)
	for i := len(t.keys) - 1; i >= 0; i-- {
		if k := &t.keys[i]; k.end == end && k.key == key {
			return int32(i)
		}
	}
	return -1
}

// add gives the number of a key, a new one if need be.
func (t *table) add(key string) (i int32, added bool) {
	if i := t.find(key); i >= 0 {
		return i, false
	}
	i = int32(len(t.keys))
	t.keys = append(t.keys, tableKey{key, endOf(key)})
	switch {
	case i > fewKeys:
		t.index[key] = i
	case i == fewKeys:
		if t.index == nil {
			t.index = make(map[string]int32, 2*fewKeys)
		}
		for i, k := range t.keys {
			t.index[k.key] = int32(i)
		}
	}
	return i, true
}

// reset empties the table and keeps its memory.
func (t *table) reset() {
	if len(t.keys) > manyKeys {
		t.index = nil
	} else if len(t.keys) > fewKeys {
		clear(t.index)
	}
	t.keys = t.keys[:0]
}
