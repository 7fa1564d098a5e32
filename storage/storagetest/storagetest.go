// Package storagetest is the suite that every engine must pass: the golden set in any order of arrival, random
// messy events against another engine, the sums that hold in every answer, masking, order, and the bot's own memory.
//
// [Run] takes an engine alone, [Differential] compares it with one that is trusted, [RunState] takes its State.
package storagetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
)

// Open makes an empty store with these windows; the suite closes it.
type Open func(t *testing.T, windows storage.Windows) storage.Store

// Run holds an engine to the contract of storage.Store.
func Run(t *testing.T, open Open) {
	t.Run("golden", func(t *testing.T) { golden(t, open) })
	t.Run("receipt", func(t *testing.T) { receipt(t, open) })
	t.Run("order", func(t *testing.T) { order(t, open) })
	t.Run("masks", func(t *testing.T) { masks(t, open) })
	t.Run("scope", func(t *testing.T) { scope(t, open) })
	t.Run("recurring", func(t *testing.T) { recurring(t, open) })
	t.Run("sums", func(t *testing.T) { sums(t, open) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, open) })
	t.Run("import", func(t *testing.T) { importing(t, open) })
	t.Run("refusals", func(t *testing.T) { refusals(t, open) })
}

// opened is a store that the test closes.
func opened(t *testing.T, open Open, windows storage.Windows) storage.Store {
	t.Helper()
	s := open(t, windows)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func appended(t *testing.T, s storage.Store, events ...storage.Event) storage.Receipt {
	t.Helper()
	r, err := s.Append(t.Context(), events)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return r
}

func counted(t *testing.T, s storage.Store, q storage.Question) storage.Count {
	t.Helper()
	c, err := s.Count(t.Context(), q)
	if err != nil {
		t.Fatalf("Count: %v", err)
	}
	return c
}

func listed(t *testing.T, s storage.Store, q storage.Question, o storage.Order) []storage.Send {
	t.Helper()
	var sends []storage.Send
	for send, err := range s.Sends(t.Context(), q, o) {
		if err != nil {
			t.Fatalf("Sends: %v", err)
		}
		sends = append(sends, send)
	}
	return sends
}

// receipt: what Append says of new, known, contradicting and refused events, in one call and in several.
func receipt(t *testing.T, open Open) {
	s := opened(t, open, nil)
	at, _ := storage.ParseInstant("2025-11-24T10:00:00Z")
	sent := storage.Event{ID: "a", Type: storage.MessageSent, At: at, Send: "S1", Channel: "wa", Line: "1", Contact: "2"}
	other := sent
	other.Line = "3"
	upper := sent
	upper.Channel = "WA" // the same once normalised
	nameless := storage.Event{Type: storage.MessageSent, At: at}

	got := appended(t, s, sent, nameless, sent, other, storage.Event{ID: "x", Type: storage.SendRequested, At: at})
	if got.Accepted != 1 || got.Duplicates != 1 || got.Conflicts != 1 || len(got.Rejected) != 2 ||
		got.Rejected[0].Index != 1 || got.Rejected[1].Index != 4 || got.Rejected[0].Reason == "" {
		t.Errorf("first receipt: %+v", got)
	}
	if sent.Channel != "wa" {
		t.Error("Append changed the caller's events")
	}
	if diff := cmp.Diff(storage.Receipt{Duplicates: 1, Conflicts: 1}, appended(t, s, upper, other)); diff != "" {
		t.Errorf("second receipt (-want +got):\n%s", diff)
	}
	sends := listed(t, s, storage.Question{}, storage.Order{})
	if len(sends) != 1 || sends[0].Line != "1" {
		t.Errorf("the first event stored must stay: %+v", sends)
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(storage.Stats{Events: 1, Sends: 1, Conflicts: 2, First: at, Latest: at}, stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// order: by time, then send id by bytes; a limit keeps the newest, whichever way round they are listed.
func order(t *testing.T, open Open) {
	s := opened(t, open, nil)
	start, _ := storage.ParseInstant("2025-11-24T10:00:00Z")
	var events []storage.Event
	for i, id := range []string{"S10", "S1", "S9", "S", "Sé", "T"} {
		events = append(events, storage.Event{
			ID: "e" + id, Type: storage.MessageSent, Send: id, At: start + storage.Instant(i/3), Channel: "WA", Line: "1", Contact: id,
		})
	}
	appended(t, s, events...)
	for _, c := range []struct {
		order storage.Order
		want  string
	}{
		{storage.Order{}, "S1 S10 S9 S Sé T"},
		{storage.Order{NewestFirst: true}, "T Sé S S9 S10 S1"},
		{storage.Order{Limit: 4}, "S9 S Sé T"},
		{storage.Order{Limit: 4, NewestFirst: true}, "T Sé S S9"},
		{storage.Order{Limit: 99}, "S1 S10 S9 S Sé T"},
	} {
		var ids []string
		for _, send := range listed(t, s, storage.Question{}, c.order) {
			ids = append(ids, send.ID)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%+v: %s, want %s", c.order, got, c.want)
		}
	}
	for range s.Sends(t.Context(), storage.Question{}, storage.Order{}) {
		break // a reader may stop early and the store still closes
	}
}

// masks: without the right to see contacts a row has a token and a mask instead, and the token finds the contact.
func masks(t *testing.T, open Open) {
	s := opened(t, open, nil)
	appended(t, s, GoldenEvents(t)...)
	q := storage.Question{Test: true}
	hidden := listed(t, s, q, storage.Order{})
	q.Scope.Contacts = true
	shown := listed(t, s, q, storage.Order{})
	if len(hidden) != len(shown) || len(hidden) == 0 {
		t.Fatalf("%d rows masked, %d not", len(hidden), len(shown))
	}
	tokens := map[string]string{}
	for i := range shown {
		a, b := shown[i], hidden[i]
		if b.Contact != "" || a.Contact == "" || a.Token == "" || a.Mask != storage.Mask(a.Channel, a.Contact) {
			t.Errorf("%s: contact %q, masked %q, token %q, mask %q", a.ID, a.Contact, b.Contact, a.Token, a.Mask)
		}
		b.Contact = a.Contact
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("masking changed more than the contact:\n%s", diff)
		}
		k := a.Channel + " " + a.Contact
		if was, ok := tokens[k]; ok && was != a.Token {
			t.Errorf("%s has two tokens", k)
		}
		tokens[k] = a.Token
	}
	seen := map[string]bool{}
	for _, token := range tokens {
		if seen[token] {
			t.Errorf("two contacts have the token %s", token)
		}
		seen[token] = true
	}
	byToken(t, s, tokens["WA 50499990001"])
}

// byToken: the timeline and the filter find a contact by the token alone, and give its phone away to nobody.
func byToken(t *testing.T, s storage.Store, token string) {
	t.Helper()
	all := storage.Scope{Contacts: true}
	want, err := s.Timeline(t.Context(), all, storage.Contact{Channel: "WA", ID: "+504 9999-0001"})
	if err != nil || len(want) < 10 {
		t.Fatalf("timeline by phone: %d events, %v", len(want), err)
	}
	got, err := s.Timeline(t.Context(), storage.Scope{}, storage.Contact{Token: token})
	if err != nil || len(got) != len(want) {
		t.Fatalf("timeline by token: %d events, %v; want %d", len(got), err, len(want))
	}
	for i := range got {
		if got[i].Contact != "" {
			t.Errorf("the masked timeline shows %q", got[i].Contact)
		}
		if got[i].Type != want[i].Type || got[i].At != want[i].At || got[i].Send != want[i].Send {
			t.Errorf("event %d is %+v, want %+v", i, got[i], want[i])
		}
		if got[i].ID == want[i].ID || strings.Contains(got[i].Message+got[i].ReplyTo, "wamid") {
			t.Errorf("the masked timeline shows the ids of %+v", got[i])
		}
		if i > 0 && !want[i-1].Before(&want[i]) {
			t.Errorf("%s stands before %s", want[i-1].ID, want[i].ID)
		}
	}
	for _, value := range []string{"~" + token, "+504 9999-0001"} {
		q := storage.Question{Where: []storage.Condition{
			{Field: "phone", Values: []string{value}},
			{Field: "channel", Values: []string{"WA"}},
		}}
		if n := counted(t, s, q).Total.N[storage.Contacts]; n != 1 {
			t.Errorf("phone:%s has %d contacts", value, n)
		}
	}
	sms, err := s.Timeline(t.Context(), all, storage.Contact{ID: "50499990001"})
	if err != nil || len(sms) <= len(want) {
		t.Errorf("on all channels: %d events, %v; want more than %d", len(sms), err, len(want))
	}
}

// scope: what an asker may not see is in no answer.
func scope(t *testing.T, open Open) {
	s := opened(t, open, nil)
	appended(t, s, GoldenEvents(t)...)
	cart := storage.Scope{Campaigns: []string{"cart"}, Contacts: true}
	for _, send := range listed(t, s, storage.Question{Scope: cart}, storage.Order{}) {
		if send.Campaign != "Cart" {
			t.Errorf("%s of campaign %q is out of scope", send.ID, send.Campaign)
		}
	}
	names, err := s.Names(t.Context(), cart, "campaign", "")
	if err != nil || len(names) != 1 || names[0].Name != "Cart" {
		t.Errorf("names in scope: %+v, %v", names, err)
	}
	none, err := s.Timeline(t.Context(), storage.Scope{Campaigns: []string{"October"}}, storage.Contact{ID: "50499990001"})
	if err != nil || len(none) != 0 {
		t.Errorf("a timeline out of scope: %d events, %v", len(none), err)
	}
	names, err = s.Names(t.Context(), storage.Scope{}, "campaign", "black-f")
	if err != nil || len(names) != 1 || names[0].Name != "BlackFriday" || names[0].Sends < 5 || names[0].First >= names[0].Last {
		t.Errorf("names by prefix: %+v, %v", names, err)
	}
}

// sums: whatever the events, the sums of MODEL 3 hold in every answer.
func sums(t *testing.T, open Open) {
	rng := rand.New(rand.NewPCG(3, 0))
	s := opened(t, open, nil)
	m := NewMess(rng, 12)
	for range 12 {
		appended(t, s, m.Batch(80)...)
		for range 6 {
			q := RandomQuestion(rng)
			c := counted(t, s, q)
			checkSums(t, q, &c)
		}
	}
}

// refusals: an engine answers no question it does not understand.
func refusals(t *testing.T, open Open) {
	s := opened(t, open, nil)
	bad := storage.Question{Where: []storage.Condition{{Field: "colour", Values: []string{"red"}}}}
	if _, err := s.Count(t.Context(), bad); err == nil {
		t.Error("Count by an unknown field gives no error")
	}
	var failed error
	for _, err := range s.Sends(t.Context(), bad, storage.Order{}) {
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		t.Error("Sends by an unknown field gives no error")
	}
	if _, err := s.Names(t.Context(), storage.Scope{}, "send", ""); err == nil {
		t.Error("Names of a field that cannot group gives no error")
	}
}

// checkSums holds an answer to MODEL 3.
func checkSums(t *testing.T, q storage.Question, c *storage.Count) {
	t.Helper()
	tallies := []storage.Tally{c.Total}
	for _, rows := range c.Groups {
		for i, row := range rows {
			tallies = append(tallies, row.Tally)
			if i > 0 && slices.Compare(rows[i-1].Key, row.Key) > 0 {
				t.Errorf("%+v: rows out of order: %q, %q", q, rows[i-1].Key, row.Key)
			}
		}
	}
	for i := range tallies {
		n := &tallies[i].N
		equal := func(name string, a, b int64) {
			if a != b {
				t.Errorf("%+v: %s: %d, %d", q, name, a, b)
			}
		}
		equal("attempted = successful + failed + pending", n[storage.Attempted],
			n[storage.SuccessfulSends]+n[storage.FailedSends]+n[storage.PendingSends])
		equal("new + recurring = reached", n[storage.New]+n[storage.Recurring], n[storage.Reached])
		equal("successful = conversations + over_open", n[storage.SuccessfulSends], n[storage.Conversations]+n[storage.OverOpen])
		for spread, info := range storage.Spreads {
			var sum int64
			for _, k := range tallies[i].Spread[spread] {
				sum += k
			}
			switch {
			case storage.Spread(spread) != storage.FlowEnds:
				equal(info.Field+" adds up", sum, n[info.Of])
			case sum > n[info.Of]:
				t.Errorf("%+v: %d flow ends of %d answered", q, sum, n[info.Of])
			}
		}
	}
}
