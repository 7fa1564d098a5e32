package commands

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/memory"
)

// noon is the moment of asking in these tests: Saturday 21 November 2026, 14:32 in Bogotá.
var noon = time.Date(2026, 11, 21, 19, 32, 0, 0, time.UTC)

// bogota has no daylight saving time.
func bogota(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/Bogota")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// campaigns of the fixture: a send each in this week, but the last, which is a month old.
var campaigns = []string{
	"Black Friday", "Black Week", "Cyber", "Café Ñandú", `It's "new", ok`, "none", "a=b:c", "Promo — Mayo", "«Gran» venta",
	"Recordatorio", "Recordatorio 2", "Recordatorio 3", "Recordatorio 4", "Recordatorio 5", "Recordatorio 6", "Old",
}

// events of the fixture.
func events() []storage.Event {
	var list []storage.Event
	add := func(e storage.Event) {
		e.ID = fmt.Sprintf("e%d", len(list))
		list = append(list, e)
	}
	channels := []string{"WA", "WA", "SMS", "IG"}
	origins := []string{"flow", "template", "webhook", "individual"}
	for i, campaign := range campaigns {
		at := storage.InstantOf(noon.Add(-time.Duration(i%5) * 24 * time.Hour))
		if campaign == "Old" {
			at = storage.InstantOf(noon.Add(-30 * 24 * time.Hour))
		}
		send := fmt.Sprintf("S%02d", i)
		base := storage.Event{
			Send: send, Message: "m" + send, At: at, Channel: channels[i%4], Line: "+57 1 555 0100", Contact: fmt.Sprintf("+57 300 555 %04d", i),
			Origin: origins[i%4], Campaign: campaign, Template: "tpl_" + storage.Fold(campaign), Conversation: "c" + send,
		}
		if campaign == "Old" {
			base.Contact = "+573105550001" // of the example of contact
		}
		sent, read, inbound, tagged := base, base, base, base
		sent.Type = "message.sent"
		read.Type, read.At = "message.read", at+60_000
		inbound.Type, inbound.At, inbound.Message, inbound.ReplyTo, inbound.Text, inbound.Kind = "message.inbound", at+120_000, "in"+send, send, "hi", "text"
		tagged.Type, tagged.At, tagged.Tag, tagged.TagType, tagged.Sale = "tag.applied", at+180_000, "Venta", "positive", i%2 == 0
		add(sent)
		if i%2 == 0 {
			add(read)
		}
		if i%3 == 0 {
			add(inbound)
			add(tagged)
		}
	}
	return list
}

func store(t testing.TB) *memory.Store {
	t.Helper()
	s := memory.New(nil)
	receipt, err := s.Append(context.Background(), events())
	if err != nil || len(receipt.Rejected) > 0 {
		t.Fatal(err, receipt.Rejected)
	}
	return s
}

// desk answers over the fixture.
func desk(t testing.TB) *Desk {
	t.Helper()
	return &Desk{
		Store: store(t), Formats: []reports.Format{plainFormat("csv"), plainFormat("xlsx"), plainFormat("json")},
		Zone: bogota(t), Lang: reports.Languages()[0], Ranges: map[string]string{"black friday week": "2026-11-16..2026-11-22"},
		Spool: t.TempDir(), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Rules: &storage.Rules{Intents: []storage.Intent{{Name: "retention", Campaigns: []string{"recordatorio*"}}}},
	}
}

// plainFormat writes a sheet as comma-separated text, whatever its name.
func plainFormat(name string) reports.Format {
	return reports.Format{Name: name, Type: "text/" + name, Write: func(_ context.Context, w io.Writer, s reports.Sheet) (rows int64, err error) {
		out := csv.NewWriter(w)
		defer out.Flush()
		for row, err := range s.Rows {
			if err != nil {
				return rows, err
			}
			cells := make([]string, len(row))
			for i, c := range row {
				cells[i] = c.Text
			}
			rows++
			if err := out.Write(cells); err != nil {
				return rows, err
			}
		}
		return rows, nil
	}}
}

func ask(text string) Request {
	return Request{Platform: "console", Trigger: "t", Place: Place{Private: true}, User: "U1", Text: text, At: noon}
}

// canonical parses a command that must be understood.
func canonical(t *testing.T, d *Desk, text string) string {
	t.Helper()
	pl, err := d.parse(context.Background(), ask(text), storage.Scope{})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return pl.query.Command
}

// lines joins the blocks of a card that are text.
func lines(c reports.Card) string {
	var b strings.Builder
	for _, block := range c.Blocks {
		switch x := block.(type) {
		case reports.Note:
			b.WriteString(x.Text + "\n")
		case reports.Code:
			b.WriteString(x.Text + "\n")
		}
	}
	return b.String()
}
