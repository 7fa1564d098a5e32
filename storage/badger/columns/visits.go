package columns

// visits counts the people of groups that are small beside all people, one group after the other. It knows of each
// person the last group with sends of theirs, and whether none, one or several of these were successful.
type visits struct {
	last  []uint16 // by person: the group's number and two bits
	group uint16
}

const (
	visitBits   = 2
	visitGroups = 1 << (16 - visitBits)
)

// enter begins a new group.
func (v *visits) enter(people int) {
	if len(v.last) < people {
		v.last, v.group = make([]uint16, people), 0
	}
	if v.group++; v.group == visitGroups {
		clear(v.last)
		v.group = 1
	}
}

// A send is a step from what the group has of its person so far, the two bits or fresh if nothing, to what it has
// then. Steps are by these, 4 if the send is successful, and 8 if the person is recurring.
const (
	fresh          = 3
	stepSuccess    = 4
	stepRecurring  = 8
	countContacts  = 1 // four counts in one number, each of 16 bits
	countReached   = 1 << 16
	countRepeated  = 1 << 32
	countRecurring = 1 << 48
)

type step struct {
	counts uint64
	then   uint16
}

var steps = stepTable()

func stepTable() (t [16]step) {
	for i := range t {
		s, before := &t[i], i&fresh
		if before == fresh {
			s.counts, before = countContacts, 0
		}
		s.then = uint16(before)
		switch {
		case i&stepSuccess == 0:
			continue
		case before == 0:
			s.counts += countReached
			if i&stepRecurring != 0 {
				s.counts += countRecurring
			}
		case before == 1:
			s.counts += countRepeated
		}
		s.then = uint16(min(before+1, 2))
	}
	return t
}

// visit notes up to 1<<16 - 1 sends.
func (v *visits) visit(h *head, n int, plan *plan, at func(k int) (person uint32, success uint64)) {
	words := plan.recurring.all()
	tag, counts := v.group<<visitBits, uint64(0)
	for k := range n {
		person, success := at(k)
		kind := uint64(0)
		if words != nil {
			kind = words[person>>6] >> (person & 63) & 1
		}
		last := &v.last[person]
		s := &steps[uint64(min(*last^tag, fresh))|success&stepSuccess|kind*stepRecurring]
		*last = tag | s.then
		counts += s.counts
	}
	h.contacts += int64(counts & 0xffff)
	h.reached += int64(counts >> 16 & 0xffff)
	h.repeated += int64(counts >> 32 & 0xffff)
	h.recurring += int64(counts >> 48)
}

// span notes the rows of a run.
func (v *visits) span(s *span, h *head, plan *plan) {
	if s.list != nil {
		v.visit(h, len(s.list), plan, func(k int) (uint32, uint64) {
			i := s.list[k]
			return s.persons[i], plan.success[s.facts[i]]
		})
		return
	}
	persons, facts := s.persons[s.lo:s.hi], s.facts[s.lo:s.hi]
	v.visit(h, len(persons), plan, func(k int) (uint32, uint64) { return persons[k], plan.success[facts[k]] })
}

// list notes listed persons.
func (v *visits) list(persons []uint32, h *head, plan *plan) {
	for len(persons) > 0 {
		some := persons[:min(len(persons), 1<<16-1)]
		v.visit(h, len(some), plan, func(k int) (uint32, uint64) {
			return some[k] &^ successBit, -uint64(some[k] >> 31)
		})
		persons = persons[len(some):]
	}
}
