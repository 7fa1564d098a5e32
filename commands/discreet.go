package commands

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"unicode"

	"outboundbot/storage"
)

// nobody stands for a phone that no contact has, hidden for whatever else may be somebody's phone or address.
const (
	nobody = "~nobody"
	hidden = "…"
)

// Discreet is the request in a form that may be stored: phones stand as the tokens of their contacts (DESIGN 2), and
// it is answered as the original is. Whatever else may be a phone or an address is left out.
func (d *Desk) Discreet(ctx context.Context, req Request) Request {
	req.Text = d.discreetText(ctx, req, req.Text)
	return req
}

func (d *Desk) discreetText(ctx context.Context, req Request, typed string) string {
	p := &parser{
		ctx: ctx, desk: d, lang: d.language(req), scope: d.scope(req), req: req, text: clean(typed),
		given: map[string]bool{}, names: map[string][]storage.Name{},
	}
	p.lead = lead(p.text)
	if err := p.split(); err != nil {
		return hidePeople(typed)
	}
	var b strings.Builder
	end := 0
	for _, it := range p.items {
		for _, w := range it.words {
			if stands, ok := p.discreetWord(it, w); ok {
				b.WriteString(hidePeople(p.text[end:w.off]) + stands)
				end = w.end
			}
		}
	}
	if end == 0 {
		return hidePeople(typed)
	}
	return b.String() + hidePeople(p.text[end:])
}

// discreetWord is what a value is stored as that needs a look at the store: a customer as tokens, and a name that
// looks like a phone as it is.
func (p *parser) discreetWord(it item, w word) (stands string, ok bool) {
	name, known := known.keys.find(it.key)
	f, isField := storage.FieldNamed(name)
	switch {
	case it.key == "" || !known || !isField:
		return "", false
	case name == "phone" && strings.HasPrefix(w.text, "~"):
		return "", false
	case name == "phone":
		return strings.Repeat("!", bit(w.not)) + p.tokensOrNobody(f, w), true
	case f.Filter && hidePeople(w.text) != w.text:
		if names, err := p.lookup(f, w); err == nil && len(names) > 0 {
			return p.text[w.off:w.end], true
		}
	}
	return "", false
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *parser) tokensOrNobody(f *storage.Field, w word) string {
	tokens, err := p.tokens(f, w)
	var unknown *InputError
	if err != nil || len(tokens) == 0 {
		if !errors.As(err, &unknown) && p.desk.Log != nil {
			p.desk.Log.Error("phone not resolved", "err", err)
		}
		return nobody
	}
	return strings.Join(tokens, ",")
}

var (
	// digitRun is a stretch that may be a phone, in digits of any script and with the usual separators.
	digitRun = regexp.MustCompile(`[+＋]?\p{Nd}[\p{Nd}\s.\-/()]*\p{Nd}`)
	mail     = regexp.MustCompile(`[^\s:,"]+@[^\s:,"]+\.[^\s:,"]+`)
	someDay  = regexp.MustCompile(`^(\d{4}-\d{2}(-\d{2})?)?(\.\.)?(\d{4}-\d{2}(-\d{2})?)?$|^\d{1,2}/\d{1,2}/\d{4}$`)
)

// leastDigits is how many digits a phone has at least.
const leastDigits = 7

// hidePeople leaves out what may be a phone or an address; dates stay.
func hidePeople(text string) string {
	text = mail.ReplaceAllString(text, hidden)
	return digitRun.ReplaceAllStringFunc(text, func(run string) string {
		digits := 0
		for _, part := range strings.Fields(run) {
			if someDay.MatchString(part) {
				continue
			}
			for _, r := range part {
				digits += bit(unicode.IsDigit(r))
			}
		}
		if digits < leastDigits {
			return run
		}
		return hidden
	})
}
