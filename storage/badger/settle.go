package badger

import (
	"cmp"
	"slices"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
)

// source is a component as it is stored: events in order, and the persons among its contacts.
type source struct {
	component uint32
	events    []storage.Event
	persons   []uint32
}

// outcome is what new events change of a component.
type outcome struct {
	fresh     []storage.Event // those not known before, in order
	fates     []fate          // of the events that arrived, in the same order
	conflicts int
	persons   []uint32      // of all its contacts, those it had first
	added     []columns.Row // rows that are new or changed
	dead      []columns.Row // the rows they replace, as they were stored
	orphans   int           // change of the number of orphans
	firsts    []first
}

// fate is what became of an event that arrived.
type fate uint8

const (
	accepted  fate = iota
	duplicate      // its id is known, with the same content
	conflict       // its id is known, with another content
)

// first is a person's first success; 0 for never.
type first struct {
	person uint32
	at     storage.Instant
}

// register gives persons their numbers.
type register interface {
	// known is the contact of a person that has a number.
	known(person uint32) (channel, contact string, err error)
	// enter gives the next number; a person without contact is a send that has none.
	enter(channel, contact string) (uint32, error)
}

// settler brings components up to date: it sorts out what is new, folds the component before and after, and tells
// the rows apart that changed. It is not safe for concurrent use; outcomes are valid until the next settle.
type settler struct {
	windows  storage.Windows
	register register
	folder   storage.Folder
	ids      map[string]int
	events   []storage.Event
	before   []columns.Row
	places   map[string]int // of those by id, if they are many
	contacts []contactOf
	people   map[[2]string]int // of those by channel and contact, if they are many
	listed   int               // how many of them are in it
	out      outcome
}

// contactOf is a person of the component at hand.
type contactOf struct {
	channel, contact string
	person           uint32
	first            storage.Instant
}

// settle adds events in order of arrival to a component that is made of these sources: none for a new one, several
// where the events tie together what was apart.
func (s *settler) settle(sources []source, arrived []storage.Event) (*outcome, error) {
	s.out = outcome{
		fresh: s.out.fresh[:0], fates: s.out.fates[:0], persons: s.out.persons[:0], added: s.out.added[:0], dead: s.out.dead[:0], firsts: s.out.firsts[:0],
	}
	s.begin()
	s.sift(sources, arrived)
	if len(s.out.fresh) == 0 {
		return &s.out, nil
	}
	if err := s.recall(sources); err != nil {
		return nil, err
	}
	rows, orphans := s.folder.Fold(s.events, s.windows)
	s.out.orphans += orphans
	return &s.out, s.conclude(rows)
}

// settleNew is settle for a component of which nothing is stored, of events in order of time. They came in the order
// of the numbers in arrived. The events are sorted where they are.
func (s *settler) settleNew(events []storage.Event, arrived []int64) (*outcome, error) {
	s.out = outcome{
		fates: s.out.fates[:0], persons: s.out.persons[:0], added: s.out.added[:0], firsts: s.out.firsts[:0],
	}
	s.begin()
	if repeated(events) {
		events = s.first(events, arrived)
	}
	inOrder(events)
	s.out.fresh = events
	rows, orphans := s.folder.Fold(events, s.windows)
	s.out.orphans = orphans
	return &s.out, s.conclude(rows)
}

// conclude notes rows, contacts and first successes of the component at hand.
func (s *settler) conclude(rows []storage.Send) error {
	if err := s.compare(rows); err != nil {
		return err
	}
	for _, c := range s.contacts {
		s.out.persons = append(s.out.persons, c.person)
		s.out.firsts = append(s.out.firsts, first{c.person, c.first})
	}
	return nil
}

// repeated tells whether two events have one id.
func repeated(events []storage.Event) bool {
	if len(events) > few {
		ids := make(map[string]bool, len(events))
		for i := range events {
			ids[events[i].ID] = true
		}
		return len(ids) < len(events)
	}
	for i := range events {
		id := events[i].ID
		for k := range events[:i] {
			if events[k].ID == id {
				return true
			}
		}
	}
	return false
}

// first gives the events of which none has an id that came before, and notes the fates of the others.
func (s *settler) first(events []storage.Event, arrived []int64) []storage.Event {
	ids := make(map[string]int, len(events))
	kept := make([]storage.Event, 0, len(events))
	for _, i := range byArrival(arrived) {
		switch known, ok := ids[events[i].ID]; {
		case !ok:
			ids[events[i].ID] = i
			kept = append(kept, events[i])
		case events[known].Equal(&events[i]):
			s.out.fates = append(s.out.fates, duplicate)
		default:
			s.out.fates = append(s.out.fates, conflict)
			s.out.conflicts++
		}
	}
	return kept
}

// byArrival are the places of events in order of arrival.
func byArrival(arrived []int64) []int {
	order := make([]int, len(arrived))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(arrived[a], arrived[b]) })
	return order
}

// recall folds what is stored once more, to know the rows that it gave.
func (s *settler) recall(sources []source) error {
	for _, src := range sources {
		for _, p := range src.persons {
			channel, contact, err := s.register.known(p)
			if err != nil {
				return err
			}
			if contact != "" && s.person(channel, contact) == nil {
				s.contacts = append(s.contacts, contactOf{channel: channel, contact: contact, person: p})
			}
		}
		rows, orphans := s.folder.Fold(src.events, s.windows)
		s.out.orphans -= orphans
		for _, send := range rows {
			r := columns.Row{Send: send, Person: columns.Anyone} // of a send without contact nobody remembers it
			if c := s.person(send.Channel, send.Contact); c != nil && send.Contact != "" {
				r.Person = c.person
			}
			r.Tags, r.Labels = slices.Clone(send.Tags), slices.Clone(send.Labels)
			s.before = append(s.before, r)
		}
	}
	return nil
}

func (s *settler) person(channel, contact string) *contactOf {
	if len(s.contacts) > few {
		return s.personOfMany(channel, contact)
	}
	for i := range s.contacts {
		if c := &s.contacts[i]; c.contact == contact && c.channel == channel {
			return c
		}
	}
	return nil
}

// personOfMany is person by a table of those that were there when it was asked last.
func (s *settler) personOfMany(channel, contact string) *contactOf {
	if s.people == nil {
		s.people = map[[2]string]int{}
	}
	for ; s.listed < len(s.contacts); s.listed++ {
		c := &s.contacts[s.listed]
		s.people[[2]string{c.channel, c.contact}] = s.listed
	}
	if i, ok := s.people[[2]string{channel, contact}]; ok {
		return &s.contacts[i]
	}
	return nil
}

// begin forgets the component before.
func (s *settler) begin() {
	s.before, s.contacts, s.listed = s.before[:0], s.contacts[:0], 0
	clear(s.places)
	clear(s.people)
}

// few is up to how many events are compared each with each.
const few = 24

// sift puts the events that are new beside those stored, in order, and counts the others: of two with one id the
// first stored stays.
func (s *settler) sift(sources []source, arrived []storage.Event) {
	s.events = s.events[:0]
	for _, src := range sources {
		s.events = append(s.events, src.events...)
	}
	stored := len(s.events)
	s.events = slices.Grow(s.events, len(arrived))
	if stored+len(arrived) > few {
		if s.ids == nil {
			s.ids = make(map[string]int, 4*few)
		}
		clear(s.ids)
		for i := range s.events {
			s.ids[s.events[i].ID] = i
		}
	}
	for i := range arrived {
		switch known := s.known(&arrived[i], stored+len(arrived) > few); {
		case known < 0:
			s.events = append(s.events, arrived[i])
			s.out.fates = append(s.out.fates, accepted)
		case s.events[known].Equal(&arrived[i]):
			s.out.fates = append(s.out.fates, duplicate)
		default:
			s.out.fates = append(s.out.fates, conflict)
			s.out.conflicts++
		}
	}
	s.out.fresh = append(s.out.fresh, s.events[stored:]...)
	inOrder(s.out.fresh)
	inOrder(s.events)
}

// known is the place of an event with the same id; if there is none, -1, and its id is known from then on.
func (s *settler) known(ev *storage.Event, many bool) int {
	if many {
		if i, ok := s.ids[ev.ID]; ok {
			return i
		}
		s.ids[ev.ID] = len(s.events)
		return -1
	}
	for i := range s.events {
		if s.events[i].ID == ev.ID {
			return i
		}
	}
	return -1
}

// inOrder sorts events by (at, seq, id).
func inOrder(events []storage.Event) {
	less := func(i, j int) bool { return events[i].Before(&events[j]) }
	sorted := true
	for i := 1; i < len(events) && sorted; i++ {
		sorted = !less(i, i-1)
	}
	if sorted {
		return
	}
	order := make([]int32, len(events))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if events[a].Before(&events[b]) {
			return -1
		}
		return 1
	})
	moved := make([]storage.Event, len(events))
	for i, from := range order {
		moved[i] = events[from]
	}
	copy(events, moved)
}

// compare tells which rows are new, changed or gone.
func (s *settler) compare(rows []storage.Send) error {
	for i := range rows {
		r := columns.Row{Send: rows[i]}
		was := s.was(r.ID)
		if err := s.meet(&r); err != nil {
			return err
		}
		if was != nil && same(&was.Send, &r.Send) {
			was.ID = "" // it stays as it is
			continue
		}
		if r.Contact == "" {
			person, err := s.register.enter("", "")
			if err != nil {
				return err
			}
			r.Person = person
			s.success(person, &r.Send)
		}
		r.Contact = ""
		s.out.added = append(s.out.added, r)
	}
	for i := range s.before {
		if was := &s.before[i]; was.ID != "" {
			was.Contact = ""
			s.out.dead = append(s.out.dead, *was)
		}
	}
	return nil
}

// was is the stored row of a send; nil if there is none.
func (s *settler) was(id string) *columns.Row {
	if len(s.before) > few {
		if len(s.places) == 0 {
			if s.places == nil {
				s.places = make(map[string]int, len(s.before))
			}
			for i := range s.before {
				s.places[s.before[i].ID] = i
			}
		}
		if i, ok := s.places[id]; ok {
			return &s.before[i]
		}
		return nil
	}
	for i := range s.before {
		if s.before[i].ID == id {
			return &s.before[i]
		}
	}
	return nil
}

// meet finds the person of a row, or enters a new one, and notes its first success.
func (s *settler) meet(r *columns.Row) error {
	if r.Contact == "" {
		return nil
	}
	c := s.person(r.Channel, r.Contact)
	if c == nil {
		person, err := s.register.enter(r.Channel, r.Contact)
		if err != nil {
			return err
		}
		s.contacts = append(s.contacts, contactOf{channel: r.Channel, contact: r.Contact, person: person})
		c = &s.contacts[len(s.contacts)-1]
	}
	r.Person = c.person
	if r.Status == storage.Successful && !r.Test && (c.first == 0 || r.Time < c.first) {
		c.first = r.Time
	}
	return nil
}

// success notes the first success of a send without contact, which is a contact of its own.
func (s *settler) success(person uint32, r *storage.Send) {
	f := first{person: person}
	if r.Status == storage.Successful && !r.Test {
		f.at = r.Time
	}
	s.out.firsts = append(s.out.firsts, f)
}

// byTime orders rows as segments are cut.
func byTime(a, b columns.Row) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.ID, b.ID))
}

// same tells whether two rows are one, field by field.
func same(a, b *storage.Send) bool {
	return a.ID == b.ID && a.Time == b.Time && a.Status == b.Status && a.Channel == b.Channel && a.Line == b.Line && a.Contact == b.Contact &&
		a.Origin == b.Origin && a.Campaign == b.Campaign && a.Template == b.Template && a.Category == b.Category &&
		a.Flow == b.Flow && a.Webhook == b.Webhook && a.Variant == b.Variant && a.Sender == b.Sender &&
		a.RequestedAt == b.RequestedAt && a.SentAt == b.SentAt && a.DeliveredAt == b.DeliveredAt && a.ReadAt == b.ReadAt && a.FailedAt == b.FailedAt &&
		a.Code == b.Code && a.Reason == b.Reason && a.SkipReason == b.SkipReason && a.Test == b.Test &&
		a.Conversation == b.Conversation && a.Started == b.Started &&
		a.AnsweredAt == b.AnsweredAt && a.Answers == b.Answers && a.AssignedAt == b.AssignedAt && a.Group == b.Group && a.Agent == b.Agent &&
		a.Attended == b.Attended && slices.Equal(a.Tags, b.Tags) && slices.Equal(a.Labels, b.Labels) &&
		a.FirstOption == b.FirstOption && a.LastNode == b.LastNode && a.LastText == b.LastText &&
		a.FlowEnd == b.FlowEnd && a.LastCredit == b.LastCredit && a.OptOut == b.OptOut && a.ByMessage == b.ByMessage &&
		a.Token == b.Token && a.Mask == b.Mask && a.ContactKind == b.ContactKind
}
