package badger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

// longID is as long as an id may be; its number stands first.
func longID(kind string, i int) string {
	id := fmt.Sprintf("%s-%05d-", kind, i)
	return id + strings.Repeat("x", storage.MaxName-len(id))
}

// talk are n sends to as many contacts, all said to belong to one conversation, as some producers write "none".
func talk(from, n int) []storage.Event {
	start, _ := storage.ParseInstant("2025-11-24T10:00:00Z")
	events := make([]storage.Event, n)
	for i := range events {
		k := from + i
		events[i] = storage.Event{
			ID: fmt.Sprint("sent-", k), Type: storage.MessageSent, At: start + storage.Instant(k*1000),
			Send: longID("send", k), Channel: "FB", Line: "page", Contact: fmt.Sprint("u", k), Conversation: "none",
		}
	}
	return events
}

// valueLog is how many bytes of values stand outside the tables of a closed store.
func valueLog(t *testing.T, dir string) (size int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	if err != nil {
		t.Fatal(err)
	}
	const header = 20
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		size += max(0, info.Size()-header)
	}
	return size
}

// agree compares what two stores say of all sends.
func agree(t *testing.T, got, want storage.Store) {
	t.Helper()
	rows := func(s storage.Store) (sends []storage.Send) {
		for send, err := range s.Sends(bg, storage.Question{Scope: storage.Scope{Contacts: true}}, storage.Order{}) {
			if err != nil {
				t.Fatal(err)
			}
			send.Token = "" // each store has its own
			sends = append(sends, send)
		}
		return sends
	}
	if diff := cmp.Diff(rows(want), rows(got)); diff != "" {
		t.Errorf("sends (-want +got): %.2000s", diff)
	}
	g, err := got.Stats(bg)
	if err != nil {
		t.Fatal(err)
	}
	if w, _ := want.Stats(bg); g != w {
		t.Errorf("%+v, want %+v", g, w)
	}
}

// TestHugeComponent grows a component beyond a block of events and beyond a page of contacts.
func TestHugeComponent(t *testing.T) {
	const size, batches = 1000, 4
	dir := t.TempDir()
	e := opened(t, dir, badger.Options{})
	truth := trusted(t, nil)
	for i := range batches {
		for _, s := range []storage.Store{e, truth} {
			if r, err := s.Append(bg, talk(i*size, size)); err != nil || r.Accepted != size {
				t.Fatal(r, err)
			}
		}
	}
	agree(t, e, truth)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n := valueLog(t, dir); n > 0 {
		t.Errorf("%d bytes went into the value log", n)
	}

	e = opened(t, dir, badger.Options{})
	defer e.Close()
	fails := talk(size, 3) // sends in the middle change, one of them moves to another day
	for i := range fails {
		fails[i].ID, fails[i].Type, fails[i].Code = fmt.Sprint("failed-", i), storage.MessageFailed, "131026"
	}
	early := talk(2*size, 1)
	early[0].ID, early[0].At = "sent-early", early[0].At-86_400_000
	for _, s := range []storage.Store{e, truth} {
		if r, err := s.Append(bg, append(fails, early...)); err != nil || r.Accepted != 4 {
			t.Fatal(r, err)
		}
	}
	agree(t, e, truth)
	events, err := e.Timeline(bg, storage.Scope{Contacts: true}, storage.Contact{ID: fmt.Sprint("u", size)})
	if err != nil || len(events) != 2 {
		t.Errorf("the timeline has %d events, %v", len(events), err)
	}
}

// TestHugeRow gives a send more tags than would fit into a value that Badger keeps in its tables, and takes most away.
func TestHugeRow(t *testing.T) {
	const tags = 700
	dir := t.TempDir()
	e := opened(t, dir, badger.Options{})
	truth := trusted(t, nil)
	events := talk(0, 1)
	for i := range tags {
		tag := events[0]
		tag.ID, tag.Type, tag.At = fmt.Sprint("tag-", i), storage.TagApplied, tag.At+storage.Instant(i+1)
		tag.Tag, tag.TagType, tag.Currency = fmt.Sprint("tag ", i), longID("type", i), longID("currency", i)
		events = append(events, tag)
	}
	var removals []storage.Event
	for _, tag := range events[2:] {
		tag.ID, tag.Type, tag.At = "no-"+tag.ID, storage.TagRemoved, tag.At+tags
		removals = append(removals, tag)
	}
	for _, some := range [][]storage.Event{events, removals[:tags/2], removals[tags/2:]} {
		for _, s := range []storage.Store{e, truth} {
			if _, err := s.Append(bg, some); err != nil {
				t.Fatal(err)
			}
		}
		agree(t, e, truth)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n := valueLog(t, dir); n > 0 {
		t.Errorf("%d bytes went into the value log", n)
	}
}

// TestOneEventChangesThousandsOfRows: a customer with thousands of sends, which one event changes all.
func TestOneEventChangesThousandsOfRows(t *testing.T) {
	const sends = 8000
	start, _ := storage.ParseInstant("2025-11-24T10:00:00Z")
	var events []storage.Event
	for i := range sends {
		events = append(events, storage.Event{
			ID: fmt.Sprint("sent", i), Type: storage.MessageSent, At: start + storage.Instant(i), Send: fmt.Sprint("S", i),
			Channel: "FB", Line: "page", Contact: "u1", Conversation: "c1", Campaign: strings.Repeat("Black Friday ", 8),
		})
	}
	all := start + sends
	read := storage.Event{ID: "read", Type: storage.WatermarkRead, At: all, UpTo: all, Channel: "FB", Line: "page", Contact: "u1"}
	e := opened(t, t.TempDir(), badger.Options{Small: true})
	defer e.Close()
	truth := trusted(t, nil)
	for _, some := range [][]storage.Event{events[:sends/2], events[sends/2:], {read}} {
		for _, s := range []storage.Store{e, truth} {
			if _, err := s.Append(bg, some); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := e.Count(bg, storage.Question{})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := truth.Count(bg, storage.Question{})
	if got.Total.N != want.Total.N || got.Total.N[storage.Read] != sends {
		t.Errorf("%v, want %v", got.Total.N, want.Total.N)
	}
}

// TestLongState: the bot's memory says what it does not take.
func TestLongState(t *testing.T) {
	const limit = 512 << 10
	e := opened(t, t.TempDir(), badger.Options{Small: true})
	defer e.Close()
	if err := e.State().Put(bg, "k", make([]byte, limit), 0, 0); err != nil {
		t.Errorf("%d bytes: %v", limit, err)
	}
	if err := e.State().Put(bg, "k", make([]byte, limit+1), 0, storage.AnyVersion); err == nil {
		t.Errorf("%d bytes are taken", limit+1)
	}
}

// TestHugeImport: a customer with more events than one block takes, imported at once and added to.
func TestHugeImport(t *testing.T) {
	e, truth := opened(t, t.TempDir(), badger.Options{}), trusted(t, nil)
	defer e.Close()
	for _, s := range []storage.Store{e, truth} {
		im, err := s.(storage.Importer).Import(bg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := im.Add(bg, talk(0, 20_000)); err != nil {
			t.Fatal(err)
		}
		if r, err := im.Commit(bg); err != nil || r.Accepted != 20_000 {
			t.Fatalf("%+v, %v", r, err)
		}
		if r, err := s.Append(bg, talk(19_000, 2_000)); err != nil || r.Accepted != 1_000 || r.Duplicates != 1_000 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	agree(t, e, truth)
}
