package columns

// scratch is room that questions need, one after the other: it is kept so that each does not make it anew.
type scratch struct {
	rows      [][]uint32 // each for a number by row of a segment
	used      int        // of rows, for the present segment
	list      []uint16   // of rows of a segment
	lists     [][]uint16 // kept until the end of the question
	filled    int        // of lists
	runs      []selected
	stretches []stretch
	amounts   []amount
	waited    []uint16
	waits     []int64
	waiting   [][]uint32 // by pass
	free      []*listed
}

// numbers is room for a number by row, until the next segment. It is not empty.
func (s *scratch) numbers(rows int) []uint32 {
	if s.used == len(s.rows) {
		s.rows = append(s.rows, make([]uint32, MaxRows))
	}
	s.used++
	return s.rows[s.used-1][:rows]
}

// build is room for a list of rows, until the next list.
func (s *scratch) build() []uint16 {
	if s.list == nil {
		s.list = make([]uint16, MaxRows)
	}
	return s.list
}

// forget makes all room free that was taken for a segment, lists too.
func (s *scratch) forget() {
	s.used, s.filled = 0, 0
	for i := range s.lists {
		s.lists[i] = s.lists[i][:0]
	}
}

// chunk is how many rows are kept in one piece.
const chunk = 1 << 17

// keep copies a list; the copy lasts until the end of the question.
func (s *scratch) keep(list []uint16) []uint16 {
	for s.filled < len(s.lists) && cap(s.lists[s.filled])-len(s.lists[s.filled]) < len(list) {
		s.filled++
	}
	if s.filled == len(s.lists) {
		s.lists = append(s.lists, make([]uint16, 0, chunk))
	}
	to := &s.lists[s.filled]
	n := len(*to)
	*to = append(*to, list...)
	return (*to)[n:len(*to):len(*to)]
}

// listed is room for people.
func (s *scratch) listed() *listed {
	n := len(s.free)
	if n == 0 {
		return new(listed)
	}
	l := s.free[n-1]
	l.n, s.free = 0, s.free[:n-1]
	return l
}

// listedSize is the bytes of a listed.
const listedSize = 2 * 4 << 16

// keptScratch is how many bytes of room are kept at most.
const keptScratch = 64 << 20

// kept is what is worth keeping for the next question.
func (s *scratch) kept() *scratch {
	size := 8*cap(s.waits) + len(s.rows)*4*MaxRows + 2*chunk*len(s.lists)
	for i := range s.waiting {
		size += 4 * cap(s.waiting[i])
	}
	if size > keptScratch {
		return &scratch{}
	}
	if n := listedSize; size+n*len(s.free) > keptScratch {
		s.free = s.free[: (keptScratch-size)/n : (keptScratch-size)/n]
	}
	clear(s.runs[:cap(s.runs)]) // they point into segments
	s.forget()
	return s
}

// borrow gives room that a question gave back, or new.
func (c *Cache) borrow() *scratch {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.scratch
	if c.scratch = nil; s == nil {
		return &scratch{}
	}
	return s
}

// done gives the room of a question back.
func (p *plan) done() {
	if len(p.view.Parts) > 0 {
		p.view.Parts[0].cache.giveBack(p.scratch)
	}
}

// giveBack keeps the room of one question.
func (c *Cache) giveBack(s *scratch) {
	s = s.kept()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scratch = s
}
