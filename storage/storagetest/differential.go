package storagetest

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"outboundbot/storage"
)

// Reopen closes a store and opens it again, perhaps with other windows.
type Reopen func(t *testing.T, s storage.Store, windows storage.Windows) storage.Store

// Trial feeds random events to an engine and to one that is trusted, and asks both the same after each batch.
type Trial struct {
	Seed      uint64
	Questions int // goes on until so many were asked
	Open      Open
	Trusted   Open
	Reopen    Reopen                                        // nil for an engine that forgets
	Merge     func(t *testing.T, s storage.Store, all bool) // tidies up, some or all; nil for an engine that need not
}

// Sizes of a trial.
const (
	roundsPer    = 40 // batches until both begin anew, since the truth gets slow
	largeRounds  = 8  // the same of a large world
	largeEvery   = 12 // worlds
	questionsPer = 6  // of each kind, after a batch
)

// Figures is what a trial went through.
type Figures struct {
	Worlds, Batches, Events, Imports, Merges, Restarts, Questions int
}

// trial is a Trial under way.
type trial struct {
	plan    Trial
	rng     *rand.Rand
	windows storage.Windows
	mess    *Mess
	large   bool
	s       storage.Store
	truth   storage.Store
	Figures
}

// Differential carries out a trial and says what it went through.
func Differential(t *testing.T, plan Trial) Figures {
	d := &trial{plan: plan, rng: rand.New(rand.NewPCG(2, plan.Seed))}
	for d.goesOn(t) {
		d.world(t)
	}
	return d.Figures
}

func (d *trial) goesOn(t *testing.T) bool { return d.Questions < d.plan.Questions && !t.Failed() }

// world feeds batches to two new stores.
func (d *trial) world(t *testing.T) {
	rounds, worlds := roundsPer, 5+d.rng.IntN(40)
	d.Worlds++
	if d.large = d.Worlds%largeEvery == 0; d.large {
		rounds, worlds = largeRounds, 4000
	}
	d.windows, d.mess = nil, NewMess(d.rng, worlds)
	d.s, d.truth = d.plan.Open(t, d.windows), d.plan.Trusted(t, d.windows)
	for round := 0; round < rounds && d.goesOn(t); round++ {
		d.round(t)
		if t.Failed() {
			t.Errorf("seed %d, world %d, batch %d", d.plan.Seed, d.Worlds, round)
		}
	}
	closed(t, d.s, d.truth)
}

// round is one batch, what happens around it, and the questions.
func (d *trial) round(t *testing.T) {
	t.Helper()
	n := 1 + d.rng.IntN(250)
	if d.large {
		n *= 40
	}
	d.feed(t, d.mess.Batch(n))
	d.Batches++
	if d.plan.Merge != nil && d.rng.IntN(4) == 0 {
		d.plan.Merge(t, d.s, d.rng.IntN(2) == 0)
		d.Merges++
	}
	d.ask(t)
	if d.plan.Reopen == nil || d.rng.IntN(8) > 0 {
		return
	}
	d.Restarts++
	if d.rng.IntN(2) == 0 {
		d.s = d.plan.Reopen(t, d.s, d.windows)
	} else {
		d.windows = storage.Windows{"WA": time.Duration(1+d.rng.IntN(90)) * time.Hour}
		d.s = d.plan.Reopen(t, d.s, d.windows)
		d.truth = again(t, d.truth, d.plan.Trusted(t, d.windows), d.mess)
	}
	d.ask(t)
}

func (d *trial) ask(t *testing.T) {
	t.Helper()
	compareAnswers(t, d.s, d.truth, d.rng, questionsPer)
	d.Questions += 3*questionsPer + 1
}

// feed gives both stores a batch, as one import or as some Appends, while somebody merges and asks.
func (d *trial) feed(t *testing.T, batch []storage.Event) {
	t.Helper()
	d.Events += len(batch)
	defer d.meanwhile(t)()
	if _, ok := d.s.(storage.Importer); ok && d.rng.IntN(3) == 0 {
		d.Imports++
		seed := d.rng.Uint64()
		want, got := importedInParts(t, d.truth, batch, seed), importedInParts(t, d.s, batch, seed)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("receipts of an import differ (-truth +engine):\n%s", diff)
		}
		return
	}
	for len(batch) > 0 {
		n := min(len(batch), 1+d.rng.IntN(len(batch)))
		if diff := cmp.Diff(appended(t, d.truth, batch[:n]...), appended(t, d.s, batch[:n]...)); diff != "" {
			t.Errorf("receipts differ (-truth +engine):\n%s", diff)
		}
		batch = batch[n:]
	}
}

// meanwhile merges and asks, in some rounds, until the function it gives is called.
func (d *trial) meanwhile(t *testing.T) (stop func()) {
	if d.rng.IntN(3) > 0 {
		return func() {}
	}
	rng, done := rand.New(rand.NewPCG(d.rng.Uint64(), 0)), make(chan struct{})
	var all sync.WaitGroup
	loop := func(f func()) {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					f()
				}
			}
		})
	}
	s := d.s
	if d.plan.Merge != nil {
		merging := rand.New(rand.NewPCG(rng.Uint64(), 1))
		loop(func() { d.plan.Merge(t, s, merging.IntN(2) == 0) })
	}
	loop(func() {
		if err := readOnce(t, s, rng); err != nil {
			t.Error(err)
		}
	})
	return func() { close(done); all.Wait() }
}

// importedInParts is an import of events in several parts, with the rejects of all of them in its receipt.
func importedInParts(t *testing.T, s storage.Store, events []storage.Event, seed uint64) storage.Receipt {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	im := imported(t, s)
	var rejects []storage.Reject
	for at := 0; at < len(events); {
		n := 1 + rng.IntN(len(events)-at)
		for _, r := range added(t, im, events[at:at+n]...) {
			r.Index += at
			rejects = append(rejects, r)
		}
		at += n
	}
	r := committed(t, im)
	r.Rejected = rejects
	return r
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
	people := contactsOf(t, truth)
	for range questions {
		q := RandomQuestion(rng)
		p := q
		if len(people) > 0 && rng.IntN(6) == 0 { // each store has tokens of its own
			c := people[rng.IntN(len(people))]
			p.Where = append(slices.Clip(p.Where), storage.Condition{Field: "phone", Values: []string{"~" + tokenOf(t, truth, c)}})
			q.Where = append(slices.Clip(q.Where), storage.Condition{Field: "phone", Values: []string{"~" + tokenOf(t, s, c)}})
		}
		compareCounts(t, s, truth, q, p)
		compareSends(t, s, truth, q, p, storage.Order{Limit: rng.IntN(3) * rng.IntN(50), NewestFirst: rng.IntN(2) == 0})
		compareTimelines(t, s, truth, rng, people)
	}
	compareNames(t, s, truth, rng)
}

// contactsOf are contacts of a store's sends.
func contactsOf(t *testing.T, s storage.Store) []storage.Contact {
	t.Helper()
	seen := map[storage.Contact]bool{}
	var people []storage.Contact
	shown := storage.Question{Test: true, Scope: storage.Scope{Contacts: true}}
	for _, send := range listed(t, s, shown, storage.Order{Limit: 300, NewestFirst: true}) {
		if c := (storage.Contact{Channel: send.Channel, ID: send.Contact}); c.ID != "" && !seen[c] {
			seen[c] = true
			people = append(people, c)
		}
	}
	return people
}

// tokenOf is what stands for a contact in a store.
func tokenOf(t *testing.T, s storage.Store, c storage.Contact) string {
	t.Helper()
	q := storage.Question{
		Test: true, Scope: storage.Scope{Contacts: true},
		Where: []storage.Condition{{Field: "phone", Values: []string{c.ID}}},
	}
	for _, send := range listed(t, s, q, storage.Order{}) {
		if send.Contact == c.ID && send.Channel == c.Channel {
			return send.Token
		}
	}
	t.Errorf("no send of %+v", c)
	return ""
}

func compareCounts(t *testing.T, s, truth storage.Store, q, ofTruth storage.Question) {
	t.Helper()
	want, got := counted(t, truth, ofTruth), counted(t, s, q)
	if diff := cmp.Diff(want, got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
		t.Errorf("%+v: counts differ (-truth +engine):\n%s", q, diff)
	}
	checkSums(t, q, &got)
}

// compareSends compares rows but for the tokens, which each store makes with a secret of its own.
func compareSends(t *testing.T, s, truth storage.Store, q, ofTruth storage.Question, o storage.Order) {
	t.Helper()
	want, got := listed(t, truth, ofTruth, o), listed(t, s, q, o)
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

func compareTimelines(t *testing.T, s, truth storage.Store, rng *rand.Rand, people []storage.Contact) {
	t.Helper()
	var c storage.Contact
	if len(people) > 0 && rng.IntN(20) > 0 {
		c = people[rng.IntN(len(people))]
	}
	sees := randomScope(rng)
	ofTruth := c
	switch rng.IntN(3) {
	case 0:
		c.Channel, ofTruth.Channel = "", ""
	case 1:
		if c.ID != "" {
			ofTruth = storage.Contact{Channel: c.Channel, Token: tokenOf(t, truth, c)}
			c = storage.Contact{Channel: c.Channel, Token: tokenOf(t, s, c)}
		}
	}
	want, err := truth.Timeline(t.Context(), sees, ofTruth)
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
