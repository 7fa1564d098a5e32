package storage

import "slices"

// TimelineKey says whose events a timeline has: one contact on one line of one channel. A send without contact is
// alone in its timeline; only then Send is set.
type TimelineKey struct{ Channel, Line, Contact, Send string }

// Timeline is all events of one (channel, line, contact), in order, and the sends they name.
type Timeline struct {
	Key    TimelineKey
	events []linked
	sends  []*attributes // by first appearance
}

// Joined is what Join makes of a set of events.
type Joined struct {
	Timelines []Timeline
	Orphans   int // events that take part in nothing: their send does not exist, or their contact stays unknown
}

// linked is an event with the send it names: its number in the join, then in its timeline; -1 when it names none.
type linked struct {
	*Event
	send     int32
	timeline int32
	act      act
	byReply  bool // it names the send by reply_to, so its other fields say nothing of the send
}

// attributes are what the events that name a send say of it: the first non-empty value in order.
type attributes struct {
	id                                                                                 string
	origin, campaign, template, category, flow, webhook, variant, sender, conversation string
	test                                                                               bool
	place                                                                              place

	timeline, number int32 // its timeline, -1 until known, and its number there
}

// Join tells which send and which timeline each event belongs to (MODEL 2). Events are unique by id, in any order;
// the result points into the slice. Joining a set that is closed under the links between events (send and message
// ids, conversations, and the timelines that come out) gives the same as joining everything.
func Join(events []Event) Joined {
	var j joiner
	orphans := j.join(events)
	return Joined{Timelines: j.timelines, Orphans: orphans}
}

// joiner is the memory of a join. A Folder uses it again and again.
type joiner struct {
	named      []linked // the events that count, in order, with their sends
	sends      table
	attributes []attributes // by number of the send
	messages   table
	owners     []int32 // the send that each message belongs to
	talks      talks
	lost       bool // an event is, see linked.lost

	keys      []TimelineKey // of the timelines, by first appearance
	keyIndex  map[TimelineKey]int32
	sizes     []timelineSize
	timelines []Timeline
	grouped   []linked      // the events by timeline, if there is more than one
	order     []*attributes // the sends by timeline, then first appearance
}

type timelineSize struct{ events, sends int }

// join fills in the timelines.
func (j *joiner) join(events []Event) (orphans int) {
	j.reset()
	j.known(events)
	j.exist()
	orphans = j.name()
	j.locate()
	orphans += j.divide()
	j.gather()
	return orphans
}

func (j *joiner) reset() {
	j.named, j.attributes, j.owners = j.named[:0], j.attributes[:0], j.owners[:0]
	j.keys, j.sizes, j.timelines = j.keys[:0], j.sizes[:0], j.timelines[:0]
	j.keyIndex, j.lost = nil, false
	j.sends.reset()
	j.messages.reset()
	j.talks.reset()
}

// known takes the events whose type counts, in order.
func (j *joiner) known(events []Event) {
	j.named = slices.Grow(j.named, len(events))
	sorted := true
	for i := range events {
		e := &events[i]
		a := e.Type.act()
		if a == actUnknown {
			continue
		}
		if n := len(j.named); n > 0 && e.Before(j.named[n-1].Event) {
			sorted = false
		}
		j.named = append(j.named, linked{Event: e, act: a, send: -1})
	}
	if !sorted {
		slices.SortFunc(j.named, compareLinked)
	}
}

func compareLinked(a, b linked) int {
	switch {
	case a.Before(b.Event):
		return -1
	case b.Before(a.Event):
		return 1
	}
	return 0
}

// exist finds the sends that exist and who owns each message id: the send of the first send.* or status event that
// carries both.
func (j *joiner) exist() {
	for i := range j.named {
		l := &j.named[i]
		if l.Send == "" || l.act.other() {
			continue
		}
		var added bool
		if l.send, added = j.sends.add(l.Send); added {
			j.attributes = append(j.attributes, attributes{id: l.Send, timeline: -1})
		}
		if l.Message == "" {
			continue
		}
		if _, added := j.messages.add(l.Message); added {
			j.owners = append(j.owners, l.send)
		}
	}
}

// name finds the send of each event and gathers the attributes of sends from the events that name them by send or
// message, in order. Orphans are dropped.
func (j *joiner) name() (orphans int) {
	n := 0
	for i := range j.named {
		l := j.named[i]
		if l.send < 0 && !j.link(&l) {
			orphans++
			continue
		}
		switch {
		case l.send < 0:
			j.lost = j.lost || l.lost()
		case !l.byReply:
			j.attributes[l.send].take(l.Event)
		}
		j.named[n] = l
		n++
	}
	j.named = j.named[:n]
	for i := range j.attributes {
		a := &j.attributes[i]
		a.place = a.place.written()
	}
	return orphans
}

// link finds the send that an event names: by reply_to (a send id, else a message id of a send), else by send, else,
// statuses only, by message. An event whose send does not exist is an orphan, and so is a status that names none.
func (j *joiner) link(l *linked) bool {
	if l.ReplyTo != "" && l.act.other() {
		if l.send = j.sends.find(l.ReplyTo); l.send < 0 {
			l.send = j.owner(l.ReplyTo)
		}
		if l.send >= 0 {
			l.byReply = true
			return true
		}
	}
	switch {
	case l.Send != "":
		l.send = j.sends.find(l.Send)
	case l.act.status():
		l.send = j.owner(l.Message)
	default:
		return true
	}
	return l.send >= 0
}

// owner is the send that a message id belongs to, or -1. No send owns "".
func (j *joiner) owner(message string) int32 {
	if i := j.messages.find(message); i >= 0 {
		return j.owners[i]
	}
	return -1
}

// take fills in what is still empty.
func (a *attributes) take(e *Event) {
	first(&a.origin, e.Origin)
	first(&a.campaign, e.Campaign)
	first(&a.template, e.Template)
	first(&a.category, e.Category)
	first(&a.flow, e.Flow)
	first(&a.webhook, e.Webhook)
	first(&a.variant, e.Variant)
	first(&a.sender, e.Sender)
	first(&a.conversation, e.Conversation)
	first(&a.place.channel, e.Channel)
	first(&a.place.line, e.Line)
	first(&a.place.contact, e.Contact)
	a.test = a.test || e.Test
}

func first(to *string, from string) {
	if from != "" && *to == "" {
		*to = from
	}
}

// Events are the events of the timeline, in order, copied.
func (t Timeline) Events() []Event {
	events := make([]Event, len(t.events))
	for i, e := range t.events {
		events[i] = *e.Event
	}
	return events
}
