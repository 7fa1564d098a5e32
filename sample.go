package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"outboundbot/storage"
)

// sampleNow is the clock of the sample data, so that an answer today is the answer of next year.
var sampleNow = time.Date(2026, time.November, 28, 18, 0, 0, 0, time.FixedZone("", -5*60*60))

const (
	sampleZone = "America/Bogota"
	sampleDays = 60
)

// sampleCampaign is what one made-up campaign sends: rates are out of 1,000 sends that arrived.
type sampleCampaign struct {
	name, channel, origin string
	what                  string // template, flow or webhook
	category              string
	first, days           int // days before the clock's day, and for how long
	sends                 int
	read, answer          int
	assign, sale          int // of those that answered
	options               []string
}

var sampleCampaigns = []sampleCampaign{
	{"BlackFriday", "WA", "flow", "bf_flow", "marketing", 6, 7, 3900, 800, 340, 420, 300, []string{"See offers", "Talk to an advisor", "Store hours"}},
	{"BlackFriday", "WA", "template", "bf_teaser", "marketing", 6, 7, 1700, 760, 240, 330, 240, []string{"I want it", "Not now"}},
	{"BlackFriday", "WA", "webhook", "cart_waiting", "marketing", 5, 6, 600, 830, 390, 460, 380, []string{"Finish my order"}},
	{"BlackFriday", "WA", "individual", "advisor_follow_up", "utility", 5, 6, 320, 300, 90, 900, 420, nil},
	{"BlackFriday", "IG", "template", "bf_story", "marketing", 6, 6, 900, 610, 180, 240, 160, []string{"Tell me more"}},
	{"Cart recovery", "WA", "webhook", "cart_waiting", "marketing", 59, 60, 4100, 790, 330, 380, 330, []string{"Finish my order", "Ask a question"}},
	{"Welcome", "FB", "flow", "welcome_flow", "utility", 59, 60, 2200, 690, 280, 200, 110, []string{"Products", "My order", "Advisor"}},
	{"Win back", "WA", "template", "we_miss_you", "marketing", 45, 30, 2600, 700, 160, 260, 210, []string{"Show me", "Stop"}},
	{"Order paid", "WA", "webhook", "order_paid", "utility", 59, 60, 3000, 900, 120, 150, 20, nil},
	{"Satisfaction survey", "WEB", "flow", "survey_flow", "utility", 40, 38, 1500, 640, 420, 60, 10, []string{"Great", "Fine", "Bad"}},
	{"Payment reminder", "SMS", "template", "payment_due", "utility", 55, 50, 2300, 0, 60, 300, 90, nil},
	{"Halloween", "IG", "flow", "halloween_flow", "marketing", 32, 6, 1200, 660, 260, 250, 180, []string{"Costumes", "Sweets"}},
	{"", "WA", "individual", "advisor_hello", "utility", 59, 60, 1400, 320, 110, 880, 260, nil},
	{"Warranty", "WA", "other", "", "utility", 50, 45, 500, 720, 210, 400, 60, nil},
}

var (
	sampleLines    = map[string]string{"WA": "576015550100", "SMS": "576015550101", "FB": "northwind.page", "IG": "northwind.shop", "WEB": "northwind.example"}
	sampleGroups   = map[string][]string{"Sales": {"Ana", "Luis", "Marta"}, "Support": {"Jorge", "Paula"}}
	sampleFailures = []struct{ code, reason string }{{"131026", "message undeliverable"}, {"131049", "healthy ecosystem engagement"}, {"131047", "re-engagement message"}, {"131050", "user stopped marketing messages"}, {"30003", "unreachable handset"}}
)

// sampleEvents makes the sample data of demo: the same events every time.
func sampleEvents() []storage.Event {
	g := &sampler{Rand: rand.New(rand.NewPCG(2026, 11))}
	for i, c := range sampleCampaigns {
		for range c.sends {
			g.send(c, i)
		}
	}
	return g.events
}

// sampler writes the story of one send after the other.
type sampler struct {
	*rand.Rand
	events []storage.Event
	sends  int
	now    storage.Event // what the events of the send at hand have in common
	at     time.Time
}

func (g *sampler) chance(of1000 int) bool { return g.IntN(1000) < of1000 }

// later moves the story on by between a half and one and a half of d.
func (g *sampler) later(d time.Duration) { g.at = g.at.Add(d/2 + time.Duration(g.Int64N(int64(d)))) }

// tell adds an event of the send at hand, unless it would be after the clock.
func (g *sampler) tell(t storage.Type, with func(*storage.Event)) {
	if g.at.After(sampleNow) {
		return
	}
	e := g.now
	e.ID = fmt.Sprintf("demo-%d-%d", g.sends, len(g.events))
	e.Type, e.At = t, storage.InstantOf(g.at)
	if with != nil {
		with(&e)
	}
	g.events = append(g.events, e)
}

func (g *sampler) send(c sampleCampaign, nth int) {
	g.sends++
	day := sampleNow.AddDate(0, 0, -c.first+g.IntN(c.days))
	g.at = time.Date(day.Year(), day.Month(), day.Day(), 8+g.IntN(9), g.IntN(60), g.IntN(60), g.IntN(1000)*1e6, day.Location())
	id := fmt.Sprintf("send-%05d", g.sends)
	g.now = storage.Event{Send: id, Channel: c.channel, Line: sampleLines[c.channel], Contact: g.contact(c.channel)}
	g.tell(storage.SendRequested, func(e *storage.Event) { g.manifest(e, c, nth) })
	g.later(2 * time.Second)
	switch x := g.IntN(1000); {
	case x < 12:
		g.tell(storage.SendSkipped, func(e *storage.Event) { e.Reason = "opted out" })
		return
	case x < 16: // nobody has said anything yet
		return
	case x < 75:
		f := sampleFailures[g.IntN(len(sampleFailures))]
		g.tell(storage.MessageFailed, func(e *storage.Event) { e.Code, e.Reason = f.code, f.reason })
		return
	}
	g.tell(storage.MessageSent, nil)
	g.arrive(c)
}

func (g *sampler) manifest(e *storage.Event, c sampleCampaign, nth int) {
	e.Origin, e.Campaign, e.Category, e.Message = c.origin, c.name, c.category, "m-"+e.Send
	if c.name == "BlackFriday" && g.chance(30) {
		e.Campaign = "Black Friday" // somebody always spells it another way
	}
	switch c.origin {
	case "flow":
		e.Flow = c.what
	case "webhook":
		e.Webhook = c.what
	default:
		e.Template = c.what
	}
	if c.origin == "individual" {
		e.Sender = sampleGroups["Sales"][nth%3]
	}
	if c.name == "Win back" {
		e.Variant = []string{"A", "B"}[g.IntN(2)]
	}
	e.Test = g.sends%997 == 0
}

// contact picks a customer; regulars come more often than others.
func (g *sampler) contact(channel string) string {
	n := min(g.IntN(16_000), g.IntN(24_000))
	switch channel {
	case "WA", "SMS":
		return fmt.Sprintf("57310%07d", 5550000+n)
	case "FB", "IG":
		return fmt.Sprintf("%d", 7_300_000_000+n)
	default:
		return fmt.Sprintf("visitor-%05d", n)
	}
}

// arrive tells what happens to a message that the provider took.
func (g *sampler) arrive(c sampleCampaign) {
	if g.chance(40) {
		return
	}
	g.later(4 * time.Second)
	g.tell(storage.MessageDelivered, nil)
	answers := g.chance(c.answer)
	if c.read > 0 && (g.chance(c.read) || answers) {
		g.later(25 * time.Minute)
		g.tell(storage.MessageRead, nil)
	}
	assigned := c.origin == "individual" && g.chance(c.assign) // handed over with the send
	if assigned {
		g.assign()
	}
	if g.chance(8) {
		g.later(time.Hour)
		g.tell(storage.OptOut, nil)
	}
	if answers {
		g.answer(c, assigned)
		return
	}
	if g.chance(850) { // nobody wrote: the platform closes the conversation
		g.later(20 * time.Hour)
		g.tell(storage.ConversationClosed, func(e *storage.Event) { e.How = "auto" })
	}
}

func (g *sampler) answer(c sampleCampaign, assigned bool) {
	g.later(18 * time.Minute)
	option := ""
	if len(c.options) > 0 {
		option = c.options[min(g.IntN(len(c.options)), g.IntN(len(c.options)))]
	}
	g.tell(storage.MessageInbound, func(e *storage.Event) {
		e.Kind, e.ReplyTo = "text", e.Send
		if option != "" {
			e.Kind, e.Text = "button", option
		}
	})
	if c.origin == "flow" {
		g.flow(option)
	}
	if !assigned && g.chance(c.assign) {
		g.assign()
		assigned = true
	}
	if assigned {
		g.later(6 * time.Minute)
		g.tell(storage.AgentReplied, func(e *storage.Event) { e.Agent = "Ana" })
	}
	g.tag(c, assigned)
}

func (g *sampler) flow(option string) {
	g.later(20 * time.Second)
	g.tell(storage.FlowOption, func(e *storage.Event) { e.Node, e.Option = "menu", option })
	steps := []string{"Choose a product", "Choose your size", "Where shall we send it?"}
	for i := range 1 + g.IntN(len(steps)) {
		g.later(40 * time.Second)
		g.tell(storage.FlowStep, func(e *storage.Event) { e.Node, e.Text = fmt.Sprintf("step %d", i+1), steps[i] })
	}
	if g.chance(450) {
		g.tell(storage.FlowEnded, func(e *storage.Event) { e.How = "auto_end" })
	}
}

func (g *sampler) assign() {
	g.later(3 * time.Minute)
	group := "Sales"
	if g.chance(300) {
		group = "Support"
	}
	agents := sampleGroups[group]
	g.tell(storage.Assigned, func(e *storage.Event) { e.Group, e.Agent, e.How = group, agents[g.IntN(len(agents))], "bot" })
}

// tag ends most answered conversations with taggings.
func (g *sampler) tag(c sampleCampaign, assigned bool) {
	apply := func(name, kind, by string, sale bool) {
		g.later(30 * time.Minute)
		g.tell(storage.TagApplied, func(e *storage.Event) {
			e.Tag, e.TagType, e.By, e.Sale = name, kind, by, sale
			if sale {
				e.Value, e.Currency = fmt.Sprintf("%d.%02d", 20+g.IntN(280), g.IntN(100)), "USD"
			}
		})
	}
	switch {
	case assigned && g.chance(c.sale):
		if g.chance(400) {
			apply("Interested", "follow_up", "agent", false)
		}
		apply("Closed purchase", "positive", "agent", true)
		if g.chance(40) {
			apply("Cancelled", "negative", "agent", false)
		}
	case assigned && g.chance(600):
		apply([]string{"Interested", "Quote sent"}[g.IntN(2)], "follow_up", "agent", false)
	case assigned:
		apply([]string{"Dismissed", "No stock"}[g.IntN(2)], "negative", "agent", false)
	case g.chance(500):
		apply("Query resolved", "self_management_end", "bot", false)
	}
	if g.chance(150) {
		g.tell(storage.LabelAdded, func(e *storage.Event) { e.Label = []string{"VIP", "Gift", "Wholesale"}[g.IntN(3)] })
	}
	if g.chance(600) {
		g.later(time.Hour)
		g.tell(storage.ConversationClosed, nil)
	}
}
