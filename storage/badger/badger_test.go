package badger_test

import (
	"flag"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
	"outboundbot/storage/memory"
	"outboundbot/storage/storagetest"
)

var messyQuestions = flag.Int("messy.questions", 700, "random questions about random events in TestDifferential")

var messySeed = flag.Uint64("messy.seed", 1, "seed of TestDifferential")

func opened(t testing.TB, dir string, opts badger.Options) *badger.Engine {
	t.Helper()
	e, err := badger.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func inMemory(t *testing.T, w storage.Windows) storage.Store {
	return opened(t, "", badger.Options{Windows: w, InMemory: true})
}

func trusted(_ *testing.T, w storage.Windows) storage.Store { return memory.New(w) }

func TestEngine(t *testing.T) { storagetest.Run(t, inMemory) }

// onDisk remembers the folder of each store, to open it again.
type onDisk map[storage.Store]string

func (d onDisk) open(t *testing.T, w storage.Windows) storage.Store {
	dir := t.TempDir()
	s := opened(t, dir, badger.Options{Windows: w})
	d[s] = dir
	return s
}

func (d onDisk) reopen(t *testing.T, s storage.Store, w storage.Windows) storage.Store {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := opened(t, d[s], badger.Options{Windows: w})
	d[again] = d[s]
	return again
}

func TestDifferential(t *testing.T) {
	d, start := onDisk{}, time.Now()
	f := storagetest.Differential(t, storagetest.Trial{
		Seed: *messySeed, Questions: *messyQuestions, Open: d.open, Reopen: d.reopen, Trusted: trusted, Merge: merge,
	})
	t.Logf("seed %d: %d questions about %d events in %d worlds, %d batches (%d of them imports), %d merges and more meanwhile, %d restarts, %.0f s",
		*messySeed, f.Questions, f.Events, f.Worlds, f.Batches, f.Imports, f.Merges, f.Restarts, time.Since(start).Seconds())
}

// merge merges runs and segments, also such as are not due yet if all are to be.
func merge(t *testing.T, s storage.Store, all bool) {
	if err := s.(*badger.Engine).Merge(t.Context(), all); err != nil {
		t.Errorf("merging: %v", err)
	}
}

func TestState(t *testing.T) {
	engines := map[storage.State]*badger.Engine{}
	dirs := map[*badger.Engine]string{}
	open := func(t *testing.T, dir string, now func() time.Time) storage.State {
		e := opened(t, dir, badger.Options{Now: now})
		t.Cleanup(func() { e.Close() })
		s := e.State()
		engines[s], dirs[e] = e, dir
		return s
	}
	storagetest.RunState(t,
		func(t *testing.T, now func() time.Time) storage.State { return open(t, t.TempDir(), now) },
		func(t *testing.T, s storage.State, now func() time.Time) storage.State {
			e := engines[s]
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dirs[e], now)
		})
}
