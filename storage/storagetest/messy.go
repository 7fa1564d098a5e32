package storagetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"outboundbot/storage"
)

// messStart is when the first of the random events happen.
var messStart = time.Date(2025, 10, 20, 22, 0, 0, 0, time.UTC)

// messDays is how long they go on: over the end of daylight saving time in Europe and America.
const messDays = 30

// Mess makes random events of the worst kind: few customers, lines, conversations, messages and sends, so that they
// collide; fields missing, links that lead nowhere, late and equal times, repeated and contradicting ids.
type Mess struct {
	rng    *rand.Rand
	worlds int
	events []storage.Event // so far
	n      int
}

// NewMess starts a source of events. Most links stay within one of the worlds, so that more of them make smaller
// heaps of tied events.
func NewMess(rng *rand.Rand, worlds int) *Mess { return &Mess{rng: rng, worlds: worlds} }

// Batch is the next n events.
func (m *Mess) Batch(n int) []storage.Event {
	batch := make([]storage.Event, 0, n)
	for range n {
		switch {
		case len(m.events) > 0 && m.one(20): // seen before
			batch = append(batch, m.events[m.rng.IntN(len(m.events))])
		case len(m.events) > 0 && m.one(50): // a known id with other content
			e := m.events[m.rng.IntN(len(m.events))]
			e.Campaign += "!"
			batch = append(batch, e)
		case m.one(60):
			batch = append(batch, m.broken())
		default:
			e := m.event()
			m.events = append(m.events, e)
			batch = append(batch, e)
		}
	}
	return batch
}

// Events are all good events so far, each once.
func (m *Mess) Events() []storage.Event { return m.events }

// broken breaks a rule of MODEL 1.
func (m *Mess) broken() storage.Event {
	e := m.event()
	switch m.rng.IntN(4) {
	case 0:
		e.ID = ""
	case 1:
		e.At = 0
	case 2:
		e.Type, e.Send = storage.SendRequested, ""
	default:
		e.Tag = "\xff"
	}
	return e
}

func (m *Mess) one(in int) bool { return m.rng.IntN(in) == 0 }

func (m *Mess) pick(values ...string) string { return values[m.rng.IntN(len(values))] }

// maybe is one of the values in most cases.
func (m *Mess) maybe(values ...string) string {
	if m.one(3) {
		return ""
	}
	return m.pick(values...)
}

func (m *Mess) id(kind string, world, n int) string {
	if m.one(40) {
		world = m.rng.IntN(m.worlds)
	}
	return fmt.Sprintf("%s%d.%d", kind, world, m.rng.IntN(n))
}

// messTypes holds frequent types several times.
var messTypes = []storage.Type{
	storage.SendRequested, storage.SendRequested, storage.SendRequested, storage.SendSkipped,
	storage.MessageSent, storage.MessageSent, storage.MessageSent, storage.MessageDelivered, storage.MessageRead,
	storage.MessageFailed, storage.MessageFailed, storage.WatermarkDelivered, storage.WatermarkRead,
	storage.MessageInbound, storage.MessageInbound, storage.MessageInbound, storage.Answered,
	storage.ConversationStarted, storage.ConversationClosed, storage.Assigned, storage.Assigned,
	storage.AgentReplied, storage.TagApplied, storage.TagApplied, storage.TagRemoved, storage.LabelAdded,
	storage.LabelRemoved, storage.FlowStep, storage.FlowOption, storage.FlowEnded, storage.OptOut, "call.started",
}

func (m *Mess) event() storage.Event {
	m.n++
	world := m.rng.IntN(m.worlds)
	e := storage.Event{
		ID:   fmt.Sprintf("%04x-%d", m.rng.IntN(1<<16), m.n),
		Type: messTypes[m.rng.IntN(len(messTypes))],
		At:   m.moment(world),
		Seq:  int64(max(0, m.rng.IntN(6)-3)),
		Test: m.one(60),
	}
	if !m.one(3) {
		e.Channel = m.pick("WA", "WA", "wa", "SMS", "FB")
	}
	e.Line = m.maybe("+504 2222-0000", "50422220000", "page-1")
	if !m.one(4) {
		e.Contact = fmt.Sprintf(m.pick("+504 9%03d-%04d", "5049%03d%04d"), world, m.rng.IntN(3))
	}
	if m.one(3) {
		e.Conversation = m.id("c", world, 3)
	}
	m.link(&e, world)
	m.describe(&e)
	return e
}

// moment is one of few in a world, so that many are equal, at the edges of days too.
func (m *Mess) moment(world int) storage.Instant {
	at := messStart.Add(time.Duration(world*97%messDays) * 24 * time.Hour)
	at = at.Add(time.Duration(m.rng.IntN(60)) * 2 * time.Hour)
	if m.one(4) {
		at = at.Add(time.Duration(m.rng.IntN(3)-1) * time.Millisecond)
	}
	return storage.InstantOf(at)
}

// link names a send by its id, by a message id, or by what is replied to.
func (m *Mess) link(e *storage.Event, world int) {
	joins := false
	switch e.Type {
	case storage.SendRequested, storage.SendSkipped:
		e.Send, joins = m.id("s", world, 5), true
	case storage.MessageSent, storage.MessageDelivered, storage.MessageRead, storage.MessageFailed:
		joins = true
		if m.one(2) {
			e.Send = m.id("s", world, 5)
		}
	default:
		if m.one(5) {
			e.Send = m.id("s", world, 6)
		}
		if m.one(5) {
			e.Message = m.id("m", world, 6) // only its own
		}
	}
	if joins && !m.one(4) {
		e.Message = m.id("m", world, 6)
	}
	if e.Type == storage.MessageInbound && m.one(2) {
		e.ReplyTo = m.id(m.pick("s", "m"), world, 7)
	}
	if e.Type == storage.WatermarkDelivered || e.Type == storage.WatermarkRead {
		e.UpTo = m.moment(world)
	}
}

// describe fills in what the type says, and now and then what it says of the send.
func (m *Mess) describe(e *storage.Event) {
	if e.Send != "" || e.Message != "" {
		e.Origin = m.maybe("flow", "Flow", "template", "webhook", "individual", "radio")
		e.Campaign = m.maybe("Black Friday", "BlackFriday", "black-friday", "Cart", "Café", "Cafe")
		e.Template, e.Category = m.maybe("hello", "cart"), m.maybe("marketing", "utility")
		e.Flow, e.Webhook = m.maybe("BF flow", "bf_flow"), m.maybe("paid")
		e.Variant, e.Sender = m.maybe("A", "B"), m.maybe("luis", "Ana")
	}
	switch e.Type {
	case storage.MessageFailed:
		e.Code, e.Reason = m.maybe("131026", "131049", "30003", "999"), m.maybe("not reachable")
	case storage.SendSkipped:
		e.Reason = m.maybe("duplicate", "opted out")
	case storage.MessageInbound:
		e.Kind, e.Text = m.maybe("text", "button", "list", "reaction", "system"), m.maybe("Yes", "No", "yes")
	case storage.ConversationClosed:
		e.How = m.maybe("agent", "auto")
	case storage.Assigned:
		e.Group, e.Agent, e.How = m.maybe("Ventas", "ventas", "Soporte"), m.maybe("ana", "luis"), m.maybe("bot")
	case storage.AgentReplied:
		e.Agent = m.maybe("ana", "luis")
	case storage.TagApplied, storage.TagRemoved:
		e.Tag = m.maybe("Sold", "sold", "Interested", "Cancelled")
		if e.Type == storage.TagApplied {
			e.TagType, e.By = m.maybe("positive", "Follow-up", "negative", "weird"), m.maybe("agent", "bot")
			e.Sale, e.Value, e.Currency = m.one(2), m.maybe("99.9", "0.1", "1500.50", "-3"), m.maybe("USD", "HNL")
		}
	case storage.LabelAdded, storage.LabelRemoved:
		e.Label = m.maybe("vip", "VIP", "late")
	case storage.FlowStep:
		e.Node, e.Text = m.maybe("menu", "size"), m.maybe("Choose", "Which size?")
	case storage.FlowOption:
		e.Node, e.Option = m.maybe("menu"), m.maybe("Track order", "Sizes")
	case storage.FlowEnded:
		e.How = m.maybe("assigned", "auto_end", "error")
	}
}
