package reports

import (
	"io"
	"slices"
	"strings"

	"outboundbot/storage"
)

// eventText is a text of an event under its native name (MODEL 1), in the native order.
type eventText struct {
	name string
	of   func(*storage.Event) string
}

// eventTexts are what an event has beside its id, type and times.
var eventTexts = []eventText{
	{"send", func(e *storage.Event) string { return e.Send }},
	{"message", func(e *storage.Event) string { return e.Message }},
	{"conversation", func(e *storage.Event) string { return e.Conversation }},
	{"channel", func(e *storage.Event) string { return e.Channel }},
	{"line", func(e *storage.Event) string { return e.Line }},
	{"contact", func(e *storage.Event) string { return e.Contact }},
	{"origin", func(e *storage.Event) string { return e.Origin }},
	{"campaign", func(e *storage.Event) string { return e.Campaign }},
	{"template", func(e *storage.Event) string { return e.Template }},
	{"category", func(e *storage.Event) string { return e.Category }},
	{"flow", func(e *storage.Event) string { return e.Flow }},
	{"webhook", func(e *storage.Event) string { return e.Webhook }},
	{"variant", func(e *storage.Event) string { return e.Variant }},
	{"sender", func(e *storage.Event) string { return e.Sender }},
	{"code", func(e *storage.Event) string { return e.Code }},
	{"reason", func(e *storage.Event) string { return e.Reason }},
	{"kind", func(e *storage.Event) string { return e.Kind }},
	{"text", func(e *storage.Event) string { return e.Text }},
	{"reply_to", func(e *storage.Event) string { return e.ReplyTo }},
	{"how", func(e *storage.Event) string { return e.How }},
	{"group", func(e *storage.Event) string { return e.Group }},
	{"agent", func(e *storage.Event) string { return e.Agent }},
	{"tag", func(e *storage.Event) string { return e.Tag }},
	{"tag_type", func(e *storage.Event) string { return e.TagType }},
	{"by", func(e *storage.Event) string { return e.By }},
	{"value", func(e *storage.Event) string { return e.Value }},
	{"currency", func(e *storage.Event) string { return e.Currency }},
	{"label", func(e *storage.Event) string { return e.Label }},
	{"node", func(e *storage.Event) string { return e.Node }},
	{"option", func(e *storage.Event) string { return e.Option }},
}

// eventKeys are the names of eventTexts as members that follow another one.
var eventKeys = func() []jsonText {
	keys := make([]jsonText, len(eventTexts))
	for i, t := range eventTexts {
		keys[i] = append(keys[i], ',')
		keys[i].key(t.name)
	}
	return keys
}()

// events adds a list of events in their native form (MODEL 1), one a line: what is absent is left out, times are UTC
// with milliseconds.
func (j *jsonText) events(w io.Writer, list []storage.Event) error {
	j.open('[')
	for i := range list {
		e := &list[i]
		j.record(i == 0)
		b := appendText(append(*j, `"id":`...), e.ID)
		b = appendText(append(b, `,"type":`...), string(e.Type))
		b = appendInstant(append(b, `,"at":`...), e.At)
		for k := range eventTexts {
			if s := eventTexts[k].of(e); s != "" {
				b = appendText(append(b, eventKeys[k]...), s)
			}
		}
		*j = b
		if e.Seq != 0 {
			j.key("seq").integer(e.Seq)
		}
		if e.UpTo != 0 {
			j.key("up_to").instant(e.UpTo)
		}
		if e.Test {
			j.key("test").truth(true)
		}
		if e.Sale {
			j.key("sale").truth(true)
		}
		j.close('}')
		if err := j.flush(w); err != nil {
			return err
		}
	}
	*j = append(*j, '\n', ']')
	return nil
}

// happened is what happened as a table, the newest first.
func (r *Result) happened() Table {
	l := r.lang()
	t := Table{Title: l.Say("contact.timeline"), Columns: []Heading{
		{Label: l.Say("contact.when")},
		{Label: l.Say("contact.what")},
		{Label: l.Say("contact.details")},
		{Label: l.Say("field.campaign"), Minor: true},
	}}
	campaign := r.campaigns()
	for i := range slices.Backward(r.Events) {
		e := &r.Events[i]
		t.Rows = append(t.Rows, []Entry{
			{Text: r.moment(e.At), N: float64(e.At)}, {Text: l.happening(e.Type)}, {Text: dash(details(e))}, {Text: dash(campaign(e))},
		})
	}
	return t
}

// campaigns gives the campaign of the send that an event names, by its id or, as statuses do, by its message.
func (r *Result) campaigns() func(*storage.Event) string {
	of := map[string]string{}
	for i := range r.Records {
		of[r.Records[i].ID] = r.Records[i].Campaign
	}
	for i := range r.Events {
		if e := &r.Events[i]; of[e.Send] != "" && e.Message != "" && of[e.Message] == "" {
			of[e.Message] = of[e.Send]
		}
	}
	return func(e *storage.Event) string {
		for _, id := range []string{e.ReplyTo, e.Send, e.Message} {
			if id != "" && of[id] != "" {
				return of[id]
			}
		}
		return e.Campaign
	}
}

// happening is a type of event in words; one that the catalogue does not know stands as it is.
func (l *Language) happening(t storage.Type) string {
	if id := "event." + string(t); l.Has(id) {
		return l.Say(id)
	}
	return string(t)
}

// details are what the event says beyond its type.
func details(e *storage.Event) string {
	kind := e.Kind
	if kind == "text" {
		kind = ""
	}
	var parts []string
	for _, s := range []string{e.Code, e.Reason, kind, e.Text, e.Group, e.Agent, e.How, e.Tag, strings.TrimSpace(e.Value + " " + e.Currency), e.Label, e.Node, e.Option} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " · ")
}

// eventSheet is one row an event. Where the scope hides contacts there is no column of them.
func (r *Result) eventSheet() Sheet {
	l, q := r.lang(), r.Query
	label := func(name string) string {
		for _, id := range []string{"contact.column." + name, "field." + name} {
			if l.Has(id) {
				return l.Say(id)
			}
		}
		return l.Say("contact.column." + name)
	}
	s := Sheet{Name: contactName, About: r.contactFacts(), Zone: zoneOf(q).String(), Lang: l}
	column := func(name string, kind storage.CellKind) {
		s.Columns = append(s.Columns, SheetColumn{Name: name, Label: label(name), Doc: l.Say("contact.column.doc", Args{"Field": name}), Kind: kind})
	}
	column("at", storage.CellTime)
	column("type", storage.CellText)
	texts := slices.DeleteFunc(slices.Clone(eventTexts), func(t eventText) bool { return t.name == "contact" && !q.Scope.Contacts })
	for _, t := range texts {
		column(t.name, storage.CellText)
	}
	column("sale", storage.CellBool)
	column("test", storage.CellBool)
	column("up_to", storage.CellTime)
	column("id", storage.CellText)
	s.Rows = func(yield func([]storage.Cell, error) bool) {
		row := make([]storage.Cell, 0, len(s.Columns))
		for i := range r.Events {
			e := &r.Events[i]
			row = append(row[:0], storage.At(e.At), storage.Text(string(e.Type)))
			for _, t := range texts {
				row = append(row, storage.Text(t.of(e)))
			}
			row = append(row, storage.Bool(e.Sale), storage.Bool(e.Test), storage.At(e.UpTo), storage.Text(e.ID))
			if !yield(row, nil) {
				return
			}
		}
	}
	return s
}

// contactFacts are those of every sheet and whether the customer answered.
func (r *Result) contactFacts() []Fact {
	l := r.lang()
	answer := "no"
	if r.answered() {
		answer = "yes"
	}
	return append(Facts(r.Query, r.Stats, int64(len(r.Events))), Fact{Name: "answered", Label: l.Say("field.answered"), Value: l.Say("value." + answer)})
}
