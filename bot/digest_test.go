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

func TestDigestWhereClocksChange(t *testing.T) {
	for _, test := range []struct{ zone, at, from, first string }{
		{"America/New_York", "daily 02:30", "2027-03-13T12:00:00Z", "2027-03-14T07:00:00Z"},
		{"America/New_York", "daily 01:30", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z"},
		{"Australia/Lord_Howe", "daily 01:45", "2026-04-04T00:00:00Z", "2026-04-04T14:45:00Z"},
	} {
		t.Run(test.zone+" "+test.at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, d := &chat{}, sales
				d.At, d.Zone = test.at, zone(t, test.zone)
				now := at(t, test.from)
				_, stop := start(t, digestConfig(now, newFake(c), d))
				for len(c.seen()) == 0 && now().Before(instant(t, test.first).Add(time.Hour)) {
					time.Sleep(time.Minute)
				}
				if late := now().Sub(instant(t, test.first)); late < 0 || late > time.Minute {
					t.Errorf("posted %s from its time", late)
				}
				time.Sleep(20 * time.Hour)
				stop()
				if len(c.seen()) != 1 {
					t.Errorf("seen %v", c.seen())
				}
			})
		})
	}
}

func TestTwoBotsPostOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chat{}
		cfg := digestConfig(at(t, "2026-11-20T08:00:00Z"), newFake(c), sales)
		_, stop1 := start(t, cfg)
		cfg.Platforms = []Platform{newFake(c)}
		_, stop2 := start(t, cfg)
		time.Sleep(10 * 24 * time.Hour)
		stop1()
		stop2()
		if n := len(c.seen()); n != 10 {
			t.Errorf("%d posts in 10 days", n)
		}
	})
}

// A process that ends at any moment of a slot leaves at most one post; exactly one where the platform can tell.
func TestCrashAtAnyMomentOfASlot(t *testing.T) {
	for _, finds := range []bool{false, true} {
		posts := map[int]int{}
		for after := range 10 {
			synctest.Test(t, func(t *testing.T) {
				c, dying := &chat{}, &cut{after: 1 << 30}
				platform := func(cut *cut) Platform {
					f := newFake(c)
					f.cut = cut
					if finds {
						return finding{f}
					}
					return f
				}
				cfg := digestConfig(at(t, "2026-11-20T08:59:30Z"), platform(dying), sales)
				whole := cfg.State
				cfg.State = cutState{whole, dying}
				_, stop := start(t, cfg)
				dying.in(after)
				time.Sleep(time.Minute)
				stop()

				cfg.State, cfg.Platforms = whole, []Platform{platform(nil)}
				_, stop = start(t, cfg)
				time.Sleep(20 * time.Minute)
				stop()
				n := len(c.seen())
				posts[n]++
				if n > 1 || (finds && n != 1) {
					t.Errorf("finds %v, cut after %d steps: %d posts", finds, after, n)
				}
			})
		}
		if !finds && posts[0] != 1 { // only the cut between intent and post
			t.Errorf("slots with no post, one post: %v", posts)
		}
	}
}

func TestLateSlots(t *testing.T) {
	for _, test := range []struct {
		name    string
		down    time.Duration // from 08:00
		skipped int
		want    string
	}{
		{"a minute", 61 * time.Minute, 0, "[Sales · answer to summary date:yesterday]"},
		{"two hours", 3 * time.Hour, 0, "[Sales · answer to summary date:yesterday · late, due 20 Nov 09:00]"},
		{"seven hours", 8 * time.Hour, 1, "[]"},
		{"three days and two hours", 75 * time.Hour, 3, "[Sales · answer to summary date:yesterday · late, due 23 Nov 09:00]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, log := &chat{}, &logged{}
				cfg := digestConfig(at(t, "2026-11-20T08:00:00Z"), newFake(c), sales)
				cfg.Log = log.logger()
				_, stop := start(t, cfg)
				stop()
				time.Sleep(test.down)
				for range 2 {
					cfg.Platforms = []Platform{newFake(c)}
					_, stop = start(t, cfg)
					time.Sleep(time.Hour)
					stop()
				}
				var titles []string
				for _, m := range c.seen() {
					titles = append(titles, m.title)
				}
				if got := fmt.Sprint(titles); got != test.want {
					t.Errorf("posted %s, want %s", got, test.want)
				}
				if n := strings.Count(log.String(), "skipped: too late"); n != test.skipped {
					t.Errorf("%d slots logged as skipped, want %d: %s", n, test.skipped, log)
				}
			})
		})
	}
}

func TestANewDigestHasNoPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chat{}
		cfg := digestConfig(at(t, "2026-11-20T11:00:00Z"), newFake(c), sales)
		_, stop := start(t, cfg)
		time.Sleep(time.Hour)
		stop()
		moved := sales
		moved.At = "daily 11:30"
		cfg.Platforms, cfg.Digests = []Platform{newFake(c)}, []Digest{moved}
		_, stop = start(t, cfg)
		time.Sleep(time.Hour)
		stop()
		if len(c.seen()) != 0 {
			t.Errorf("seen %v", c.seen())
		}
	})
}

func TestClockSetBackAndForth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, jump := &chat{}, atomic.Int64{}
		right := at(t, "2026-11-20T08:59:00Z")
		now := func() time.Time { return right().Add(time.Duration(jump.Load())) }
		_, stop := start(t, digestConfig(now, newFake(c), sales))
		time.Sleep(10 * time.Minute)      // 09:09, posted
		jump.Store(-int64(2 * time.Hour)) // 07:09
		time.Sleep(3 * time.Hour)         // 10:09
		if n := len(c.seen()); n != 1 {
			t.Errorf("clock set back: %d posts", n)
		}
		jump.Store(int64(30 * 24 * time.Hour)) // 20 December, 12:09
		time.Sleep(time.Hour)
		stop()
		if n := len(c.seen()); n != 2 || c.titled("late, due 20 Dec 09:00") != 1 {
			t.Errorf("clock set ahead by 30 days: %v", c.seen())
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
				case !strings.HasSuffix(req.Text, " format:xlsx"):
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

func TestDigestIntoA429IsPreparedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, runs := &chat{}, 0
		f := newFake(c)
		f.post = func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
			if try == 1 {
				return false, &Retry{After: 20 * time.Minute, Err: errors.New("429")}
			}
			return true, nil
		}
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
		f.post = func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
			if try == 1 {
				return false, &Retry{After: 20 * time.Minute, Err: errors.New("429")}
			}
			return true, nil
		}
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

// slow is a fake that can tell, and on which a post takes a while to show.
type slow struct{ finding }

func (s slow) Post(ctx context.Context, place commands.Place, reply commands.Reply) (Posted, error) {
	time.Sleep(50 * time.Second)
	return s.fake.Post(ctx, place, reply)
}

func TestAPostUnderWayIsLeftToItsBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chat{}
		cfg := digestConfig(at(t, "2026-11-20T08:59:00Z"), slow{finding{newFake(c)}}, sales)
		_, stop1 := start(t, cfg)
		cfg.Platforms = []Platform{slow{finding{newFake(c)}}}
		_, stop2 := start(t, cfg)
		time.Sleep(time.Hour)
		stop1()
		stop2()
		if len(c.seen()) != 1 {
			t.Errorf("seen %v", c.seen())
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
		if err := b.RunDigest(t.Context(), "Lost"); err == nil || b.Ready()["digest Lost"] == nil {
			t.Errorf("platform that is not there: %v, ready %v", err, b.Ready())
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
