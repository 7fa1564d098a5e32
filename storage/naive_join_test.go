package storage_test

// The naive files are join and fold (MODEL 2) in the plainest form: a map for every question, lists looked at from
// end to end. Slow where a set is large, and the truth that storage.Folder is compared with.

import (
	"sort"

	. "outboundbot/storage"
)

// naiveTimeline is all events of one (channel, line, contact), in order, and the sends they name.
type naiveTimeline struct {
	Key    TimelineKey
	events []linked
	sends  []*attributes // by first appearance
}

// naiveJoined is what Join makes of a set of events.
type naiveJoined struct {
	timelines []naiveTimeline
	orphans   int // events that take part in nothing: their send does not exist, or their contact stays unknown
}

// linked is an event with the send it names; nil when it names none.
type linked struct {
	*Event
	names   *attributes
	byReply bool // it names the send by reply_to, so its other fields say nothing of the send
}

// attributes are what the events that name a send say of it: the first non-empty value in order.
type attributes struct {
	id                                                                                 string
	origin, campaign, template, category, flow, webhook, variant, sender, conversation string
	test                                                                               bool
	place                                                                              place
}

// place is where an event happened; the three together are its timeline.
type place struct{ channel, line, contact string }

func (p place) whole() bool { return p.channel != "" && p.line != "" && p.contact != "" }

// written brings line and contact into the form of the channel.
func (p place) written() place {
	return place{p.channel, address(p.channel, p.line), address(p.channel, p.contact)}
}

// agrees tells whether what is given of p is the same in whole, a place with all three.
func (p place) agrees(whole place) bool {
	same := func(given, there string) bool { return given == "" || given == there }
	q := place{whole.channel, p.line, p.contact}.written()
	return same(p.channel, whole.channel) && same(q.line, whole.line) && same(q.contact, whole.contact)
}

// naiveJoin tells which send and which timeline each event belongs to (MODEL 2). Events are unique by id, in any order;
// the result points into the slice. Joining a set that is closed under the links between events (send and message
// ids, conversations, and the timelines that come out) gives the same as joining everything.
func naiveJoin(events []Event) naiveJoined {
	j := joiner{
		sends:  map[string]*attributes{},
		owners: map[string]string{},
		talks:  map[string][]place{},
	}
	ordered := j.known(events)
	named := make([]linked, 0, len(ordered))
	var joined naiveJoined
	for _, e := range ordered {
		l, orphan := j.link(e)
		if orphan {
			joined.orphans++
			continue
		}
		named = append(named, l)
	}
	j.describe(named)
	j.locate(named)
	joined.timelines = j.timelines(named, &joined.orphans)
	return joined
}

type joiner struct {
	sends  map[string]*attributes
	owners map[string]string  // message id → send
	talks  map[string][]place // conversation → the places of its events that have all three, in order
}

// known sorts the events whose type counts and finds the sends that exist and who owns each message id: the send of
// the first send.* or status event that carries both.
func (j *joiner) known(events []Event) []*Event {
	ordered := make([]*Event, 0, len(events))
	for i := range events {
		if roles[events[i].Type] != unknown {
			ordered = append(ordered, &events[i])
		}
	}
	sort.Slice(ordered, func(a, b int) bool { return ordered[a].Before(ordered[b]) })
	for _, e := range ordered {
		if r := roles[e.Type]; e.Send == "" || (r != sending && r != status) {
			continue
		}
		if j.sends[e.Send] == nil {
			j.sends[e.Send] = &attributes{id: e.Send}
		}
		if _, taken := j.owners[e.Message]; !taken && e.Message != "" {
			j.owners[e.Message] = e.Send
		}
	}
	return ordered
}

// link finds the send that an event names: by reply_to (a send id, else a message id of a send), else by send, else,
// statuses only, by message. An event whose send does not exist is an orphan, and so is a status that names none.
func (j *joiner) link(e *Event) (l linked, orphan bool) {
	r := roles[e.Type]
	if e.ReplyTo != "" && r == other {
		if s := j.sends[e.ReplyTo]; s != nil {
			return linked{e, s, true}, false
		}
		if owner, ok := j.owners[e.ReplyTo]; ok {
			return linked{e, j.sends[owner], true}, false
		}
	}
	if e.Send != "" {
		s := j.sends[e.Send]
		return linked{Event: e, names: s}, s == nil
	}
	if r != status {
		return linked{Event: e}, false
	}
	owner, ok := j.owners[e.Message]
	return linked{Event: e, names: j.sends[owner]}, !ok
}

// describe gathers the attributes of each send from the events that name it by send or message, in order.
func (j *joiner) describe(named []linked) {
	for _, l := range named {
		if l.names == nil || l.byReply {
			continue
		}
		a := l.names
		for _, f := range [...]struct {
			to   *string
			from string
		}{
			{&a.origin, l.Origin},
			{&a.campaign, l.Campaign},
			{&a.template, l.Template},
			{&a.category, l.Category},
			{&a.flow, l.Flow},
			{&a.webhook, l.Webhook},
			{&a.variant, l.Variant},
			{&a.sender, l.Sender},
			{&a.conversation, l.Conversation},
			{&a.place.channel, l.Channel},
			{&a.place.line, l.Line},
			{&a.place.contact, l.Contact},
		} {
			if *f.to == "" {
				*f.to = f.from
			}
		}
		a.test = a.test || l.Test
	}
	for _, a := range j.sends {
		a.place = a.place.written()
	}
}

// locate notes the places that each conversation's events have, for events of it that lack a part of theirs.
func (j *joiner) locate(named []linked) {
	for _, l := range named {
		if l.Conversation == "" {
			continue
		}
		p := l.own()
		if l.names != nil && l.names.place.whole() {
			p = l.names.place
		}
		if p.whole() {
			j.talks[l.Conversation] = append(j.talks[l.Conversation], p)
		}
	}
}

func (l linked) own() place { return place{l.Channel, l.Line, l.Contact}.written() }

// place is where an event that names no send happened: its own fields, or if one is lacking all three from the first
// event of its conversation that has them and agrees.
func (j *joiner) place(l linked) place {
	own := place{l.Channel, l.Line, l.Contact}
	if own.whole() || l.Conversation == "" {
		return own.written()
	}
	for _, p := range j.talks[l.Conversation] {
		if own.agrees(p) {
			return p
		}
	}
	return own.written()
}

func (j *joiner) timelines(named []linked, orphans *int) []naiveTimeline {
	index := map[TimelineKey]int{}
	seen := map[*attributes]bool{}
	var all []naiveTimeline
	for _, l := range named {
		var key TimelineKey
		if l.names != nil {
			key = l.names.key()
		} else {
			p := j.place(l)
			if p.contact == "" {
				*orphans++
				continue
			}
			key = TimelineKey{Channel: p.channel, Line: p.line, Contact: p.contact}
		}
		i, ok := index[key]
		if !ok {
			i = len(all)
			index[key] = i
			all = append(all, naiveTimeline{Key: key})
		}
		all[i].events = append(all[i].events, l)
		if l.names != nil && !seen[l.names] {
			seen[l.names] = true
			all[i].sends = append(all[i].sends, l.names)
		}
	}
	return all
}

func (a *attributes) key() TimelineKey {
	if a.place.contact == "" {
		return TimelineKey{Send: a.id}
	}
	return TimelineKey{Channel: a.place.channel, Line: a.place.line, Contact: a.place.contact}
}

// role says what kind of part a type plays in the join.
type role uint8

const (
	unknown role = iota // kept, counts for nothing
	sending             // send.*: makes a send exist
	status              // message.sent/delivered/read/failed: makes a send exist, may name it by message
	other
)

var roles = map[Type]role{
	SendRequested: sending, SendSkipped: sending,
	MessageSent: status, MessageDelivered: status, MessageRead: status, MessageFailed: status,
	WatermarkDelivered: other, WatermarkRead: other, MessageInbound: other, Answered: other,
	ConversationStarted: other, ConversationClosed: other, Assigned: other, AgentReplied: other,
	TagApplied: other, TagRemoved: other, LabelAdded: other, LabelRemoved: other,
	FlowStep: other, FlowOption: other, FlowEnded: other, OptOut: other, ContactErased: other,
}

func address(channel, s string) string {
	if channel == "WA" || channel == "SMS" {
		return Digits(s)
	}
	return s
}
