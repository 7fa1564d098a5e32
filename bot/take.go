package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"outboundbot/commands"
)

// errStopping: the bot shuts down; for platforms the same as busy.
var errStopping = fmt.Errorf("%w: the bot is being restarted", ErrBusy)

// job is a request that was taken.
type job struct {
	platform Platform
	req      commands.Request
	claim    *claim
	queued   time.Time
	answered time.Duration
	waited   time.Duration
}

// takenLease is how long a recorded trigger is expected to wait and be answered.
const takenLease = answerLongest + time.Minute

func triggerKey(platform, trigger string) string { return "trigger/" + platform + "/" + trigger }

// take is what platforms get as Take. The trigger is in State before it returns.
func (b *Bot) take(ctx context.Context, p Platform, req commands.Request) (fresh bool, err error) {
	if req.Trigger == "" {
		return false, errors.New("a request without a trigger cannot be told from its retry")
	}
	req.Platform = p.Name()
	if req.At.IsZero() {
		req.At = b.now()
	}
	key := triggerKey(req.Platform, req.Trigger)
	if full := b.gate.enter(b.backlog); full != nil {
		if _, err := b.ledger.find(ctx, key, triggerLife); err == nil {
			return false, nil // a retry need not be told to come again
		}
		return false, full
	}
	stored := b.discreet(ctx, req)
	c, err := b.ledger.claim(ctx, key, triggerLife, takenLease, &stored)
	if err != nil {
		b.gate.leave()
		if errors.Is(err, errTaken) {
			return false, nil
		}
		return false, fmt.Errorf("the request could not be recorded: %w", err)
	}
	b.queue <- &job{platform: p, req: req, claim: c, queued: time.Now()} // has room: the gate let no more in
	return true, nil
}

// defaultLifetime is how long a platform's response address lives if it does not say; lifetimeMargin is the part of
// it that an answer needs.
const (
	defaultLifetime = 15 * time.Minute
	lifetimeMargin  = time.Minute
)

// resume goes through the triggers that an earlier run left unfinished, the oldest first. One process owns a State's
// triggers, so what is unfinished now belongs to nobody: leases are not waited for, an asker is.
func (b *Bot) resume(ctx context.Context) {
	var left []*claim
	for v, err := range b.state.Scan(ctx, "trigger/") {
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			b.log.Error("unanswered requests could not be read", "err", err)
			break
		}
		c, err := b.ledger.open(v, triggerLife)
		if err != nil {
			b.log.Error("an unanswered request could not be read", "err", err)
			continue
		}
		if c.Request != nil && c.Owner != b.ledger.owner { // what is done has no request any more
			left = append(left, c)
		}
	}
	slices.SortStableFunc(left, func(x, y *claim) int { return cmp.Compare(x.Taken.UnixNano(), y.Taken.UnixNano()) })
	for _, c := range left {
		if err := b.resumeOne(ctx, c); err != nil && ctx.Err() == nil {
			b.log.Error("an unanswered request could not be resumed", "trigger", c.key, "err", err)
		}
	}
}

// resumeOne answers a trigger that was certainly not answered and whose asker can still be reached; else it says so,
// once, where that is possible.
func (b *Bot) resumeOne(ctx context.Context, c *claim) error {
	req := *c.Request
	p, ok := b.platforms[req.Platform]
	if !ok {
		return fmt.Errorf("platform %s is not connected", req.Platform)
	}
	young := b.now().Sub(c.Taken) < lifetime(p)-lifetimeMargin
	for b.gate.enter(b.backlog) != nil {
		if !sleep(ctx, b.stopping, time.Second) {
			return nil
		}
	}
	if young && c.Status == taken {
		if err := c.take(ctx, takenLease); err != nil {
			b.gate.leave()
			return err
		}
		b.queue <- &job{platform: p, req: req, claim: c, queued: time.Now()}
		return nil
	}
	// The outcome first: should the notice be lost in a crash, it is not repeated.
	wasPosting, outcome := c.Status == posting, "missed"
	if wasPosting {
		outcome = string(doubtful)
	}
	if err := c.done(ctx, outcome); err != nil {
		b.gate.leave()
		return err
	}
	b.log.Warn("a request was left by an earlier run", "id", req.Trigger, "platform", req.Platform, "command", verb(req.Text),
		"age", b.now().Sub(c.Taken).Round(time.Second), "maybe_answered", wasPosting)
	notice := b.missed(req)
	if wasPosting {
		notice = b.doubt(req)
	}
	b.tell(p, reach(req, young), notice, b.gate.leave)
	return nil
}

func lifetime(p Platform) time.Duration {
	if l, ok := p.(Lifetimer); ok {
		return l.Lifetime()
	}
	return defaultLifetime
}
