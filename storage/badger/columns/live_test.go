package columns

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"outboundbot/storage"
)

// TestDeadLater asks views in turn that differ only in which rows of a segment are dead: what is kept of one of them
// must not answer for another.
func TestDeadLater(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 3))
	w := messyWorld(t, rng, 900)
	part := Part{Segment: segment(t, w.rows, NewCache(1<<24))}
	dead := make([]bool, len(w.rows))
	type state struct {
		view *View
		dead []bool
	}
	var states []state
	for range 4 {
		v := &View{Parts: []Part{part}, First: w.first, Secret: w.secret, Contact: w.contact, Persons: w.personsOf}
		states = append(states, state{v, append([]bool(nil), dead...)})
		next := make([]uint64, (len(w.rows)+63)/64)
		copy(next, part.Dead)
		for range 60 {
			i := rng.IntN(len(w.rows))
			at, ok, err := part.Find(&w.rows[i])
			if err != nil || !ok {
				t.Fatalf("Find: %v, %v", ok, err)
			}
			next[at>>6] |= 1 << (at & 63)
			dead[i] = true
		}
		part.Dead = next
	}
	for n := range 60 {
		s := states[n%len(states)]
		q := storage.Question{By: []storage.Grouping{{"campaign"}, {"agent"}}[:n%3]}
		c := storage.NewCounter(&q)
		names, err := storage.NewNames(&storage.Question{}, "tag", "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range w.sends {
			if send := w.sends[i]; !s.dead[i] {
				c.Add(&send, w.first[w.rows[i].Person])
				names.Add(&send, w.first[w.rows[i].Person])
			}
		}
		got, err := s.view.Count(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.Result(), got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
			t.Fatalf("state %d: counts differ (-truth +got):\n%s", n%len(states), diff)
		}
		list, err := s.view.Names(t.Context(), storage.Scope{}, "tag", "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(names.Result(), list); diff != "" {
			t.Fatalf("state %d: names differ (-truth +got):\n%s", n%len(states), diff)
		}
	}
}
