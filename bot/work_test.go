package bot

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage/memory"
)

func TestRefusalIsToldToTheAsker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := &chat{}, &logged{}
		f := newFake(c)
		const fix = "Invite the bot to the channel."
		f.post = func(_ int, place commands.Place, _ commands.Reply) (bool, error) {
			if place.ID != "" {
				return false, &Refused{Fix: fix, Err: errors.New("not_in_channel")}
			}
			return true, nil
		}
		_, stop := start(t, Config{Platforms: []Platform{f}, Log: log.Logger()})
		mustAsk(t, f, "T1", "summary")
		stop()
		seen := c.seen()
		if len(seen) != 1 || seen[0].place != "respond-T1" || seen[0].note != fix || !seen[0].private {
			t.Errorf("seen %v", seen)
		}
		if lines := log.lines("request"); len(lines) != 1 || !strings.Contains(lines[0], fix) || !strings.Contains(lines[0], "outcome=refused") {
			t.Errorf("log %v", lines)
		}
	})
}

func TestPanicsBecomeReplies(t *testing.T) {
	for _, in := range []string{"answer", "post"} {
		t.Run(in, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, log := &chat{}, &logged{}
				f := newFake(c)
				answer := answering
				if in == "answer" {
					answer = func(context.Context, commands.Request, func(commands.Reply)) commands.Reply { panic("boom") }
				} else {
					f.post = func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
						if try == 1 {
							panic("boom")
						}
						return true, nil
					}
				}
				_, stop := start(t, Config{Answer: answer, Platforms: []Platform{f}, Log: log.Logger()})
				mustAsk(t, f, "T1", "summary")
				stop()
				seen := c.seen()
				if len(seen) != 1 || seen[0].title != "Something went wrong" {
					t.Fatalf("seen %v", seen)
				}
				_, reference, _ := strings.Cut(seen[0].note, "reference ")
				reference = strings.TrimSuffix(reference, ".")
				line := strings.Join(log.lines("request"), "")
				if len(reference) != 8 || !strings.Contains(line, "reference="+reference) || !strings.Contains(line, "boom") {
					t.Errorf("reference %q in log %s", reference, line)
				}
			})
		})
	}
}

func TestOneLogLineWithoutContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, log := newFake(&chat{}), &logged{}
		answer := func(_ context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
			r := commands.Reply{Card: reports.Card{Title: "x", Blocks: []reports.Block{reports.Table{Rows: make([][]reports.Entry, 3)}}}}
			if strings.HasPrefix(req.Text, "audit") {
				r.Card.Footer.Command = `/outbound audit contact:~K7 phone:"+57 300 123 4567" campaign:573001234567`
			}
			return r
		}
		_, stop := start(t, Config{Answer: answer, Platforms: []Platform{f}, Log: log.Logger()})
		mustAsk(t, f, "T1", "audit phone:+573001234567")
		mustAsk(t, f, "T2", "/outbound audit +573001234567")
		mustAsk(t, f, "T3", "Maria +573001234567")
		stop()
		if strings.Contains(log.String(), "1234567") || strings.Contains(log.String(), "123 4567") || strings.Contains(strings.ToLower(log.String()), "maria") {
			t.Errorf("a phone number is logged: %s", log)
		}
		lines := log.lines("request")
		if len(lines) != 3 {
			t.Fatalf("%d lines: %v", len(lines), lines)
		}
		all := strings.Join(lines, "")
		for _, want := range []string{"id=T1", "platform=fake", "audit contact:~K7", "command=audit", "queue_ms=0", "rows=3", "outcome=posted"} {
			if !strings.Contains(all, want) {
				t.Errorf("no %s in %s", want, all)
			}
		}
	})
}

func TestOnePlatformsFaultLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := &chat{}, &logged{}
		good, refused, shaky := newFake(c), newFake(c), newFake(c)
		refused.name, shaky.name = "refused", "shaky"
		refused.serve = func(context.Context) error { return errors.New("the token is not valid") }
		starts := 0
		shaky.serve = func(ctx context.Context) error {
			if starts++; starts < 3 {
				panic("nil map")
			}
			<-ctx.Done()
			return nil
		}
		b, stop := start(t, Config{Platforms: []Platform{good, refused, shaky}, Log: log.Logger()})
		if ready := b.Ready(); ready["fake"] != nil || ready["refused"] == nil || ready["shaky"] == nil {
			t.Errorf("ready %v", ready)
		}
		time.Sleep(10 * time.Second)
		mustAsk(t, good, "T1", "summary")
		mustAsk(t, shaky, "T1", "summary")
		time.Sleep(time.Minute)
		if ready := b.Ready(); ready["refused"] == nil || ready["shaky"] != nil {
			t.Errorf("ready %v", ready)
		}
		if err := b.Alive(); err != nil {
			t.Error(err)
		}
		stop()
		if n := strings.Count(log.String(), "the token is not valid"); n != 1 {
			t.Errorf("the fault is logged %d times: %s", n, log)
		}
		if n := c.titled("answer to"); n != 2 {
			t.Errorf("seen %v", c.seen())
		}
	})
}

func TestRunEndsWithItsPlatforms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(&chat{})
		f.serve = func(ctx context.Context) error {
			_, err := ask(t, f, "T1", "summary")
			return err
		}
		b := New(Config{Answer: answering, State: memory.NewState(nil), Platforms: []Platform{f}})
		if err := b.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if n := f.chat.titled("answer to"); n != 1 {
			t.Errorf("what was taken last is not answered: %v", f.chat.seen())
		}
	})
}

func TestRunGoesOnAfterAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends, faulty := newFake(&chat{}), newFake(&chat{})
		faulty.name = "faulty"
		ends.serve = func(context.Context) error { return nil }
		faulty.serve = func(context.Context) error { return errors.New("refused") }
		b, stop := start(t, Config{Platforms: []Platform{ends, faulty}})
		time.Sleep(time.Minute)
		if _, err := b.take(t.Context(), ends, commands.Request{Trigger: "T1"}); err != nil {
			t.Errorf("the bot ended, so that nobody sees the fault: %v", err)
		}
		stop()
	})
}

func TestShutdownFinishesOrKeeps(t *testing.T) {
	for _, test := range []struct {
		name  string
		work  time.Duration
		first int // answers before the restart
		most  time.Duration
	}{
		{"finished", 5 * time.Second, 1, 6 * time.Second},
		{"kept", time.Minute, 0, finishLimit},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, state := &chat{}, memory.NewState(nil)
				f := newFake(c)
				answer := func(ctx context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
					if !sleep(ctx, nil, test.work) {
						return commands.Reply{Card: reports.Card{Title: "cancelled"}, Err: ctx.Err()}
					}
					return answering(ctx, req, nil)
				}
				b, stop := start(t, Config{Answer: answer, State: state, Platforms: []Platform{f}, Workers: 1})
				mustAsk(t, f, "T1", "one")
				if took := stop(); took > test.most {
					t.Errorf("shutdown took %s", took)
				}
				if n := len(c.seen()); n != test.first {
					t.Errorf("before the restart: %v", c.seen())
				}
				if _, err := b.take(t.Context(), f, commands.Request{Trigger: "T9"}); !errors.Is(err, ErrBusy) {
					t.Errorf("take after the end: %v", err)
				}
				_, stop = start(t, Config{State: state, Platforms: []Platform{newFake(c)}})
				stop()
				if n := c.titled("answer to one"); n != 1 || len(c.seen()) != 1 {
					t.Errorf("after the restart: %v", c.seen())
				}
			})
		})
	}
}

func TestShutdownDoesNotWaitForAHangingAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, release, log := newFake(&chat{}), make(chan struct{}), &logged{}
		hang := func(context.Context, commands.Request, func(commands.Reply)) commands.Reply {
			<-release
			return commands.Reply{}
		}
		_, stop := start(t, Config{Answer: hang, Platforms: []Platform{f}, Log: log.Logger()})
		mustAsk(t, f, "T1", "a")
		if took := stop(); took > 20*time.Second {
			t.Errorf("shutdown took %s", took)
		}
		if !strings.Contains(log.String(), "some work did not stop") {
			t.Errorf("log %s", log)
		}
		close(release)
	})
}

func TestDoubtIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chat{}
		f := newFake(c)
		f.post = func(try int, _ commands.Place, _ commands.Reply) (bool, error) {
			if try == 1 {
				return false, &Retry{Doubtful: true, Err: errors.New("reset")}
			}
			return true, nil
		}
		_, stop := start(t, Config{Platforms: []Platform{f}})
		mustAsk(t, f, "T1", "/outbound summary channel:WA")
		stop()
		if seen := c.seen(); len(seen) != 1 || !strings.Contains(seen[0].note, "“summary”") {
			t.Errorf("seen %v", seen)
		}
	})
}

func TestShutdownKeepsWhatWaitsForAnotherTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, state := &chat{}, memory.NewState(nil)
		f := newFake(c)
		f.post = func(int, commands.Place, commands.Reply) (bool, error) {
			return false, &Retry{After: 2 * time.Minute, Err: errors.New("429")}
		}
		_, stop := start(t, Config{State: state, Platforms: []Platform{f}})
		mustAsk(t, f, "T1", "one")
		mustAsk(t, f, "T2", "two")
		time.Sleep(time.Second)
		if took := stop(); took > time.Second {
			t.Errorf("shutdown took %s", took)
		}
		if len(c.tries) != 1 {
			t.Errorf("%d tries inside the time to wait", len(c.tries))
		}
		_, stop = start(t, Config{State: state, Platforms: []Platform{newFake(c)}})
		stop()
		if c.titled("one") != 1 || c.titled("two") != 1 {
			t.Errorf("after the restart: %v", c.seen())
		}
	})
}

func TestAliveNoticesWorkersThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, release := newFake(&chat{}), make(chan struct{})
		hang := func(context.Context, commands.Request, func(commands.Reply)) commands.Reply {
			<-release
			return commands.Reply{}
		}
		b, stop := start(t, Config{Answer: hang, Platforms: []Platform{f}, Workers: 2})
		mustAsk(t, f, "T1", "a")
		time.Sleep(time.Hour)
		if err := b.Alive(); err != nil {
			t.Errorf("one of two hangs: %v", err)
		}
		mustAsk(t, f, "T2", "b")
		time.Sleep(time.Hour)
		if err := b.Alive(); err == nil {
			t.Error("alive with every worker hanging")
		}
		close(release)
		stop()
	})
}
