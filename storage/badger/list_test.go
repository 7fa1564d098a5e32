package badger

import (
	"fmt"
	"slices"
	"testing"

	"outboundbot/storage"

	"pgregory.net/rapid"
)

// TestList changes a list at random, with batches that store it, and compares it with a plain one.
func TestList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := Open("", Options{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		var l list[uint64]
		var want []uint64
		n := uint64(0)
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			for range rapid.IntRange(0, 2*pageSize).Draw(t, "added") {
				n++
				l.add(n)
				want = append(want, n)
			}
			for range rapid.IntRange(0, 3).Draw(t, "set") {
				if i := rapid.IntRange(0, 5*pageSize).Draw(t, "index"); i < len(want) {
					n++
					want[slices.Index(want, l.Items[i])] = n
					l.set(i, n)
				}
			}
			known := len(want) - min(len(want), rapid.IntRange(0, 9).Draw(t, "fresh"))
			wanted := make([]bool, known)
			cut := rapid.SampledFrom([]int{0, 1, 2, 50, 100}).Draw(t, "percent that stay")
			for i := range wanted {
				wanted[i] = i*37%100 < cut
			}
			l.keep(wanted, func(v uint64) { want = slices.DeleteFunc(want, func(w uint64) bool { return w == v }) })
			l = storedAndRead(t, e, &l)
			got := slices.Sorted(slices.Values(l.Items))
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Fatalf("%v, want %v", got, want)
			}
		}
	})
}

// storedAndRead is a list as the next batch finds it.
func storedAndRead(t *rapid.T, e *Engine, l *list[uint64]) list[uint64] {
	b := e.newBatch()
	defer b.discard()
	if err := l.write(b, 1, rowList); err != nil {
		t.Fatal(err)
	}
	head := l.head()
	if err := e.commit(b.writes); err != nil {
		t.Fatal(err)
	}
	enc, err := encode(&head)
	if err != nil {
		t.Fatal(err)
	}
	var read list[uint64]
	if err := decode(enc, &read); err != nil {
		t.Fatal(err)
	}
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	get := func(k []byte) ([]byte, error) { return valueOf(txn, k) }
	if err := read.read(get, 1, rowList); err != nil {
		t.Fatal(err)
	}
	pages := 0
	if err := eachKey(txn, []byte{'h'}, func([]byte) error { pages++; return nil }); err != nil {
		t.Fatal(err)
	}
	if pages != read.Pages || len(head.Items) > pageSize {
		t.Fatalf("%d pages are stored for a list of %d, %d entries in the head", pages, read.Pages, len(head.Items))
	}
	return read
}

// TestLateEventOfHugeComponent: what one more event writes does not grow with its component.
func TestLateEventOfHugeComponent(t *testing.T) {
	start, _ := storage.ParseInstant("2025-11-24T10:00:00Z")
	event := func(i int) storage.Event {
		return storage.Event{
			ID: fmt.Sprint("sent", i), Type: storage.MessageSent, At: start + storage.Instant(i), Send: fmt.Sprint("S", i),
			Channel: "FB", Line: "page", Contact: fmt.Sprint("u", i), Conversation: "none",
		}
	}
	e := reopened(t, t.TempDir())
	written := func(events ...storage.Event) (size int) {
		b := e.newBatch()
		defer b.discard()
		for _, ev := range events {
			enc := encodeEvent(&ev)
			if err := b.add(&ev, newEvent{id: e.hash(ofEvent, ev.ID), encoded: enc, content: digest(enc)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.commit(); err != nil {
			t.Fatal(err)
		}
		for k, v := range b.writes {
			size += len(k) + len(v)
		}
		return size
	}
	const sends = 4000
	var events []storage.Event
	for i := range sends {
		events = append(events, event(i))
	}
	written(events...)
	e.recent = recent{}
	late := event(sends / 2)
	late.ID, late.Type, late.At = "delivered", storage.MessageDelivered, late.At+1
	for _, ev := range []storage.Event{late, event(sends)} {
		if n := written(ev); n > 20<<10 {
			t.Errorf("%s writes %d bytes", ev.Type, n)
		}
	}
}
