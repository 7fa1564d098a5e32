package badger

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"outboundbot/storage"
	"outboundbot/storage/badger/guard"
)

func oneSend(i int) []storage.Event {
	return []storage.Event{{
		ID: fmt.Sprint("e", i), Type: storage.MessageSent, At: storage.Instant(i + 1), Send: fmt.Sprint("S", i), Channel: "FB", Contact: "u",
	}}
}

func reopened(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// TestFailedWrite takes the database away during a commit: the engine says so from then on, questions go on, and what
// was acknowledged is there when the store is opened again.
func TestFailedWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	e := reopened(t, dir)
	e.merger.stop() // nobody else looks at what is changed here
	if _, err := e.Append(t.Context(), oneSend(0)); err != nil {
		t.Fatal(err)
	}
	lost, err := Open("", Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	db := e.db
	if e.db = lost.db; lost.Close() != nil {
		t.Fatal("closing")
	}
	p := &pen{e: e, entries: []entry{{[]byte("z"), nil}}}
	next := *e.view
	next.cat = e.view.cat.clone()
	if err := e.exchange(p, &next, nil); err == nil {
		t.Fatal("a closed database takes a change")
	}
	e.db = db
	if _, err := e.Append(t.Context(), oneSend(1)); err == nil || !strings.Contains(err.Error(), "opened again") {
		t.Errorf("Append after a failed write: %v", err)
	}
	if _, err := e.Import(t.Context()); err == nil || !strings.Contains(err.Error(), "opened again") {
		t.Errorf("Import after a failed write: %v", err)
	}
	if stats, err := e.Stats(t.Context()); err != nil || stats.Events != 1 {
		t.Errorf("a change that is whole or absent keeps nobody from reading: %+v, %v", stats, err)
	}
	if err := e.State().Put(t.Context(), "k", []byte("v"), 0, 0); err != nil {
		t.Errorf("Put: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = reopened(t, dir)
	if v, err := e.State().Get(t.Context(), "k"); err != nil || string(v.Data) != "v" {
		t.Errorf("Get: %v, %v", v, err)
	}
	if r, err := e.Append(t.Context(), append(oneSend(0), oneSend(1)...)); err != nil || r.Accepted != 1 || r.Duplicates != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestFullInTheMiddle: a disk that fills up while an import or an Append writes gives an error that leaves nothing
// behind, and the store goes on by itself when there is room.
func TestFullInTheMiddle(t *testing.T) {
	e := reopened(t, filepath.Join(t.TempDir(), "store"))
	e.merger.stop() // it asks for room, too
	asked, from := 0, 0
	e.free = func() uint64 {
		if asked++; asked > from {
			return 0
		}
		return 1 << 40
	}
	for from = range 12 {
		asked = 0
		im, err := e.Import(t.Context())
		if err != nil {
			continue
		}
		if _, err := im.Add(t.Context(), oneSend(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := im.Commit(t.Context()); err == nil {
			break
		}
		if err := im.Close(); err != nil {
			t.Fatal(err)
		}
		if stats, err := e.Stats(t.Context()); err != nil || stats.Events != 0 {
			t.Errorf("after %d looks at the disk: %+v, %v", from, stats, err)
		}
	}
	e.free = func() uint64 { return 1 << 40 }
	if r, err := e.Append(t.Context(), append(oneSend(1), oneSend(2)...)); err != nil || r.Accepted+r.Duplicates != 2 {
		t.Errorf("with room again: %+v, %v", r, err)
	}
}

// TestContactsOfNothing: contacts that a change wrote ahead and that was cut off are nobody's; their numbers go to
// others, also while the page is at hand.
func TestContactsOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	e := reopened(t, dir)
	if _, err := e.Append(t.Context(), oneSend(0)); err != nil {
		t.Fatal(err)
	}
	c := e.newChange(e.view)
	for i := range 9 {
		if _, err := c.entries.enter("FB", fmt.Sprint("nobody", i)); err != nil {
			t.Fatal(err)
		}
	}
	p, next := &pen{e: e}, *e.view
	next.cat = e.view.cat.clone()
	c.cat = next.cat
	if err := c.writePersons(p, &next); err != nil {
		t.Fatal(err)
	}
	if err := p.flush(); err != nil { // and no catalogue
		t.Fatal(err)
	}
	contact := func() string {
		for s, err := range e.Sends(t.Context(), storage.Question{Scope: storage.Scope{Contacts: true}}, storage.Order{Limit: 1, NewestFirst: true}) {
			if err != nil {
				t.Fatal(err)
			}
			return s.Contact
		}
		return ""
	}
	if got := contact(); got != "u" {
		t.Errorf("the contact is %q", got)
	}
	other := oneSend(5)
	other[0].Contact = "somebody"
	if _, err := e.Append(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if got := contact(); got != "somebody" {
		t.Errorf("the contact is %q", got)
	}
}

// TestLaterFormat: a store written by a later version is refused.
func TestLaterFormat(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	e := reopened(t, dir)
	if _, err := e.Append(t.Context(), oneSend(0)); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	super, found, err := guard.Read(dir)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	super.Format = format + 1
	if err := guard.WriteSuper(dir, super); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "use the program that wrote it") {
		t.Errorf("opening gives %v", err)
	}
}
