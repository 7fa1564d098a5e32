package commands

import (
	"slices"
	"strings"
	"unicode"

	"outboundbot/reports"
	"outboundbot/storage"
)

// joinPhones puts phones together that people type with spaces and without quotes: phone:+52 55 1234 5678. In a
// command about one customer a phone or token needs no key.
func (p *parser) joinPhones() {
	start := len(p.items)
	if name, i := p.report(); i > 0 {
		if r, ok := reports.Named(name); ok && r.OneOf {
			start = i
		}
	}
	var items []item
	for i := 0; i < len(p.items); i++ {
		it := p.items[i]
		name, _ := known.keys.find(it.key)
		bare := it.key == "" && i >= start
		if !bare && (it.key == "" || name != "phone") || len(it.words) == 0 {
			items = append(items, it)
			continue
		}
		joined, n := p.phoneFrom(i)
		last := joined.words[len(joined.words)-1]
		if bare && (strings.HasPrefix(last.text, "~") || phoneLike(last.text) && digits(last.text) >= leastDigits) {
			joined.key, joined.keyEnd = "phone", joined.off
		}
		if n > 0 && digits(last.text) < leastDigits {
			joined, n = it, 0
		}
		items = append(items, joined)
		i += n
	}
	p.items = items
}

// report is the report that the first words name, and how many words they are; 0 without one.
func (p *parser) report() (name string, words int) {
	if name, ok := p.verbAt(0); ok && name != verbExport {
		return name, 1
	} else if !ok {
		return "", 0
	}
	name, ok := p.verbAt(1)
	return name, 2 * bit(ok)
}

// phoneFrom is an item with the bare words after it that go on with the phone it begins; n is how many.
func (p *parser) phoneFrom(i int) (it item, n int) {
	it = p.items[i]
	last := it.words[len(it.words)-1]
	if last.quoted || !phoneLike(last.text) || digits(last.text) >= leastDigits {
		return it, 0
	}
	for i+n+1 < len(p.items) {
		next := p.items[i+n+1]
		if next.key != "" || next.words[0].quoted || !phoneLike(next.words[0].text) {
			break
		}
		last.end = next.end
		n++
	}
	if n > 0 {
		last.raw = p.text[last.off:last.end]
		last.text = last.raw
		it.words = append(slices.Clone(it.words[:len(it.words)-1]), last)
		it.end = last.end
	}
	return it, n
}

// phoneLike tells whether a text can be a phone or a part of one, and no day.
func phoneLike(text string) bool {
	plain := plainPhone(text)
	rest := strings.TrimPrefix(plain, "+")
	return strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789 .-/()", r) }) < 0 &&
		digits(rest) > 0 && !someDay.MatchString(plain)
}

func digits(text string) (n int) {
	for _, r := range text {
		n += bit(unicode.IsDigit(r))
	}
	return n
}

// plainPhone writes the digits, spaces and dashes that other keyboards and phones have as plain ones.
func plainPhone(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case '０' <= r && r <= '９':
			return r - '０' + '0'
		case r == '＋':
			return '+'
		case r == '（', r == '）':
			return r - '（' + '('
		case r == '\u200e', r == '\u200f', r == '\u2060', 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
			return -1 // marks of the direction of writing, which phones put around a number
		case isSpace(r):
			return ' '
		case '‐' <= r && r <= '―', r == '−':
			return '-'
		}
		return r
	}, text))
}

// phones are the forms of a typed phone or id under which a contact may be stored: as typed, with plain digits, and
// without the 00 that some dial for +.
func phones(typed string) []string {
	forms := []string{typed}
	plain := plainPhone(typed)
	if plain != typed {
		forms = append(forms, plain)
	}
	number, international := strings.CutPrefix(storage.Digits(plain), "00")
	if international && len(number) >= leastDigits && digits(number) == len(number) {
		forms = append(forms, number)
	}
	return forms
}

// mostContacts is how many contacts one phone may be: one a channel.
const mostContacts = 16

// tokens resolves a phone to the tokens of its contacts, so that it is in no question, log or command (DESIGN 2).
func (p *parser) tokens(f *storage.Field, w word) ([]string, error) {
	q := storage.Question{
		Where: []storage.Condition{{Field: f.Name, Values: phones(w.text)}}, Scope: p.scope, Test: true, Rules: p.desk.Rules,
	}
	var tokens []string
	for s, err := range p.desk.Store.Sends(p.ctx, q, storage.Order{}) {
		if err != nil {
			return nil, err
		}
		if t := "~" + s.Token; !slices.Contains(tokens, t) {
			if tokens = append(tokens, t); len(tokens) == mostContacts {
				break
			}
		}
	}
	if len(tokens) == 0 {
		return nil, p.nobody(w)
	}
	slices.Sort(tokens)
	return tokens, nil
}

func (p *parser) nobody(w word) error {
	e := p.fault(w.off, w.end, "commands.no_phone")
	e.NotYet = true
	return e
}

// customer reads who a report about one customer is about. The report itself finds the tokens, in the sends that it
// reads anyway; until then the phone stands in the question alone.
func (p *parser) customer(w word) []string {
	p.plan.nobody = p.nobody(w)
	return phones(w.text)
}

// hasCustomer tells whether the question says which customer a report about one customer is about.
func (p *parser) hasCustomer() error {
	q := &p.plan.query
	if r, _ := reports.Named(q.Report); !r.OneOf || p.plan.nobody != nil {
		return nil
	}
	return p.fault(p.lead, len(p.text), "commands.who", reports.Args{"Report": q.Report})
}
