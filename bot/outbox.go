package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"outboundbot/commands"
)

// outbox delivers replies: one at a time and in order to each place, with retries. It never sends inside the time
// that a platform asked it to wait, and never sends again what may have arrived unless the platform can tell that it
// did not, or drops a second copy itself.
type outbox struct {
	life     context.Context // of the tries
	stopping <-chan struct{} // closed: do not wait for another try
	log      *slog.Logger
	mu       sync.Mutex
	lanes    map[string]*lane
}

// lane is the queue of one place.
type lane struct {
	waiting []*parcel
	busy    bool      // a goroutine is at it
	free    time.Time // nothing is sent before
}

// parcel is a reply on its way.
type parcel struct {
	platform Platform
	place    commands.Place
	reply    commands.Reply
	claim    *claim                    // where the intent and the outcome are written down; nil for a mere notice
	strict   bool                      // not to be sent if the intent cannot be written down
	patience time.Duration             // how long to keep trying
	finished func(delivery, time.Time) // called once, with the time of the first try
	doubt    *doubt                    // a try that may have arrived; nil for none
}

// doubt is what is known of a try that may have arrived.
type doubt struct {
	err  error
	safe time.Time // until then the platform drops a second copy
}

// delivery is what became of a parcel.
type delivery struct {
	outcome outcome
	err     error
	fix     string // of a refusal, or what would let the platform tell
}

type outcome string

const (
	posted   outcome = "posted"
	refused  outcome = "refused"  // the platform will not take it
	gaveUp   outcome = "gave up"  // certainly not there, and no more patience
	doubtful outcome = "doubtful" // may be there or not, and nobody can tell
	crashed  outcome = "crashed"  // the platform's code panicked
	ceded    outcome = "ceded"    // another bot on the same State has it
	kept     outcome = "kept"     // not sent, and left in State for the next start

	// Of digests alone.
	noAnswer     outcome = "no answer"
	skippedEmpty outcome = "skipped: empty"
	skippedLate  outcome = "skipped: too late"
)

// level is how loudly an outcome is logged.
func (o outcome) level() slog.Level {
	switch o {
	case posted, skippedEmpty:
		return slog.LevelInfo
	case ceded, kept, skippedLate:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

const (
	postLimit = time.Minute     // of one try
	fileLimit = 5 * time.Minute // of one try with a file
	findLimit = 15 * time.Second
)

func newOutbox(life context.Context, stopping <-chan struct{}, log *slog.Logger) *outbox {
	return &outbox{life: life, stopping: stopping, log: log, lanes: map[string]*lane{}}
}

// put queues a parcel for its place and returns at once.
func (o *outbox) put(p *parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, l := range o.lanes {
		if !l.busy && time.Now().After(l.free) {
			delete(o.lanes, key)
		}
	}
	key := p.platform.Name() + "/" + cmp.Or(p.place.ID, p.place.Respond, p.place.User)
	l := o.lanes[key]
	if l == nil {
		l = &lane{}
		o.lanes[key] = l
	}
	l.waiting = append(l.waiting, p)
	if !l.busy {
		l.busy = true
		go o.run(l)
	}
}

func (o *outbox) run(l *lane) {
	for {
		o.mu.Lock()
		if len(l.waiting) == 0 {
			l.busy = false
			o.mu.Unlock()
			return
		}
		p := l.waiting[0]
		l.waiting = l.waiting[1:]
		o.mu.Unlock()

		begun := time.Now()
		d := o.deliver(p, l)
		o.settle(p, d)
		p.finished(d, begun)
	}
}

// deliver tries until the parcel is there, is refused, is in doubt for good, or patience ends.
func (o *outbox) deliver(p *parcel, l *lane) delivery {
	begun := time.Now()
	for try := 1; ; try++ {
		if o.life.Err() != nil {
			return delivery{outcome: kept}
		}
		if wait := time.Until(l.free); wait > 0 {
			if time.Since(begun)+wait > p.patience {
				return p.unposted(fmt.Errorf("the platform asks to wait %s more", wait.Round(time.Second)))
			}
			if !sleep(o.life, o.stopping, wait) {
				return delivery{outcome: kept}
			}
		}
		d, err := o.step(p)
		if err == nil {
			return d
		}
		l.free = time.Now().Add(pause(err, try))
		if err := p.rest(time.Until(l.free)); errors.Is(err, errTaken) {
			return delivery{outcome: ceded, err: err}
		}
		if time.Until(l.free)+time.Since(begun) > p.patience {
			return p.unposted(err)
		}
	}
}

// step looks for a parcel in doubt and posts it if it is not there. It returns what became of it, or the error after
// which another step makes sense.
func (o *outbox) step(p *parcel) (d delivery, later error) {
	if p.doubt != nil {
		there, err := o.look(p.platform, p.place, p.claim)
		switch {
		case there:
			return delivery{outcome: posted}, nil
		case errors.Is(err, errCannotTell) && !time.Now().Before(p.doubt.safe):
			return p.unposted(err), nil
		case err != nil && !errors.Is(err, errCannotTell):
			return delivery{}, err
		}
	}
	err := p.intend()
	switch {
	case errors.Is(err, errTaken):
		return delivery{outcome: ceded, err: err}, nil
	case err != nil && p.strict:
		return delivery{outcome: kept, err: err}, nil
	}
	tried := time.Now()
	if err = o.try(p); err == nil {
		return delivery{outcome: posted}, nil
	}
	return o.judge(p, err, tried)
}

// judge says what became of a parcel after a failed try, or returns the error if another step makes sense.
func (o *outbox) judge(p *parcel, err error, tried time.Time) (d delivery, later error) {
	var no *Refused
	var retry *Retry
	var panicked *panicError
	switch {
	case errors.As(err, &no):
		return delivery{outcome: refused, err: err, fix: no.Fix}, nil
	case errors.As(err, &panicked):
		return delivery{outcome: crashed, err: err}, nil
	case errors.As(err, &retry) && !retry.Doubtful:
		return delivery{}, err
	}
	if p.doubt == nil {
		p.doubt = &doubt{err: err, safe: tried}
		if retry != nil {
			p.doubt.safe = tried.Add(retry.Once)
		}
	}
	if _, ok := finder(p.platform, p.place, p.claim); !ok && !time.Now().Before(p.doubt.safe) {
		return p.unposted(errCannotTell), nil
	}
	return delivery{}, err
}

// unposted is the outcome of a parcel that is given up: certainly not there, unless it is in doubt.
func (p *parcel) unposted(err error) delivery {
	if p.doubt == nil {
		return delivery{outcome: gaveUp, err: err}
	}
	d := delivery{outcome: doubtful, err: errors.Join(p.doubt.err, err)}
	var no *Refused
	if errors.As(err, &no) {
		d.fix = no.Fix
	}
	return d
}

// errCannotTell: the platform has no way to look for this message.
var errCannotTell = errors.New("the platform cannot tell whether it arrived")

// finder is the platform if it can look for what was posted under a claim. The answer of one request is not looked
// for: only its asker may see it.
func finder(p Platform, place commands.Place, c *claim) (Finder, bool) {
	f, ok := p.(Finder)
	return f, ok && c != nil && place.Respond == ""
}

// look asks once whether what was posted under a claim is there; errCannotTell if that will not become known.
func (o *outbox) look(p Platform, place commands.Place, c *claim) (there bool, err error) {
	f, ok := finder(p, place, c)
	if !ok {
		return false, errCannotTell
	}
	there, err = safely(func() (bool, error) {
		ctx, cancel := context.WithTimeout(o.life, findLimit)
		defer cancel()
		return f.Find(ctx, place, c.key, c.Taken)
	})
	var no *Refused
	if errors.As(err, &no) {
		err = errors.Join(errCannotTell, err)
	}
	return there, err
}

// try posts once.
func (o *outbox) try(p *parcel) error {
	ctx, cancel := context.WithTimeout(o.life, p.limit())
	defer cancel()
	_, err := safely(func() (Posted, error) { return p.platform.Post(ctx, p.place, p.reply) })
	return err
}

// settle writes down the outcome, unless the parcel is to be found unfinished, and removes the file.
func (o *outbox) settle(p *parcel, d delivery) {
	if p.reply.File != nil {
		if err := p.reply.File.Close(); err != nil {
			o.log.Warn("an export file could not be removed", "err", err)
		}
	}
	unfinished := d.outcome == ceded || d.outcome == kept || (d.outcome == doubtful && o.life.Err() != nil)
	if p.claim == nil || unfinished {
		return
	}
	if err := p.claim.done(o.life, string(d.outcome)); err != nil {
		o.log.Error("an outcome could not be written down", "key", p.claim.key, "outcome", d.outcome, "err", err)
	}
}

func (p *parcel) limit() time.Duration {
	if p.reply.File != nil {
		return fileLimit
	}
	return postLimit
}

// intend writes down that a try begins.
func (p *parcel) intend() error {
	if p.claim == nil {
		return nil
	}
	return p.claim.posting(context.Background(), p.limit()+time.Minute)
}

// rest writes down that another try follows: the last one certainly failed, or is in doubt and stays so.
func (p *parcel) rest(wait time.Duration) error {
	switch {
	case p.claim == nil:
		return nil
	case p.doubt != nil:
		return p.claim.posting(context.Background(), wait+time.Minute)
	default:
		return p.claim.take(context.Background(), wait+time.Minute)
	}
}

// pause is how long to wait before another try: what the platform asks for, else a jittered time that doubles from
// one second up to a minute.
func pause(err error, try int) time.Duration {
	var later *Retry
	if errors.As(err, &later) && later.After > 0 {
		return later.After
	}
	d := min(time.Second<<min(try-1, 6), time.Minute)
	return d/2 + rand.N(d/2)
}

// panicError is a panic of a platform or of an answer.
type panicError struct {
	value string
	stack string
}

func (e *panicError) Error() string { return "panic: " + e.value }

// safely turns a panic of f into an error.
func safely[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{value: fmt.Sprint(r), stack: string(debug.Stack())}
		}
	}()
	return f()
}
