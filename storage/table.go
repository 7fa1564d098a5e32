package storage

// table numbers strings in the order in which they come. Nearly all are short, where comparing beats hashing; a long
// one has a map. The zero value is empty.
type table struct {
	keys  []string
	index map[string]int32 // of keys, once there are more than fewKeys
}

const (
	fewKeys  = 16
	manyKeys = 1 << 12 // a map with so many is let go rather than cleared
)

// find gives the number of a key, or -1. The newest are looked at first: events in order come back to them.
func (t *table) find(key string) int32 {
	if len(t.keys) > fewKeys {
		if i, ok := t.index[key]; ok {
			return i
		}
		return -1
	}
	for i := len(t.keys) - 1; i >= 0; i-- {
		if t.keys[i] == key {
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
	t.keys = append(t.keys, key)
	switch {
	case i > fewKeys:
		t.index[key] = i
	case i == fewKeys:
		if t.index == nil {
			t.index = make(map[string]int32, 2*fewKeys)
		}
		for i, key := range t.keys {
			t.index[key] = int32(i)
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
