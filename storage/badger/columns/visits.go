package columns

// leave counts the people of the rows of a run and takes them out of the set. It is for groups that are small beside
// all people: what their rows touched is still near, and the rest of the set need not be looked at.
func (p people) leave(s *span, h *head, recurring []uint64) {
	counts := visitCounts(0)
	if s.list == nil {
		for _, person := range s.persons[s.lo:s.hi] {
			counts += p.take(person, recurring)
		}
	}
	for _, i := range s.list {
		counts += p.take(s.persons[i], recurring)
	}
	counts.add(h)
}

// leaveList is leave for listed persons.
func (p people) leaveList(persons []uint32, h *head, recurring []uint64) {
	for len(persons) > 0 {
		counts, some := visitCounts(0), min(len(persons), 1<<16-1)
		for _, person := range persons[:some] {
			counts += p.take(person&^successBit, recurring)
		}
		counts.add(h)
		persons = persons[some:]
	}
}

// visitCounts is a head of less than 1<<16 people: four counts, each of 16 bits.
type visitCounts uint64

func (c visitCounts) add(h *head) {
	h.contacts += int64(c & 0xffff)
	h.reached += int64(c >> 16 & 0xffff)
	h.repeated += int64(c >> 32 & 0xffff)
	h.recurring += int64(c >> 48)
}

// take counts a person and takes them out of the set; one who is not in it counts nothing.
func (p people) take(person uint32, recurring []uint64) visitCounts {
	w, at := &p[person>>6], person&63
	low, high, again := w.low>>at&1, w.high>>at&1, uint64(0)
	if recurring != nil {
		again = high & (recurring[person>>6] >> at & 1)
	}
	w.low &^= 1 << at
	w.high &^= 1 << at
	return visitCounts(low | high | high<<16 | (low&high)<<32 | again<<48)
}
