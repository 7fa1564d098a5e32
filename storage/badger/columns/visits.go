package columns

// visits counts the people of groups that are small beside all people, one group after the other. It knows of each
// person the last group with sends of theirs, and how many of these were successful: none, one or several.
type visits struct {
	last  []uint32 // by person: the group's number and two bits
	group uint32
}

const visitBits = 2

// enter begins a new group.
func (v *visits) enter(people int) {
	if len(v.last) < people {
		v.last, v.group = make([]uint32, people), 0
	}
	if v.group++; v.group == 1<<(32-visitBits) {
		clear(v.last)
		v.group = 1
	}
}

// visit notes a send of a person; success and recurring are 1 or 0.
func (v *visits) visit(h *head, person, success, recurring uint32) {
	last := &v.last[person]
	fresh := uint32(0)
	if *last>>visitBits != v.group {
		fresh = 1
	}
	successes := *last & (1<<visitBits - 1) &^ -fresh
	first, second := success, uint32(0)
	if successes != 0 {
		first = 0
	}
	if successes == 1 {
		second = success
	}
	h.contacts += int64(fresh)
	h.reached += int64(first)
	h.repeated += int64(second)
	h.recurring += int64(first & recurring)
	*last = v.group<<visitBits | (successes + first + second)
}

// span notes the rows of a run.
func (v *visits) span(s *span, h *head, plan *plan) {
	words := plan.recurring.all()
	one := func(i int) {
		person, recurring := s.persons[i], uint32(0)
		if words != nil {
			recurring = uint32(words[person>>6] >> (person & 63) & 1)
		}
		v.visit(h, person, uint32(plan.success[s.facts[i]]&1), recurring)
	}
	for _, i := range s.list {
		one(int(i))
	}
	if s.list == nil {
		for i := s.lo; i < s.hi; i++ {
			one(int(i))
		}
	}
}

// list notes listed persons.
func (v *visits) list(persons []uint32, h *head, plan *plan) {
	words := plan.recurring.all()
	for _, person := range persons {
		success, recurring := person>>31, uint32(0)
		person &^= successBit
		if words != nil {
			recurring = uint32(words[person>>6] >> (person & 63) & 1)
		}
		v.visit(h, person, success, recurring)
	}
}
