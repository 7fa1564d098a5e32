package commands

import (
	"regexp"
	"strings"
	"testing"

	"outboundbot/reports"
	"outboundbot/storage"
)

var tokens = regexp.MustCompile(`~[a-z2-7]{10}`)

// TestDiscreet: what is stored of a command has no phone, and is answered as the command is.
func TestDiscreet(t *testing.T) {
	d := desk(t)
	for _, c := range []struct{ typed, want string }{
		{"summary channel:WA last 7 days", "summary channel:WA last 7 days"},
		{"summary 2026-11-01..2026-11-15", "summary 2026-11-01..2026-11-15"},
		{"audit phone:+573005550001 7d", "audit phone:TOKEN 7d"},
		{`audit -phone:"+57 300 555 0001",573005550004`, "audit -phone:TOKEN,TOKEN"},
		{"audit phone:!+573005550001", "audit phone:!TOKEN"},
		{"audit contact:573005550001", "audit contact:TOKEN"},
		{"audit phone:+573009999999", "audit phone:~nobody"},
		{"did 573005550001 answer", "did … answer"},
		{"sumary fone:+573005550001", "sumary fone:…"},
		{"did +57 300 555 0001 answer", "did … answer"},
		{"summary phone:+57 300 555 0001", "summary phone:TOKEN"},
		{"contact +57 300 555-0001 7d", "contact TOKEN 7d"},
		{`contact "(57) 300 5550001" phone:+57 300 5550004`, "contact TOKEN phone:TOKEN"},
		{"contact ~nobody", "contact ~nobody"},
		{"contact 573009999999", "contact ~nobody"},
		{"summary 5730-05550001", "summary …"},
		{"audit 3005-550001", "audit …"},
		{"summary date:573005550001", "summary date:…"},
		{"audit wa.me/573005550001", "audit wa.me/…"},
		{"audit user@example.com", "audit …"},
		{"audit phone:user@example.com", "audit phone:~nobody"},
		{"audit ５７３００５５５０００１", "audit …"},
		{"audit send:573005550001", "audit send:…"},
		{"summary 2026-11-01 2026-11-15", "summary 2026-11-01 2026-11-15"},
		{"summary 25/11/2025", "summary 25/11/2025"},
	} {
		req := ask(c.typed)
		got := d.Discreet(t.Context(), req).Text
		if bare := tokens.ReplaceAllString(got, "TOKEN"); bare != c.want {
			t.Errorf("%q is stored as %q, want %q", c.typed, got, c.want)
		}
		req.Text = got
		if again := d.Discreet(t.Context(), req).Text; again != got {
			t.Errorf("%q stored again is %q", got, again)
		}
		before, after := d.Answer(t.Context(), ask(c.typed), nil), d.Answer(t.Context(), req, nil)
		if (before.Err == nil) != (after.Err == nil) || before.Err == nil && before.Result.Query.Command != after.Result.Query.Command {
			t.Errorf("%q answers %v, stored %v", c.typed, before.Err, after.Err)
		}
	}
}

// TestButtonsHaveNoPhones: whatever mistake a command with a phone has, no button of the reply carries it.
func TestButtonsHaveNoPhones(t *testing.T) {
	d := desk(t)
	for _, typed := range []string{
		"sumary phone:+573005550001", "summary fone:+573005550001", "summary phone:+573005550001 chanel:WA",
		"summary phone:573005550001 campaign:Blck", "audit phone:573005550001 top:5", "summary phone:573005550001 15/11/2026 5/11/2026",
		"audit send:573005550001", "summary cammpaign:+573005550001", "sumary did +57 300 555 0001",
		`summary campaing:"+57 300 555 0001"`, "audit phone:573005550001", "summary phone:573009999999", "export phone:573005550001 format:xslx",
	} {
		reply := d.Answer(t.Context(), ask(typed), nil)
		for _, b := range reply.Card.Blocks {
			actions, ok := b.(reports.Actions)
			if !ok {
				continue
			}
			for _, button := range actions.Buttons {
				if strings.Contains(storage.Digits(button.Command), "57300") || strings.Contains(button.Command, "555") || strings.Contains(button.Command, hidden) {
					t.Errorf("%q: a button runs %q", typed, button.Command)
				}
			}
		}
		if strings.Contains(reply.Card.Footer.Command, "57300") {
			t.Errorf("%q: the footer says %q", typed, reply.Card.Footer.Command)
		}
	}
}
