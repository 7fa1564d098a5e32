package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// Topics of help beside commands, filters, options and figures.
const (
	topicFilters = "filters"
	topicOptions = "options"
	topicDates   = "dates"
	topicFigures = "figures"
)

var topics = []string{topicFilters, topicOptions, topicDates, topicFigures}

// helpNames is how many names of the store help shows for a filter.
const helpNames = 15

// help explains what can be asked, or one command, filter, option or figure. All of it derives from the tables and
// the catalogue.
func (d *Desk) help(ctx context.Context, req Request, scope storage.Scope, pl plan) (Reply, error) {
	h := &guide{lang: d.language(req)}
	if err := d.topic(ctx, h, scope, req, pl.topic); err != nil {
		return Reply{}, err
	}
	h.card.Lang = h.lang
	h.card.Footer.Command = strings.TrimSpace(botName + verbHelp + " " + h.name)
	return Reply{Card: h.card, Private: true}, nil
}

// guide puts a card of help together: what can be asked, and how.
type guide struct {
	lang *reports.Language
	card reports.Card
	name string // of the topic, for the canonical command
}

func (d *Desk) topic(ctx context.Context, h *guide, scope storage.Scope, req Request, t topic) error {
	if t.text == "" {
		h.overview()
		return nil
	}
	if name, ok := known.topics.find(t.text); ok {
		h.name = name
		h.subject(name)
		return nil
	}
	if name, ok := known.verbs.find(t.text); ok {
		h.name = name
		h.verb(name)
		return nil
	}
	key, isKey := known.keys.find(t.text)
	metric, isMetric := known.metrics.find(t.text)
	if !isKey && !isMetric {
		return unknownTopic(h.lang, req, t)
	}
	if isKey {
		h.name = key
		if err := d.key(ctx, h, scope, key); err != nil {
			return err
		}
	}
	if isMetric {
		h.metric(metric)
	}
	return nil
}

func unknownTopic(lang *reports.Language, req Request, t topic) error {
	p := &parser{lang: lang, text: clean(req.Text)}
	p.lead = lead(p.text)
	words := slices.Concat(known.topics.words(), known.verbs.words(), known.keys.words(), known.metrics.words())
	like, sure := nearest(t.text, themselves(words))
	e := p.fault(t.off, t.end, "commands.help.unknown", reports.Args{"Text": t.text})
	return p.replace(e, sure, like...)
}

func (h *guide) say(id string, args ...reports.Args) string { return h.lang.Say(id, args...) }

func (h *guide) note(text string) { h.add(reports.Note{Text: text}) }

func (h *guide) add(blocks ...reports.Block) { h.card.Blocks = append(h.card.Blocks, blocks...) }

// title heads the card; the definition is its first sentence.
func (h *guide) title(title, doc string) {
	h.card.Title, h.card.Lead = title, doc
	h.note(doc)
}

// overview is help without a topic.
func (h *guide) overview() {
	h.title(h.say("commands.help.title"), h.say("commands.help.intro"))
	var commands []string
	var run reports.Actions
	for _, v := range Verbs() {
		example := exampleOf(v.Name)
		commands = append(commands, v.Name+" – "+h.say(v.Doc))
		run.Buttons = append(run.Buttons, reports.Button{Label: example, Command: example})
	}
	h.note(strings.Join(commands, "\n"))
	h.note(h.say("commands.help.filters.intro"))
	h.note(h.say("commands.help.dates.intro"))
	h.add(reports.Code{Text: strings.Join(examples(), "\n")})
	for _, topic := range topics {
		run.Buttons = append(run.Buttons, reports.Button{Label: verbHelp + " " + topic, Command: verbHelp + " " + topic})
	}
	h.add(run)
}

// exampleOf is one runnable command of a verb.
func exampleOf(verb string) string {
	if r, ok := reports.Named(verb); ok && len(r.Examples) > 0 {
		return r.Examples[0]
	}
	switch verb {
	case verbExport:
		return verbExport + " " + exported + " yesterday " + keyFormat + ":" + textFormat
	case verbHelp:
		return verbHelp + " channel"
	}
	return verb
}

// examples are all runnable commands, as they are typed.
func examples() []string {
	var list []string
	for _, v := range Verbs() {
		if r, ok := reports.Named(v.Name); ok && len(r.Examples) > 0 {
			for _, e := range r.Examples {
				list = append(list, botName+e)
			}
			continue
		}
		list = append(list, botName+exampleOf(v.Name))
	}
	return list
}

func texts(cells ...string) []reports.Entry {
	row := make([]reports.Entry, len(cells))
	for i, c := range cells {
		row[i].Text = c
	}
	return row
}

// subject is help on a whole table.
func (h *guide) subject(topic string) {
	h.title(h.say("topic."+topic), h.say("commands.help."+topic+".intro"))
	switch topic {
	case topicFilters:
		filters, _, _ := fieldNames()
		h.add(h.keys("field.", filters))
	case topicOptions:
		h.add(h.keys("key.", settings))
	case topicFigures:
		var figures []string
		for _, name := range metricNames() {
			figures = append(figures, name+" – "+h.say("metric."+name+".doc"))
		}
		h.note(strings.Join(figures, "\n"))
	case topicDates:
		t := reports.Table{Columns: []reports.Heading{{Label: h.say("commands.help.words")}}}
		month := strings.ToLower(h.lang.Month(time.November))
		filled := strings.NewReplacer("{n}", "3", "{month}", month, "{year}", "2026")
		for _, p := range presets {
			t.Rows = append(t.Rows, texts(filled.Replace(strings.Join(h.lang.Words("dates."+p.id+".words"), " · "))))
		}
		h.add(t, reports.Code{Text: h.say("commands.help.dates.figures")})
	}
}

// keys lists names with what they mean and how else they are written.
func (h *guide) keys(prefix string, names []string) reports.Table {
	t := reports.Table{Columns: []reports.Heading{
		{Label: h.say("commands.help.name")}, {Label: h.say("commands.help.meaning")}, {Label: h.say("commands.help.also"), Minor: true},
	}}
	for _, name := range names {
		t.Rows = append(t.Rows, texts(name, h.say(prefix+name+".doc"), strings.Join(h.lang.Words(prefix+name+".words"), ", ")))
	}
	return t
}

// verb is help on one command.
func (h *guide) verb(name string) {
	i := slices.IndexFunc(Verbs(), func(v Verb) bool { return v.Name == name })
	v := Verbs()[i]
	h.title(h.say(v.Label), h.say(v.Doc))
	list := []string{exampleOf(name)}
	if r, ok := reports.Named(name); ok && len(r.Examples) > 0 {
		list = r.Examples
	}
	h.add(reports.Code{Text: botName + strings.Join(list, "\n"+botName)})
	if len(v.Options) > 0 {
		options := slices.DeleteFunc(slices.Clone(settings), func(key string) bool { return !slices.Contains(v.Options, key) })
		t := h.keys("key.", options)
		t.Title = h.say("topic.options")
		h.add(t)
		filters, _, _ := fieldNames()
		h.note(h.say("commands.help.takes", reports.Args{"Filters": strings.Join(filters, ", ")}))
	}
	var run reports.Actions
	for _, e := range list {
		run.Buttons = append(run.Buttons, reports.Button{Label: e, Command: e})
	}
	h.add(run)
}

// key is help on a filter or option: what it means, how else it is written, which values it takes.
func (d *Desk) key(ctx context.Context, h *guide, scope storage.Scope, key string) error {
	f, ok := storage.FieldNamed(key)
	if !ok || !f.Filter {
		if slices.Contains(elsewhere, key) {
			h.title(key, h.say("commands.help.elsewhere", reports.Args{"Key": key}))
			return nil
		}
		h.title(key, h.say("key."+key+".doc"))
		h.also("key." + key + ".words")
		h.choices(key, d.candidates(ctx, key, "", scope))
		return nil
	}
	h.title(h.say("field."+key), h.say("field."+key+".doc"))
	h.also("field." + key + ".words")
	if len(f.Values) > 0 {
		t := reports.Table{Columns: []reports.Heading{
			{Label: h.say("commands.help.value")}, {Label: h.say("commands.help.meaning")}, {Label: h.say("commands.help.also"), Minor: true},
		}}
		for _, v := range f.Values {
			id := valuePrefix(f) + v
			t.Rows = append(t.Rows, texts(v, h.say(id), strings.Join(h.lang.Words(id+".words"), ", ")))
		}
		h.add(t)
		h.example(key + ":" + f.Values[0])
		return nil
	}
	names, err := d.namesOf(ctx, scope, f, "")
	if err != nil || len(names) == 0 {
		return err
	}
	h.names(f, names)
	h.example(key + ":" + printed(f, names[0].Name))
	return nil
}

func (h *guide) also(id string) {
	if words := h.lang.Words(id); len(words) > 0 {
		h.note(h.say("commands.help.written", reports.Args{"Words": strings.Join(words, ", ")}))
	}
}

func (h *guide) choices(key string, values []string) {
	if len(values) > 0 {
		h.note(h.say("commands.help.values", reports.Args{"Values": strings.Join(values, ", ")}))
		h.example(key + ":" + Quote(values[0]))
	}
}

// names lists what the store has in a field, most sends first.
func (h *guide) names(f *storage.Field, names []storage.Name) {
	t := reports.Table{Columns: []reports.Heading{
		{Label: h.say("field." + f.Name)}, {Label: h.say("metric.successful.short"), Number: true}, {Label: h.say("commands.help.last")},
	}}
	for _, n := range names[:min(len(names), helpNames)] {
		last := ""
		if n.Last != 0 {
			day := storage.DayOf(n.Last, zoneOf(reports.Query{}))
			last = h.lang.Days(storage.Range{From: day, To: day})
		}
		t.Rows = append(t.Rows, []reports.Entry{{Text: n.Name}, {Text: h.lang.Int(int64(n.Sends)), N: float64(n.Sends)}, {Text: last, N: float64(n.Last)}})
	}
	t.Omitted = len(names) - len(t.Rows)
	h.add(t)
}

func (h *guide) example(terms string) {
	command := reports.All()[0].Name + " " + terms
	h.add(reports.Code{Text: botName + command}, reports.Actions{Buttons: []reports.Button{{Label: shorten(command, 60), Command: command}}})
}

// metric is the definition of a figure.
func (h *guide) metric(name string) {
	doc := h.say("metric." + name + ".doc")
	if h.card.Title == "" {
		h.name = name
		h.title(h.say("metric."+name), doc)
	} else {
		h.note(h.say("commands.help.figure", reports.Args{"Figure": h.say("metric." + name), "Doc": doc}))
	}
	for _, m := range storage.Metrics {
		if m.Name == name && m.Based {
			h.note(h.say("commands.help.base", reports.Args{"Base": strings.ToLower(h.say("metric." + m.Base.String()))}))
		}
	}
}
