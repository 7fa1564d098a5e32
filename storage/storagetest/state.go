package storagetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"outboundbot/storage"
)

// OpenState makes an empty State whose values expire by the given clock; the engine's test closes it.
type OpenState func(t *testing.T, now func() time.Time) storage.State

// ReopenState closes the State and opens it again; nil for engines that forget.
type ReopenState func(t *testing.T, s storage.State, now func() time.Time) storage.State

// RunState holds an engine to the contract of storage.State.
func RunState(t *testing.T, open OpenState, reopen ReopenState) {
	t.Run("versions", func(t *testing.T) { stateVersions(t, open(t, time.Now)) })
	t.Run("expiry", func(t *testing.T) { stateExpiry(t, open) })
	t.Run("scan", func(t *testing.T) { stateScan(t, open(t, time.Now)) })
	t.Run("copies", func(t *testing.T) { stateCopies(t, open(t, time.Now)) })
	t.Run("race", func(t *testing.T) { stateRace(t, open(t, time.Now)) })
	if reopen != nil {
		t.Run("durable", func(t *testing.T) { stateDurable(t, open, reopen) })
	}
}

func put(t *testing.T, s storage.State, key, data string, ttl time.Duration, ifVersion uint64) error {
	t.Helper()
	return s.Put(t.Context(), key, []byte(data), ttl, ifVersion)
}

// has is the value under a key, which must be there.
func has(t *testing.T, s storage.State, key, data string) storage.Value {
	t.Helper()
	v, err := s.Get(t.Context(), key)
	if err != nil || v.Key != key || string(v.Data) != data || v.Version == 0 {
		t.Errorf("%s: %+v, %v; want %q", key, v, err, data)
	}
	return v
}

func hasNot(t *testing.T, s storage.State, key string) {
	t.Helper()
	if v, err := s.Get(t.Context(), key); !errors.Is(err, storage.ErrNoValue) {
		t.Errorf("%s: %+v, %v; want ErrNoValue", key, v, err)
	}
}

func succeeds(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func conflicts(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, storage.ErrVersion) {
		t.Errorf("%s: %v, want ErrVersion", what, err)
	}
}

func stateVersions(t *testing.T, s storage.State) {
	hasNot(t, s, "k")
	conflicts(t, "a version of nothing", put(t, s, "k", "x", 0, 7))
	succeeds(t, "first", put(t, s, "k", "a", 0, 0))
	first := has(t, s, "k", "a")
	conflicts(t, "must not exist", put(t, s, "k", "x", 0, 0))
	succeeds(t, "by version", put(t, s, "k", "b", 0, first.Version))
	second := has(t, s, "k", "b")
	conflicts(t, "old version", put(t, s, "k", "x", 0, first.Version))
	succeeds(t, "any version", put(t, s, "k", "", 0, storage.AnyVersion))
	third := has(t, s, "k", "")
	if first.Version >= second.Version || second.Version >= third.Version {
		t.Errorf("versions do not grow: %d %d %d", first.Version, second.Version, third.Version)
	}
	succeeds(t, "delete", s.Delete(t.Context(), "k"))
	succeeds(t, "delete nothing", s.Delete(t.Context(), "k"))
	hasNot(t, s, "k")
	conflicts(t, "a version from before the delete", put(t, s, "k", "x", 0, third.Version))
	succeeds(t, "anew", put(t, s, "k", "c", 0, 0))
	if again := has(t, s, "k", "c"); again.Version <= third.Version {
		t.Errorf("version %d comes again after a delete: %d", third.Version, again.Version)
	}
	succeeds(t, "any version of nothing", put(t, s, "new", "d", 0, storage.AnyVersion))
	has(t, s, "new", "d")
}

// stateExpiry uses a clock far in the past, as a demonstration does.
func stateExpiry(t *testing.T, open OpenState) {
	var clock atomic.Int64
	clock.Store(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC).UnixMilli())
	s := open(t, func() time.Time { return time.UnixMilli(clock.Load()) })
	succeeds(t, "short", put(t, s, "short", "a", time.Minute, 0))
	succeeds(t, "long", put(t, s, "long", "b", time.Hour, 0))
	succeeds(t, "ever", put(t, s, "ever", "c", 0, 0))
	succeeds(t, "kept", put(t, s, "kept", "d", time.Minute, 0))
	succeeds(t, "kept for longer", put(t, s, "kept", "d", 0, storage.AnyVersion))
	clock.Add(time.Minute.Milliseconds() - 1)
	old := has(t, s, "short", "a")
	clock.Add(1)
	hasNot(t, s, "short")
	conflicts(t, "version of what has expired", put(t, s, "short", "x", 0, old.Version))
	if got := scanned(t, s, ""); got != "ever=c kept=d long=b" {
		t.Errorf("after a minute: %s", got)
	}
	succeeds(t, "anew", put(t, s, "short", "e", time.Second, 0))
	if v := has(t, s, "short", "e"); v.Version <= old.Version {
		t.Errorf("version %d after %d", v.Version, old.Version)
	}
	for i := range 200 { // enough for the engine to tidy up
		succeeds(t, "many", put(t, s, fmt.Sprint("many", i), "f", time.Second, 0))
	}
	clock.Add(time.Hour.Milliseconds())
	for i := range 200 {
		succeeds(t, "others", put(t, s, fmt.Sprint("others", i), "g", time.Second, 0))
	}
	clock.Add(time.Hour.Milliseconds())
	if got := scanned(t, s, ""); got != "ever=c kept=d" {
		t.Errorf("in the end: %s", got)
	}
}

func scanned(t *testing.T, s storage.State, prefix string) string {
	t.Helper()
	var all []string
	for v, err := range s.Scan(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		if w, err := s.Get(t.Context(), v.Key); err != nil || w.Version != v.Version { // readers may read on
			t.Errorf("%s: version %d in Scan, %d in Get, %v", v.Key, v.Version, w.Version, err)
		}
		all = append(all, v.Key+"="+string(v.Data))
	}
	return strings.Join(all, " ")
}

func stateScan(t *testing.T, s storage.State) {
	for _, key := range []string{"slot/b", "slot/a", "slot/é", "slots", "slot", "a", "slot/", "slot/B"} {
		succeeds(t, key, put(t, s, key, "1", 0, 0))
	}
	for prefix, want := range map[string]string{
		"slot/": "slot/=1 slot/B=1 slot/a=1 slot/b=1 slot/é=1",
		"":      "a=1 slot=1 slot/=1 slot/B=1 slot/a=1 slot/b=1 slot/é=1 slots=1",
		"none":  "",
	} {
		if got := scanned(t, s, prefix); got != want {
			t.Errorf("scan %q: %s, want %s", prefix, got, want)
		}
	}
	for v := range s.Scan(t.Context(), "slot/") { // what is scanned may be changed
		succeeds(t, "delete in a scan", s.Delete(t.Context(), v.Key))
	}
	if got := scanned(t, s, "slot"); got != "slot=1 slots=1" {
		t.Errorf("after deleting: %s", got)
	}
}

// stateCopies: what callers do with their bytes changes nothing.
func stateCopies(t *testing.T, s storage.State) {
	data := []byte("abc")
	succeeds(t, "put", s.Put(t.Context(), "k", data, 0, 0))
	data[0] = 'x'
	has(t, s, "k", "abc").Data[1] = 'x'
	for v := range s.Scan(t.Context(), "") {
		v.Data[2] = 'x'
	}
	has(t, s, "k", "abc")
}

// stateRace: of many that claim a key exactly one gets it, and no increment by version is lost.
func stateRace(t *testing.T, s storage.State) {
	const racers = 50
	var won atomic.Int32
	var wg sync.WaitGroup
	succeeds(t, "count", put(t, s, "count", "", 0, 0))
	for i := range racers {
		wg.Go(func() {
			switch err := put(t, s, "slot", fmt.Sprint(i), time.Hour, 0); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, storage.ErrVersion):
				t.Errorf("racer %d: %v", i, err)
			}
			for {
				v, err := s.Get(t.Context(), "count")
				if err != nil {
					t.Error(err)
					return
				}
				if err := put(t, s, "count", string(v.Data)+".", 0, v.Version); err == nil {
					return
				} else if !errors.Is(err, storage.ErrVersion) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d racers got the slot", won.Load())
	}
	has(t, s, "count", strings.Repeat(".", racers))
}

func stateDurable(t *testing.T, open OpenState, reopen ReopenState) {
	clock := time.Now()
	now := func() time.Time { return clock }
	s := open(t, now)
	succeeds(t, "put", put(t, s, "k", "a", 0, 0))
	succeeds(t, "short", put(t, s, "short", "b", time.Minute, 0))
	succeeds(t, "gone", put(t, s, "gone", "c", 0, 0))
	succeeds(t, "delete", s.Delete(t.Context(), "gone"))
	before := has(t, s, "k", "a")
	clock = clock.Add(2 * time.Minute)
	s = reopen(t, s, now)
	if after := has(t, s, "k", "a"); after.Version != before.Version {
		t.Errorf("version %d is %d after reopening", before.Version, after.Version)
	}
	hasNot(t, s, "short")
	hasNot(t, s, "gone")
	succeeds(t, "by version", put(t, s, "k", "d", 0, before.Version))
	if after := has(t, s, "k", "d"); after.Version <= before.Version {
		t.Errorf("version %d after %d", after.Version, before.Version)
	}
}
