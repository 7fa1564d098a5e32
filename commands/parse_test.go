package commands

import (
	"context"
	"errors"
	"strings"
	"testing"

	"outboundbot/storage"
)

// week is the default range of the fixture's day.
const thisWeek = " date:2026-11-15..2026-11-21"

func TestUnderstood(t *testing.T) {
	d := desk(t)
	for _, c := range []struct{ text, want string }{
		{"", "summary" + thisWeek},
		{"summary", "summary" + thisWeek},
		{"/outbound summary channel:WA campaign:BlackFriday", `summary channel:WA campaign:"Black Friday"` + thisWeek},
		{"<@U0123ABC> detailed", "detailed" + thisWeek},
		{"  @outbound,  AUDIT", "audit" + thisWeek},
		// typography
		{"summary channel：WA", "summary channel:WA" + thisWeek},
		{"summary\u00a0channel=wpp", "summary channel:WA" + thisWeek},
		{"summary campaign:“black friday”", `summary campaign:"Black Friday"` + thisWeek},
		{"summary campaign:«Black-Friday»", `summary campaign:"Black Friday"` + thisWeek},
		{"summary campaign:'black friday' channel:WA", `summary channel:WA campaign:"Black Friday"` + thisWeek},
		{"summary —channel:WA --test", "summary channel:WA" + thisWeek + " test:include"},
		{"summary campaign: cyber", "summary campaign:Cyber" + thisWeek},
		{"summary channel:WA, IG", "summary channel:WA,IG" + thisWeek},
		{"summary campaign:<http://cyber|cyber>", "summary campaign:Cyber" + thisWeek},
		{"summary phone:<tel:+573005550000|+57 300 555 0000>", "summary contact:~" + token(t, d, "S00") + thisWeek},
		// filters
		{"summary channel:WA,IG", "summary channel:WA,IG" + thisWeek},
		{"summary channel:WhatsApp channel:instagram", "summary channel:WA,IG" + thisWeek},
		{"summary -channel:SMS", "summary -channel:SMS" + thisWeek},
		{"summary channel:!SMS", "summary -channel:SMS" + thisWeek},
		{"summary –channel:SMS", "summary -channel:SMS" + thisWeek},
		{"summary channel:WA,!SMS", "summary channel:WA -channel:SMS" + thisWeek},
		{"summary user:new final:untagged tagtype:positive", "summary final_tag:untagged final_tag_type:positive contact_kind:new" + thisWeek},
		{"summary read:Y answered:false", "summary read:yes answered:no" + thisWeek},
		{"summary group:none agent:unassigned label:(none)", "summary group:unassigned agent:unassigned label:(none)" + thisWeek},
		{"summary intent:retention", "summary intent:retention" + thisWeek},
		{"summary line:5715550100", "summary line:5715550100" + thisWeek},
		{"summary line:+57-1-555-0100", "summary line:5715550100" + thisWeek},
		{"summary hour:9 weekday:mon month:november week:W47 day:yesterday", "summary day:2026-11-20 week:2026-W47 month:2026-11 hour:09 weekday:1" + thisWeek},
		// names
		{"summary campaign:cafe-nandu", `summary campaign:"Café Ñandú"` + thisWeek},
		{"summary campaign:black", `summary campaign:"Black Friday","Black Week"` + thisWeek},
		{"summary campaign:friday", `summary campaign:"Black Friday"` + thisWeek},
		{"summary campaign:=cyber", "summary campaign:Cyber" + thisWeek},
		{"summary campaign:*week", `summary campaign:"Black Week"` + thisWeek},
		{"summary campaign:blac*", `summary campaign:"Black Friday","Black Week"` + thisWeek},
		{"summary campaign:*ybe*", "summary campaign:Cyber" + thisWeek},
		{"summary campaign:recordatorio", "summary campaign:Recordatorio" + thisWeek},
		{"summary campaign:recordatorio*", "summary campaign:recordatorio*" + thisWeek},
		{"summary campaign:*", "summary -campaign:(none)" + thisWeek},
		{"summary -campaign:*", "summary campaign:(none)" + thisWeek},
		{`summary campaign:"none"`, `summary campaign:"none"` + thisWeek},
		{`summary campaign:none`, `summary campaign:(none)` + thisWeek},
		{`summary campaign:"it's ""new"", ok"`, `summary campaign:«It's "new", ok»` + thisWeek},
		{`summary campaign:a=b:c`, `summary campaign:"a=b:c"` + thisWeek},
		{`summary campaign:"promo — mayo"`, `summary campaign:"Promo — Mayo"` + thisWeek},
		{`summary campaign:"«gran» venta"`, `summary campaign:"«Gran» venta"` + thisWeek},
		// bare words
		{"summary WA", "summary channel:WA" + thisWeek},
		{"WA yesterday", "summary channel:WA date:2026-11-20"},
		{"black friday", `summary campaign:"Black Friday"` + thisWeek},
		{"summary cyber answered", "summary campaign:Cyber answered:yes" + thisWeek},
		{"flows last month", "summary origin:flow date:2026-10-01..2026-10-31"},
		{"summary text message", "summary channel:SMS" + thisWeek},
		// dates in place
		{"summary last 7 days channel:WA", "summary channel:WA" + thisWeek},
		{"summary last week, channel:WA", "summary channel:WA date:2026-11-09..2026-11-15"},
		{"summary date:last week WA", "summary channel:WA date:2026-11-09..2026-11-15"},
		{`summary date:"last week"`, "summary date:2026-11-09..2026-11-15"},
		{"summary black friday week", "summary date:2026-11-16..2026-11-22"},
		{"summary from:2026-11-01", "summary date:2026-11-01..2026-11-21"},
		{"summary to:yesterday", "summary date:..2026-11-20"},
		{"summary from:november to:2026-11-10", "summary date:2026-11-01..2026-11-10"},
		{"summary all", "summary date:all"},
		{"summary today tz:Asia/Tokyo", "summary date:2026-11-22 tz:Asia/Tokyo"},
		{"summary today tz:america/bogota", "summary date:2026-11-21"},
		// settings
		{"detailed sort:-sales top:5", "detailed" + thisWeek + " sort:-sales top:5"},
		{"detailed order:Read", "detailed" + thisWeek + " sort:-read"},
		{"detailed sort:+read", "detailed" + thisWeek + " sort:+read"},
		{"summary by:campaign,origin by:team", "summary" + thisWeek + " by:campaign,origin by:group"},
		{"audit columns:send,time,contact limit:50", "audit" + thisWeek + " limit:50 columns:send,time,contact"},
		{"summary format:CSV empty:skip", "summary" + thisWeek + " format:csv empty:skip"},
		{"summary lang:en", "summary" + thisWeek},
		{"export", "audit" + thisWeek + " format:xlsx"},
		{"export audit WA", "audit channel:WA" + thisWeek + " format:xlsx"},
		{"export summary format:csv", "summary" + thisWeek + " format:csv"},
		{"export WA", "audit channel:WA" + thisWeek + " format:xlsx"},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := canonical(t, d, c.text)
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if again := canonical(t, d, got); again != got {
				t.Errorf("read back: %s", again)
			}
		})
	}
}

// token of the contact of a send.
func token(t *testing.T, d *Desk, send string) string {
	t.Helper()
	for s, err := range d.Store.Sends(context.Background(), storage.Question{}, storage.Order{}) {
		if err != nil {
			t.Fatal(err)
		}
		if s.ID == send {
			return s.Token
		}
	}
	t.Fatalf("no send %s", send)
	return ""
}

func TestMistakes(t *testing.T) {
	d := desk(t)
	for _, c := range []struct{ text, under, fixed, suggest string }{
		{"sumary channel:WA", "sumary", "summary channel:WA", "summary"},
		{"summary campain:Cyber", "campain", "summary campaign:Cyber", "campaign"},
		{"/outbound summary chanel:WA", "chanel", "summary channel:WA", "channel"},
		{"summary channel:WAA", "WAA", "summary channel:WA", "WA"},
		{"summary campaign:BlakFriday", "BlakFriday", `summary campaign:"Black Friday"`, "Black Friday"},
		{"summary campaign:=black", "=black", "", ""},
		{"summary campaign:Zanzibar", "Zanzibar", "", ""},
		{"summary campaign:Black Friday", "Black Friday", `summary campaign:"Black Friday"`, "Black Friday"},
		{"summary campaign Cyber", "campaign Cyber", "summary campaign:Cyber", ""},
		{"tagging last month", "tagging", "", ""},
		{"compare", "compare", "", ""},
		{"save x", "save", "", ""},
		{"summary ciber", "ciber", "summary campaign:Cyber", ""},
		{"summary channel:", "channel:", "", ""},
		{"summary campaign: channel:WA", "campaign:", "", ""},
		{"summary channel:WA, campaign:Cyber", ",", "summary channel:WA campaign:Cyber", ""},
		{"summary channel:WA,,IG", ",", "", ""},
		{`summary campaign:""`, `:""`, "", ""},
		{`summary campaign:"Cyber"x`, "x", `summary campaign:"Cyber" x`, ""},
		{"summary channel:!!SMS", "!", "", ""},
		{"summary channel:*", "*", "", ""},
		{"summary channel:W*", "W*", "", ""},
		{"summary compare:previous", "compare:previous", "", ""},
		{"summary share:yes", "share:yes", "", ""},
		{"summary limit:5", "limit:5", "", ""},
		{"audit top:5", "top:5", "", ""},
		{"audit limit:5000", "limit:5000", "audit limit:5000 format:xlsx", ""},
		{"audit limit:none", "none", "", ""},
		{"detailed top:0", "0", "", ""},
		{"detailed sort:salse", "salse", "detailed sort:sales", "sales"},
		{"detailed sort:sales sort:read", "sort:read", "", ""},
		{"-sort:sales", "-sort:sales", "sort:sales", ""},
		{"summary by:campain", "campain", "summary by:campaign", "campaign"},
		{"summary by:day,hour,week", "week", "", ""},
		{"audit columns:tim", "tim", "audit columns:time", "time"},
		{"summary format:xls", "xls", "summary format:xlsx", "xlsx"},
		{"summary format:xlsx,csv", "csv", "", ""},
		{"summary tz:Bogota", "Bogota", "", ""},
		{"summary lang:es", "es", "summary lang:en", "en"},
		{"summary test:maybe", "maybe", "", ""},
		{"summary read:maybe", "maybe", "", ""},
		{"summary hour:24", "24", "", ""},
		{"summary week:2026-11", "2026-11", "", ""},
		{"summary phone:999", "999", "", ""},
		{"summary date:2026-02-30", "2026-02-30", "summary date:2026-02-28", "2026-02-28"},
		{"summary date:05/11/2026", "05/11/2026", "", "2026-11-05"},
		{"summary date:2026-11-15..2026-11-01", "2026-11-15..2026-11-01", "summary date:2026-11-01..2026-11-15", ""},
		{"summary from:2026-11-15 to:2026-11-01", "2026-11-01", "", ""},
		{"summary date:2026-12", "2026-12", "", ""},
		{"summary from:tomorrow", "tomorrow", "", ""},
		{"summary yesterday date:today", "today", "", ""},
		{"summary date:2026-11-01,2026-11-05", "2026-11-01,2026-11-05", "summary date:2026-11-01..2026-11-05", ""},
		{"summary last 0 days", "last 0 days", "", ""},
		{"summary yesterdy", "yesterdy", "summary yesterday", "yesterday"},
		{"detailed summary", "summary", "", ""},
		{"trend", "trend", "", ""},
		{"summary assigned", "assigned", "", "flow_end:assigned"},
		{"http://example.com", "http", "", ""},
		{"summary 🎉", "🎉", "", ""},
		{"summary \x00\x01nada", "nada", "", ""},
		{"summary campaign:مرحبا", "مرحبا", "", ""},
		{"help chanel", "chanel", "help channel", "channel"},
	} {
		t.Run(c.text, func(t *testing.T) {
			reply := d.Answer(context.Background(), ask(c.text), nil)
			var e *InputError
			if !errors.As(reply.Err, &e) {
				t.Fatalf("no mistake found: %v %s", reply.Err, reply.Card.Footer.Command)
			}
			if got := e.Input[e.Off : e.Off+e.Len]; got != c.under {
				t.Errorf("caret under %q, want %q (%s)", got, c.under, e.Msg)
			}
			if e.Fixed != c.fixed {
				t.Errorf("corrected to %q, want %q (%s)", e.Fixed, c.fixed, e.Msg)
			}
			if c.suggest != "" && (len(e.Suggest) == 0 || e.Suggest[0] != c.suggest) {
				t.Errorf("suggests %q, want %q first", e.Suggest, c.suggest)
			}
			if strings.Contains(e.Msg, "commands.") || strings.Contains(e.Msg, "<no value>") || e.Msg == "" {
				t.Errorf("no sentence: %s", e.Msg)
			}
			if !reply.Private || len(reply.Card.Blocks) < 2 {
				t.Errorf("reply: %+v", reply)
			}
		})
	}
}
