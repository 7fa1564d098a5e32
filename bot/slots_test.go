package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outboundbot/commands"
)

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

// A post that was accepted and then denied is not posted again by the next start, however early that comes.
func TestCrashWhileInDoubt(t *testing.T) {
	for _, blind := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c, log := &chat{}, &logged{}
			f := newFake(c)
			f.post = func(int, commands.Place, commands.Reply) (bool, error) {
				return true, &Retry{Doubtful: true, Once: 2 * time.Minute, After: time.Minute, Err: errors.New("502")}
			}
			cfg := digestConfig(at(t, "2026-11-20T08:59:30Z"), finding{f}, sales)
			cfg.Log = log.Logger()
			_, stop := start(t, cfg)
			time.Sleep(40 * time.Second) // it waits for another try
			stop()
			next := newFake(c)
			if blind {
				next.find = func(time.Time) error { return &Refused{Fix: "Let the bot read.", Err: errors.New("403")} }
			}
			cfg.Platforms = []Platform{finding{next}}
			_, stop = start(t, cfg)
			time.Sleep(20 * time.Minute)
			stop()
			if len(c.seen()) != 1 {
				t.Errorf("blind %v: seen %v", blind, c.seen())
			}
			if said := strings.Contains(log.String(), "Let the bot read."); said != blind {
				t.Errorf("blind %v: log %s", blind, log)
			}
		})
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
				cfg.Log = log.Logger()
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
