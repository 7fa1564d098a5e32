package commands

import (
	"errors"
	"slices"
	"strings"

	"outboundbot/reports"
	"outboundbot/storage"
)

// mostWords is how many bare words together may be one date or name: "last 7 days", "month to date".
const mostWords = 5

// filtered is a value of a field that a bare word may stand for.
type filtered struct{ field, value string }

// bare reads one or more words outside of any filter, the longest run first: a date, or exactly one value of an
// enumeration, yes-or-no field or campaign.
func (p *parser) bare() error {
	first := p.items[p.next]
	for n := p.run(p.next); n > 0; n-- {
		last := p.items[p.next+n-1]
		text := p.joined(p.next, n)
		flag := strings.TrimLeft(text, "-—―")
		if key, _ := known.keys.find(flag); flag != text && key == keyTest { // --test is test:include
			p.next++
			p.plan.query.Test = true
			return nil
		}
		r, err := p.cal.read(text)
		if !errors.Is(err, errNoDate) {
			p.next += n
			return p.dated(keyDate, r, err, first.off, last.end)
		}
		found, err := p.standsFor(text)
		if err == nil && len(found) == 0 && flag != text {
			found, err = p.standsFor(flag)
		}
		switch {
		case err != nil:
			return err
		case len(found) == 1:
			p.next += n
			f, _ := storage.FieldNamed(found[0].field)
			p.where(f, false, found[0].value)
			return nil
		case len(found) > 1:
			return p.ambiguous(text, first.off, last.end, found)
		}
	}
	return p.unknownWord(first)
}

// run counts the bare words from i on that may belong together.
func (p *parser) run(i int) int {
	n := 0
	for i+n < len(p.items) && n < mostWords && p.items[i+n].key == "" {
		n++
		if p.items[i+n-1].words[0].quoted {
			return max(n-1, 1)
		}
	}
	return n
}

func (p *parser) joined(i, n int) string {
	words := make([]string, n)
	for k := range words {
		words[k] = p.items[i+k].words[0].text
	}
	return strings.Join(words, " ")
}

// standsFor lists the filters that a bare word can mean.
func (p *parser) standsFor(text string) ([]filtered, error) {
	var found []filtered
	if strings.TrimFunc(text, isSpace) == "" {
		return nil, nil
	}
	for i := range storage.Fields {
		f := &storage.Fields[i]
		if f.Filter && f.Kind == storage.Enum {
			if v, ok := known.values[f.Name].find(text); ok {
				found = append(found, filtered{f.Name, v})
			}
		}
	}
	if name, ok := yesNoField(text); ok {
		found = append(found, filtered{name, "yes"})
	}
	f, _ := storage.FieldNamed("campaign")
	names, err := p.namesOf(f)
	for _, n := range names {
		if storage.Fold(n.Name) == storage.Fold(text) {
			found = append(found, filtered{f.Name, n.Name})
		}
	}
	return found, err
}

func (p *parser) ambiguous(text string, off, end int, found []filtered) error {
	choices := make([]string, len(found))
	for i, f := range found {
		choices[i] = f.field + ":" + Quote(f.value)
	}
	return p.replace(p.fault(off, end, "commands.ambiguous", reports.Args{"Text": text}), false, choices...)
}

// unknownWord says what a word that means nothing may have been meant for.
func (p *parser) unknownWord(it item) error {
	w := it.words[0]
	unknown := func(id string, args reports.Args) *InputError {
		args["Text"] = w.text
		return p.fault(it.off, it.end, id, args)
	}
	first := p.plan.verb == "" && it.off == p.lead
	if first && slices.Contains(later, storage.Fold(w.text)) {
		return unknown("commands.later", reports.Args{"Verbs": strings.Join(verbNames(), ", ")})
	}
	key, isKey := known.keys.find(w.text)
	if verb, ok := known.verbs.find(w.text); ok && !first && !isKey {
		return unknown("commands.verb_first", reports.Args{"Verb": verb})
	}
	ok := isKey
	if ok && slices.Contains(elsewhere, key) {
		return unknown("commands.unavailable", reports.Args{"Key": key, "Report": p.plan.query.Report})
	}
	if ok {
		e := unknown("commands.key_without_value", reports.Args{"Key": key})
		if p.next+1 < len(p.items) && p.items[p.next+1].key == "" && !p.dateAt(p.next+1) {
			e.Len = p.items[p.next+1].end - e.Off
			return p.replace(e, true, key+":"+p.text[p.items[p.next+1].off:p.items[p.next+1].end])
		}
		return e
	}
	if err := p.missingQuotes(it); err != nil {
		return err
	}
	shown, sure, err := p.meant(w.text, first)
	if err != nil {
		return err
	}
	id := "commands.unknown_word"
	if first {
		id = "commands.unknown_verb"
	}
	e := unknown(id, reports.Args{"Verbs": strings.Join(verbNames(), ", ")})
	return p.replace(e, sure, shown...)
}

// dateAt tells whether bare words from i on are a date.
func (p *parser) dateAt(i int) bool {
	for n := p.run(i); n > 0; n-- {
		if _, err := p.cal.read(p.joined(i, n)); !errors.Is(err, errNoDate) {
			return true
		}
	}
	return false
}

// missingQuotes finds that a word is the rest of a name that stands before it: campaign:Black Friday.
func (p *parser) missingQuotes(it item) error {
	if p.next == 0 || it.words[0].quoted {
		return nil
	}
	before := p.items[p.next-1]
	key, _ := known.keys.find(before.key)
	f, ok := storage.FieldNamed(key)
	if before.key == "" || !ok || !f.Filter || f.Kind != storage.Free || before.words[len(before.words)-1].quoted {
		return nil
	}
	last := before.words[len(before.words)-1]
	for n := p.run(p.next); n > 0; n-- {
		whole := word{text: last.text + " " + p.joined(p.next, n)}
		whole.raw = whole.text
		names, err := p.lookup(f, whole)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			end := p.items[p.next+n-1].end
			e := p.fault(last.off, end, "commands.needs_quotes", reports.Args{"Text": whole.text})
			return p.offer(e, true, []string{whole.text}, []string{Quote(whole.text)})
		}
	}
	return nil
}

// meant lists replacements for a mistyped bare word: verbs where one may stand, dates, values, campaigns.
func (p *parser) meant(text string, first bool) (writes []string, sure bool, err error) {
	candidates := themselves(presetWords(p.lang))
	if first {
		for _, v := range known.verbs.words() {
			candidates = append(candidates, candidate{v, known.verbs[v]})
		}
	}
	for i := range storage.Fields {
		if f := &storage.Fields[i]; f.Filter && f.Kind == storage.Enum {
			for _, v := range known.values[f.Name].words() {
				candidates = append(candidates, candidate{v, f.Name + ":" + Quote(known.values[f.Name][v])})
			}
		}
	}
	f, _ := storage.FieldNamed("campaign")
	names, err := p.namesOf(f)
	for _, n := range names {
		candidates = append(candidates, candidate{n.Name, "campaign:" + Quote(n.Name)})
	}
	writes, sure = nearest(text, candidates)
	return writes, sure, err
}
