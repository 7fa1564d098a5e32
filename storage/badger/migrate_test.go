package badger_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	plain "github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
	"outboundbot/storage/badger"
	"outboundbot/storage/badger/format1"
	"outboundbot/storage/badger/guard"
	"outboundbot/storage/memory"
	"outboundbot/storage/storagetest"
)

// The stores in testdata/format1 were written by the program that had format 1, a few events at a time, the later half
// first. Both have five values in the bot's memory, one of which has expired since, and three conflicts.
//
//	golden  the events of the golden set
//	long    four of them, and 360 sends of one contact, so that a component's lists go on in pages
func fromFormat1(t testing.TB, name string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata/format1", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// longEvents are those of the store "long".
func longEvents(t testing.TB) []storage.Event {
	events := storagetest.GoldenEvents(t)[:4]
	start := events[0].At
	for i := range 360 {
		at := start + storage.Instant(i*1000)
		message := fmt.Sprintf("many-message-%d", i)
		events = append(events, storage.Event{
			ID: fmt.Sprintf("many-%d", i), Type: storage.SendRequested, At: at, Send: fmt.Sprintf("many-send-%d", i), Message: message,
			Channel: "WA", Line: "1", Contact: "50490009999", Campaign: "Many", Template: "t" + strings.Repeat("é", i%40),
		}, storage.Event{
			ID: fmt.Sprintf("many-sent-%d", i), Type: storage.MessageSent, At: at + 10, Message: message, Channel: "WA",
		})
	}
	return events
}

func TestMigrate(t *testing.T) {
	for name, check := range map[string]func(*testing.T, *badger.Engine){"golden": checkGolden, "long": checkLong} {
		t.Run(name, func(t *testing.T) {
			dir := fromFormat1(t, name)
			done, all := 0, 0
			e := opened(t, dir, badger.Options{Progress: func(d, a int) { done, all = d, a }})
			m, ok := e.Migrated()
			stats, _ := e.Stats(bg)
			if !ok || m != (badger.Migration{From: 1, Events: stats.Events, Sends: stats.Sends}) || done != stats.Events || all != done {
				t.Errorf("%+v, %v, progress %d of %d; stats %+v", m, ok, done, all, stats)
			}
			check(t, e)
			checkCarried(t, e)
			e.Close()
			onlyStore(t, dir)
			e = opened(t, dir, badger.Options{})
			defer e.Close()
			if m, ok := e.Migrated(); ok {
				t.Errorf("opened again: %+v", m)
			}
			check(t, e)
			checkCarried(t, e)
		})
	}
}

// checkGolden compares answers with the golden ones.
func checkGolden(t *testing.T, e *badger.Engine) {
	t.Helper()
	storagetest.Golden(t).Check(t, e)
	r, err := e.Append(bg, storagetest.GoldenEvents(t))
	if err != nil || r.Accepted+r.Conflicts > 0 {
		t.Errorf("appending the events again: %+v, %v", r, err)
	}
}

// checkLong compares with a store in memory that got the same events.
func checkLong(t *testing.T, e *badger.Engine) {
	t.Helper()
	truth := memory.New(nil)
	events := longEvents(t)
	if _, err := truth.Append(bg, events); err != nil {
		t.Fatal(err)
	}
	q := storage.Question{By: []storage.Grouping{{"template"}}, Test: true}
	want, _ := truth.Count(bg, q)
	got, err := e.Count(bg, q)
	if err != nil || got.Total.N != want.Total.N || len(got.Groups[0]) != len(want.Groups[0]) {
		t.Errorf("%v, %v, want %v", got.Total.N, err, want.Total.N)
	}
	contact := storage.Contact{ID: "50490009999"}
	timeline, err := e.Timeline(bg, storage.Scope{Contacts: true}, contact)
	if err != nil || len(timeline) != 720 {
		t.Errorf("a timeline of %d events, %v", len(timeline), err)
	}
	if r, err := e.Append(bg, events); err != nil || r.Duplicates != len(events) {
		t.Errorf("appending the events again: %+v, %v", r, err)
	}
}

// checkCarried looks at what no event tells.
func checkCarried(t *testing.T, e *badger.Engine) {
	t.Helper()
	if stats, err := e.Stats(bg); err != nil || stats.Conflicts != 3 {
		t.Errorf("%+v, %v: want 3 conflicts", stats, err)
	}
	got := map[string]string{}
	for v, err := range e.State().Scan(bg, "") {
		if err != nil {
			t.Fatal(err)
		}
		got[v.Key] = string(v.Data)
	}
	want := map[string]string{"digest/morning": "2026-01-02", "trigger/1": "seen", "button/abc": strings.Repeat("summary ", 1000), "empty": ""}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the bot remembers %v", got)
	}
}

// onlyStore looks for anything that a conversion left behind.
func onlyStore(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "master.key store store.super" {
		t.Errorf("in the data folder: %s", got)
	}
}

// TestMigratedValuesExpire: what had a time to live keeps it.
func TestMigratedValuesExpire(t *testing.T) {
	dir := fromFormat1(t, "golden")
	for now, want := range map[string]error{"2126-01-01": storage.ErrNoValue, "2026-01-02": nil} {
		at, _ := time.Parse(time.DateOnly, now)
		e := opened(t, dir, badger.Options{Now: func() time.Time { return at }})
		if _, err := e.State().Get(bg, "trigger/1"); !errors.Is(err, want) {
			t.Errorf("on %s: %v", now, err)
		}
		e.Close()
		dir = fromFormat1(t, "golden")
	}
}

// convertAndDie converts a store and ends the process at a step.
func convertAndDie(dir string) int {
	die := os.Getenv(childStep)
	e, err := badger.Open(dir, badger.Options{Small: true}.WithStep(func(done string) {
		if die == "" {
			fmt.Println(done)
		}
		if done == die {
			os.Exit(7)
		}
	}))
	if errors.Is(err, storage.ErrLocked) {
		return 4
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	e.Close()
	return 0
}

// TestMigrateAtOnce starts several processes on a store: it is converted once, and who comes too early is told that it
// is in use.
func TestMigrateAtOnce(t *testing.T) {
	dir := fromFormat1(t, "golden")
	var all []*exec.Cmd
	for range 4 {
		cmd := child(t, "convert", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
		time.Sleep(30 * time.Millisecond)
	}
	for _, cmd := range all {
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 4) {
			t.Error(err)
		}
	}
	e := opened(t, dir, badger.Options{})
	checkGolden(t, e)
	checkCarried(t, e)
	e.Close()
	onlyStore(t, dir)
}

// TestMigrateKilled ends the process that converts at each step: the next one finishes.
func TestMigrateKilled(t *testing.T) {
	list, err := child(t, "convert", fromFormat1(t, "golden")).Output()
	if err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(strings.TrimSpace(string(list)), "\n")
	if len(steps) < 7 {
		t.Fatalf("only the steps %q", steps)
	}
	for i, step := range steps {
		t.Run(step, func(t *testing.T) {
			dir := fromFormat1(t, "golden")
			for _, die := range []string{step, steps[max(0, i-1)], step} { // again and again
				cmd := child(t, "convert", dir)
				cmd.Env = append(cmd.Env, childStep+"="+die)
				var exit *exec.ExitError
				if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 7) {
					t.Fatal(err)
				}
			}
			e := opened(t, dir, badger.Options{})
			checkGolden(t, e)
			checkCarried(t, e)
			e.Close()
			onlyStore(t, dir)
		})
	}
}

// TestMigrateGivenUp: one that is interrupted leaves the old store as it was.
func TestMigrateGivenUp(t *testing.T) {
	dir := fromFormat1(t, "golden")
	for _, at := range []string{"discarded", "events"} {
		ctx, cancel := context.WithCancel(bg)
		opts := badger.Options{Context: ctx}.WithStep(func(done string) {
			if done == at {
				cancel()
			}
		})
		if _, err := badger.Open(dir, opts); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted after %s: %v", at, err)
		}
		left, _ := filepath.Glob(dir + "?*")
		if len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	e := opened(t, dir, badger.Options{})
	defer e.Close()
	checkGolden(t, e)
}

// TestMigrateRefused: whatever stands in the way is told and nothing is touched.
func TestMigrateRefused(t *testing.T) {
	refused := func(t *testing.T, dir, says string) {
		t.Helper()
		_, err := badger.Open(dir, badger.Options{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	t.Run("in use", func(t *testing.T) {
		dir := fromFormat1(t, "golden")
		release, err := guard.Lock(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := badger.Open(dir, badger.Options{}); !errors.Is(err, storage.ErrLocked) {
			t.Errorf("%v", err)
		}
	})
	t.Run("being converted", func(t *testing.T) {
		dir := fromFormat1(t, "golden")
		release, err := guard.Lock(filepath.Dir(dir))
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := badger.Open(dir, badger.Options{}); !errors.Is(err, storage.ErrLocked) {
			t.Errorf("%v", err)
		}
	})
	t.Run("an older one is in the way", func(t *testing.T) {
		dir := fromFormat1(t, "golden")
		if err := os.Mkdir(dir+".format1", 0o700); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, "store.format1, where the old store is kept meanwhile, is there already")
	})
	t.Run("damaged", func(t *testing.T) {
		dir := fromFormat1(t, "golden")
		table := filepath.Join(dir, "000001.sst")
		b, _ := os.ReadFile(table)
		b[100] ^= 4
		os.WriteFile(table, b, 0o600)
		refused(t, dir, "damaged data table")
	})
}

// TestOlderPrograms: one that knows only format 1 refuses a store by the number it reads as its format, and we do not
// take our own for one of format 1 when its superblock is gone.
func TestOlderPrograms(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	e := opened(t, dir, badger.Options{})
	if _, err := e.Append(bg, campaign(0, 10)); err != nil {
		t.Fatal(err)
	}
	e.Close()
	if err := os.Remove(dir + ".super"); err != nil {
		t.Fatal(err)
	}
	db, err := plain.Open(plain.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(txn *plain.Txn) error {
		item, err := txn.Get([]byte("mformat"))
		if err != nil {
			return err
		}
		return item.Value(func(v []byte) error {
			if n := binary.BigEndian.Uint64(v); n <= 1 {
				t.Errorf("they read format %d", n)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	db.Close()
	if old, err := format1.Open(dir, nil); old != nil || err != nil {
		t.Errorf("%v, %v", old, err)
	}
	e = opened(t, dir, badger.Options{})
	defer e.Close()
	if stats, err := e.Stats(bg); err != nil || stats.Events != 10 {
		t.Errorf("%+v, %v", stats, err)
	}
}

// TestForeignLeftovers: an old store that this one was not made of is nobody's to remove.
func TestForeignLeftovers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.Mkdir(dir+".format1", 0o700); err != nil {
		t.Fatal(err)
	}
	opened(t, dir, badger.Options{}).Close()
	if _, err := os.Stat(dir + ".format1"); err != nil {
		t.Error(err)
	}
}

// TestMigrateSays: the log tells of a conversion.
func TestMigrateSays(t *testing.T) {
	r, w := io.Pipe()
	said := make(chan string)
	go func() {
		b, _ := io.ReadAll(bufio.NewReader(r))
		said <- string(b)
	}()
	log := slog.New(slog.NewTextHandler(w, nil))
	opened(t, fromFormat1(t, "golden"), badger.Options{Log: log}).Close()
	w.Close()
	if s := <-said; !strings.Contains(s, "converting the store") || !strings.Contains(s, "events=71") {
		t.Errorf("the log says %s", s)
	}
}
