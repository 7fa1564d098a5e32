package commands

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"

	"outboundbot/reports"
	"outboundbot/storage"
)

// longestText is how many characters a command may have; chats stop at 4,000.
const longestText = 8000

// plan is a command understood.
type plan struct {
	verb    string
	topic   topic // of help
	query   reports.Query
	format  *reports.Format // nil: the answer is a card
	empty   string          // skip or post; "" for the default
	nobody  error           // what to say if the customer that a report is about is unknown; nil for other reports
	remarks []string        // what was understood in spite of the typing
}

// topic is what help is asked for, with its place in the text.
type topic struct {
	text     string
	off, end int
}

// parser reads one command. It keeps the text as typed: all offsets are offsets of it.
type parser struct {
	ctx   context.Context
	desk  *Desk
	lang  *reports.Language
	scope storage.Scope
	req   Request

	text  string
	lead  int // length of what stands in front of the command
	items []item
	next  int // index of the first item not read yet
	cal   calendar
	dates []dated
	given map[string]bool // settings read already
	names map[string][]storage.Name
	plan  plan
}

// item is a term of the grammar with its words read.
type item struct {
	key      string // as typed, without sign and colon; "" for a bare word
	not      bool   // the key has a minus
	apart    bool   // white space stands between the colon and the value
	words    []word
	off, end int
	keyEnd   int // after the colon
}

// word is a value or a bare word.
type word struct {
	text, raw                string // without and with what a chat made of links
	quoted, open             bool   // open: the closing quotation mark is missing
	not, whole, before, then bool   // ! = and a star before and after
	off, end                 int
}

// parse understands a request, or returns an *InputError, or an error of the store.
func (d *Desk) parse(ctx context.Context, req Request, scope storage.Scope) (plan, error) {
	p := &parser{
		ctx: ctx, desk: d, lang: d.language(req), scope: scope, req: req, text: clean(req.Text),
		given: map[string]bool{}, names: map[string][]storage.Name{},
	}
	p.lead = lead(p.text)
	if n := utf8.RuneCountInString(p.text); n > longestText {
		return p.plan, p.fault(len(p.text), len(p.text), "commands.too_long", reports.Args{"Have": p.lang.Int(int64(n)), "Most": p.lang.Int(longestText)})
	}
	if err := p.split(); err != nil {
		return p.plan, err
	}
	p.plan.query = reports.Query{Lang: p.lang, Question: storage.Question{
		Zone: d.Zone, Scope: scope, Now: storage.InstantOf(req.At), Rules: d.Rules,
	}}
	p.verb()
	if p.plan.verb == verbHelp {
		return p.plan, nil
	}
	if err := p.read(); err != nil {
		return p.plan, err
	}
	return p.plan, nil
}

// language is the one of the asker's locale if there is one, else the workspace's.
func (d *Desk) language(req Request) *reports.Language {
	if req.Locale != "" || d.Lang == nil {
		return reports.LanguageFor(req.Locale)
	}
	return d.Lang
}

// split runs the grammar.
func (p *parser) split() error {
	s, err := grammar.ParseString("", p.text[p.lead:])
	if err != nil {
		var unexpected participle.Error
		if !errors.As(err, &unexpected) {
			return err
		}
		off := p.lead + unexpected.Position().Offset
		_, n := utf8.DecodeRuneInString(p.text[off:])
		return p.fault(off, off+n, "commands.stray", reports.Args{"Text": p.text[off : off+n]})
	}
	end := -1
	for _, t := range s.Terms {
		it := p.item(t)
		if it.off == end && it.key == "" {
			return p.replace(p.fault(it.off, it.end, "commands.glued", reports.Args{"Text": it.words[0].text}), true, " "+p.text[it.off:it.end])
		}
		end = it.end
		p.items = append(p.items, it)
	}
	p.joinPhones()
	return nil
}

func (p *parser) item(t *term) item {
	it := item{off: p.lead + t.Pos.Offset}
	if t.Key == "" {
		w := word{off: it.off, end: it.off + len(t.Bare)}
		w.read(t.Bare)
		it.end, it.words = w.end, []word{w}
		p.remark(w)
		return it
	}
	typed := strings.TrimRightFunc(t.Key, isSpace)
	it.apart = len(typed) < len(t.Key)
	it.end = it.off + len(typed)
	it.keyEnd = it.end
	name := strings.TrimLeft(typed, "-‐‑‒–—―−!")
	sign := typed[:len(typed)-len(name)]
	it.not = sign != "" && sign != "--" && sign != "—" && sign != "―" // — is -- (CHAT 2): a flag, no exclusion
	it.key = strings.TrimRight(name, ":=：﹕＝")
	for _, v := range t.Values {
		w := word{not: v.Not, whole: v.Whole, before: v.Before, then: v.After, off: p.lead + v.Pos.Offset}
		w.end = w.off + len(v.Text)
		for _, mark := range []bool{v.Not, v.Whole, v.Before, v.After} {
			if mark {
				w.end++
			}
		}
		if v.Text != "" {
			w.read(v.Text)
		}
		it.words = append(it.words, w)
		it.end = max(it.end, w.end)
		p.remark(w)
	}
	if len(it.words) == 1 && it.words[0].end == it.words[0].off {
		it.words = nil
	}
	return it
}

func (w *word) read(token string) {
	w.raw, w.quoted, w.open = unquote(token)
	w.text = unlink(w.raw)
}

// remark tells of a quote that nobody closed.
func (p *parser) remark(w word) {
	if w.open {
		p.plan.remarks = append(p.plan.remarks, p.lang.Say("commands.open_quote", reports.Args{"Text": shorten(w.text, 60)}))
	}
}

// verb takes the first word if it names a report, export or help. Without one the report is the summary.
func (p *parser) verb() {
	p.plan.verb, p.plan.query.Report = "", reports.All()[0].Name
	name, ok := p.verbAt(0)
	if !ok {
		return
	}
	p.plan.verb, p.next = name, 1
	switch name {
	case verbHelp:
		if len(p.items) > 1 {
			off := p.items[1].off
			rest := strings.TrimFunc(p.text[off:], isSpace)
			p.plan.topic = topic{text: strings.TrimRight(rest, ":=?"), off: off, end: off + len(rest)}
		}
	case verbExport:
		p.plan.query.Report = exported
		if report, ok := p.verbAt(1); ok {
			if _, ok := reports.Named(report); ok {
				p.plan.query.Report, p.next = report, 2
			}
		}
	default:
		p.plan.query.Report = name
	}
}

// exported is the report that export alone means, exportFormat its format, and textFormat the one without limits.
const (
	exported     = "audit"
	exportFormat = "xlsx"
	textFormat   = "csv"
)

func (p *parser) verbAt(i int) (string, bool) {
	if i >= len(p.items) || p.items[i].key != "" || p.items[i].words[0].quoted {
		return "", false
	}
	return known.verbs.find(strings.TrimLeft(p.items[i].words[0].text, "/"))
}

// read takes the terms: first those that decide how others read, then all in order, so that the first fault in the
// text is the one that is told.
func (p *parser) read() error {
	for _, name := range []string{keyLang, keyZone} {
		for _, it := range p.items {
			if key, _ := known.keys.find(it.key); it.key != "" && key == name {
				if err := p.setting(name, it); err != nil {
					return err
				}
			}
		}
	}
	if p.req.Zone != "" && !p.given[keyZone] {
		if err := p.zone(word{text: p.req.Zone}); err != nil {
			return err
		}
	}
	p.cal = calendar{today: storage.DayOf(p.plan.query.Now, zoneOf(p.plan.query)), ranges: p.desk.Ranges}
	for p.next < len(p.items) {
		it := p.items[p.next]
		var err error
		if it.key == "" {
			err = p.bare()
		} else {
			p.next++
			err = p.keyed(it)
		}
		if err != nil {
			return err
		}
	}
	return p.finish()
}

// keyed reads key:value.
func (p *parser) keyed(it item) error {
	name, ok := known.keys.find(it.key)
	if !ok {
		return p.unknownKey(it)
	}
	if slices.Contains(elsewhere, name) {
		return p.fault(it.off, it.end, "commands.unavailable", reports.Args{"Key": name, "Report": p.plan.query.Report})
	}
	if err := p.hasValues(name, it); err != nil {
		return err
	}
	if f, ok := storage.FieldNamed(name); ok && f.Filter {
		return p.filter(f, it)
	}
	if it.not {
		return p.replace(p.fault(it.off, it.end, "commands.no_exclusion", reports.Args{"Key": name}), true, name+":"+p.text[it.words[0].off:it.end])
	}
	switch name {
	case keyLang, keyZone:
		return nil // read before
	case keyDate, keyFrom, keyTo:
		return p.date(name, it)
	default:
		return p.setting(name, it)
	}
}

func (p *parser) unknownKey(it item) error {
	end := it.off + strings.Index(p.text[it.off:], it.key) + len(it.key)
	off := end - len(it.key)
	names, sure := known.keys.like(it.key)
	e := p.fault(off, end, "commands.unknown_key", reports.Args{"Key": it.key})
	return p.replace(e, sure, names...)
}

// hasValues refuses a key without value, an empty value in a list, and a value that is the next filter:
// `campaign: channel:WA`.
func (p *parser) hasValues(name string, it item) error {
	if len(it.words) == 0 {
		return p.fault(it.off, it.end, "commands.no_value", reports.Args{"Key": name})
	}
	for i, w := range it.words {
		if w.text == "" && !w.before {
			return p.fault(max(it.off, w.off-1), max(w.end, w.off), "commands.empty_value", reports.Args{"Key": name})
		}
		key, _, filter := strings.Cut(w.text, ":")
		if _, isKey := known.keys.find(key); !filter || !isKey || w.quoted || (i == 0 && !it.apart) {
			continue
		}
		if i == 0 {
			return p.fault(it.off, it.keyEnd, "commands.no_value", reports.Args{"Key": name})
		}
		if gap := strings.LastIndexByte(p.text[:w.off], ','); gap+1 < w.off {
			return p.replace(p.fault(gap, gap+1, "commands.empty_value", reports.Args{"Key": name}), true, "")
		}
	}
	return nil
}

func zoneOf(q reports.Query) *time.Location {
	if q.Zone == nil {
		return time.UTC
	}
	return q.Zone
}
