package bot

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

// Config is what a bot is made of. Answer and State must be given.
type Config struct {
	Answer commands.Answer
	// Discreet makes a request fit to be stored: without phones. nil stores it as it came.
	Discreet  func(ctx context.Context, req commands.Request) commands.Request
	State     storage.State
	Platforms []Platform
	Digests   []Digest
	Now       func() time.Time  // the clock of questions and schedules; nil for the wall clock
	Log       *slog.Logger      // nil for none
	Workers   int               // requests answered at a time; 0 for 4
	Backlog   int               // requests taken and not yet delivered, more get ErrBusy; 0 for 256
	Lang      *reports.Language // of digests, and of people whose locale is unknown; nil for the default
}

// Bot takes requests from platforms, answers them, delivers the replies and posts digests. Make one with [New]; it
// runs once.
type Bot struct {
	answer    commands.Answer
	discreet  func(ctx context.Context, req commands.Request) commands.Request
	ledger    *ledger
	state     storage.State
	platforms map[string]Platform
	order     []Platform
	digests   []*plannedDigest
	now       func() time.Time
	log       *slog.Logger
	lang      *reports.Language

	gate     gate
	backlog  int
	queue    chan *job
	workers  []worker
	outbox   *outbox
	health   health
	life     context.Context // of answers and posts: ends when a shutdown has no more patience
	kill     context.CancelFunc
	stopping chan struct{} // closed when a shutdown begins
}

// New makes a bot. It does nothing before Run, but RunDigest works.
func New(c Config) *Bot {
	b := &Bot{
		answer: c.Answer, discreet: c.Discreet, state: c.State, platforms: map[string]Platform{}, order: c.Platforms,
		now: c.Now, log: c.Log, lang: c.Lang, backlog: c.Backlog, stopping: make(chan struct{}),
	}
	if b.discreet == nil {
		b.discreet = func(_ context.Context, req commands.Request) commands.Request { return req }
	}
	if b.now == nil {
		b.now = time.Now
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.lang == nil {
		b.lang = reports.Languages()[0]
	}
	if b.backlog == 0 {
		b.backlog = 256
	}
	if c.Workers == 0 {
		c.Workers = 4
	}
	b.workers = make([]worker, c.Workers)
	b.queue = make(chan *job, b.backlog)
	b.ledger = &ledger{state: c.State, owner: rand.Text()[:8], now: b.now}
	b.life, b.kill = context.WithCancel(context.Background())
	b.outbox = newOutbox(b.life, b.stopping, b.log)
	for _, p := range c.Platforms {
		b.platforms[p.Name()] = p
	}
	for _, d := range c.Digests {
		b.digests = append(b.digests, b.plan(d))
	}
	return b
}

// A shutdown takes at most 20 s: work under way may finish for a while, is then cancelled, and what is left stays
// in State for the next start.
const (
	finishLimit = 12 * time.Second
	cancelLimit = 4 * time.Second
	leaveLimit  = 4 * time.Second
)

// Run serves until ctx ends or until every platform has ended by itself without a fault, as a console does at the
// end of its input, or until all were refused at the start (*OffError). It then takes nothing more, and finishes or
// leaves in State what it has taken, within 20 s.
func (b *Bot) Run(ctx context.Context) error {
	serving, endServing := context.WithCancel(ctx)
	defer endServing()
	var loops sync.WaitGroup
	quit := make(chan struct{})
	for i := range b.workers {
		loops.Go(func() { b.work(&b.workers[i], quit) })
	}
	loops.Go(func() { b.watchDigests(serving) })
	loops.Go(func() { b.resume(serving) })
	ended := b.serve(serving, &loops)

	var off error
	select {
	case <-ctx.Done():
	case off = <-ended:
	}
	endServing()
	close(b.stopping)
	empty := b.gate.shut()
	if !within(empty, finishLimit) {
		b.kill()
		if !within(empty, cancelLimit) {
			b.log.Error("some work did not stop; its requests stay in State", "requests", b.gate.inside())
		}
	}
	b.kill()
	close(quit)
	finished := make(chan struct{})
	go func() { loops.Wait(); close(finished) }()
	if !within(finished, leaveLimit) {
		b.log.Error("a platform or a worker did not stop")
	}
	return off
}

// within waits for done, not longer than d.
func within(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// sleep waits for d unless ctx or stop ends before; it tells whether it waited.
func sleep(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-stop:
	}
	return false
}

// gate counts what is under way and bounds it.
type gate struct {
	mu     sync.Mutex
	n      int
	closed bool
	empty  chan struct{}
}

// enter counts one more, unless there are limit already (0 for no limit) or the gate is shut.
func (g *gate) enter(limit int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return errStopping
	case limit > 0 && g.n >= limit:
		return ErrBusy
	}
	g.n++
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.closed && g.n == 0 {
		close(g.empty)
	}
}

// shut lets nobody in any more; the channel is closed when all have left.
func (g *gate) shut() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.empty = true, make(chan struct{})
	if g.n == 0 {
		close(g.empty)
	}
	return g.empty
}

func (g *gate) inside() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n
}
