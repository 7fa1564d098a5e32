package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"outboundbot/commands"
	"outboundbot/storage"
)

// Slots are posted once, across crashes, restarts, clock changes and two bots on one State. The ledger decides: a
// slot is named by its digest and its local civil time, and claimed there before anything is done for it.
//
// A timer only wakes the loop; a scheduler library would bring rules of its own for skipped and repeated hours
// and a clock of its own, while what is due follows from schedule, ledger and the time it is now, whenever we look.

const (
	watchEvery = 30 * time.Second // also the longest that a set clock or a suspend goes unnoticed
	markLate   = 5 * time.Minute  // posted later than this, a digest says so
	tooLate    = 6 * time.Hour    // later than this, it is skipped (CHAT 5)
	lookBack   = 7 * 24 * time.Hour
	slotLease  = 3 * time.Minute // longer than a card takes; another bot would at worst prepare it in vain
	lookAgain  = 5 * time.Minute // after an answer failed through our own fault

	digestPatience = 30 * time.Minute // how long the outbox tries to deliver a digest
)

func slotKey(d *plannedDigest, s Slot) string { return "slot/" + d.Name + "/" + s.Local }

// watchDigests looks for due slots until ctx ends.
func (b *Bot) watchDigests(ctx context.Context) {
	for _, d := range b.digests {
		if d.fault != nil {
			b.log.Error("a digest cannot be posted", "digest", d.Name, "err", d.fault)
		}
	}
	for {
		b.health.mu.Lock()
		b.health.beat = time.Now()
		b.health.mu.Unlock()
		wake := watchEvery
		for _, d := range b.digests {
			if d.fault != nil {
				continue
			}
			if _, err := safely(func() (struct{}, error) { return struct{}{}, b.lookAt(ctx, d) }); err != nil && ctx.Err() == nil {
				b.log.Error("due slots could not be read", "digest", d.Name, "err", err)
			}
			now := b.now()
			wake = min(wake, d.schedule.Next(now).At.Sub(now))
		}
		if !sleep(ctx, nil, wake) {
			return
		}
	}
}

// lookAt starts what is due of a digest.
func (b *Bot) lookAt(ctx context.Context, d *plannedDigest) error {
	now := b.now()
	if err := b.readSince(ctx, d, now); err != nil {
		return err
	}
	from := d.since
	if oldest := now.Add(-lookBack); from.Before(oldest) {
		from = oldest
	}
	for _, slot := range d.schedule.Slots(from, now) {
		if d.seen(slot) {
			continue
		}
		if err := b.lookAtSlot(ctx, d, slot, now); err != nil && !errors.Is(err, errTaken) {
			return fmt.Errorf("slot %s: %w", slot.Local, err)
		}
	}
	return nil
}

// since is what State remembers of a digest's schedule: slots from before it was known are not missed ones.
type since struct {
	At   string    `json:"at"`
	Zone string    `json:"zone"`
	From time.Time `json:"from"`
}

// readSince learns since when a digest has had its schedule. A digest that is new, or has a new schedule, begins now.
func (b *Bot) readSince(ctx context.Context, d *plannedDigest, now time.Time) error {
	if !d.since.IsZero() && !d.since.After(now) {
		return nil
	}
	key := "digest/" + d.Name
	v, err := b.state.Get(ctx, key)
	if err != nil && !errors.Is(err, storage.ErrNoValue) {
		return err
	}
	var known since
	if err == nil {
		if err := json.Unmarshal(v.Data, &known); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if known.At == d.At && known.Zone == d.Zone.String() && !known.From.After(now) {
		d.since = known.From
		return nil
	}
	data, err := json.Marshal(since{At: d.At, Zone: d.Zone.String(), From: now})
	if err != nil {
		return err
	}
	if err := b.state.Put(ctx, key, data, 0, v.Version); err != nil && !errors.Is(err, storage.ErrVersion) {
		return err
	}
	d.since = now
	return nil
}

// lookAtSlot claims a slot that is due and starts it.
func (b *Bot) lookAtSlot(ctx context.Context, d *plannedDigest, slot Slot, now time.Time) error {
	lateBy := now.Sub(slot.At)
	c, err := b.ledger.find(ctx, slotKey(d, slot), slotLife)
	switch {
	case errors.Is(err, storage.ErrNoValue):
		c, err = b.ledger.claim(ctx, slotKey(d, slot), slotLife, slotLease, nil)
	case err != nil:
	case c.Status == done:
		d.mark(slot, settled)
		return nil
	case c.underWay():
		return nil
	case c.Status == posting:
		return b.start(d, slot, func(then func(error)) { then(b.settleDoubt(d, slot, c)) })
	default: // claimed by a run that ended before it posted, or to be tried again
		err = c.take(ctx, slotLease)
	}
	if err != nil {
		return err
	}
	if lateBy > tooLate {
		b.logSlot(d, slot, commands.Reply{}, delivery{outcome: skippedLate}, time.Now())
		return c.done(ctx, string(skippedLate))
	}
	err = b.start(d, slot, func(then func(error)) { b.runSlot(d, slot, c, lateBy > markLate, then) })
	if err != nil {
		return c.take(ctx, 0) // a shutdown: whoever comes next need not wait
	}
	return nil
}

// start lets f work on a slot beside the loop, which leaves the slot alone until f calls then.
func (b *Bot) start(d *plannedDigest, slot Slot, f func(then func(error))) error {
	if err := b.gate.enter(0); err != nil {
		return err
	}
	d.mark(slot, running)
	go f(func(err error) {
		if err != nil {
			b.log.Debug("a slot is left open", "digest", d.Name, "slot", slot.Local, "err", err)
		}
		d.mark(slot, open)
		b.gate.leave()
	})
	return nil
}

// settleDoubt decides about a slot whose post was under way when its bot ended: only a platform that can tell that
// it is not there has it posted again.
func (b *Bot) settleDoubt(d *plannedDigest, slot Slot, c *claim) error {
	there, err := b.outbox.look(d.platform, d.place, c)
	outcome := posted
	switch {
	case err == nil && !there:
		return c.take(b.life, 0) // due again at the next look
	case err == nil:
	case !errors.Is(err, errCannotTell) && b.now().Sub(slot.At) < tooLate:
		b.log.Warn("digest", "name", d.Name, "slot", slot.Local, "outcome", "in doubt, looked for again", "err", err)
		return c.posting(b.life, lookAgain)
	default:
		outcome = doubtful
		b.log.Error("digest", "name", d.Name, "slot", slot.Local, "outcome", "not posted again: it may be there", "err", err)
	}
	return c.done(b.life, string(outcome))
}

// runSlot composes and posts a claimed slot and calls then with its error.
func (b *Bot) runSlot(d *plannedDigest, slot Slot, c *claim, late bool, then func(error)) {
	begun := time.Now()
	reply, err := b.compose(d, slot, late)
	if err != nil {
		if errors.Is(err, errEmpty) {
			b.logSlot(d, slot, reply, delivery{outcome: skippedEmpty}, begun)
			then(c.done(b.life, string(skippedEmpty)))
			return
		}
		b.logSlot(d, slot, reply, delivery{outcome: noAnswer, err: err}, begun)
		then(errors.Join(err, b.afterNoAnswer(c, err)))
		return
	}
	b.outbox.put(&parcel{
		platform: d.platform, place: d.place, reply: reply, claim: c, strict: true, patience: digestPatience,
		finished: func(f delivery, _ time.Time) {
			b.logSlot(d, slot, reply, f, begun)
			switch {
			case f.outcome == posted:
				then(nil)
			case f.err == nil:
				then(errStopping)
			default:
				then(fmt.Errorf("%s: %w", f.outcome, f.err))
			}
		},
	})
}

// afterNoAnswer leaves a slot to be tried again, unless its command is wrong, which no other try mends.
func (b *Bot) afterNoAnswer(c *claim, err error) error {
	var input *commands.InputError
	if errors.As(err, &input) || errors.Is(err, commands.ErrDenied) {
		return c.done(b.life, string(noAnswer))
	}
	wait := lookAgain
	if b.life.Err() != nil {
		wait = 0
	}
	return c.take(b.life, wait)
}

// logSlot writes the one line of a slot.
func (b *Bot) logSlot(d *plannedDigest, slot Slot, reply commands.Reply, f delivery, begun time.Time) {
	rows, bytes := sizes(reply)
	attrs := []slog.Attr{
		slog.String("name", d.Name), slog.String("slot", slot.Local), slog.String("outcome", string(f.outcome)),
		slog.String("command", masked(reply.Card.Footer.Command)), slog.Int64("ms", time.Since(begun).Milliseconds()),
		slog.Int64("rows", rows), slog.Int64("bytes", bytes),
	}
	if f.err != nil {
		attrs = append(attrs, slog.Any("err", f.err), slog.String("fix", f.fix))
		attrs = append(attrs, stackOf(f.err)...)
	}
	b.log.LogAttrs(context.Background(), f.outcome.level(), "digest", attrs...)
}
