package storage_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/shopspring/decimal"

	"outboundbot/storage"
)

func TestFold(t *testing.T) {
	for name, want := range map[string]string{
		"BlackFriday": "blackfriday", "Black Friday": "blackfriday", "black-friday": "blackfriday", "BLACK_FRIDAY": "blackfriday",
		"Campaña": "campana", "São Paulo": "saopaulo", "İstanbul": "istanbul", "ẞ": "ß", "A\u00a0B": "ab", "e\u0301": "e",
		"---": "---", "- _": "- _", "": "", "日本": "日本", "Ａ": "ａ",
	} {
		if got := storage.Fold(name); got != want {
			t.Errorf("Fold(%q) = %q, want %q", name, got, want)
		}
	}
}

// FuzzFold: the short way for ASCII gives what the long way gives, and folding twice changes nothing.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"Black-Friday", "__", " a\tb", "\x1f", "\x00", "ÉÀ", "a\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) { // no event has such a name
			t.Skip()
		}
		folded := storage.Fold(s)
		if again := storage.Fold(folded); again != folded && storage.Fold(again) != folded {
			t.Errorf("Fold(%q) = %q, again %q", s, folded, again)
		}
		if long := storage.Fold(s + "é"); folded != s && folded+"e" != long {
			t.Errorf("Fold(%q) = %q, but with é %q", s, folded, long)
		}
	})
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ channel, contact, want string }{
		{"WA", "573105551234", "+57 ••• ••• 1234"},
		{"SMS", "15551234567", "+1 ••• ••• 4567"},
		{"WA", "50499990001", "+504 ••• ••• 0001"},
		{"FB", "7300000042", "••• 42"},
		{"WEB", "visitor-00042", "••• 42"},
		{"WEB", "x", "•••"},
		{"WA", "", ""},
		{"WA", "CO.abcdef", "••• ef"},
	} {
		if got := storage.Mask(c.channel, c.contact); got != c.want {
			t.Errorf("Mask(%s, %s) = %q, want %q", c.channel, c.contact, got, c.want)
		}
	}
}

func TestPercentRoundsHalvesUp(t *testing.T) {
	for n := int64(0); n <= 300; n++ {
		for base := int64(1); base <= 300; base++ {
			exact := decimal.NewFromInt(n).Mul(decimal.NewFromInt(1000)).Div(decimal.NewFromInt(base))
			if got := storage.PercentOf(n, base); got.Tenths != exact.Round(0).IntPart() {
				t.Fatalf("%d of %d = %d tenths, want %s", n, base, got.Tenths, exact)
			}
		}
	}
	if storage.PercentOf(3, 0).Known {
		t.Error("a share of nothing must not be known")
	}
}

// TestDayOf goes through zones where midnight is missing, comes twice, or lies half an hour off.
func TestDayOf(t *testing.T) {
	for _, c := range []struct{ zone, at, day string }{
		{"America/Tegucigalpa", "2025-12-01T05:50:00Z", "2025-11-30"},
		{"America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"}, // midnight does not exist
		{"America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03"},
		{"America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07"}, // 00:00:30, then clocks go back over midnight
		{"America/St_Johns", "2010-11-07T02:31:30Z", "2010-11-06"},
		{"Asia/Kolkata", "2025-01-01T18:30:00Z", "2025-01-02"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"}, // the 30th does not exist there
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := storage.ParseInstant(c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := storage.DayOf(at, zone).String(); got != c.day {
			t.Errorf("%s in %s is %s, want %s", c.at, c.zone, got, c.day)
		}
	}
}

// TestWindowHoldsRange: what Window leaves out is in no zone part of the range.
func TestWindowHoldsRange(t *testing.T) {
	r := storage.Range{From: storage.CivilDay(2025, 3, 30), To: storage.CivilDay(2025, 3, 30)}
	from, to := r.Window()
	for offset := -15; offset <= 15; offset++ {
		zone := time.FixedZone(fmt.Sprint(offset), offset*3600)
		if r.Has(storage.DayOf(from-1, zone)) || r.Has(storage.DayOf(to, zone)) {
			t.Errorf("%+d h: the window cuts the range", offset)
		}
	}
}

func TestInstant(t *testing.T) {
	at, err := storage.ParseInstant("2025-11-24T10:00:00.123999-06:00")
	if err != nil || at.String() != "2025-11-24T16:00:00.123Z" {
		t.Errorf("got %s, %v", at, err)
	}
	for _, bad := range []string{"", "2025-11-24", "2025-11-24T10:00:00", "1970-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "1732442400", "2025-02-30T00:00:00Z"} {
		if _, err := storage.ParseInstant(bad); err == nil {
			t.Errorf("%q was taken for a time", bad)
		}
	}
}

func TestNormalize(t *testing.T) {
	good := storage.Event{ID: "1", Type: storage.MessageInbound, At: 1, Channel: "wa", Text: "my address is"}
	if err := good.Normalize(); err != nil {
		t.Fatal(err)
	}
	if good.Channel != "WA" || good.Kind != "text" || good.Text != "" {
		t.Errorf("stored as %+v: channel in upper case, kind text, no free text", good)
	}
	long := make([]byte, storage.MaxName+1)
	for _, e := range []storage.Event{
		{Type: "assigned", At: 1},
		{ID: "1", At: 1},
		{ID: "1", Type: "assigned"},
		{ID: "1", Type: storage.SendRequested, At: 1, Message: "m"},
		{ID: "1", Type: storage.WatermarkRead, At: 1},
		{ID: "1", Type: "assigned", At: 1, Agent: "a\x00b"},
		{ID: "1", Type: "assigned", At: 1, Agent: "a\xff"},
		{ID: string(long), Type: "assigned", At: 1},
		{ID: "1", Type: storage.TagApplied, At: 1, Value: "ten"},
		{ID: "1", Type: storage.TagApplied, At: 1, Value: "1e999999999"},
	} {
		if err := e.Normalize(); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
}

// TestNormalizeTexts: every text is looked at, wherever in it the fault lies, and the fault is told.
func TestNormalizeTexts(t *testing.T) {
	good := storage.Event{ID: "1", Type: "assigned", At: 1}
	fields := reflect.TypeFor[storage.Event]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		if fields.Field(i).Type.Kind() != reflect.String || name == "value" {
			continue
		}
		for length := 1; length < 20; length++ {
			for at := range length {
				for bad, want := range map[string]string{
					"\x00": name + " holds a NUL character", "\xff": name + " is not valid UTF-8", "é": "", "\x01": "", "\x7f": "",
				} {
					e := good
					text := strings.Repeat("x", at) + bad + strings.Repeat("x", length-at-1)
					reflect.ValueOf(&e).Elem().Field(i).SetString(text)
					got := ""
					if err := e.Normalize(); err != nil {
						got = err.Error()
					}
					if got != want {
						t.Fatalf("%s %q: %q, want %q", name, text, got, want)
					}
				}
			}
		}
	}
}

// TestOwn: an event of its own stays as it was, whatever becomes of the memory its texts lay in.
func TestOwn(t *testing.T) {
	memory := []byte("idtypecampaign")
	at := func(from, to int) string { return unsafe.String(&memory[from], to-from) }
	e := storage.Event{ID: at(0, 2), Type: storage.Type(at(2, 6)), Campaign: at(6, 14), At: 5, Sale: true}
	e.Own()
	clear(memory)
	if want := (storage.Event{ID: "id", Type: "type", Campaign: "campaign", At: 5, Sale: true}); e != want {
		t.Errorf("got %+v", e)
	}
}

func TestIntents(t *testing.T) {
	q := storage.Question{Rules: &storage.Rules{Intents: []storage.Intent{
		{Name: "sales", Campaigns: []string{"Black Friday*", "*sale*"}},
		{Name: "after-sales", Campaigns: []string{"*paid", "blackfriday"}},
		{Name: "all", Campaigns: []string{"*"}},
	}}}
	field, _ := storage.FieldNamed("intent")
	for campaign, want := range map[string]string{
		"black-friday 2": "sales", "Summer SALE now": "sales", "Order paid": "after-sales", "Blackfriday": "sales", "Other": "all", "": "(none)",
	} {
		if got := field.Of(&storage.Send{Campaign: campaign}, &q)[0]; got != want {
			t.Errorf("%q is for %s, want %s", campaign, got, want)
		}
	}
}

// TestSecretNeverPrints tries the usual ways in which a token gets into a log.
func TestSecretNeverPrints(t *testing.T) {
	s := storage.Secret("xoxb-12345")
	for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%q"} {
		if got := fmt.Sprintf(verb, struct{ Token storage.Secret }{s}); len(got) == 0 || strings.Contains(got, "12345") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func BenchmarkNormalize(b *testing.B) {
	e := storage.Event{
		ID: "wamid.HBgLNTA0OTk5:delivered", Type: storage.MessageDelivered, At: 1732442400000, Message: "wamid.HBgLNTA0OTk5",
		Send: "S0000001", Channel: "WA", Line: "50422220000", Contact: "50499900001",
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Normalize(); err != nil {
			b.Fatal(err)
		}
	}
}
