package bot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/memory"
)

// box is an outbox alone, with what became of its parcels.
type box struct {
	*outbox
	c        *chat
	f        *fake
	state    storage.State
	outcomes chan delivery
}

func newBox(t *testing.T) *box {
	c := &chat{}
	return &box{
		outbox: newOutbox(t.Context(), make(chan struct{}), (&logged{}).Logger()), c: c, f: newFake(c),
		state: memory.NewState(time.Now), outcomes: make(chan delivery, 100),
	}
}

func (b *box) send(p Platform, place, title string) {
	l := &ledger{state: b.state, owner: "b", now: time.Now}
	c, err := l.claim(context.Background(), title, time.Hour, time.Minute, nil)
	if err != nil {
		panic(err) // of the test's own making
	}
	b.put(&parcel{
		platform: p, place: commands.Place{ID: place}, reply: commands.Reply{Mark: title, Card: reports.Card{Title: title}},
		claim: c, patience: 10 * time.Minute, finished: func(d delivery, _ time.Time) { b.outcomes <- d },
	})
}

func TestRetryAfterIsKeptAndOrderToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		begun := time.Now()
		b.f.post = func(try int, place commands.Place, _ commands.Reply) (bool, error) {
			if place.ID == "slow" && time.Since(begun) < 30*time.Second {
				return false, &Retry{After: 30 * time.Second, Err: errors.New("429")}
			}
			return true, nil
		}
		for _, title := range []string{"a", "b", "c"} {
			b.send(b.f, "slow", title)
		}
		b.send(b.f, "other", "x")
		for range 4 {
			if d := <-b.outcomes; d.outcome != posted {
				t.Errorf("outcome %v", d)
			}
		}
		var order []string
		for _, m := range b.c.seen() {
			order = append(order, m.title)
		}
		if got := strings.Join(order, ""); got != "xabc" {
			t.Errorf("order %s", got)
		}
		if len(b.c.tries) != 5 || b.c.tries[2].Sub(begun) != 30*time.Second {
			t.Errorf("tried at %v", b.c.tries)
		}
	})
}

func TestRetryAfterHoldsForTheNextReplyToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.f.post = busyFor(11 * time.Minute)
		b.send(b.f, "C", "a")
		if d := <-b.outcomes; d.outcome != gaveUp {
			t.Errorf("more than its patience: %v", d)
		}
		time.Sleep(5 * time.Minute)
		begun := time.Now()
		b.send(b.f, "C", "b")
		if d := <-b.outcomes; d.outcome != posted || time.Since(begun) != 6*time.Minute {
			t.Errorf("%v after %s", d, time.Since(begun))
		}
	})
}

func TestBackOffEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.f.post = func(int, commands.Place, commands.Reply) (bool, error) {
			return false, &Retry{Err: errors.New("503")}
		}
		begun := time.Now()
		b.send(b.f, "C", "a")
		d := <-b.outcomes
		if took := time.Since(begun); d.outcome != gaveUp || took > 10*time.Minute || took < 8*time.Minute {
			t.Errorf("%v after %s", d, took)
		}
		if n := len(b.c.tries); n < 10 || n > 40 {
			t.Errorf("%d tries in 10 minutes", n)
		}
	})
}

func TestDoubtIsNotSentTwice(t *testing.T) {
	doubt := &Retry{Doubtful: true, Err: errors.New("reset")}
	for _, test := range []struct {
		name     string
		finds    bool
		accepted bool
		err      error
		want     outcome
		messages int
	}{
		{"arrived, cannot tell", false, true, doubt, doubtful, 1},
		{"lost, cannot tell", false, false, doubt, doubtful, 0},
		{"arrived, can tell", true, true, doubt, posted, 1},
		{"lost, can tell", true, false, doubt, posted, 1},
		{"unknown error, cannot tell", false, true, errors.New("?"), doubtful, 1},
		{"unknown error, can tell", true, false, errors.New("?"), posted, 1},
		{"certainly lost", false, false, &Retry{Err: errors.New("refused connection")}, posted, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t)
				b.f.post = func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
					if try == 1 {
						return test.accepted, test.err
					}
					return true, nil
				}
				var p Platform = b.f
				if test.finds {
					p = finding{b.f}
				}
				b.send(p, "C", "a")
				if d := <-b.outcomes; d.outcome != test.want {
					t.Errorf("outcome %v, want %s", d, test.want)
				}
				if n := len(b.c.seen()); n != test.messages {
					t.Errorf("%d messages, want %d", n, test.messages)
				}
			})
		})
	}
}

// TestDoubtWithoutSight: a platform that drops second copies for a while is sent to again for so long, also when it
// cannot look; one that cannot look now is asked again.
func TestDoubtWithoutSight(t *testing.T) {
	doubt := &Retry{Doubtful: true, Once: 2 * time.Minute, Err: errors.New("502")}
	blind := &Refused{Fix: "Let the bot read the channel.", Err: errors.New("403")}
	for _, test := range []struct {
		name  string
		fails int // doubtful tries before one succeeds
		find  func(since time.Time) error
		want  outcome
		posts int
		fix   string
	}{
		{"blind, soon", 3, func(time.Time) error { return blind }, posted, 4, ""},
		{"blind, too long", 1000, func(time.Time) error { return blind }, doubtful, 0, blind.Fix},
		{"looks later", 1, func() func(time.Time) error {
			n := 0
			return func(time.Time) error {
				if n++; n < 8 {
					return &Retry{Err: errors.New("503")}
				}
				return nil
			}
		}(), posted, 2, ""},
		{"never sees", 1, func(time.Time) error { return &Retry{Err: errors.New("503")} }, doubtful, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, begun := newBox(t), time.Now()
				b.f.find = func(since time.Time) error {
					if since.Before(begun) || since.After(time.Now()) {
						t.Errorf("looks for posts since %s", since)
					}
					return test.find(since)
				}
				b.f.post = func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
					if try > test.fails {
						return true, nil
					}
					return false, doubt
				}
				b.send(finding{b.f}, "C", "a")
				d := <-b.outcomes
				if d.outcome != test.want || d.fix != test.fix || (test.posts > 0 && len(b.c.tries) != test.posts) {
					t.Errorf("%+v after %d posts", d, len(b.c.tries))
				}
				if last := b.c.tries[len(b.c.tries)-1].Sub(begun); last > doubt.Once && test.fails > 1 {
					t.Errorf("sent again after %s", last)
				}
			})
		})
	}
}

func TestFileIsRemovedWhateverHappens(t *testing.T) {
	for name, post := range map[string]func(int, commands.Place, commands.Reply) (bool, error){
		"posted":   nil,
		"refused":  func(int, commands.Place, commands.Reply) (bool, error) { return false, &Refused{Err: errors.New("no")} },
		"gave up":  func(int, commands.Place, commands.Reply) (bool, error) { return false, &Retry{After: time.Hour} },
		"doubtful": func(int, commands.Place, commands.Reply) (bool, error) { return false, &Retry{Doubtful: true} },
		"crashed":  func(int, commands.Place, commands.Reply) (bool, error) { panic("render") },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "spooled")
			if err := os.WriteFile(path, []byte("a,b\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := commands.FileAt(path, "audit.csv", "text/csv", 1)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t)
				b.f.post = post
				b.put(&parcel{
					platform: b.f, place: commands.Place{ID: "C"}, reply: commands.Reply{File: file}, patience: time.Minute,
					finished: func(d delivery, _ time.Time) { b.outcomes <- d },
				})
				if d := <-b.outcomes; string(d.outcome) != name {
					t.Errorf("outcome %s", d.outcome)
				}
			})
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the file is still there: %v", err)
			}
		})
	}
}

func TestPauseGrowsAndJitters(t *testing.T) {
	var first []time.Duration
	for range 20 {
		first = append(first, pause(nil, 1))
		for try, most := range map[int]time.Duration{1: time.Second, 3: 4 * time.Second, 9: time.Minute, 99: time.Minute} {
			if d := pause(nil, try); d < most/2 || d > most {
				t.Errorf("try %d: %s", try, d)
			}
		}
	}
	if len(slices.Compact(first)) < 2 {
		t.Error("no jitter")
	}
}
