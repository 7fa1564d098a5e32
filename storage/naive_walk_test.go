package storage_test

import (
	"sort"

	. "outboundbot/storage"
)

// step is one stop of the walk through a timeline: an event, or a successful send where it stands.
type step struct {
	moment
	rank  uint8
	id    string
	event linked    // zero for a send
	send  *sendFold // nil for an event
}

// conversation is the customer's talk with the company on one line; its id may come later.
type conversation struct {
	id          string
	open        bool
	last        *sendFold // the last send that entered
	customer    int       // step of the first customer message that entered; -1 for none
	retractions []retraction
}

// credited is an outcome with the step at which it came.
type credited[T any] struct {
	what T
	step int
}

// retraction takes a tag or label back that was applied before its step.
type retraction struct {
	kind Type
	name string // folded
	step int
}

func retracted(by []retraction, kind Type, name string, step int) bool {
	for _, r := range by {
		if r.kind == kind && step < r.step && r.name == Fold(name) {
			return true
		}
	}
	return false
}

// walker goes through a timeline in order, keeps the conversations and credits outcomes (MODEL 2, Walk,
// Conversation, Credit).
type walker struct {
	fold    *fold
	talks   []*conversation
	current *conversation // the open one, else the one that was open last
	last    *sendFold     // the last send walked
}

func (f *fold) walk(events []linked) {
	w := walker{fold: f}
	for i, s := range f.steps(events) {
		if s.send != nil {
			w.pass(s.send)
		} else {
			w.hear(s.event, i)
		}
	}
}

// steps are the stops in walking order: at equal (at, seq) closed, started, send, inbound and answered, everything
// else; then id.
func (f *fold) steps(events []linked) []step {
	steps := make([]step, 0, len(events)+len(f.sends))
	for _, e := range events {
		if r := roles[e.Type]; r == other {
			steps = append(steps, step{moment: momentOf(e.Event), rank: rankOf(e.Type), id: e.ID, event: e})
		}
	}
	for _, s := range f.sends {
		if s.row.Status == Successful {
			steps = append(steps, step{moment: s.stands, rank: 2, id: s.row.ID, send: s})
		}
	}
	sort.Slice(steps, func(i, j int) bool {
		a, b := &steps[i], &steps[j]
		switch {
		case a.moment != b.moment:
			return a.before(b.moment)
		case a.rank != b.rank:
			return a.rank < b.rank
		default:
			return a.id < b.id
		}
	})
	return steps
}

func rankOf(t Type) uint8 {
	switch t {
	case ConversationClosed:
		return 0
	case ConversationStarted:
		return 1
	case MessageInbound, Answered:
		return 3
	default:
		return 4
	}
}

// pass walks a send: it enters a conversation, and starts it if that was not open just before.
func (w *walker) pass(s *sendFold) {
	talk, wasOpen := w.enter(s.row.Conversation)
	s.conversation = talk
	s.row.Started = !wasOpen
	talk.last, w.last = s, s
}

// hear walks an event: it finds the conversation and credits the outcome, if it is one.
func (w *walker) hear(e linked, at int) {
	named := w.fold.byAttributes[e.names]
	var talk *conversation
	switch {
	case e.Type == ConversationStarted:
		talk, _ = w.enter(e.Conversation)
		if named != nil {
			named.announced = true
		}
	case customerMessage(e.Event):
		talk, _ = w.enter(e.Conversation)
		if talk.customer < 0 {
			talk.customer = at
		}
	case e.Type == ConversationClosed:
		if talk = w.lie(e.Conversation); talk != nil {
			talk.open = false
		}
	case named == nil:
		talk = w.lie(e.Conversation)
	}
	if e.Type == TagRemoved || e.Type == LabelRemoved {
		retract(e, at, named, talk)
		return
	}
	if s := w.credits(e, named, talk); s != nil && s.row.Status == Successful {
		s.credit(e, at)
	}
}

// enter gives the conversation that something enters, from then on the only open one: the one that has its id; else
// the open one, unless both have an id; else a new one.
func (w *walker) enter(id string) (talk *conversation, wasOpen bool) {
	talk = w.withID(id)
	if c := w.current; talk == nil && c != nil && c.open && (id == "" || c.id == "") {
		talk = c
	}
	if talk == nil {
		talk = &conversation{customer: -1}
		w.talks = append(w.talks, talk)
	}
	wasOpen = talk.open
	if w.current != nil {
		w.current.open = false
	}
	w.current, talk.open = talk, true
	talk.name(id)
	return talk, wasOpen
}

// lie gives the conversation that an event lies in: the one that has its id; else the current one, unless both have
// an id; else none.
func (w *walker) lie(id string) *conversation {
	talk := w.withID(id)
	if c := w.current; talk == nil && c != nil && (id == "" || c.id == "") {
		talk = c
	}
	if talk != nil {
		talk.name(id)
	}
	return talk
}

func (w *walker) withID(id string) *conversation {
	if id == "" {
		return nil
	}
	for _, talk := range w.talks {
		if talk.id == id {
			return talk
		}
	}
	return nil
}

// name gives a conversation without id the id of whatever enters it or lies in it.
func (c *conversation) name(id string) {
	if c.id == "" {
		c.id = id
	}
}

// customerMessage: inbound of another kind than reaction and system.
func customerMessage(e *Event) bool {
	return e.Type == MessageInbound && e.Kind != "reaction" && e.Kind != "system"
}

// credits finds the one send that an outcome is credited to (MODEL 2, Credit); nil for no outbound outcome.
func (w *walker) credits(e linked, named *sendFold, talk *conversation) *sendFold {
	switch e.Type {
	case MessageInbound, Answered, OptOut:
		switch {
		case e.Type == MessageInbound && !customerMessage(e.Event):
			return nil
		case named != nil:
			return named
		case w.last != nil && e.At-w.last.row.Time <= windowOf(w.fold.windows, w.last.row.Channel):
			return w.last
		}
	case Assigned, AgentReplied, TagApplied, LabelAdded, FlowStep, FlowOption, FlowEnded:
		switch {
		case named != nil:
			return named
		case talk != nil:
			return talk.last
		}
	}
	return nil
}

// credit notes an outcome on the send.
func (s *sendFold) credit(e linked, at int) {
	r := &s.row
	r.LastCredit = max(r.LastCredit, e.At)
	switch e.Type {
	case MessageInbound, Answered:
		r.AnsweredAt = earlier(r.AnsweredAt, e.At)
		r.Answers++
		if s.answerText == "" && (e.Kind == "button" || e.Kind == "list") {
			s.answerText = e.Text
		}
	case OptOut:
		r.OptOut = true
	case Assigned:
		r.AssignedAt = earlier(r.AssignedAt, e.At)
		r.Group, r.Agent = e.Group, e.Agent
	case AgentReplied:
		s.replies = append(s.replies, at)
	case TagApplied:
		s.tags = append(s.tags, credited[Tag]{Tag{e.Tag, tagTypeOf(e.TagType), e.Sale, e.Value, e.Currency}, at})
	case LabelAdded:
		s.labels = append(s.labels, credited[string]{e.Label, at})
	case FlowStep:
		r.LastNode, r.LastText = e.Node, e.Text
	case FlowOption:
		if r.FirstOption == "" {
			r.FirstOption = e.Option
		}
	case FlowEnded:
		if s.ends == nil {
			s.ends = map[string]bool{}
		}
		s.ends[e.How] = true
	}
}

// retract notes that a tag or label was taken back: from the send that the event names, else from every send of the
// conversation it lies in, also those that enter later and were credited before.
func retract(e linked, at int, named *sendFold, talk *conversation) {
	r := retraction{kind: e.Type, name: Fold(e.Tag), step: at}
	if e.Type == LabelRemoved {
		r.name = Fold(e.Label)
	}
	switch {
	case named != nil:
		named.retractions = append(named.retractions, r)
	case talk != nil:
		talk.retractions = append(talk.retractions, r)
	}
}

func windowOf(w Windows, channel string) Instant {
	if d, ok := w[channel]; ok {
		return Instant(d.Milliseconds())
	}
	return Instant(DefaultWindow.Milliseconds())
}

func earlier(i, o Instant) Instant {
	if i == 0 || (o != 0 && o < i) {
		return o
	}
	return i
}
