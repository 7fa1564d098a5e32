package reports

import (
	"context"
	"errors"
	"slices"
	"strings"

	"outboundbot/storage"
)

// contactName is the report that is about one customer.
const contactName = "contact"

// contact tells whether one customer answered, and all that happened (MODEL 5).
var contact = Report{
	Name:     contactName,
	Examples: []string{"contact phone:+573105550001"},
	Records:  true,
	OneOf:    true,
	Run:      runContact,
}

// ErrNobody: no send that the asker may see went to the customer asked for. It is the same for a customer that there
// is not and for one that the scope hides.
var ErrNobody = errors.New("no send went to this contact")

// runContact asks the store once for sends, figures and freshness, and once for the timeline of each channel on
// which the customer is. The condition phone of q has the phone as typed; that of the result has tokens.
func runContact(ctx context.Context, src Source, q Query) (Result, error) {
	records, err := collect(src.Sends(ctx, q.Question, storage.Order{Limit: limit(q.Limit, ScreenRows)}))
	if err != nil {
		return Result{Query: q}, err
	}
	who, err := customerOf(ctx, src, q, records)
	if err != nil {
		return Result{Query: q}, err
	}
	asked := q.Question
	q.Where = withTokens(q.Where, who.tokens)
	if q.Print != nil {
		q.Print(&q)
	}
	r, err := countAs(ctx, src, q, asked)
	if err != nil {
		return r, err
	}
	r.Records = records
	if err := r.timeline(ctx, src, who.tokens); err != nil {
		return r, err
	}
	if q.File {
		r.Sheet = r.eventSheet()
	}
	if q.Machine || q.File {
		return r, nil
	}
	r.tellContact(who)
	return r, nil
}

func collect(rows func(func(storage.Send, error) bool)) (records []storage.Send, err error) {
	records = make([]storage.Send, 0, 24) // few customers get more
	for s, err := range rows {
		if err != nil {
			return nil, err
		}
		records = append(records, s)
	}
	return records, nil
}

// customer is who a phone or token stands for: contacts on one or several channels.
type customer struct {
	tokens []string
	shown  string // as the asker may see them
}

// customerOf tells who the phone of q stands for. The records tell, unless filters or a limit may have left some out.
func customerOf(ctx context.Context, src Source, q Query, records []storage.Send) (who customer, err error) {
	for i := range records {
		who.note(&records[i])
	}
	defer func() { slices.Sort(who.tokens) }()
	if len(records) > 0 && len(records) < limit(q.Limit, ScreenRows) {
		return who, nil
	}
	all := storage.Question{Scope: q.Scope, Test: true, Rules: q.Rules, Zone: q.Zone, Now: q.Now}
	for _, c := range q.Where {
		if isCustomer(c) || c.Field == "channel" {
			all.Where = append(all.Where, c)
		}
	}
	for s, err := range src.Sends(ctx, all, storage.Order{}) {
		if err != nil {
			return who, err
		}
		who.note(&s)
	}
	if len(who.tokens) == 0 {
		return who, ErrNobody
	}
	return who, nil
}

func (c *customer) note(s *storage.Send) {
	if t := "~" + s.Token; !slices.Contains(c.tokens, t) {
		c.tokens = append(c.tokens, t)
	}
	if c.shown == "" {
		if c.shown = s.Contact; c.shown == "" {
			c.shown = s.Mask
		}
	}
}

// isCustomer is the condition that says who the report is about.
func isCustomer(c storage.Condition) bool { return c.Field == "phone" && !c.Not }

func withTokens(where []storage.Condition, tokens []string) []storage.Condition {
	where = slices.Clone(where)
	for i, c := range where {
		if isCustomer(c) {
			where[i].Values = tokens
		}
	}
	return where
}

// timeline reads the events of the contacts; of a question with dates those of its days.
func (r *Result) timeline(ctx context.Context, src Source, tokens []string) error {
	for _, t := range tokens {
		events, err := src.Timeline(ctx, r.Query.Scope, storage.Contact{Token: strings.TrimPrefix(t, "~")})
		if err != nil {
			return err
		}
		if r.Events == nil {
			r.Events = events
		} else {
			r.Events = append(r.Events, events...)
		}
	}
	if len(tokens) > 1 {
		slices.SortStableFunc(r.Events, func(a, b storage.Event) int {
			switch {
			case a.Before(&b):
				return -1
			case b.Before(&a):
				return 1
			default:
				return 0
			}
		})
	}
	if days := r.Query.Range; days != (storage.Range{}) {
		zone := zoneOf(r.Query)
		r.Events = slices.DeleteFunc(r.Events, func(e storage.Event) bool { return !days.Has(storage.DayOf(e.At, zone)) })
	}
	return nil
}

// answered: a send in scope has a credited answer (MODEL 2, Credit).
func (r *Result) answered() bool { return r.Total.N[storage.AnsweredSends] > 0 }

// tellContact makes the card: the answer first, then figures, sends and what happened, the newest first.
func (r *Result) tellContact(who customer) {
	l := r.lang()
	id := "contact.no"
	switch {
	case r.answered():
		id = "contact.yes"
	case r.Total.Sends() == 0:
		id = "contact.none"
	}
	r.Card.Title = l.Say(id, Args{"Who": who.shown, "N": r.Total.Sends(), "Answered": l.Int(r.Total.N[storage.AnsweredSends])})
	r.Card.Lead = r.Card.Title
	if note := r.firstAnswer(); note != "" {
		r.add(Note{Info, note})
	}
	if n := r.unheard(); n > 0 {
		r.add(Note{Info, l.Say("contact.unheard", Args{"N": n})})
	}
	if shown := int64(len(r.Records)); shown < r.Total.Sends() {
		r.add(Note{Info, l.Say("audit.more", Args{"Shown": l.Int(shown), "N": r.Total.Sends()})})
	}
	r.add(r.contactFigures(), r.contactSends(), r.happened())
	r.addAsked(0)
	r.close("summary", "audit")
}

// firstAnswer says when the first answer came, and how long after its send.
func (r *Result) firstAnswer() string {
	var first *storage.Send
	for i := range r.Records {
		s := &r.Records[i]
		if s.Status == storage.Successful && s.AnsweredAt != 0 && (first == nil || s.AnsweredAt < first.AnsweredAt) {
			first = s
		}
	}
	if first == nil {
		return ""
	}
	l := r.lang()
	return l.Say("contact.first", Args{
		"Moment": r.moment(first.AnsweredAt), "Span": l.Duration(int64(max(0, first.AnsweredAt-first.Time))),
	})
}

// unheard is how many messages a customer wrote of whom no send counts an answer, where nothing was filtered away:
// the reader sees them in the timeline and wonders.
func (r *Result) unheard() (n int) {
	if r.answered() || len(r.Query.Where) > 1 || r.Query.Range != (storage.Range{}) {
		return 0
	}
	for i := range r.Events {
		if e := &r.Events[i]; e.Type == storage.MessageInbound && e.Kind != "reaction" && e.Kind != "system" {
			n++
		}
	}
	return n
}

func (r *Result) contactFigures() (m Metrics) {
	m.Base = r.lang().Say("base.successful")
	for _, metric := range []storage.Metric{storage.SuccessfulSends, storage.Read, storage.AnsweredSends, storage.AssignedSends, storage.Sales, storage.OptOuts} {
		f := r.figure(metric)
		if metric == storage.SuccessfulSends || metric == storage.OptOuts {
			f.Share = "" // of another base
		}
		m.Items = append(m.Items, f)
	}
	return m
}

// contactSends is the sends to the customer, the newest first.
func (r *Result) contactSends() Table {
	l := r.lang()
	t := Table{Title: l.Say("contact.sends"), Columns: []Heading{
		{Label: l.Say("field.time")},
		{Label: l.Say("field.campaign")},
		{Label: l.Say("field.channel"), Minor: true},
		{Label: l.Say("field.status")},
		{Label: l.Say("field.read"), Minor: true},
		{Label: l.Say("field.answered")},
		{Label: l.Say("field.agent"), Minor: true},
		{Label: l.Say("field.final_tag")},
	}}
	moment := func(s *storage.Send, at storage.Instant) Entry {
		if at == 0 || s.Status != storage.Successful {
			return Entry{Text: "–"}
		}
		return Entry{Text: r.moment(at), N: float64(at)}
	}
	for i := range slices.Backward(r.Records) {
		s := &r.Records[i]
		t.Rows = append(t.Rows, []Entry{
			{Text: r.moment(s.Time), N: float64(s.Time)},
			{Text: dash(s.Campaign)},
			{Text: l.Value("channel", s.Channel)},
			{Text: l.Value("status", s.Status.String())},
			moment(s, s.ReadAt),
			moment(s, s.AnsweredAt),
			{Text: dash(s.Agent)},
			{Text: dash(s.FinalTag().Name)},
		})
	}
	return t
}

// moment is a time in the question's zone, with its year if that is not the present one: a customer's history is long.
func (r *Result) moment(at storage.Instant) string {
	zone := zoneOf(r.Query)
	if at.Time().In(zone).Year() == r.Query.Now.Time().In(zone).Year() {
		return r.lang().Moment(at, zone)
	}
	return r.lang().MomentOfYear(at, zone)
}
