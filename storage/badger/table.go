package badger

import "slices"

// table finds the component of an identifier by its hash, for an import: tens of millions of entries in twelve bytes
// each. It is cut into shards by the first bits of the hash, so that growing copies little, and what comes out is in
// order.
type table struct {
	shards [1 << shardBits]shard
}

const shardBits = 8

// shard is a hash table with linear probing; a hash of 0 marks a free slot.
type shard struct {
	hashes     []uint64
	components []uint32
	used       int
}

// indexed marks a component that the indexes of the store lead to already.
const indexed = 1 << 31

// slot is where a hash stands, or where it would.
func (s *shard) slot(hash uint64) int {
	n := uint64(len(s.hashes))
	i := int(uint64(uint32(hash>>8)) * n >> 32)
	for s.hashes[i] != 0 && s.hashes[i] != hash {
		if i++; i == int(n) {
			i = 0
		}
	}
	return i
}

// find gives the place of a hash, which holds 0 in hashes if it is not there. The place is valid until the next put.
func (t *table) find(hash uint64) (s *shard, slot int, there bool) {
	s = &t.shards[hash>>(64-shardBits)]
	if len(s.hashes) == 0 {
		s.grow()
	}
	slot = s.slot(hash)
	return s, slot, s.hashes[slot] != 0
}

func (s *shard) put(slot int, hash uint64, component uint32) {
	s.hashes[slot], s.components[slot] = hash, component
	if s.used++; s.used*20 > len(s.hashes)*17 {
		s.grow()
	}
}

func (s *shard) grow() {
	old := *s
	n := max(64, len(old.hashes)*3/2)
	s.hashes, s.components = make([]uint64, n), make([]uint32, n)
	for i, h := range old.hashes {
		if h != 0 {
			slot := s.slot(h)
			s.hashes[slot], s.components[slot] = h, old.components[i]
		}
	}
}

// used is how many entries there are.
func (t *table) used() (n int) {
	for i := range t.shards {
		n += t.shards[i].used
	}
	return n
}

// drain calls f with all entries that are not indexed yet and whose hash begins with a value of so many bits, at most
// those of the shards, and frees them.
func (t *table) drain(bits, value int, f func(hash uint64, component uint32)) {
	each := len(t.shards) >> bits
	for i := range each {
		s := &t.shards[value*each+i]
		for k, h := range s.hashes {
			if h != 0 && s.components[k]&indexed == 0 {
				f(h, s.components[k])
			}
		}
		*s = shard{}
	}
}

// unions tells into which component each of a range was merged: always one with a lower number.
type unions struct {
	base   uint32
	parent []uint32          // of base and those after it
	old    map[uint32]uint32 // of those before it
}

func (u *unions) of(c uint32) uint32 {
	for {
		var up uint32
		if c >= u.base {
			up = u.parent[c-u.base]
		} else if o, ok := u.old[c]; ok {
			up = o
		} else {
			return c
		}
		if up == c {
			return c
		}
		c = up
	}
}

func (u *unions) create() uint32 {
	c := u.base + uint32(len(u.parent))
	u.parent = append(u.parent, c)
	return c
}

// merge makes one of two; the younger goes into the older.
func (u *unions) merge(a, b uint32) uint32 {
	a, b = u.of(a), u.of(b)
	if a == b {
		return a
	}
	into, from := min(a, b), max(a, b)
	if from >= u.base {
		u.parent[from-u.base] = into
	} else {
		u.old[from] = into
	}
	return into
}

// flatten lets every component lead straight to the one it ended in.
func (u *unions) flatten() {
	for i, p := range u.parent {
		u.parent[i] = u.of(p) // parents are older, so this is one step for those of the range
	}
}

// merged lists the components of the store that were merged into each other one, by leader.
func (u *unions) merged() map[uint32][]uint32 {
	by := map[uint32][]uint32{}
	for from := range u.old {
		to := u.of(from)
		by[to] = append(by[to], from)
	}
	for _, list := range by {
		slices.Sort(list)
	}
	return by
}
