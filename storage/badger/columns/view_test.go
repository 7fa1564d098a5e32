package columns

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"outboundbot/storage"
	"outboundbot/storage/storagetest"
)

// view splits the rows into segments, with rows among them that newer ones have replaced.
func (w *world) view(t testing.TB, rng *rand.Rand) *View {
	cache := NewCache(rng.IntN(1 << 20))
	type version struct {
		Row
		dead bool
	}
	versions := make([]version, 0, 2*len(w.rows))
	for _, r := range w.rows {
		versions = append(versions, version{r, false})
		if rng.IntN(4) == 0 {
			old := r
			old.Status, old.FlowEnd = storage.Pending, ""
			old.Campaign += " once"
			versions = append(versions, version{old, true})
		}
	}
	if rng.IntN(2) == 0 {
		rng.Shuffle(len(versions), func(i, j int) { versions[i], versions[j] = versions[j], versions[i] })
	} else {
		slices.SortFunc(versions, func(a, b version) int { return int(a.Time - b.Time) })
	}
	v := &View{First: w.first, Secret: w.secret, Contact: w.contact, Persons: w.personsOf}
	if rng.IntN(2) == 0 {
		for block := range slices.Chunk(w.first, 64) {
			v.Blocks = append(v.Blocks, BlockOf(block))
		}
	}
	if rng.IntN(2) == 0 {
		v.limits = &limits{grid: rng.IntN(200), table: rng.IntN(20), sets: rng.IntN(4), waits: rng.IntN(50), groups: rng.IntN(10)}
	}
	for len(versions) > 0 {
		n := 1 + rng.IntN(min(len(versions), 1+rng.IntN(400)))
		var rows []Row
		for _, x := range versions[:n] {
			rows = append(rows, x.Row)
		}
		part := Part{Segment: segment(t, rows, cache)}
		for _, x := range versions[:n] {
			if !x.dead {
				continue
			}
			at, ok, err := part.Find(&x.Row)
			if err != nil || !ok {
				t.Fatalf("Find: %v, %v", ok, err)
			}
			for at>>6 >= len(part.Dead) {
				part.Dead = append(part.Dead, 0)
			}
			part.Dead[at>>6] |= 1 << (at & 63)
		}
		versions = versions[n:]
		v.Parts = append(v.Parts, part)
	}
	return v
}

func (w *world) contact(person uint32) (string, error) { return w.persons[person].Contact, nil }

func (w *world) personsOf(c storage.Contact) (list []uint32, err error) {
	for person, s := range w.persons {
		token := storage.TokenOf(w.secret, s.Channel, s.Contact)
		if s.Contact != "" && (c.Token != "" && c.Token == token || c.Token == "" && storage.Digits(c.ID) == storage.Digits(s.Contact)) {
			list = append(list, uint32(person))
		}
	}
	return list, nil
}

// each gives copies of all sends, with the first success of their contact.
func (w *world) each(f func(s *storage.Send, first storage.Instant)) {
	for i, s := range w.sends {
		s.Token = storage.TokenOf(w.secret, s.Channel, s.Contact)
		f(&s, w.first[w.rows[i].Person])
	}
}

// question is random, sometimes about phones that are there.
func (w *world) question(rng *rand.Rand) storage.Question {
	q := storagetest.RandomQuestion(rng)
	if rng.IntN(5) == 0 {
		s := w.sends[rng.IntN(len(w.sends))]
		value := []string{s.Contact, "+" + s.Contact, "~" + storage.TokenOf(w.secret, s.Channel, s.Contact), "~", "", "nobody"}[rng.IntN(6)]
		q.Where = append(q.Where, storage.Condition{Field: "phone", Not: rng.IntN(3) == 0, Values: []string{value, "50490000001"}})
	}
	if zone, err := time.LoadLocation("Asia/Beirut"); err == nil && rng.IntN(6) == 0 {
		q.Zone = zone // where the clock goes back over midnight
	}
	if rng.IntN(4) == 0 && len(q.By) > 0 {
		q.By = append(q.By, q.By[0])
	}
	return q
}

const testSeeds = 40

func eachWorld(t *testing.T, f func(t *testing.T, rng *rand.Rand, w *world, v *View)) {
	for seed := range uint64(testSeeds) {
		rng := rand.New(rand.NewPCG(seed, 3))
		w := messyWorld(t, rng, 10+rng.IntN(1500))
		if len(w.rows) == 0 {
			continue
		}
		if f(t, rng, w, w.view(t, rng)); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestCount compares answers with those of a storage.Counter that looks at every row.
func TestCount(t *testing.T) {
	eachWorld(t, func(t *testing.T, rng *rand.Rand, w *world, v *View) {
		for range 50 {
			q := w.question(rng)
			c := storage.NewCounter(&q)
			w.each(c.Add)
			got, err := v.Count(t.Context(), &q)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Result(), got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
				t.Fatalf("%+v: counts differ (-truth +got):\n%s", q, diff)
			}
		}
	})
}

// TestNames compares lists with those of a storage.Names that looks at every row.
func TestNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, rng *rand.Rand, w *world, v *View) {
		for _, f := range storage.Fields {
			if !f.Group {
				continue
			}
			scope := storagetest.RandomQuestion(rng).Scope
			prefix := []string{"", "", "b", "S", "50", "+504"}[rng.IntN(6)]
			names, err := storage.NewNames(&storage.Question{Scope: scope}, f.Name, prefix)
			if err != nil {
				t.Fatal(err)
			}
			w.each(names.Add)
			got, err := v.Names(t.Context(), scope, f.Name, prefix)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(names.Result(), got); diff != "" {
				t.Fatalf("names of %s beginning with %q, %+v (-truth +got):\n%s", f.Name, prefix, scope, diff)
			}
		}
	})
}

// TestSends compares rows with those that a storage.Matcher lets through.
func TestSends(t *testing.T) {
	eachWorld(t, func(t *testing.T, rng *rand.Rand, w *world, v *View) {
		for range 25 {
			q := w.question(rng)
			order := storage.Order{Limit: rng.IntN(3) * rng.IntN(50), NewestFirst: rng.IntN(2) == 0}
			var got []storage.Send
			err := v.Sends(t.Context(), &q, order, func(s storage.Send, err error) bool {
				got = append(got, s)
				return err == nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(w.sorted(&q, order), got); diff != "" {
				t.Fatalf("%+v %+v: sends differ (-truth +got):\n%s", q, order, diff)
			}
		}
	})
}

func (w *world) sorted(q *storage.Question, order storage.Order) (found []storage.Send) {
	match := storage.NewMatcher(q)
	ids := map[string]string{} // as they are before they are veiled
	w.each(func(s *storage.Send, first storage.Instant) {
		if match.Match(s, first) {
			id := s.ID
			s.Show(q.Scope, w.secret)
			ids[s.ID] = id
			found = append(found, *s)
		}
	})
	slices.SortFunc(found, func(a, b storage.Send) int {
		return cmp2(int(a.Time-b.Time), strings.Compare(ids[a.ID], ids[b.ID]))
	})
	if order.Limit > 0 && len(found) > order.Limit {
		found = found[len(found)-order.Limit:]
	}
	if order.NewestFirst {
		slices.Reverse(found)
	}
	return found
}

func cmp2(first, second int) int {
	if first != 0 {
		return first
	}
	return second
}

// TestDataSet compares answers about a data set of real size, if there is one; see the benchmarks.
func TestDataSet(t *testing.T) {
	if os.Getenv(dataFolder) == "" {
		t.Skip(dataFolder + " is not set")
	}
	set, err := loadSet()
	if err != nil {
		t.Fatal(err)
	}
	v := set.view(t)
	for name, q := range benchQuestions(t) {
		c := storage.NewCounter(&q)
		for i := range v.Parts {
			err := v.Parts[i].All(nil, func(_ int, r *Row) error {
				r.Contact = strconv.Itoa(int(r.Person))
				c.Add(&r.Send, v.First[r.Person])
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := v.Count(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.Result(), got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
			t.Errorf("%s: counts differ (-truth +got):\n%.4000s", name, diff)
		}
	}
}

// TestConcurrent asks one view several questions at once.
func TestConcurrent(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 3))
	w := messyWorld(t, rng, 800)
	v := w.view(t, rng)
	var group sync.WaitGroup
	for seed := range uint64(4) {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 4))
			for range 20 {
				q := w.question(rng)
				c := storage.NewCounter(&q)
				w.each(c.Add)
				got, err := v.Count(t.Context(), &q)
				if err != nil || !cmp.Equal(c.Result(), got, cmp.Comparer(decimal.Decimal.Equal)) {
					t.Errorf("%+v: counts differ, %v", q, err)
				}
				err = v.Sends(t.Context(), &q, storage.Order{Limit: 10}, func(storage.Send, error) bool { return true })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}
