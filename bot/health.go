package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"outboundbot/commands"
)

// health is what Ready and Alive tell.
type health struct {
	mu    sync.Mutex
	links map[string]error // why a platform does not serve; nil while it does
	beat  time.Time        // of the loop that watches digests; zero before it runs
}

func (h *health) set(platform string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.links == nil {
		h.links = map[string]error{}
	}
	h.links[platform] = err
}

// errNotStarted: Run has not come to this part yet.
var errNotStarted = errors.New("not started")

// Digests says of each digest why it cannot be posted, or nil.
func (b *Bot) Digests() map[string]error {
	faults := map[string]error{}
	for _, d := range b.digests {
		faults[d.Name] = d.fault
	}
	return faults
}

// Ready says of each part why it cannot do its work now, or nil: every platform by its name, and "requests" for the
// queue.
func (b *Bot) Ready() map[string]error {
	parts := map[string]error{"requests": nil}
	if b.gate.inside() >= b.backlog {
		parts["requests"] = ErrBusy
	}
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	for name, p := range b.platforms {
		err, started := b.health.links[name]
		if !started {
			err = errNotStarted
		}
		if r, ok := p.(Readier); ok && err == nil {
			err = r.Ready()
		}
		parts[name] = err
	}
	return parts
}

// stuckAfter is how much longer than its limit an answer may take before its worker counts as lost.
const stuckAfter = time.Minute

// Alive fails only where a restart helps: when the loop that watches digests stands still, or when every worker
// hangs in an answer that does not heed its deadline.
func (b *Bot) Alive() error {
	b.health.mu.Lock()
	beat := b.health.beat
	b.health.mu.Unlock()
	if age := time.Since(beat); !beat.IsZero() && age > watchEvery+time.Minute {
		return fmt.Errorf("the digest loop has stood still for %s", age.Round(time.Second))
	}
	for i := range b.workers {
		begun := b.workers[i].busySince.Load()
		if begun == 0 || time.Since(time.UnixMilli(begun)) < answerLongest+stuckAfter {
			return nil
		}
	}
	return errors.New("every worker hangs in an answer")
}

// OffError: no platform could even be started, as with refused tokens. Each fault says what to do.
type OffError struct{ Faults []error }

func (e *OffError) Error() string   { return errors.Join(e.Faults...).Error() }
func (e *OffError) Unwrap() []error { return e.Faults }

// startLimit is how long after the start the end of all platforms is taken for a wrong set-up, which whoever started
// the bot must hear of. Later on it stays up: events still come in.
const startLimit = time.Minute

// serve keeps every platform up. The channel gets nil when all have ended by themselves without a fault, and what is
// wrong when all were refused at the start.
func (b *Bot) serve(ctx context.Context, loops *sync.WaitGroup) <-chan error {
	ended := make(chan error, 1)
	left, begun := len(b.order), time.Now()
	var faults []error
	var mu sync.Mutex
	for _, p := range b.order {
		loops.Go(func() {
			err := b.supervise(ctx, p)
			mu.Lock()
			defer mu.Unlock()
			left--
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", p.Name(), err))
			}
			switch {
			case left > 0:
			case len(faults) == 0:
				ended <- nil
			case len(faults) == len(b.order) && time.Since(begun) < startLimit:
				ended <- &OffError{faults}
			}
		})
	}
	return ended
}

// supervise runs one platform: a panic starts it again after a pause, an error ends it, since a platform mends by
// itself what a reconnect mends. Others go on either way.
func (b *Bot) supervise(ctx context.Context, p Platform) error {
	name := p.Name()
	take := func(ctx context.Context, req commands.Request) (bool, error) { return b.take(ctx, p, req) }
	for try := 1; ; try++ {
		b.health.set(name, nil)
		begun := time.Now()
		_, err := safely(func() (struct{}, error) { return struct{}{}, p.Serve(ctx, take) })
		if ctx.Err() != nil {
			return nil
		}
		var panicked *panicError
		if !errors.As(err, &panicked) {
			b.health.set(name, err)
			if err != nil {
				b.log.Error("platform is off until the next start", "platform", name, "err", err)
			}
			return err
		}
		b.health.set(name, err)
		b.log.Error("platform crashed and is started again", "platform", name, "err", err, "stack", panicked.stack)
		if time.Since(begun) > time.Hour {
			try = 1
		}
		if !sleep(ctx, nil, pause(nil, try)) {
			return nil
		}
	}
}
