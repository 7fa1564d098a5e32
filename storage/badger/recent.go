package badger

// recentEvents is how many events of components touched of late are kept decoded, about a kilobyte each.
const recentEvents = 12_000

// recent holds the components and link tokens that batches have touched of late, as stored. What happens to a send
// mostly happens soon, so most events find their component here. It has two generations: when the younger is full it
// becomes the older one, and what is used from the older goes into the younger with its batch. Only the writer uses
// it.
type recent struct {
	young, old generation
}

type generation struct {
	components map[uint64]*component
	links      map[hash]uint64
	events     int
}

func (r *recent) component(id uint64) *component {
	if c := r.young.components[id]; c != nil {
		return c
	}
	return r.old.components[id]
}

func (r *recent) link(h hash) (id uint64, ok bool) {
	if id, ok = r.young.links[h]; !ok {
		id, ok = r.old.links[h]
	}
	return id, ok
}

// keep takes over what a committed batch has touched.
func (r *recent) keep(b *batch) {
	if r.young.components == nil || r.young.events > recentEvents {
		r.old, r.young = r.young, generation{components: map[uint64]*component{}, links: map[hash]uint64{}}
	}
	for id, c := range b.components {
		if was := r.young.components[id]; was != nil {
			r.young.events -= was.weight
		}
		c.weight = len(c.events) + 1
		r.young.events += c.weight
		r.young.components[id] = c
	}
	for h, id := range b.links {
		r.young.links[h] = id
	}
}
