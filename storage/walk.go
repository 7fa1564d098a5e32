package storage

import (
	"cmp"
	"slices"
)

// walker goes through a timeline in order, keeps the conversations and credits outcomes (MODEL 2, Walk,
// Conversation, Credit).
type walker struct {
	windows  Windows
	sends    []sendFold
	events   []*linked      // the stops that are events, in walking order
	standing []*sendFold    // the stops that are sends: the successful ones
	talks    []conversation // by first appearance
	ids      table          // of conversations that have one
	owners   []int32        // the conversation that has each
	current  int32          // the open one, else the one that was open last; -1 for none
	last     *sendFold      // the last send walked
}

// conversation is the customer's talk with the company on one line; its id may come later.
type conversation struct {
	id          string
	open        bool
	last        *sendFold // the last send that entered
	customer    int       // step of the first customer message that entered; -1 for none
	retractions retractions
}

// walk takes the stops in walking order. At equal (at, seq) the rank decides, then the id; no event has the rank of
// a send.
func (f *fold) walk(events []linked, windows Windows) {
	w := &f.walker
	w.windows, w.sends = windows, f.sends
	w.line(events)
	w.stand()
	w.talks, w.owners, w.current, w.last = w.talks[:0], w.owners[:0], -1, nil
	w.ids.reset()
	sends := w.standing
	step := 0
	for _, e := range w.events {
		for len(sends) > 0 && sends[0].passes(e) {
			w.pass(sends[0])
			sends = sends[1:]
			step++
		}
		w.hear(e, step)
		step++
	}
	for _, s := range sends {
		w.pass(s)
	}
}

// line puts the events that are stops in walking order. They come in that of (at, seq, id).
func (w *walker) line(events []linked) {
	w.events = w.events[:0]
	sorted := true
	for i := range events {
		e := &events[i]
		if !e.act.other() {
			continue
		}
		if n := len(w.events); n > 0 && e.act.rank() < w.events[n-1].act.rank() && e.moment() == w.events[n-1].moment() {
			sorted = false
		}
		w.events = append(w.events, e)
	}
	if !sorted {
		slices.SortFunc(w.events, compareStops)
	}
}

func compareStops(a, b *linked) int {
	switch m, n := a.moment(), b.moment(); {
	case m.before(n):
		return -1
	case n.before(m):
		return 1
	case a.act.rank() != b.act.rank():
		return cmp.Compare(a.act.rank(), b.act.rank())
	}
	return cmp.Compare(a.ID, b.ID)
}

// stand puts the successful sends in walking order.
func (w *walker) stand() {
	w.standing = w.standing[:0]
	sorted := true
	for i := range w.sends {
		s := &w.sends[i]
		if s.row.Status != Successful {
			continue
		}
		if n := len(w.standing); n > 0 && compareSends(s, w.standing[n-1]) < 0 {
			sorted = false
		}
		w.standing = append(w.standing, s)
	}
	if !sorted {
		slices.SortFunc(w.standing, compareSends)
	}
}

func compareSends(a, b *sendFold) int {
	switch {
	case a.stands.before(b.stands):
		return -1
	case b.stands.before(a.stands):
		return 1
	}
	return cmp.Compare(a.row.ID, b.row.ID)
}

// passes tells whether the send is walked before an event.
func (s *sendFold) passes(e *linked) bool {
	m := e.moment()
	return s.stands.before(m) || (s.stands == m && sendRank < e.act.rank())
}

// pass walks a send: it enters a conversation, and starts it if that was not open just before.
func (w *walker) pass(s *sendFold) {
	talk, wasOpen := w.enter(s.row.Conversation)
	s.conversation = w.current
	s.row.Started = !wasOpen
	talk.last, w.last = s, s
}

// hear walks an event: it finds the conversation and credits the outcome, if it is one.
func (w *walker) hear(e *linked, at int) {
	var named *sendFold
	if e.send >= 0 {
		named = &w.sends[e.send]
	}
	var talk *conversation
	switch {
	case e.act == actStarted:
		w.enter(e.Conversation)
		if named != nil {
			named.announced = true
		}
	case e.customerMessage():
		talk, _ = w.enter(e.Conversation)
		if talk.customer < 0 {
			talk.customer = at
		}
	case e.act == actClosed:
		if talk = w.lie(e.Conversation); talk != nil {
			talk.open = false
		}
	case named == nil:
		talk = w.lie(e.Conversation)
	}
	switch e.act {
	case actTagRemoved, actLabelRemoved:
		retract(e, at, named, talk)
	default:
		if s := w.credits(e, named, talk); s != nil && s.row.Status == Successful {
			s.credit(e, at)
		}
	}
}

// enter gives the conversation that something enters, from then on the only open one: the one that has its id; else
// the open one, unless both have an id; else a new one. The pointer is good until the next conversation appears.
func (w *walker) enter(id string) (talk *conversation, wasOpen bool) {
	i := w.withID(id)
	if c := w.current; i < 0 && c >= 0 && w.talks[c].open && (id == "" || w.talks[c].id == "") {
		i = c
	}
	if i < 0 {
		i = w.begin()
	}
	talk = &w.talks[i]
	wasOpen = talk.open
	if w.current >= 0 {
		w.talks[w.current].open = false
	}
	w.current, talk.open = i, true
	w.name(i, id)
	return talk, wasOpen
}

// begin makes a conversation, in the memory of one of an earlier timeline if there is any.
func (w *walker) begin() int32 {
	i := len(w.talks)
	w.talks = slices.Grow(w.talks, 1)[:i+1]
	talk := &w.talks[i]
	talk.retractions.reset()
	*talk = conversation{customer: -1, retractions: talk.retractions}
	return int32(i)
}

// lie gives the conversation that an event lies in: the one that has its id; else the current one, unless both have
// an id; else none.
func (w *walker) lie(id string) *conversation {
	i := w.withID(id)
	if c := w.current; i < 0 && c >= 0 && (id == "" || w.talks[c].id == "") {
		i = c
	}
	if i < 0 {
		return nil
	}
	w.name(i, id)
	return &w.talks[i]
}

// withID is the conversation that has an id; -1 if there is none.
func (w *walker) withID(id string) int32 {
	if id == "" {
		return -1
	}
	if i := w.ids.find(id); i >= 0 {
		return w.owners[i]
	}
	return -1
}

// name gives a conversation without id the id of whatever enters it or lies in it.
func (w *walker) name(i int32, id string) {
	if id == "" || w.talks[i].id != "" {
		return
	}
	w.talks[i].id = id
	w.ids.add(id)
	w.owners = append(w.owners, i)
}
