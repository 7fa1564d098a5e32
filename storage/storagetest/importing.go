package storagetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
)

// importing holds an engine that is a storage.Importer to the contract of storage.Import.
func importing(t *testing.T, open Open) {
	if _, ok := opened(t, open, nil).(storage.Importer); !ok {
		t.Skip("the engine takes events by Append only")
	}
	t.Run("receipt", func(t *testing.T) { importReceipt(t, open) })
	t.Run("given up", func(t *testing.T) { importGivenUp(t, open) })
	t.Run("cancelled", func(t *testing.T) { importCancelled(t, open) })
	t.Run("same as append", func(t *testing.T) { importSame(t, open) })
}

func imported(t *testing.T, s storage.Store) storage.Import {
	t.Helper()
	im, err := s.(storage.Importer).Import(t.Context())
	if err != nil {
		t.Fatalf("Import: %v", err)
	}
	t.Cleanup(func() {
		if err := im.Close(); err != nil {
			t.Errorf("Close of an import: %v", err)
		}
	})
	return im
}

// lent is memory in which texts lie until it is spoilt, as a reader's buffer is.
type lent [][]byte

// event gives a copy of e with its texts in the memory.
func (l *lent) event(e storage.Event) storage.Event {
	text := func(s *string) {
		if *s != "" {
			b := []byte(*s)
			*l, *s = append(*l, b), unsafe.String(&b[0], len(b))
		}
	}
	text((*string)(&e.Type))
	for _, s := range []*string{
		&e.ID, &e.Send, &e.Message, &e.Conversation, &e.Channel, &e.Line, &e.Contact, &e.Origin, &e.Campaign, &e.Template,
		&e.Category, &e.Flow, &e.Webhook, &e.Variant, &e.Sender, &e.Code, &e.Reason, &e.Kind, &e.Text, &e.ReplyTo, &e.How,
		&e.Group, &e.Agent, &e.Tag, &e.TagType, &e.By, &e.Value, &e.Currency, &e.Label, &e.Node, &e.Option,
	} {
		text(s)
	}
	return e
}

func (l *lent) spoil() {
	for _, b := range *l {
		for i := range b {
			b[i] = '#'
		}
	}
	*l = nil
}

// added adds events whose memory is spoilt as soon as Add returns.
func added(t *testing.T, im storage.Import, events ...storage.Event) []storage.Reject {
	t.Helper()
	var memory lent
	borrowed := make([]storage.Event, len(events))
	for i, e := range events {
		borrowed[i] = memory.event(e)
	}
	rejects, err := im.Add(t.Context(), borrowed)
	if err != nil {
		t.Fatalf("Add: %v", err)
	}
	memory.spoil()
	clear(borrowed)
	return rejects
}

func committed(t *testing.T, im storage.Import) storage.Receipt {
	t.Helper()
	r, err := im.Commit(t.Context())
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return r
}

// importReceipt: what an import says of new, known, contradicting and refused events, within one Add, over several,
// and against what was stored before.
func importReceipt(t *testing.T, open Open) {
	s := opened(t, open, nil)
	at, _ := storage.ParseInstant("2025-11-24T10:00:00Z")
	event := func(id, line string) storage.Event {
		return storage.Event{ID: id, Type: storage.MessageSent, At: at, Send: "S" + id, Channel: "wa", Line: line, Contact: "2"}
	}
	appended(t, s, event("before", "1"), event("before too", "1"))
	im := imported(t, s)
	nameless := storage.Event{Type: storage.MessageSent, At: at}
	got := added(t, im, event("a", "1"), nameless, event("a", "1"), event("b", "1"), storage.Event{ID: "x", Type: storage.SendRequested, At: at})
	if len(got) != 2 || got[0].Index != 1 || got[1].Index != 4 || got[0].Reason == "" {
		t.Errorf("rejects of the first Add: %+v", got)
	}
	upper := event("b", "1")
	upper.Channel = "WA" // the same once normalised
	got = added(t, im, upper, event("a", "3"), event("before", "1"), event("before too", "3"), nameless)
	if len(got) != 1 || got[0].Index != 4 {
		t.Errorf("rejects of the second Add: %+v", got)
	}
	if got := listed(t, s, storage.Question{}, storage.Order{}); len(got) != 2 {
		t.Errorf("%d sends show before Commit", len(got))
	}
	if diff := cmp.Diff(storage.Receipt{Accepted: 2, Duplicates: 3, Conflicts: 2}, committed(t, im)); diff != "" {
		t.Errorf("receipt (-want +got):\n%s", diff)
	}
	for _, send := range listed(t, s, storage.Question{}, storage.Order{}) {
		if send.Line != "1" || !strings.HasPrefix(send.ID, "S") {
			t.Errorf("the first event of an id must stay, as it was given: %+v", send)
		}
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(storage.Stats{Events: 4, Sends: 4, Conflicts: 2, First: at, Latest: at}, stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(storage.Receipt{Duplicates: 1, Accepted: 1}, appended(t, s, event("a", "1"), event("c", "1"))); diff != "" {
		t.Errorf("receipt of an Append behind it (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(storage.Receipt{}, committed(t, imported(t, s))); diff != "" {
		t.Errorf("receipt of an empty import (-want +got):\n%s", diff)
	}
}

// importGivenUp: what was not committed leaves nothing, not even a known id, and the store goes on.
func importGivenUp(t *testing.T, open Open) {
	s := opened(t, open, nil)
	events := GoldenEvents(t)
	im := imported(t, s)
	added(t, im, events...)
	if err := im.Close(); err != nil {
		t.Fatal(err)
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(storage.Stats{}, stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	if got := appended(t, s, events[0]); got.Accepted != 1 {
		t.Errorf("afterwards Append says %+v", got)
	}
}

// importCancelled: an import whose context has ended is not stored.
func importCancelled(t *testing.T, open Open) {
	s := opened(t, open, nil)
	im := imported(t, s)
	added(t, im, GoldenEvents(t)...)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := im.Commit(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit after the end: %v", err)
	}
	if err := im.Close(); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, s, storage.Question{Test: true}, storage.Order{}); len(got) != 0 {
		t.Errorf("%d sends of an import that was cancelled", len(got))
	}
}

// importSame: imports and Appends in any mixture give the rows of one Append.
func importSame(t *testing.T, open Open) {
	events := GoldenEvents(t)
	whole := opened(t, open, nil)
	appended(t, whole, events...)
	want := withoutTokens(listed(t, whole, storage.Question{Test: true}, storage.Order{}))
	for cut := range 4 {
		s := opened(t, open, nil)
		third := len(events) / 3
		parts := [][]storage.Event{events[:third], events[third : 2*third], events[2*third:], events[:2*third]}
		for i, part := range parts {
			if i == cut {
				appended(t, s, part...)
				continue
			}
			im := imported(t, s)
			added(t, im, part[:len(part)/2]...)
			added(t, im, part[len(part)/2:]...)
			committed(t, im)
		}
		if diff := cmp.Diff(want, withoutTokens(listed(t, s, storage.Question{Test: true}, storage.Order{}))); diff != "" {
			t.Errorf("part %d by Append gives other rows (-want +got):\n%s", cut, diff)
		}
	}
}

// withoutTokens takes off what differs from store to store.
func withoutTokens(sends []storage.Send) []storage.Send {
	for i := range sends {
		sends[i].Token = ""
	}
	return sends
}
