package storagetest

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"outboundbot/storage"
)

// Reopen closes a store and opens it again, perhaps with other windows.
type Reopen func(t *testing.T, s storage.Store, windows storage.Windows) storage.Store

// Length of a [Differential]: batches of up to 250 events.
const (
	ShortRounds  = 40
	reopenEvery  = 8
	questionsPer = 6
)

// Differential feeds random events to an engine and to one that is trusted, and asks both the same after each batch.
// reopen may be nil; the trusted engine gets all events again where the windows change.
func Differential(t *testing.T, rounds int, seed uint64, open Open, reopen Reopen, trusted Open) {
	rng := rand.New(rand.NewPCG(2, seed))
	var windows storage.Windows
	s, truth := open(t, windows), trusted(t, windows)
	defer func() { closed(t, s, truth) }()
	var m *Mess
	for round := range rounds {
		if round%ShortRounds == 0 && round > 0 { // start anew, since the truth gets slow
			closed(t, s, truth)
			windows = nil
			s, truth = open(t, windows), trusted(t, windows)
		}
		if round%ShortRounds == 0 {
			m = NewMess(rng, 5+rng.IntN(40))
		}
		batch := m.Batch(1 + rng.IntN(250))
		if diff := cmp.Diff(appended(t, truth, batch...), appended(t, s, batch...)); diff != "" {
			t.Errorf("receipts differ (-truth +engine):\n%s", diff)
		}
		compareAnswers(t, s, truth, rng, questionsPer)
		if reopen != nil && round%reopenEvery == reopenEvery-1 {
			windows = storage.Windows{"WA": time.Duration(1+rng.IntN(90)) * time.Hour}
			s = reopen(t, s, windows)
			truth = again(t, truth, trusted(t, windows), m)
			compareAnswers(t, s, truth, rng, questionsPer)
		}
		if t.Failed() {
			t.Fatalf("seed %d, round %d", seed, round)
		}
	}
}

// again gives another store what one has.
func again(t *testing.T, s, fresh storage.Store, m *Mess) storage.Store {
	t.Helper()
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	appended(t, fresh, m.Events()...)
	if stats.Conflicts > 0 { // the number of contradictions is part of the stats
		contradiction := m.Events()[0]
		contradiction.Sender += "?"
		for range stats.Conflicts {
			appended(t, fresh, contradiction)
		}
	}
	closed(t, s)
	return fresh
}

func closed(t *testing.T, stores ...storage.Store) {
	t.Helper()
	for _, s := range stores {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// compareAnswers asks two engines the same.
func compareAnswers(t *testing.T, s, truth storage.Store, rng *rand.Rand, questions int) {
	t.Helper()
	want, err := truth.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("stats: %+v, want %+v", got, want)
	}
	for range questions {
		q := RandomQuestion(rng)
		compareCounts(t, s, truth, q)
		compareSends(t, s, truth, q, storage.Order{Limit: rng.IntN(3) * rng.IntN(50), NewestFirst: rng.IntN(2) == 0})
	}
	compareNames(t, s, truth, rng)
	compareTimelines(t, s, truth, rng)
}

func compareCounts(t *testing.T, s, truth storage.Store, q storage.Question) {
	t.Helper()
	want, got := counted(t, truth, q), counted(t, s, q)
	if diff := cmp.Diff(want, got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
		t.Errorf("%+v: counts differ (-truth +engine):\n%s", q, diff)
	}
	checkSums(t, q, &got)
}

// compareSends compares rows but for the tokens, which each store makes with a secret of its own.
func compareSends(t *testing.T, s, truth storage.Store, q storage.Question, o storage.Order) {
	t.Helper()
	want, got := listed(t, truth, q, o), listed(t, s, q, o)
	for _, sends := range [][]storage.Send{want, got} {
		for i := range sends {
			sends[i].Token = ""
		}
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%+v %+v: sends differ (-truth +engine):\n%s", q, o, cmp.Diff(want, got))
	}
}

func compareNames(t *testing.T, s, truth storage.Store, rng *rand.Rand) {
	t.Helper()
	field, sees := randomGroup(rng), randomScope(rng)
	prefix := []string{"", "", "b", "S", "50"}[rng.IntN(5)]
	want, err := truth.Names(t.Context(), sees, field, prefix)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Names(t.Context(), sees, field, prefix)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names of %s beginning with %q, %+v (-truth +engine):\n%s", field, prefix, sees, diff)
	}
}

func compareTimelines(t *testing.T, s, truth storage.Store, rng *rand.Rand) {
	t.Helper()
	for range questionsPer {
		var c storage.Contact
		shown := storage.Question{Test: true, Scope: storage.Scope{Contacts: true}}
		for send := range truth.Sends(t.Context(), shown, storage.Order{Limit: 1 + rng.IntN(100), NewestFirst: true}) {
			if send.Contact != "" {
				c = storage.Contact{Channel: send.Channel, ID: send.Contact}
			}
		}
		if rng.IntN(3) == 0 {
			c.Channel = ""
		}
		sees := randomScope(rng)
		want, err := truth.Timeline(t.Context(), sees, c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Timeline(t.Context(), sees, c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(unveiled(want), unveiled(got)); diff != "" {
			t.Errorf("timeline of %+v, %+v (-truth +engine):\n%s", c, sees, diff)
		}
	}
}

// unveiled makes ids that a scope hides alike: each store veils them with a secret of its own.
func unveiled(events []storage.Event) []storage.Event {
	for i := range events {
		for _, id := range []*string{&events[i].ID, &events[i].Send, &events[i].Message, &events[i].ReplyTo} {
			if strings.HasPrefix(*id, "~") {
				*id = "~"
			}
		}
	}
	return events
}
