package storage_test

import (
	. "outboundbot/storage"
)

// Fold turns a timeline into the rows of its sends (MODEL 2), in the order in which the sends first appear. The
// moment of asking and first successes come later, see Question.
func (t naiveTimeline) fold(windows Windows) []Send {
	if len(t.sends) == 0 {
		return nil
	}
	f := fold{windows: windows, byAttributes: make(map[*attributes]*sendFold, len(t.sends))}
	for _, a := range t.sends {
		s := &sendFold{row: a.row()}
		f.sends = append(f.sends, s)
		f.byAttributes[a] = s
	}
	f.statuses(t.events)
	f.watermarks(t.events)
	for _, s := range f.sends {
		s.settle()
	}
	f.walk(t.events)
	rows := make([]Send, len(f.sends))
	for i, s := range f.sends {
		s.outcome()
		rows[i] = s.row
	}
	return rows
}

// row is the part of a send's row that its attributes give.
func (a *attributes) row() Send {
	return Send{
		ID: a.id, Channel: a.place.channel, Line: a.place.line, Contact: a.place.contact, Test: a.test,
		Origin: originOf(a.origin), Campaign: a.campaign, Template: a.template, Category: a.category,
		Flow: a.flow, Webhook: a.webhook, Variant: a.variant, Sender: a.sender, Conversation: a.conversation,
	}
}

func originOf(s string) string { return known(s, Origins, "other") }

func tagTypeOf(s string) string { return known(s, TagTypes, s) }

// known is the value of an enumeration that s folds to, else otherwise.
func known(s string, values []string, otherwise string) string {
	folded := Fold(s)
	for _, v := range values {
		if s == v || folded == Fold(v) {
			return v
		}
	}
	return otherwise
}

type fold struct {
	windows      Windows
	sends        []*sendFold
	byAttributes map[*attributes]*sendFold
}

// sendFold is a row in the making.
type sendFold struct {
	row Send

	requested, sent, delivered, read, failed, skipped moment          // the earliest of each
	attempts                                          []string        // message ids of sent
	failures                                          map[string]bool // message ids of failed, "" for one that speaks for all
	evidence                                          bool            // a message of the customer names it

	stands       moment // where it stands in the walk
	conversation *conversation
	announced    bool // a conversation.started names it
	tags         []credited[Tag]
	labels       []credited[string]
	retractions  []retraction // that name the send
	replies      []int        // steps of credited agent.replied
	answerText   string       // the first of an answer of kind button or list
	ends         map[string]bool
}

// moment is a place in the order of events; the zero value is absent.
type moment struct {
	at  Instant
	seq int64
}

func momentOf(e *Event) moment { return moment{e.At, e.Seq} }

func (m moment) before(o moment) bool { return m.at < o.at || (m.at == o.at && m.seq < o.seq) }

// note keeps the earliest moment.
func (m *moment) note(o moment) {
	if m.at == 0 || o.before(*m) {
		*m = o
	}
}

func earliest(a, b moment) moment {
	if a.at == 0 || (b.at != 0 && b.before(a)) {
		return b
	}
	return a
}

// statuses collects what providers and the customer's own references say (MODEL 2, Status).
func (f *fold) statuses(events []linked) {
	for _, e := range events {
		s := f.byAttributes[e.names]
		if s == nil {
			continue
		}
		s.row.ByMessage = s.row.ByMessage || (e.Message == s.row.ID && roles[e.Type] != other)
		switch e.Type {
		case SendRequested:
			s.requested.note(momentOf(e.Event))
		case SendSkipped:
			s.skipped.note(momentOf(e.Event))
			s.row.SkipReason = e.Reason
		case MessageSent:
			s.sent.note(momentOf(e.Event))
			s.attempts = append(s.attempts, e.Message)
		case MessageDelivered:
			s.delivered.note(momentOf(e.Event))
		case MessageRead:
			s.read.note(momentOf(e.Event))
		case MessageFailed:
			s.failed.note(momentOf(e.Event))
			s.row.Code, s.row.Reason = e.Code, e.Reason
			if s.failures == nil {
				s.failures = map[string]bool{}
			}
			s.failures[e.Message] = true
		case MessageInbound, Answered:
			s.evidence = true
		}
	}
}

// watermarks gives each send of the timeline that has not failed the status that a watermark says of everything up
// to a time, at the watermark's own moment.
func (f *fold) watermarks(events []linked) {
	for _, e := range events {
		if e.Type != WatermarkDelivered && e.Type != WatermarkRead {
			continue
		}
		for _, s := range f.sends {
			since := s.sent.at
			if since == 0 && s.skipped.at == 0 {
				since = s.requested.at
			}
			if since == 0 || since > e.UpTo || s.failures != nil {
				continue
			}
			if e.Type == WatermarkRead {
				s.read.note(momentOf(e.Event))
			} else {
				s.delivered.note(momentOf(e.Event))
			}
		}
	}
}

// settle decides the status and the send date.
func (s *sendFold) settle() {
	r := &s.row
	r.RequestedAt, r.SentAt, r.DeliveredAt = s.requested.at, s.sent.at, s.delivered.at
	r.ReadAt, r.FailedAt = s.read.at, s.failed.at
	switch {
	case s.delivered.at != 0, s.read.at != 0, s.evidence, s.accepted():
		r.Status = Successful
	case s.failures != nil:
		r.Status = Failed
	case s.skipped.at != 0:
		r.Status = Skipped
	}
	for _, m := range [...]moment{s.sent, earliest(s.delivered, s.read), s.failed, s.requested, s.skipped} {
		if m.at != 0 {
			s.stands = m
			break
		}
	}
	r.Time = s.stands.at
}

// accepted: a sent whose message id has no failed. A failed without id speaks for every attempt, any failed against
// a sent without id.
func (s *sendFold) accepted() bool {
	for _, message := range s.attempts {
		if len(s.failures) == 0 || (message != "" && !s.failures[message] && !s.failures[""]) {
			return true
		}
	}
	return false
}

// outcome turns what the walk credited into the row (MODEL 2, Outcome).
func (s *sendFold) outcome() {
	r := &s.row
	if r.Status != Successful {
		r.Conversation = "" // it entered none
		return
	}
	r.Conversation = s.conversation.id
	r.Started = r.Started || s.announced
	gone := append(s.retractions, s.conversation.retractions...)
	for _, t := range s.tags {
		if !retracted(gone, TagRemoved, t.what.Name, t.step) {
			r.Tags = append(r.Tags, t.what)
		}
	}
	for _, l := range s.labels {
		if !retracted(gone, LabelRemoved, l.what, l.step) {
			r.Labels = append(r.Labels, l.what)
		}
	}
	for _, step := range s.replies {
		heard := s.conversation.customer
		r.Attended = r.Attended || (r.AssignedAt != 0 && heard >= 0 && step > heard)
	}
	if r.FirstOption == "" {
		r.FirstOption = s.answerText
	}
	if r.Origin == "flow" && r.AnsweredAt != 0 {
		switch {
		case s.ends[EndError]:
			r.FlowEnd = EndError
		case s.ends[EndAssigned], r.AssignedAt != 0:
			r.FlowEnd = EndAssigned
		case s.ends[EndAuto]:
			r.FlowEnd = EndAuto
		}
	}
}
