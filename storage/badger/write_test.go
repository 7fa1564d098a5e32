package badger

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"outboundbot/storage"
	"outboundbot/storage/memory"
)

func reopened(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// changes has values of which some grow beyond a piece of the journal.
func someChanges() map[string][]byte {
	changes := map[string][]byte{"zgone": nil}
	for i := range 400 {
		changes[fmt.Sprintf("z%03d", i)] = []byte(strings.Repeat("x", 2000+i*i%7))
	}
	changes["zempty"] = []byte{}
	changes["zlarge"] = make([]byte, pieceSize+1)
	return changes
}

func stored(t *testing.T, e *Engine, prefix string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	err := eachKey(txn, []byte(prefix), func(k []byte) (err error) {
		found[string(k)], err = valueOf(txn, k)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestJournal crashes at each stage of a change that is too large for one transaction.
func TestJournal(t *testing.T) {
	changes := someChanges()
	for _, stage := range []struct {
		name  string
		done  bool
		crash func(e *Engine) error
	}{
		{"before it is complete", false, func(e *Engine) error {
			if err := e.writeJournal(changes); err != nil {
				return err
			}
			return e.commit(map[string][]byte{string(journalComplete): nil})
		}},
		{"before it is applied", true, func(e *Engine) error { return e.writeJournal(changes) }},
		{"while it is applied", true, func(e *Engine) error {
			if err := e.writeJournal(changes); err != nil {
				return err
			}
			return e.commit(map[string][]byte{"z001": changes["z001"], "zgone": nil})
		}},
		{"after it", true, func(e *Engine) error {
			if err := e.writeJournal(changes); err != nil {
				return err
			}
			return e.applyJournal()
		}},
	} {
		t.Run(stage.name, func(t *testing.T) {
			dir := t.TempDir()
			e := reopened(t, dir)
			before := map[string][]byte{"zgone": []byte("here"), "z000": []byte("old")}
			if err := e.commit(before); err != nil {
				t.Fatal(err)
			}
			if err := stage.crash(e); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = reopened(t, dir)
			want := before
			if stage.done {
				want = maps.Clone(changes)
				delete(want, "zgone")
			}
			if got := stored(t, e, "z"); !maps.EqualFunc(got, want, func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Errorf("%d entries, want %d", len(got), len(want))
			}
			if left := len(stored(t, e, "j")) + len(stored(t, e, "J")); left > 0 {
				t.Errorf("%d pieces are left", left)
			}
		})
	}
}

// TestOneEventChangesThousandsOfRows: a customer with more sends than one transaction can take the rows of.
func TestOneEventChangesThousandsOfRows(t *testing.T) {
	const sends = 16_000
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
	e := reopened(t, t.TempDir())
	truth := memory.New(nil)
	for _, some := range [][]storage.Event{events[:sends/2], events[sends/2:], {read}} {
		for _, s := range []storage.Store{e, truth} {
			if _, err := s.Append(context.Background(), some); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := e.Count(context.Background(), storage.Question{})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := truth.Count(context.Background(), storage.Question{})
	if got.Total.N != want.Total.N || got.Total.N[storage.Read] != sends {
		t.Errorf("%v, want %v", got.Total.N, want.Total.N)
	}
}

// TestLaterFormat: a store written by a later version is refused.
func TestLaterFormat(t *testing.T) {
	dir := t.TempDir()
	e := reopened(t, dir)
	if err := e.commit(map[string][]byte{string(metaKey(metaFormat)): number(format + 1)}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "later version") {
		t.Errorf("opening gives %v", err)
	}
}
