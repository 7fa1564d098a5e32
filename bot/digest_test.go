package bot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage/memory"
)

// Bubbles begin at midnight UTC of 1 January 2000, a Saturday; clocks are moved to the days of interest.
func at(t *testing.T, when string) func() time.Time {
	offset := time.Until(instant(t, when))
	return func() time.Time { return time.Now().Add(offset) }
}

var sales = Digest{Name: "Sales", At: "daily 09:00", Zone: time.UTC, Post: "fake:C1", Command: "summary date:yesterday"}

func digestConfig(now func() time.Time, p Platform, d Digest) Config {
	return Config{Now: now, State: memory.NewState(now), Platforms: []Platform{p}, Digests: []Digest{d}}
}

func TestDigestIsPostedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chat{}
		var asked []commands.Request
		cfg := digestConfig(at(t, "2026-11-20T08:59:00Z"), newFake(c), sales)
		cfg.Answer = func(ctx context.Context, req commands.Request, p func(commands.Reply)) commands.Reply {
			asked = append(asked, req)
			return answering(ctx, req, p)
		}
		_, stop := start(t, cfg)
		time.Sleep(49 * time.Hour)
		stop()
		if n := c.titled("Sales · answer to summary date:yesterday"); n != 3 || len(c.seen()) != 3 {
			t.Errorf("seen %v", c.seen())
		}
		m, req := c.seen()[0], asked[0]
		if m.private || m.place != "C1" || m.mark != "slot/Sales/2026-11-20T09:00" || strings.Contains(m.title, "late") {
			t.Errorf("message %+v", m)
		}
		if req.Local || req.Place.Private || req.User != "" || req.At.UTC() != instant(t, "2026-11-20T09:00:00Z") {
			t.Errorf("request %+v", req)
		}
	})
}

func TestEmptyDigests(t *testing.T) {
	for empty, want := range map[string]string{"": "[full]", "post": "[full]", "skip": "[]", "note": "[No sends in this range.]"} {
		t.Run(empty, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, d := &chat{}, sales
				d.Empty = empty
				cfg := digestConfig(at(t, "2026-11-20T08:59:00Z"), newFake(c), d)
				cfg.Answer = func(context.Context, commands.Request, func(commands.Reply)) commands.Reply {
					return commands.Reply{Empty: true, Card: reports.Card{Title: "x", Blocks: []reports.Block{reports.Note{Text: "full"}}}}
				}
				_, stop := start(t, cfg)
				time.Sleep(time.Hour)
				stop()
				var notes []string
				for _, m := range c.seen() {
					notes = append(notes, m.note)
				}
				if got := fmt.Sprint(notes); got != want {
					t.Errorf("posted %s, want %s", got, want)
				}
			})
		})
	}
}

func TestDigestWithAFile(t *testing.T) {
	for _, works := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "spooled")
		if err := os.WriteFile(path, []byte("PK"), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			c, d := &chat{}, sales
			d.Format = "xlsx"
			cfg := digestConfig(at(t, "2026-11-20T08:59:00Z"), newFake(c), d)
			cfg.Answer = func(_ context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
				r := commands.Reply{Card: reports.Card{Title: req.Text}}
				switch {
				case req.Format != d.Format:
				case works:
					r.File, r.Err = commands.FileAt(path, "summary.xlsx", "application/x", 3)
				default:
					r.Err = errors.New("disk full")
				}
				return r
			}
			_, stop := start(t, cfg)
			time.Sleep(time.Hour)
			stop()
			seen := c.seen()
			if len(seen) != 1 || seen[0].file != works || seen[0].title != "Sales · summary date:yesterday" || (seen[0].note == "") != works {
				t.Errorf("works %v: seen %v", works, seen)
			}
		})
		if _, err := os.Stat(path); works && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file is still there: %v", err)
		}
	}
}

func TestDigestThatFails(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		runs int // within two hours
		want int
	}{
		{"our fault, mended", &commands.InternalError{ID: "1", Err: errors.New("busy")}, 4, 1},
		{"wrong command", &commands.InputError{Msg: "no such key"}, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, runs := &chat{}, 0
				cfg := digestConfig(at(t, "2026-11-20T08:59:00Z"), newFake(c), sales)
				cfg.Answer = func(ctx context.Context, req commands.Request, p func(commands.Reply)) commands.Reply {
					if runs++; runs < 4 {
						return commands.Reply{Err: test.err}
					}
					return answering(ctx, req, p)
				}
				_, stop := start(t, cfg)
				time.Sleep(2 * time.Hour)
				stop()
				if runs != test.runs || len(c.seen()) != test.want {
					t.Errorf("%d runs, seen %v", runs, c.seen())
				}
			})
		})
	}
}

// busyFor refuses the first post for a time.
func busyFor(d time.Duration) func(int, commands.Place, commands.Reply) (bool, error) {
	return func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
		if try == 1 {
			return false, &Retry{After: d, Err: errors.New("429")}
		}
		return true, nil
	}
}

func TestDigestIntoA429IsPreparedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, runs := &chat{}, 0
		f := newFake(c)
		f.post = busyFor(20 * time.Minute)
		cfg := digestConfig(at(t, "2026-11-20T08:59:00Z"), f, sales)
		cfg.Answer = func(ctx context.Context, req commands.Request, p func(commands.Reply)) commands.Reply {
			runs++
			return answering(ctx, req, p)
		}
		_, stop := start(t, cfg)
		time.Sleep(2 * time.Hour)
		stop()
		if len(c.seen()) != 1 || len(c.tries) != 2 || runs != 1 || c.tries[1].Sub(c.tries[0]) != 20*time.Minute {
			t.Errorf("%d runs, tried at %v, seen %v", runs, c.tries, c.seen())
		}
	})
}

func TestADigestThatWaitsForItsPlaceIsPreparedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, runs := &chat{}, atomic.Int64{}
		f := newFake(c)
		f.post = busyFor(20 * time.Minute)
		cfg := digestConfig(at(t, "2026-11-20T08:59:00Z"), f, sales)
		service := sales
		service.Name = "Service"
		cfg.Digests = append(cfg.Digests, service)
		cfg.Answer = func(ctx context.Context, req commands.Request, p func(commands.Reply)) commands.Reply {
			runs.Add(1)
			return answering(ctx, req, p)
		}
		_, stop := start(t, cfg)
		time.Sleep(2 * time.Hour)
		stop()
		if len(c.seen()) != 2 || len(c.tries) != 3 || runs.Load() != 2 {
			t.Errorf("%d runs, tried at %v, seen %v", runs.Load(), c.tries, c.seen())
		}
	})
}

func TestRunDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chat{}
		cfg := digestConfig(at(t, "2026-11-20T11:00:00Z"), newFake(c), sales)
		cfg.Answer = answering
		cfg.Digests = append(cfg.Digests, Digest{Name: "Lost", At: "daily 09:00", Post: "elsewhere:C1"})
		b := New(cfg)
		for range 2 { // each run is a slot of its own
			if err := b.RunDigest(t.Context(), "Sales"); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
		if n := c.titled("Sales · "); n != 2 {
			t.Errorf("seen %v", c.seen())
		}
		if err := b.RunDigest(t.Context(), "Salse"); err == nil || !strings.Contains(err.Error(), "Sales, Lost") {
			t.Errorf("unknown name: %v", err)
		}
		if err := b.RunDigest(t.Context(), "Lost"); err == nil || b.Digests()["Lost"] == nil {
			t.Errorf("platform that is not there: %v, digests %v", err, b.Digests())
		}
	})
}

func TestDigestCheck(t *testing.T) {
	for _, test := range []struct {
		change func(*Digest)
		want   string
	}{
		{func(*Digest) {}, ""},
		{func(d *Digest) { d.At = "sometimes" }, "no schedule"},
		{func(d *Digest) { d.Post = "C1" }, "no destination"},
		{func(d *Digest) { d.Empty = "no" }, "post, skip or note"},
	} {
		d := sales
		test.change(&d)
		if err := d.Check(); (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
