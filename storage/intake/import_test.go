package intake_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
	"outboundbot/storage/intake"
	"outboundbot/storage/memory"
)

func TestImport(t *testing.T) {
	file, err := os.Open("../storagetest/testdata/events.ndjson") // 84 lines, 71 events
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	store := memory.New(nil)
	for _, want := range []intake.Summary{
		{Lines: 84, Accepted: 71, Duplicates: 13},
		{Lines: 84, Duplicates: 84},
	} {
		if _, err := file.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		got, err := intake.Import(t.Context(), store, file, intake.Native, intake.Watch{})
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

// TestImportCounts goes over a batch's edge with rejects of the reader and of the store.
func TestImportCounts(t *testing.T) {
	var in strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&in, `{"id":"e%d","type":"message.sent","at":"2025-11-24T10:00:00Z","send":"S%d"}`+"\n", i, i)
		if i == 5000 {
			in.WriteString("{broken\n\n")
		}
	}
	store := func(_ context.Context, events []storage.Event) (storage.Receipt, error) {
		r := storage.Receipt{Accepted: len(events)}
		for i, e := range events {
			if e.ID == "e9000" {
				r.Accepted--
				r.Rejected = append(r.Rejected, storage.Reject{Index: i, Reason: "before the cut"})
			}
		}
		return r, nil
	}
	var rejects []string
	var progress []int
	sum, err := intake.Import(t.Context(), intake.Append(store), strings.NewReader(in.String()), intake.Native, intake.Watch{
		Progress: func(s intake.Summary) { progress = append(progress, s.Accepted) },
		Reject:   func(r intake.Reject) { rejects = append(rejects, r.String()) },
	})
	if want := (intake.Summary{Lines: 10_001, Accepted: 9999, Rejected: 2}); err != nil || sum != want {
		t.Errorf("got %+v, %v", sum, err)
	}
	if want := []string{"line 5002: not JSON: no string at byte 2", "line 9003: before the cut"}; !slices.Equal(rejects, want) {
		t.Errorf("rejects %q", rejects)
	}
	if want := []int{4096, 8192, 9999}; !slices.Equal(progress, want) {
		t.Errorf("progress %v", progress)
	}
}

func TestImportStops(t *testing.T) {
	full := errors.New("the disk is full")
	store := func(context.Context, []storage.Event) (storage.Receipt, error) { return storage.Receipt{}, full }
	in := `{"id":"e","type":"message.sent","at":"2025-11-24T10:00:00Z","send":"S"}`
	if _, err := intake.Import(t.Context(), intake.Append(store), strings.NewReader(in), intake.Native, intake.Watch{}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := intake.Import(gone, memory.New(nil), strings.NewReader(in), intake.Native, intake.Watch{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

const manifest = `{"id":"r1","type":"send.requested","at":"2025-11-21T15:59:59Z","send":"S-1001","message":"%[1]sA","origin":"template","campaign":"Black Friday","channel":"WA","line":"+1 555-078-3881","contact":"+1 650 555 1234"}
{"id":"r2","type":"send.requested","at":"2025-11-21T15:59:59Z","send":"S-1002","message":"%[1]sB","origin":"template","campaign":"Black Friday","channel":"WA","line":"+1 555-078-3881","contact":"+1 650 555 1234"}
{"id":"r3","type":"send.requested","at":"2025-11-21T15:59:59Z","send":"S-1003","message":"%[1]sC","origin":"flow","campaign":"Cart","channel":"WA","line":"+1 555-078-3881","contact":"+1 650 555 1235"}
`

// TestJoin imports the manifest of the sends before and after their webhooks: the rows are the same, and complete.
func TestJoin(t *testing.T) {
	statuses, err := os.ReadFile("testdata/whatsapp/statuses.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	answers, err := os.ReadFile("testdata/whatsapp/inbound.json")
	if err != nil {
		t.Fatal(err)
	}
	type part struct {
		format intake.Format
		text   string
	}
	parts := []part{
		{intake.Native, fmt.Sprintf(manifest, "wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RT")},
		{intake.WhatsApp, string(statuses)},
		{intake.WhatsApp, string(answers)},
		{intake.WhatsApp, string(statuses)}, // posted again
	}
	var first []storage.Send
	for _, order := range [][]int{{0, 1, 2, 3}, {1, 2, 3, 0}, {2, 1, 0, 3}, {3, 0, 2, 1}} {
		store := memory.New(nil)
		for _, i := range order {
			sum, err := intake.Import(t.Context(), store, strings.NewReader(parts[i].text), parts[i].format, intake.Watch{})
			if err != nil || sum.Conflicts > 0 || sum.Rejected > 0 {
				t.Fatalf("%+v, %v", sum, err)
			}
		}
		got := rows(t, store)
		if first == nil {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("order %v gives other rows: %s", order, diff)
		}
	}
	want := map[string]string{
		"S-1001": "successful Black Friday answers 2 first option Yes, tell me more",
		"S-1002": "successful Black Friday answers 7 first option Cancel",
		"S-1003": "failed Cart answers 0 first option ",
	}
	for _, s := range first {
		if w, ok := want[s.ID]; ok {
			if got := fmt.Sprintf("%s %s answers %d first option %s", s.Status, s.Campaign, s.Answers, s.FirstOption); got != w {
				t.Errorf("%s: %s, want %s", s.ID, got, w)
			}
			delete(want, s.ID)
		}
	}
	if len(want) > 0 {
		t.Errorf("no rows for %v", want)
	}
}

// rows gives all sends without what differs from store to store.
func rows(t *testing.T, store storage.Store) []storage.Send {
	t.Helper()
	var list []storage.Send
	for s, err := range store.Sends(t.Context(), storage.Question{Scope: storage.Scope{Contacts: true}, Now: 1 << 42}, storage.Order{}) {
		if err != nil {
			t.Fatal(err)
		}
		s.Token = ""
		list = append(list, s)
	}
	return list
}

// BenchmarkNative reads lines as a campaign's sender writes them.
func BenchmarkNative(b *testing.B) {
	in := lines(20_000)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		for item, err := range intake.Native.Read(strings.NewReader(in)) {
			if err != nil || item.Reason != "" {
				b.Fatal(err, item)
			}
			events++
		}
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

func lines(sends int) string {
	var in strings.Builder
	for i := range sends {
		fmt.Fprintf(&in, `{"id":"r%[1]d","type":"send.requested","at":"2025-11-24T10:%02[2]d:00-06:00","send":"S%[1]d","message":"wamid.%[1]d","origin":"flow","campaign":"BlackFriday","channel":"WA","line":"+504 2222-0000","contact":"504999%05[1]d","flow":"BF flow","category":"marketing"}
{"id":"s%[1]d","type":"message.sent","at":"2025-11-24T16:%02[2]d:01.250Z","message":"wamid.%[1]d"}
{"id":"d%[1]d","type":"message.read","at":"2025-11-24T16:%02[2]d:07.500Z","message":"wamid.%[1]d"}
`, i, i%60)
	}
	return in.String()
}
