package format1

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"

	"outboundbot/storage"
)

// copied is a copy of the golden store, with more values written as they are.
func copied(t *testing.T, values map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(dir, os.DirFS("../testdata/format1/golden")); err != nil {
		t.Fatal(err)
	}
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(txn *badger.Txn) error {
		for k, v := range values {
			if err := txn.Set([]byte(k), v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func piece(t *testing.T, changes ...change) []byte {
	t.Helper()
	b, err := cbor.Marshal(changes)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// remembered are the names in the bot's memory.
func remembered(t *testing.T, dir string) map[string]bool {
	t.Helper()
	s, err := Open(dir, nil)
	if err != nil || s == nil {
		t.Fatal(s, err)
	}
	defer s.Close()
	names := map[string]bool{}
	if err := s.State(t.Context(), func(name string, _ uint64, _ []byte) error { names[name] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestJournal: a change that was complete when its writer crashed is made, another one is not.
func TestJournal(t *testing.T) {
	journal := map[string][]byte{
		"j" + string(number(0)): piece(t, change{Key: []byte("snew"), Value: number(0)}),
		"j" + string(number(1)): piece(t, change{Key: []byte("sempty"), Delete: true}, change{Key: []byte("sother"), Value: number(0)}),
	}
	names := remembered(t, copied(t, journal))
	if names["new"] || names["other"] || !names["empty"] {
		t.Errorf("incomplete: %v", names)
	}
	journal["J"] = number(2)
	dir := copied(t, journal)
	for range 2 {
		if names = remembered(t, dir); !names["new"] || !names["other"] || names["empty"] {
			t.Errorf("complete: %v", names)
		}
	}
	journal["J"] = number(3)
	if s, err := Open(copied(t, journal), nil); err == nil {
		t.Errorf("a piece is missing: %v", s)
	}
}

func TestOtherFormats(t *testing.T) {
	if s, err := Open(copied(t, map[string][]byte{"mformat": number(2)}), nil); s != nil || err != nil {
		t.Errorf("format 2: %v, %v", s, err)
	}
	if s, err := Open(t.TempDir(), nil); s != nil || err != nil {
		t.Errorf("an empty database: %v, %v", s, err)
	}
}

// TestLost: events that are missing are told.
func TestLost(t *testing.T) {
	s, err := Open(copied(t, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	nothing := func([]storage.Event) error { return nil }
	if err := s.Each(t.Context(), nothing); err != nil {
		t.Error(err)
	}
	s.Events++
	if s.Each(t.Context(), nothing) == nil {
		t.Error("one event less than there should be")
	}
}

func TestCutEvents(t *testing.T) {
	chunk := []byte("\x01\x02id\x02\x04sent\x21\x02\x24\x25\x00")
	events, err := decodeEvents(nil, chunk)
	if err != nil || len(events) != 1 || events[0] != (storage.Event{ID: "id", Type: "sent", At: 1, Test: true, Sale: true}) {
		t.Errorf("%+v, %v", events, err)
	}
	for n := 1; n < len(chunk); n++ {
		if events, err := decodeEvents(nil, chunk[:n]); err == nil {
			t.Errorf("cut to %d bytes: %+v", n, events)
		}
	}
}
