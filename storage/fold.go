package storage

import (
	"slices"
	"sort"
)

// Fold turns a timeline into the rows of its sends (MODEL 2), in the order in which the sends first appear. The
// moment of asking and first successes come later, see Question.
func (t Timeline) Fold(windows Windows) []Send {
	if len(t.sends) == 0 {
		return nil
	}
	var f fold
	rows := make([]Send, len(t.sends))
	f.timeline(&t, windows, rows)
	return rows
}

// fold is the memory in which timelines become rows. A Folder uses it again and again.
type fold struct {
	sends           []sendFold // by number in the timeline
	delivered, read []upTo
	walker          walker

	chunk  int      // of so many tags or labels at least is a piece of memory made
	tags   []Tag    // the piece that is being filled; what is in it belongs to rows
	labels []string // likewise
}

// upTo is what a watermark says: everything up to then, from its own moment on.
type upTo struct {
	upTo Instant
	moment
}

// timeline fills in the rows of a timeline's sends.
func (f *fold) timeline(t *Timeline, windows Windows, rows []Send) {
	if len(rows) == 0 {
		return
	}
	f.sends = slices.Grow(f.sends[:0], len(rows))[:len(rows)]
	for i, a := range t.sends {
		a.fill(&rows[i])
		f.sends[i].reset(&rows[i])
	}
	f.statuses(t.events)
	successful := false
	for i := range f.sends {
		s := &f.sends[i]
		f.watermarks(s)
		s.settle()
		successful = successful || s.row.Status == Successful
	}
	if successful { // only they take part in the walk
		f.walk(t.events, windows)
	}
	for i := range f.sends {
		f.outcome(&f.sends[i])
	}
}

// fill begins a row with the part that its attributes give.
func (a *attributes) fill(r *Send) {
	*r = Send{
		ID: a.id, Channel: a.place.channel, Line: a.place.line, Contact: a.place.contact, Test: a.test,
		Origin: originOf(a.origin), Campaign: a.campaign, Template: a.template, Category: a.category,
		Flow: a.flow, Webhook: a.webhook, Variant: a.variant, Sender: a.sender, Conversation: a.conversation,
	}
}

func originOf(s string) string {
	if s == "" {
		return "other"
	}
	return known(s, Origins, "other")
}

func tagTypeOf(s string) string {
	if s == "" {
		return ""
	}
	return known(s, TagTypes, s)
}

// known is the value of an enumeration that s folds to, else otherwise. No two values fold to the same.
func known(s string, values []string, otherwise string) string {
	if slices.Contains(values, s) {
		return s
	}
	folded := Fold(s)
	for _, v := range values {
		if folded == Fold(v) {
			return v
		}
	}
	return otherwise
}

// sendFold is a row in the making.
type sendFold struct {
	row *Send

	requested, sent, delivered, read, failed, skipped moment   // the earliest of each
	attempts                                          []string // message ids of sent
	failures                                          table    // message ids of failed, "" for one that speaks for all
	evidence                                          bool     // a message of the customer names it

	stands       moment // where it stands in the walk
	conversation int32  // that it entered, for successful ones
	announced    bool   // a conversation.started names it
	tags         []credited[Tag]
	labels       []credited[string]
	retractions  retractions // that name the send
	replied      int         // step of the last credited agent.replied
	answerText   string      // the first of an answer of kind button or list

	endError, endAssigned, endAuto bool // a flow.ended says so
}

// reset begins a row anew and keeps the memory of the lists.
func (s *sendFold) reset(row *Send) {
	s.failures.reset()
	s.retractions.reset()
	*s = sendFold{
		row: row, attempts: s.attempts[:0], failures: s.failures,
		tags: s.tags[:0], labels: s.labels[:0], retractions: s.retractions,
	}
}

// moment is a place in the order of events; the zero value is absent.
type moment struct {
	at  Instant
	seq int64
}

func (e *Event) moment() moment { return moment{e.At, e.Seq} }

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
	f.delivered, f.read = f.delivered[:0], f.read[:0]
	for i := range events {
		e := &events[i]
		switch e.act {
		case actWatermarkDelivered:
			f.delivered = advance(f.delivered, e.Event)
		case actWatermarkRead:
			f.read = advance(f.read, e.Event)
		}
		if e.send >= 0 {
			f.sends[e.send].status(e)
		}
	}
}

func (s *sendFold) status(e *linked) {
	switch e.act {
	case actRequested:
		s.requested.note(e.moment())
	case actSkipped:
		s.skipped.note(e.moment())
		s.row.SkipReason = e.Reason
	case actSent:
		s.sent.note(e.moment())
		s.attempts = append(s.attempts, e.Message)
	case actDelivered:
		s.delivered.note(e.moment())
	case actRead:
		s.read.note(e.moment())
	case actFailed:
		s.failed.note(e.moment())
		s.row.Code, s.row.Reason = e.Code, e.Reason
		s.failures.add(e.Message)
	case actInbound, actAnswered:
		s.evidence = true
		return
	default:
		return
	}
	s.row.ByMessage = s.row.ByMessage || e.Message == s.row.ID
}

// advance adds a watermark to those before, if it reaches further: the first that reaches far enough counts.
func advance(marks []upTo, e *Event) []upTo {
	if n := len(marks); n > 0 && marks[n-1].upTo >= e.UpTo {
		return marks
	}
	return append(marks, upTo{e.UpTo, e.moment()})
}

// watermarks gives a send that has not failed the status that a watermark says of everything up to a time, at the
// watermark's own moment.
func (f *fold) watermarks(s *sendFold) {
	if len(f.delivered)+len(f.read) == 0 || len(s.failures.keys) > 0 {
		return
	}
	since := s.sent.at
	if since == 0 && s.skipped.at == 0 {
		since = s.requested.at
	}
	if since == 0 {
		return
	}
	note := func(to *moment, marks []upTo) {
		if i := sort.Search(len(marks), func(i int) bool { return marks[i].upTo >= since }); i < len(marks) {
			to.note(marks[i].moment)
		}
	}
	note(&s.delivered, f.delivered)
	note(&s.read, f.read)
}

// settle decides the status and the send date.
func (s *sendFold) settle() {
	r := s.row
	r.RequestedAt, r.SentAt, r.DeliveredAt = s.requested.at, s.sent.at, s.delivered.at
	r.ReadAt, r.FailedAt = s.read.at, s.failed.at
	switch {
	case s.delivered.at != 0, s.read.at != 0, s.evidence, s.accepted():
		r.Status = Successful
	case len(s.failures.keys) > 0:
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
	if len(s.failures.keys) == 0 {
		return len(s.attempts) > 0
	}
	if s.failures.find("") >= 0 {
		return false
	}
	for _, message := range s.attempts {
		if message != "" && s.failures.find(message) < 0 {
			return true
		}
	}
	return false
}
