package bot

import (
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
)

// box is an outbox alone, with what became of its parcels.
type box struct {
	*outbox
	c        *chat
	f        *fake
	outcomes chan delivery
}

func newBox(t *testing.T) *box {
	c := &chat{}
	return &box{outbox: newOutbox(t.Context(), make(chan struct{}), (&logged{}).logger()), c: c, f: newFake(c), outcomes: make(chan delivery, 100)}
}

func (b *box) send(p Platform, place, title string) {
	b.put(&parcel{
		platform: p, place: commands.Place{ID: place}, reply: commands.Reply{Mark: title, Card: reports.Card{Title: title}},
		patience: 10 * time.Minute, finished: func(d delivery, _ time.Time) { b.outcomes <- d },
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
		b.f.post = func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
			if try == 1 {
				return false, &Retry{After: 11 * time.Minute, Err: errors.New("429")}
			}
			return true, nil
		}
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
