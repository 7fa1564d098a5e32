package columns

// grid counts by cell and by a second number, both dense and growing.
type grid struct {
	width int // of a cell's row
	n     []uint32
	many  map[uint64]uint32 // instead of n where the two are many
}

// reserve makes room for cells and second numbers below these; limit is how many counts are kept in one slice.
func (g *grid) reserve(cells, width, limit int) {
	if g.many != nil || (width <= g.width && cells*g.width <= len(g.n)) {
		return
	}
	wider := g.width
	if width > wider {
		wider = max(8, width+width/2)
	}
	if cells*wider > limit {
		many := map[uint64]uint32{}
		g.each(func(cell, k int, n uint32) { many[uint64(cell)<<32|uint64(k)] += n })
		g.n, g.many = nil, many
		return
	}
	size := max(cells*wider, min(2*len(g.n), limit)/wider*wider)
	n := make([]uint32, size)
	if g.width == wider {
		copy(n, g.n)
	} else if g.width > 0 {
		for cell := range min(cells, len(g.n)/g.width) { // there are no more so far
			copy(n[cell*wider:], g.n[cell*g.width:(cell+1)*g.width])
		}
	}
	g.n, g.width = n, wider
}

// add counts one.
func (g *grid) add(cell uint32, k uint32) {
	if g.many != nil {
		g.many[uint64(cell)<<32|uint64(k)]++
		return
	}
	g.n[int(cell)*g.width+int(k)]++
}

// addMany counts several.
func (g *grid) addMany(cell, k, n uint32) {
	if g.many != nil {
		g.many[uint64(cell)<<32|uint64(k)] += n
		return
	}
	g.n[int(cell)*g.width+int(k)] += n
}

// each gives all counts but zero.
func (g *grid) each(f func(cell, k int, n uint32)) {
	if g.many != nil {
		for key, n := range g.many {
			f(int(key>>32), int(uint32(key)), n)
		}
		return
	}
	for i, n := range g.n {
		if n != 0 {
			f(i/g.width, i%g.width, n)
		}
	}
}
