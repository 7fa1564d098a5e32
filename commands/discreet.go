package commands

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"outboundbot/storage"
)

// nobody stands for a phone that no contact has.
const nobody = "~nobody"

// phoneLike is what may be a phone in a text that cannot be read.
var phoneLike = regexp.MustCompile(`\+?\d[\d .\-/()]{6,}\d`)

// Discreet is the request in a form that may be stored: phones stand as the tokens of their contacts (DESIGN 2), and
// it is answered as the original is. Of a text that cannot be read, whatever may be a phone is left out.
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
	if !strings.ContainsAny(p.text, "0123456789") {
		return typed
	}
	if err := p.split(); err != nil {
		return phoneLike.ReplaceAllString(typed, "…")
	}
	phone, _ := storage.FieldNamed("phone")
	text, end := "", 0
	for _, it := range p.items {
		name, _ := known.keys.find(it.key)
		for _, w := range it.words {
			stands := ""
			switch {
			case name == phone.Name && strings.HasPrefix(w.text, "~"):
				continue
			case name == phone.Name:
				stands = p.tokensOrNobody(phone, w)
			case mayBePhone(name, w.text):
				stands = "…"
			default:
				continue
			}
			if w.not {
				stands = "!" + stands
			}
			text += p.text[end:w.off] + stands
			end = w.end
		}
	}
	if end == 0 {
		return typed
	}
	return text + p.text[end:]
}

// mayBePhone: a bare word, or the value of a key that has neither names nor dates.
func mayBePhone(key, text string) bool {
	if _, isField := storage.FieldNamed(key); isField || key == keyDate || key == keyFrom || key == keyTo {
		return false
	}
	digits := storage.Digits(text)
	return len(digits) >= 8 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == "" && !isoDate.MatchString(text)
}

var isoDate = regexp.MustCompile(`^\d{4}-\d\d|^\d{1,2}/\d{1,2}/\d{4}`)

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
