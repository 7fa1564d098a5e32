package columns

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"outboundbot/storage"
	"outboundbot/storage/storagetest"
)

// world is random rows, and all that a view has to know about them.
type world struct {
	sends   []storage.Send // whole, with contact
	rows    []Row
	persons []storage.Send // one send of each person
	first   []storage.Instant
	secret  []byte
}

func messyWorld(t testing.TB, rng *rand.Rand, events int) *world {
	m := storagetest.NewMess(rng, 5+rng.IntN(40))
	var good []storage.Event
	seen := map[string]bool{}
	m.Batch(events)
	for _, e := range m.Events() {
		if err := e.Normalize(); err == nil && !seen[e.ID] {
			seen[e.ID] = true
			good = append(good, e)
		}
	}
	var sends []storage.Send
	for _, line := range storage.Join(good).Timelines {
		sends = append(sends, line.Fold(nil)...)
	}
	return worldOf(t, sends)
}

func worldOf(_ testing.TB, sends []storage.Send) *world {
	w := &world{sends: sends, secret: []byte("secret")}
	person := map[string]uint32{}
	for _, s := range sends {
		p, ok := person[s.ContactKey()]
		if !ok {
			p = uint32(len(w.persons))
			person[s.ContactKey()] = p
			w.persons = append(w.persons, s)
			w.first = append(w.first, 0)
		}
		if s.Status == storage.Successful && !s.Test && (w.first[p] == 0 || s.Time < w.first[p]) {
			w.first[p] = s.Time
		}
		s.Contact = ""
		w.rows = append(w.rows, Row{Send: s, Person: p})
	}
	return w
}

// segment encodes rows and opens them again.
func segment(t testing.TB, rows []Row, cache *Cache) *Segment {
	t.Helper()
	e, err := Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(func(column int) ([]byte, error) { return e.Values[column], nil }, cache)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows() != e.Rows || s.first != e.First || s.last != e.Last {
		t.Fatalf("header: %d rows from %s to %s, want %d, %s, %s", s.Rows(), s.first, s.last, e.Rows, e.First, e.Last)
	}
	return s
}

func byOrder(a, b Row) int {
	if c := keyOf(&a).compare(keyOf(&b)); c != 0 {
		return c
	}
	if a.Time != b.Time {
		return int(a.Time - b.Time)
	}
	return bytes.Compare([]byte(a.ID), []byte(b.ID))
}

// TestRoundTrip finds all rows again as they were.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := messyWorld(t, rng, 10+rng.IntN(2000))
		if len(w.rows) == 0 {
			continue
		}
		strange(rng, w.rows)
		s := segment(t, w.rows, NewCache(rng.IntN(1<<20)))
		want := slices.Clone(w.rows)
		slices.SortFunc(want, byOrder)
		err := s.All(nil, func(i int, r *Row) error {
			if !reflect.DeepEqual(*r, want[i]) {
				return fmt.Errorf("row %d: got %+v, want %+v", i, *r, want[i])
			}
			return nil
		})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := range want {
			if at, ok, err := s.Find(&want[i]); err != nil || !ok || at != i {
				t.Fatalf("seed %d: row %d found at %d, %v, %v", seed, i, at, ok, err)
			}
			other := want[i]
			other.Person += 1 << 20
			if _, ok, err := s.Find(&other); err != nil || ok {
				t.Fatalf("seed %d: found a row that is not there, %v", seed, err)
			}
		}
	}
}

// strange writes ids and amounts in other ways.
func strange(rng *rand.Rand, rows []Row) {
	ids := rng.IntN(4)
	for i := range rows {
		r := &rows[i]
		switch ids {
		case 0:
			r.ID = fmt.Sprint(1_000_000_000 + i*3 + rng.IntN(2))
		case 1:
			r.ID = fmt.Sprintf("%016x", rng.Uint64())
			r.Conversation = ""
		case 2:
			r.Conversation = fmt.Sprint(rng.IntN(1 << 30))
		}
		for k := range r.Tags {
			if rng.IntN(3) == 0 {
				r.Tags[k].Value = []string{"1e3", "+5", "007", "-0.50", ".5", "12345678901234567890.123", "0", "-0", "99999999999.99"}[rng.IntN(9)]
			}
		}
	}
}
