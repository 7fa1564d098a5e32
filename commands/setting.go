package commands

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// mostTop is how many rows of a breakdown may be asked for.
const mostTop = 1000

// setting reads a key that is no filter and no date. Only by and columns may be given more than once.
func (p *parser) setting(name string, it item) error {
	if err := p.hasValues(name, it); err != nil {
		return err
	}
	if p.given[name] && name != keyBy && name != keyColumns {
		return p.fault(it.off, it.end, "commands.twice", reports.Args{"Key": name})
	}
	p.given[name] = true
	if err := p.offered(name, it); err != nil {
		return err
	}
	switch name {
	case keyBy:
		return p.by(it)
	case keyColumns:
		return p.columns(it)
	}
	if len(it.words) > 1 {
		return p.fault(it.words[1].off, it.end, "commands.one_value", reports.Args{"Key": name})
	}
	w := it.words[0]
	switch name {
	case keySort:
		return p.sort(w)
	case keyTop:
		return p.count(name, w, mostTop, &p.plan.query.Top)
	case keyLimit:
		return p.count(name, w, reports.FileRows, &p.plan.query.Limit)
	case keyFormat:
		return p.format(w)
	case keyZone:
		return p.zone(w)
	case keyLang:
		return p.language(w)
	case keyTest:
		v, err := p.choice(name, w, []string{"include", "exclude"})
		p.plan.query.Test = v == "include"
		return err
	default:
		v, err := p.choice(name, w, []string{"skip", "post", "note"})
		p.plan.empty = v
		return err
	}
}

// offered refuses keys that the report does nothing with: a row a send has a limit and columns, rows of groups
// have an order and a top.
func (p *parser) offered(name string, it item) error {
	if !slices.Contains(notFor(p.plan.query.Report), name) {
		return nil
	}
	return p.fault(it.off, it.end, "commands.unavailable", reports.Args{"Key": name, "Report": p.plan.query.Report})
}

// notFor lists the settings that mean nothing in a report.
func notFor(report string) []string {
	if r, ok := reports.Named(report); ok && r.Records {
		return []string{keyTop, keySort}
	}
	return []string{keyLimit, keyColumns}
}

func (p *parser) by(it item) error {
	var by storage.Grouping
	for i, w := range it.words {
		name, ok := known.groups.find(w.text)
		if !ok {
			like, sure := known.groups.like(w.text)
			return p.replace(p.fault(w.off, w.end, "commands.unknown_group", reports.Args{"Text": w.text}), sure, like...)
		}
		if i > 1 {
			return p.fault(w.off, it.end, "commands.two_groups")
		}
		if !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	p.plan.query.Asked = append(p.plan.query.Asked, by)
	return nil
}

func (p *parser) columns(it item) error {
	for _, w := range it.words {
		name, ok := known.columns.find(w.text)
		if !ok {
			like, sure := known.columns.like(w.text)
			return p.replace(p.fault(w.off, w.end, "commands.unknown_column", reports.Args{"Text": w.text}), sure, like...)
		}
		if !slices.Contains(p.plan.query.Columns, name) {
			p.plan.query.Columns = append(p.plan.query.Columns, name)
		}
	}
	return nil
}

// sort takes a metric: the highest first unless a + stands before it.
func (p *parser) sort(w word) error {
	text := strings.TrimLeft(w.text, "+-−–—")
	name, ok := known.metrics.find(text)
	if !ok {
		like, sure := known.metrics.like(text)
		return p.replace(p.fault(w.off, w.end, "commands.unknown_metric", reports.Args{"Text": text}), sure, like...)
	}
	p.plan.query.Sort = reports.Sort{By: name, Descend: !strings.HasPrefix(w.text, "+")}
	return nil
}

func (p *parser) count(name string, w word, most int, n *int) error {
	have, err := strconv.Atoi(strings.NewReplacer(",", "", ".", "").Replace(w.text))
	if err != nil || have < 1 || have > most {
		e := p.fault(w.off, w.end, "commands.number", reports.Args{"Key": name, "Most": p.lang.Int(int64(most))})
		return p.replace(e, have > most, strconv.Itoa(most))
	}
	*n = have
	return nil
}

func (p *parser) format(w word) error {
	names := make([]string, len(p.desk.Formats))
	for i, f := range p.desk.Formats {
		names[i] = f.Name
		if strings.EqualFold(w.text, f.Name) {
			p.plan.format = &p.desk.Formats[i]
			return nil
		}
	}
	e := p.fault(w.off, w.end, "commands.unknown_value", reports.Args{"Key": keyFormat, "Text": w.text, "Values": strings.Join(names, ", ")})
	like, sure := nearest(w.text, themselves(names))
	return p.replace(e, sure, like...)
}

// zone reads an IANA name, in any case.
func (p *parser) zone(w word) error {
	for _, name := range []string{w.text, strings.ToUpper(w.text), titled(w.text)} {
		zone, err := time.LoadLocation(name)
		if err == nil && name != "" && !strings.EqualFold(name, "local") {
			p.plan.query.Zone = zone
			return nil
		}
	}
	return p.fault(w.off, w.end, "commands.unknown_zone", reports.Args{"Text": w.text})
}

// titled writes america/new york as America/New_York.
func titled(name string) string {
	b := []byte(strings.ReplaceAll(strings.ToLower(name), " ", "_"))
	for i := range b {
		if (i == 0 || b[i-1] == '/' || b[i-1] == '_' || b[i-1] == '-') && 'a' <= b[i] && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

func (p *parser) language(w word) error {
	var tags []string
	for _, l := range reports.Languages() {
		if strings.EqualFold(l.Tag, w.text) {
			p.lang, p.plan.query.Lang = l, l
			return nil
		}
		tags = append(tags, l.Tag)
	}
	e := p.fault(w.off, w.end, "commands.unknown_value", reports.Args{"Key": keyLang, "Text": w.text, "Values": strings.Join(tags, ", ")})
	return p.replace(e, len(tags) == 1, tags...)
}

// choice reads one of a few words; yes and no stand for the first and the second.
func (p *parser) choice(key string, w word, list []string) (string, error) {
	i := slices.IndexFunc(list, func(s string) bool { return strings.EqualFold(s, w.text) })
	if v, ok := known.values["read"].find(w.text); i < 0 && ok {
		i = slices.Index([]string{"yes", "no"}, v)
	}
	if i >= 0 {
		return list[i], nil
	}
	e := p.fault(w.off, w.end, "commands.unknown_value", reports.Args{"Key": key, "Text": w.text, "Values": strings.Join(list, ", ")})
	like, sure := nearest(w.text, themselves(list))
	return "", p.replace(e, sure, like...)
}

// finish puts together what several terms decide.
func (p *parser) finish() error {
	q := &p.plan.query
	var err error
	if q.Range, err = p.days(); err != nil {
		return err
	}
	if wanted := p.wantedFormat(); wanted != "" && p.plan.format == nil {
		if err := p.format(word{text: wanted}); err != nil {
			return err
		}
	}
	q.File, q.Machine = p.plan.format != nil, p.req.Machine
	if report, _ := reports.Named(q.Report); report.Records && !q.File && q.Limit > reports.ScreenRows {
		for _, it := range p.items {
			if key, _ := known.keys.find(it.key); it.key != "" && key == keyLimit {
				e := p.fault(it.off, it.end, "commands.screen_rows", reports.Args{"Most": p.lang.Int(reports.ScreenRows)})
				return p.replace(e, true, p.text[it.off:it.end]+" format:"+exportFormat)
			}
		}
	}
	slices.SortStableFunc(q.Where, func(a, b storage.Condition) int {
		if a.Field != b.Field {
			return slices.Index(filterOrder, a.Field) - slices.Index(filterOrder, b.Field)
		}
		if a.Not == b.Not {
			return 0
		} else if b.Not {
			return -1
		}
		return 1
	})
	if err := p.hasCustomer(); err != nil {
		return err
	}
	pl, d := p.plan, p.desk
	q.Print = func(q *reports.Query) {
		pl := pl
		pl.query = *q
		q.Command, q.Elsewhere = written(pl, d), reworded(pl, d)
	}
	if p.plan.nobody == nil { // else it has the phone as typed, which no command shows
		q.Print(q)
	}
	return nil
}

// wantedFormat is the format of a file that was asked for without format:, or none.
func (p *parser) wantedFormat() string {
	if p.req.Format == "" && p.plan.verb == verbExport {
		return exportFormat
	}
	return p.req.Format
}

// filterOrder is the order of filters in a canonical command.
var filterOrder, _, _ = fieldNames()
