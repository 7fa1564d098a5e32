package commands

import (
	"errors"
	"strings"

	"outboundbot/reports"
	"outboundbot/storage"
)

// dated is a date term read: which key it came with and where it stands.
type dated struct {
	key      string
	days     storage.Range
	off, end int
}

// date reads date:, from: and to:. Words that follow belong to the date as long as that makes a date of it, so that
// date:last week needs no quotes.
func (p *parser) date(key string, it item) error {
	if len(it.words) > 1 {
		e := p.fault(it.words[1].off, it.end, "commands.date.several", reports.Args{"Key": key})
		if len(it.words) == 2 {
			e.Off, e.Len = it.words[0].off, it.end-it.words[0].off
			return p.replace(e, true, it.words[0].text+".."+it.words[1].text)
		}
		return e
	}
	w := it.words[0]
	if w.not || w.before || w.then {
		return p.fault(w.off, w.end, "commands.date.plain", reports.Args{"Key": key})
	}
	n := 0
	if !w.quoted {
		n = p.run(p.next)
	}
	var r storage.Range
	var err error
	for ; n >= 0; n-- {
		text := strings.TrimSpace(w.text + " " + p.joined(p.next, n))
		if r, err = p.cal.read(text); !errors.Is(err, errNoDate) {
			break
		}
	}
	if n < 0 {
		e := p.fault(w.off, w.end, "commands.date.unknown", reports.Args{"Text": w.text})
		words, sure := nearest(w.text, themselves(presetWords(p.lang)))
		quoted := make([]string, len(words))
		for i := range words {
			quoted[i] = Quote(words[i])
		}
		return p.offer(e, sure, words, quoted)
	}
	end := w.end
	if n > 0 {
		p.next += n
		end = p.items[p.next-1].end
	}
	return p.dated(key, r, err, w.off, end)
}

// dated keeps a date, or says what is wrong with it.
func (p *parser) dated(key string, r storage.Range, err error, off, end int) error {
	var wrong *dateFault
	switch {
	case errors.As(err, &wrong):
		args := reports.Args{}
		for k, v := range wrong.args {
			args[k] = v
		}
		e := p.replace(p.fault(off, end, wrong.id, args), wrong.fixed != "", wrong.suggest...)
		if wrong.fixed != "" {
			e.Fixed = p.text[p.lead:off] + wrong.fixed + p.text[end:]
		}
		return e
	case err != nil:
		return err
	}
	for _, d := range p.dates {
		if d.key == key || d.key == keyDate || key == keyDate {
			return p.fault(off, end, "commands.date.twice", reports.Args{"Text": p.text[d.off:d.end]})
		}
	}
	p.dates = append(p.dates, dated{key, r, off, end})
	return nil
}

// days puts the dates together: the question's range.
func (p *parser) days() (storage.Range, error) {
	today := p.cal.today
	if r, _ := reports.Named(p.plan.query.Report); len(p.dates) == 0 && r.OneOf {
		return storage.Range{}, nil // all history (CHAT 2, Dates)
	}
	if len(p.dates) == 0 {
		return storage.Range{From: today - (defaultDays - 1), To: today}, nil
	}
	r := storage.Range{}
	var from, last dated
	for _, d := range p.dates {
		switch d.key {
		case keyDate:
			r = d.days
		case keyFrom:
			r.From = d.days.From
			from = d
		case keyTo:
			r.To = d.days.To
		}
		last = d
	}
	if from.key != "" && len(p.dates) == 1 {
		r.To = max(today, r.From)
	}
	if from.key != "" && r.To < r.From {
		e := p.fault(last.off, last.end, "commands.date.inverted", reports.Args{"Date": r.From.String() + ".." + r.To.String()})
		return r, e
	}
	if r.From > today {
		off, end := p.dates[0].off, p.dates[0].end
		e := p.fault(off, end, "commands.date.future", reports.Args{"Today": today.String(), "Zone": zoneOf(p.plan.query).String()})
		e.NotYet = true
		return r, e
	}
	return r, nil
}

// presetWords are the presets without a number or name in them, as people write them.
func presetWords(lang *reports.Language) []string {
	var words []string
	for _, preset := range presets {
		for _, w := range lang.Words("dates." + preset.id + ".words") {
			if !strings.Contains(w, "{") {
				words = append(words, w)
			}
		}
	}
	return words
}
