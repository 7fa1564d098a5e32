package bot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
)

func TestLimits(t *testing.T) {
	const slow = "The answer took too long"
	for _, test := range []struct {
		name  string
		signs []time.Duration // work between signs of progress and after the last
		took  string
		title string
	}{
		{"quick", []time.Duration{50 * time.Second}, "50s", "done"},
		{"silent", []time.Duration{2 * time.Minute}, "1m0s", slow},
		{"export", []time.Duration{time.Second, 4 * time.Minute}, "4m1s", "done"},
		{"silent export", []time.Duration{time.Second, 6 * time.Minute}, "5m1s", slow},
		{"endless", []time.Duration{0, 4 * time.Minute, 4 * time.Minute, 4 * time.Minute, 4 * time.Minute}, "15m0s", slow},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &chat{}
				f := newFake(c)
				answer := func(ctx context.Context, _ commands.Request, progress func(commands.Reply)) commands.Reply {
					for i, work := range test.signs {
						if i > 0 {
							progress(commands.Reply{})
						}
						if !sleep(ctx, nil, work) {
							return commands.Reply{Card: reports.Card{Title: "cancelled"}, Err: ctx.Err()}
						}
					}
					return commands.Reply{Card: reports.Card{Title: "done"}}
				}
				_, stop := start(t, Config{Answer: answer, Platforms: []Platform{f}})
				begun := time.Now()
				mustAsk(t, f, "T1", "export")
				time.Sleep(time.Hour)
				stop()
				if n := c.titled(test.title); n != 1 || len(c.seen()) != 1 || c.tries[0].Sub(begun).String() != test.took {
					t.Errorf("seen %v after %s", c.seen(), c.tries[0].Sub(begun))
				}
			})
		})
	}
}

// showing is a fake that can show progress.
type showing struct {
	*fake
	shown []time.Time
}

func (s *showing) Progress(_ context.Context, place commands.Place, r commands.Reply) error {
	s.shown = append(s.shown, time.Now())
	return nil
}

func TestProgressIsShownNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &showing{fake: newFake(&chat{})}
		answer := func(ctx context.Context, req commands.Request, progress func(commands.Reply)) commands.Reply {
			for range 100 {
				time.Sleep(100 * time.Millisecond)
				progress(commands.Reply{})
			}
			return answering(ctx, req, nil)
		}
		_, stop := start(t, Config{Answer: answer, Platforms: []Platform{f}})
		mustAsk(t, f.fake, "T1", "export")
		stop()
		if len(f.shown) != 4 || f.shown[1].Sub(f.shown[0]) < progressEvery {
			t.Errorf("shown at %v", f.shown)
		}
	})
}

// TestLongExport: an export of many minutes brings its file, or one clear sentence when the platform does not take it.
func TestLongExport(t *testing.T) {
	for _, takes := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "spooled")
		if err := os.WriteFile(path, []byte("a,b\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			c := &chat{}
			f := newFake(c)
			f.post = func(_ int, _ commands.Place, r commands.Reply) (bool, error) {
				if r.File != nil && !takes {
					return false, &Retry{Err: errors.New("503")}
				}
				return true, nil
			}
			answer := func(_ context.Context, _ commands.Request, progress func(commands.Reply)) commands.Reply {
				for range 2 {
					progress(commands.Reply{})
					time.Sleep(4 * time.Minute)
				}
				file, err := commands.FileAt(path, "audit.csv", "text/csv", 1)
				return commands.Reply{Card: reports.Card{Title: "done"}, File: file, Err: err}
			}
			_, stop := start(t, Config{Answer: answer, Platforms: []Platform{f}})
			mustAsk(t, f, "T1", "audit format:csv")
			time.Sleep(time.Hour)
			stop()
			seen := c.seen()
			if len(seen) != 1 || seen[0].file != takes || strings.Contains(seen[0].note, "“audit”") == takes || seen[0].private == takes {
				t.Errorf("takes %v: seen %v", takes, seen)
			}
		})
	}
}
