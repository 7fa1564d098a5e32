package badger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"outboundbot/storage"
)

func oneSend(i int) []storage.Event {
	return []storage.Event{{
		ID: fmt.Sprint("e", i), Type: storage.MessageSent, At: storage.Instant(i + 1), Send: fmt.Sprint("S", i), Channel: "FB", Contact: "u",
	}}
}

// TestFailedJournal: while a change may be half applied nothing is read or appended, the bot's memory works, and
// opening the store again finishes the change.
func TestFailedJournal(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	e := reopened(t, dir)
	if _, err := e.Append(ctx, oneSend(0)); err != nil {
		t.Fatal(err)
	}
	changes := someChanges()
	if err := e.writeJournal(changes); err != nil {
		t.Fatal(err)
	}
	second := stored(t, e, string(journalKey(1)))[string(journalKey(1))]
	if err := e.commit(map[string][]byte{string(journalKey(1)): []byte("damaged")}); err != nil {
		t.Fatal(err)
	}
	if e.broken = e.settleJournal(); e.broken == nil {
		t.Fatal("a damaged journal is applied")
	}
	if n := len(stored(t, e, "z")); n == 0 || n == len(changes)-1 {
		t.Fatalf("%d of %d changes are applied, want a part", n, len(changes))
	}

	_, countErr := e.Count(ctx, storage.Question{})
	_, statsErr := e.Stats(ctx)
	_, timelineErr := e.Timeline(ctx, storage.Scope{}, storage.Contact{ID: "u"})
	_, namesErr := e.Names(ctx, storage.Scope{}, "channel", "")
	_, appendErr := e.Append(ctx, oneSend(1))
	var sendsErr error
	for _, sendsErr = range e.Sends(ctx, storage.Question{}, storage.Order{}) {
	}
	for what, err := range map[string]error{
		"Count": countErr, "Stats": statsErr, "Timeline": timelineErr, "Names": namesErr, "Append": appendErr, "Sends": sendsErr,
	} {
		if err == nil || !strings.Contains(err.Error(), "open") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := e.State().Put(ctx, "k", []byte("v"), 0, 0); err != nil {
		t.Errorf("Put: %v", err)
	}
	if v, err := e.State().Get(ctx, "k"); err != nil || string(v.Data) != "v" {
		t.Errorf("Get: %v, %v", v, err)
	}

	if err := e.commit(map[string][]byte{string(journalKey(1)): second}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = reopened(t, dir)
	if n := len(stored(t, e, "z")); n != len(changes)-1 {
		t.Errorf("%d of %d changes are there after opening again", n, len(changes)-1)
	}
	if stats, err := e.Stats(ctx); err != nil || stats.Sends != 1 {
		t.Errorf("%+v, %v", stats, err)
	}
}

// TestFailedWrite takes the database away: the engine says so from then on, and what was acknowledged is there when
// the store is opened again.
func TestFailedWrite(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	e := reopened(t, dir)
	if _, err := e.Append(ctx, oneSend(0)); err != nil {
		t.Fatal(err)
	}
	db := e.db
	lost, err := open(settings("", Options{InMemory: true}), Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	if e.db = lost.db; lost.Close() != nil {
		t.Fatal("closing")
	}
	if err := e.write(map[string][]byte{"z": {}}); err == nil {
		t.Fatal("a closed database takes a change")
	}
	e.db = db
	if _, err := e.Append(ctx, oneSend(1)); err == nil || !strings.Contains(err.Error(), "opened again") {
		t.Errorf("Append after a failed write: %v", err)
	}
	if stats, err := e.Stats(ctx); err != nil || stats.Events != 1 {
		t.Errorf("a change that is whole or absent keeps nobody from reading: %+v, %v", stats, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := reopened(t, dir).Append(ctx, append(oneSend(0), oneSend(1)...)); err != nil || r.Accepted != 1 || r.Duplicates != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestJournalInValueLog: should a piece ever be as long as Badger's value log takes, applying the journal does not
// wait for itself while the log changes files.
func TestJournalInValueLog(t *testing.T) {
	dir := t.TempDir()
	if err := prepare(dir); err != nil {
		t.Fatal(err)
	}
	e, err := open(settings(dir, Options{}).WithValueLogFileSize(2<<20), Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Journal and change share the first file, which is full then.
	changes := map[string][]byte{"z": make([]byte, 1<<20+1)}
	if err := e.writeJournal(changes); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- e.settleJournal() }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the engine hangs")
	}
	if n := len(stored(t, e, "z")); n != len(changes) {
		t.Errorf("%d of %d changes", n, len(changes))
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestLongState: the bot's memory says what it does not take.
func TestLongState(t *testing.T) {
	ctx := context.Background()
	s := reopened(t, t.TempDir()).State()
	if err := s.Put(ctx, "k", make([]byte, maxState), 0, 0); err != nil {
		t.Errorf("%d bytes: %v", maxState, err)
	}
	if err := s.Put(ctx, "k", make([]byte, maxState+1), 0, storage.AnyVersion); err == nil {
		t.Errorf("%d bytes are taken", maxState+1)
	}
}

// TestFirstSuccessesKept: reading does not gather the contacts of a whole store.
func TestFirstSuccessesKept(t *testing.T) {
	ctx := context.Background()
	e, err := Open("", Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const contacts = 3
	for i := range contacts {
		events := oneSend(i)
		events[0].Contact = fmt.Sprint("u", i)
		if _, err := e.Append(ctx, events); err != nil {
			t.Fatal(err)
		}
	}
	v, err := e.read(ctx, &storage.Question{Range: storage.Range{From: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer v.done()
	for i := range firstKept {
		v.first[fmt.Sprint("other", i)] = 7
	}
	for i := range contacts {
		first, err := v.firstSuccess(&storage.Send{Channel: "FB", Contact: fmt.Sprint("u", i)})
		if err != nil || first != storage.Instant(i+1) {
			t.Errorf("%v, %v", first, err)
		}
	}
	if len(v.first) > firstKept {
		t.Errorf("%d first successes are kept", len(v.first))
	}
}
