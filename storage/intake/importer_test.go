package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"outboundbot/storage"
	"outboundbot/storage/intake"
	"outboundbot/storage/memory"
)

// importer is a target that imports, writes down what it is asked and fails where told.
type importer struct {
	*memory.Store // its Append is not to be used
	t             *testing.T
	calls         []string
	fail          string
	under         storage.Import
	onAdd         func()
}

var errFull = errors.New("the disk is full")

func (i *importer) call(name, said string) error {
	i.calls = append(i.calls, said)
	if i.fail == name {
		return errFull
	}
	return nil
}

func (i *importer) Append(context.Context, []storage.Event) (storage.Receipt, error) {
	i.t.Error("Append of a store that imports")
	return storage.Receipt{}, nil
}

func (i *importer) Import(ctx context.Context) (storage.Import, error) {
	i.under, _ = i.Store.Import(ctx)
	return i, i.call("import", "import")
}

func (i *importer) Add(ctx context.Context, events []storage.Event) ([]storage.Reject, error) {
	rejects, _ := i.under.Add(ctx, events)
	for n, e := range events {
		if strings.HasSuffix(e.ID, "refused") {
			rejects = append(rejects, storage.Reject{Index: n, Reason: "not about 50499990001"})
		}
	}
	if i.onAdd != nil {
		i.onAdd()
	}
	return rejects, i.call("add", fmt.Sprint("add ", len(events)))
}

func (i *importer) Commit(ctx context.Context) (storage.Receipt, error) {
	if err := i.call("commit", "commit"); err != nil {
		return storage.Receipt{}, err
	}
	return i.under.Commit(ctx)
}

func (i *importer) Close() error {
	i.calls = append(i.calls, "close")
	return i.under.Close()
}

func eventLines(from, n int) string {
	var in strings.Builder
	for i := range n {
		fmt.Fprintf(&in, `{"id":"e%d","type":"message.sent","at":"2025-11-24T10:00:00Z","send":"S%d"}`+"\n", from+i, from+i)
	}
	return in.String()
}

// TestImporter follows an import of several batches into a store that takes it as a whole.
func TestImporter(t *testing.T) {
	to := &importer{Store: memory.New(nil), t: t}
	if _, err := to.Store.Append(t.Context(), []storage.Event{{ID: "e7", Type: storage.MessageSent, Send: "S7", At: 1}}); err != nil {
		t.Fatal(err)
	}
	in := eventLines(0, 5000) + "{broken\n" + eventLines(4990, 20) + `{"id":"refused","type":"optout","at":"2025-11-24T10:00:00Z"}`
	var rejects []string
	var progress []intake.Summary
	sum, err := intake.Import(t.Context(), to, strings.NewReader(in), intake.Native, intake.Watch{
		Progress: func(s intake.Summary) { progress = append(progress, s) },
		Reject:   func(r intake.Reject) { rejects = append(rejects, r.String()) },
	})
	// The fake takes the event that it refuses, so one more is counted than in a real store.
	if want := (intake.Summary{Lines: 5022, Accepted: 5010, Duplicates: 10, Conflicts: 1, Rejected: 2}); err != nil || sum != want {
		t.Errorf("got %+v, %v", sum, err)
	}
	if want := []string{"line 5001: not JSON: no string at byte 2", "line 5022: not about ***********"}; !slices.Equal(rejects, want) {
		t.Errorf("rejects %q", rejects)
	}
	added := 0
	for _, call := range to.calls {
		n := 0
		fmt.Sscanf(call, "add %d", &n)
		added += n
	}
	if n := len(to.calls); to.calls[0] != "import" || to.calls[n-2] != "commit" || to.calls[n-1] != "close" || added != 5021 {
		t.Errorf("calls %q", to.calls)
	}
	for i, s := range progress {
		if last := i == len(progress)-1; last != (s == sum) || !last && (s.Accepted > 0 || s.Lines <= 0) || i > 0 && s.Lines < progress[i-1].Lines {
			t.Errorf("progress %d: %+v", i, s)
		}
	}
	for _, send := range rows(t, to.Store) {
		if !strings.HasPrefix(send.ID, "S") {
			t.Fatalf("a text was overwritten: %+v", send)
		}
	}
}

// TestImporterFails: of an import that the store does not take, nothing is stored, and the error says so.
func TestImporterFails(t *testing.T) {
	for fail, want := range map[string]string{
		"import": "nothing was stored: storing lines 1 to ",
		"add":    "nothing was stored: storing lines 1 to ",
		"commit": "nothing was stored: storing 3000 lines: the disk is full",
	} {
		to := &importer{Store: memory.New(nil), t: t, fail: fail}
		sum, err := intake.Import(t.Context(), to, strings.NewReader(eventLines(0, 3000)), intake.Native, intake.Watch{})
		if !errors.Is(err, intake.ErrUndone) || !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), want) || sum != (intake.Summary{}) {
			t.Errorf("%s: %+v, %v", fail, sum, err)
		}
		if n := len(rows(t, to.Store)); n > 0 || fail != "import" && to.calls[len(to.calls)-1] != "close" {
			t.Errorf("%s: %d sends are stored, calls %q", fail, n, to.calls)
		}
	}
}

// TestImporterCancelled: an end asked for midway leaves nothing.
func TestImporterCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	to := &importer{Store: memory.New(nil), t: t, onAdd: cancel}
	sum, err := intake.Import(ctx, to, strings.NewReader(eventLines(0, 3000)), intake.Native, intake.Watch{})
	if !errors.Is(err, intake.ErrUndone) || !errors.Is(err, context.Canceled) || sum != (intake.Summary{}) {
		t.Errorf("%+v, %v", sum, err)
	}
	if n := len(to.calls); n != 3 || to.calls[2] != "close" {
		t.Errorf("calls %q", to.calls)
	}
}

// TestImportTorn: where the input cannot be read on, what stands before goes in and is counted, whatever the target.
func TestImportTorn(t *testing.T) {
	torn := errors.New("torn")
	for name, to := range map[string]intake.Target{
		"importer": &importer{Store: memory.New(nil), t: t}, "append": intake.Append(memory.New(nil).Append),
	} {
		in := io.MultiReader(strings.NewReader(eventLines(0, 3000)+`{"id":"half`), iotest.ErrReader(torn))
		sum, err := intake.Import(t.Context(), to, in, intake.Native, intake.Watch{})
		if want := (intake.Summary{Lines: 3000, Accepted: 3000}); sum != want || !errors.Is(err, torn) || err.Error() != "after 3000 lines: torn" {
			t.Errorf("%s: %+v, %v", name, sum, err)
		}
	}
}

// TestImporterWithoutEvents: an input without events begins no import.
func TestImporterWithoutEvents(t *testing.T) {
	to := &importer{Store: memory.New(nil), t: t}
	for in, want := range map[string]intake.Summary{"\n\n": {}, "{broken\n": {Lines: 1, Rejected: 1}} {
		sum, err := intake.Import(t.Context(), to, strings.NewReader(in), intake.Native, intake.Watch{})
		if err != nil || sum != want {
			t.Errorf("%q: %+v, %v", in, sum, err)
		}
	}
	if _, err := intake.Import(t.Context(), to, strings.NewReader("id,type\n"), intake.CSV, intake.Watch{}); !errors.Is(err, intake.ErrFormat) {
		t.Errorf("got %v", err)
	}
	if len(to.calls) > 0 {
		t.Errorf("calls %q", to.calls)
	}
}

// TestFormatsImport: every format gives by import the rows that it gives by Append.
func TestFormatsImport(t *testing.T) {
	csv := "id,type,at,send,campaign\n"
	for i := range 3000 {
		csv += fmt.Sprintf("e%d,message.sent,2025-11-24T10:00:00Z,S%d,\"Black, \"\"Friday\"\" %d\"\n", i, i, i%7)
	}
	for _, c := range []struct {
		format intake.Format
		in     string
	}{
		{intake.Native, eventLines(0, 9000)},
		{intake.Native, "[" + strings.ReplaceAll(strings.TrimSpace(eventLines(0, 3000)), "\n", ",\n") + "]"},
		{intake.CSV, csv},
		{intake.WhatsApp, strings.Repeat(`{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"statuses":[{"id":"w","status":"sent","timestamp":"1763740800"},{"id":"w","status":"read","timestamp":"1763740801"}]}}]}]}`+"\n", 1500)},
	} {
		one, two := memory.New(nil), memory.New(nil)
		a, err := intake.Import(t.Context(), one, strings.NewReader(c.in), c.format, intake.Watch{})
		b, err2 := intake.Import(t.Context(), intake.Append(two.Append), strings.NewReader(c.in), c.format, intake.Watch{})
		if err != nil || err2 != nil || a != b || a.Lines < 3000 || a.Rejected > 0 {
			t.Errorf("%s: %+v, %v; %+v, %v", c.format.Name, a, err, b, err2)
		}
		if !slices.EqualFunc(rows(t, one), rows(t, two), func(a, b storage.Send) bool {
			return a.ID == b.ID && a.Campaign == b.Campaign && a.Time == b.Time && a.Status == b.Status
		}) {
			t.Errorf("%s: other rows", c.format.Name)
		}
	}
}
