package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outboundbot/commands"
	"outboundbot/storage/memory"
)

func TestARetryGetsNoSecondAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chat{}
		f, state := newFake(c), memory.NewState(nil)
		_, stop := start(t, Config{State: state, Platforms: []Platform{f}})
		mustAsk(t, f, "T1", "summary")
		if fresh, err := ask(t, f, "T1", "summary"); fresh || err != nil {
			t.Errorf("at once again: fresh %v, error %v", fresh, err)
		}
		time.Sleep(61 * time.Minute)
		if fresh, err := ask(t, f, "T1", "summary"); fresh || err != nil {
			t.Errorf("an hour later: fresh %v, error %v", fresh, err)
		}
		stop()

		f = newFake(c)
		_, stop = start(t, Config{State: state, Platforms: []Platform{f}})
		if fresh, err := ask(t, f, "T1", "summary"); fresh || err != nil {
			t.Errorf("after a restart: fresh %v, error %v", fresh, err)
		}
		stop()
		if n := c.titled("answer to summary"); n != 1 {
			t.Errorf("%d answers: %v", n, c.seen())
		}
	})
}

func TestFullQueueRecordsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, state, release := newFake(&chat{}), memory.NewState(nil), make(chan struct{})
		slow := func(ctx context.Context, req commands.Request, p func(commands.Reply)) commands.Reply {
			<-release
			return answering(ctx, req, p)
		}
		b, stop := start(t, Config{Answer: slow, State: state, Platforms: []Platform{f}, Backlog: 2, Workers: 1})
		mustAsk(t, f, "T1", "one")
		mustAsk(t, f, "T2", "two")
		if _, err := ask(t, f, "T3", "three"); !errors.Is(err, ErrBusy) {
			t.Errorf("third of two: %v", err)
		}
		if b.Ready()["requests"] == nil {
			t.Error("ready for requests with a full queue")
		}
		if fresh, err := ask(t, f, "T1", "one"); fresh || err != nil {
			t.Errorf("a retry into the full queue: fresh %v, error %v", fresh, err)
		}
		close(release)
		synctest.Wait()
		mustAsk(t, f, "T3", "three")
		stop()
		if got := fmt.Sprint(f.chat.titled("one"), f.chat.titled("two"), f.chat.titled("three")); got != "1 1 1" {
			t.Errorf("answers %s: %v", got, f.chat.seen())
		}
	})
}

// A process that ends at any moment leaves each asker with an answer or a word about it, and never with two answers.
func TestCrashAtAnyMomentOfARequest(t *testing.T) {
	told := map[string]int{}
	for after := range 12 {
		synctest.Test(t, func(t *testing.T) {
			c, state := &chat{}, memory.NewState(nil)
			first := newFake(c)
			dying := &cut{after: 1 << 30}
			first.cut = dying
			_, stop := start(t, Config{State: cutState{state, dying}, Platforms: []Platform{first}})
			dying.in(after)
			fresh, err := ask(t, first, "T1", "summary")
			synctest.Wait()
			stop()

			second := newFake(c)
			_, stop = start(t, Config{State: state, Platforms: []Platform{second}})
			time.Sleep(time.Minute)
			stop()
			answers, notices := c.titled("answer to"), c.titled("may be missing")
			if acknowledged := fresh && err == nil; answers > 1 || (acknowledged && answers+notices == 0) {
				t.Errorf("cut after %d steps: acknowledged %v, %d answers, %d notices", after, acknowledged, answers, notices)
			}
			told[fmt.Sprint(answers, notices)]++
		})
	}
	// Answered by the second, never left the first, arrived before the cut, and finished.
	for _, want := range []string{"0 0", "1 0", "0 1", "1 1"} {
		if told[want] == 0 {
			t.Errorf("no cut left %s answers and notices: %v", want, told)
		}
	}
}

func TestOldRequestsGetAnApology(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, state := &chat{}, memory.NewState(nil)
		old := &ledger{state: state, owner: "earlier", now: time.Now}
		for _, trigger := range []string{"T1", "T2"} {
			req := &commands.Request{
				Platform: "fake", Trigger: trigger, Text: "audit +573001234567",
				Place: commands.Place{ID: "C1", Private: trigger == "T1", Respond: "gone"},
			}
			if trigger == "T1" {
				req.User = "U1"
			}
			if _, err := old.claim(t.Context(), triggerKey("fake", trigger), triggerLife, time.Hour, req); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(45 * time.Minute)
		log := &logged{}
		for range 2 { // the apology is not repeated
			_, stop := start(t, Config{State: state, Platforms: []Platform{newFake(c)}, Log: log.Logger()})
			stop()
		}
		seen := c.seen()
		if len(seen) != 1 || seen[0].place != "direct U1" || !strings.Contains(seen[0].note, "“audit”") {
			t.Errorf("seen %v", seen)
		}
		if strings.Contains(log.String(), "573001234567") {
			t.Errorf("a phone number is logged: %s", log)
		}
		for v, err := range state.Scan(t.Context(), "trigger/") {
			if err != nil || strings.Contains(string(v.Data), "573001234567") {
				t.Errorf("a finished record still has the request: %s %v", v.Data, err)
			}
		}
	})
}

func TestYoungRequestsAreAnsweredAfterARestart(t *testing.T) {
	for _, test := range []struct {
		life, age time.Duration
		answers   int
	}{
		{30 * time.Minute, 20 * time.Minute, 1},
		{15 * time.Minute, 20 * time.Minute, 0},
		{0, time.Second, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, state := &chat{}, memory.NewState(nil)
			old := &ledger{state: state, owner: "earlier", now: time.Now}
			req := &commands.Request{Platform: "fake", Trigger: "T1", Text: "summary", Place: commands.Place{Respond: "r"}}
			if _, err := old.claim(t.Context(), triggerKey("fake", "T1"), triggerLife, time.Hour, req); err != nil {
				t.Fatal(err)
			}
			time.Sleep(test.age)
			f := newFake(c)
			f.life = test.life
			_, stop := start(t, Config{State: state, Platforms: []Platform{f}})
			stop()
			if n := c.titled("answer to"); n != test.answers {
				t.Errorf("life %s, age %s: %d answers", test.life, test.age, n)
			}
		})
	}
}

func TestTheOldestIsResumedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, state := &chat{}, memory.NewState(nil)
		old := &ledger{state: state, owner: "earlier", now: time.Now}
		for _, trigger := range []string{"T3", "T1", "T2"} {
			req := &commands.Request{Platform: "fake", Trigger: trigger, Text: trigger, Place: commands.Place{ID: "C1", Respond: "r"}}
			if _, err := old.claim(t.Context(), triggerKey("fake", trigger), triggerLife, time.Hour, req); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		_, stop := start(t, Config{State: state, Platforms: []Platform{newFake(c)}, Workers: 1})
		stop()
		var order []string
		for _, m := range c.seen() {
			order = append(order, strings.TrimPrefix(m.title, "answer to "))
		}
		if got := strings.Join(order, " "); got != "T3 T1 T2" {
			t.Errorf("order %s", got)
		}
	})
}

func TestOfTwoOneGoesOn(t *testing.T) {
	state := memory.NewState(nil)
	first, second := &ledger{state: state, owner: "a", now: time.Now}, &ledger{state: state, owner: "b", now: time.Now}
	c1, err := first.claim(t.Context(), "k", time.Hour, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.claim(t.Context(), "k", time.Hour, time.Minute, nil); !errors.Is(err, errTaken) {
		t.Errorf("claimed twice: %v", err)
	}
	c2, err := second.find(t.Context(), "k", time.Hour)
	if err != nil || !c2.underWay() {
		t.Fatalf("under way %v, error %v", c2.underWay(), err)
	}
	if err := c2.take(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := c1.posting(t.Context(), time.Minute); !errors.Is(err, errTaken) {
		t.Errorf("the first goes on after the second took over: %v", err)
	}
	for range 2 {
		if err := c2.posting(t.Context(), time.Minute); err != nil {
			t.Errorf("the second: %v", err)
		}
	}
}
