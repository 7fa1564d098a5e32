package columns

// scratch is room that questions need, one after the other: it is kept so that each does not make it anew.
type scratch struct {
	rows    [][]uint32 // each for a number by row of a segment
	used    int        // of rows, for the present segment
	mask    []bool
	waits   []int64
	waiting [][]uint32 // by pass
	crowds  []crowd    // by pass
}

// numbers is room for a number by row, until the next segment. It is not empty.
func (s *scratch) numbers(rows int) []uint32 {
	if s.used == len(s.rows) {
		s.rows = append(s.rows, make([]uint32, MaxRows))
	}
	s.used++
	return s.rows[s.used-1][:rows]
}

// bools is an empty mask by row, until the next segment.
func (s *scratch) bools(rows int) []bool {
	if s.mask == nil {
		s.mask = make([]bool, MaxRows)
	}
	clear(s.mask[:rows])
	return s.mask[:rows]
}
