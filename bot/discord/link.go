package discord

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"outboundbot/bot"
)

// The library's own reconnecting can wedge for ever and can reconnect in a storm. So each connection here is a
// session of its own: it is watched from outside, thrown away when it goes quiet, and the next one waits its turn.

// timing says how patient the link is.
type timing struct {
	open    time.Duration // from the dial to READY
	silence time.Duration // without an acknowledged heartbeat
	close   time.Duration // for saying goodbye
	check   time.Duration // between two looks at the heartbeat
	gap     time.Duration // between two Identifies, and the first back-off
	longest time.Duration // back-off
	steady  time.Duration // a link that lived so long was a good one
}

var usual = timing{
	open: 30 * time.Second, silence: 90 * time.Second, close: 3 * time.Second, check: 5 * time.Second,
	gap: 5 * time.Second, longest: 5 * time.Minute, steady: time.Minute,
}

// identifiesADay is half of what Discord allows before it resets a bot's token (Gateway: Identifying).
const identifiesADay = 500

// fatal is a fault that no reconnect mends. Its text says which setting to mend.
type fatal struct {
	fix string
	err error
}

func (e *fatal) Error() string { return e.fix }
func (e *fatal) Unwrap() error { return e.err }

// Serve registers the command, keeps the gateway connected and hands every request to take, until ctx ends.
func (p *Platform) Serve(ctx context.Context, take bot.Take) error {
	defer p.api.transport.CloseIdleConnections()
	pace := pacer{timing: p.timing}
	registered := false
	for {
		if !pause(ctx, pace.next(time.Now())) {
			return nil
		}
		begun := time.Now()
		err := p.register(ctx, &registered)
		if err == nil {
			pace.identified(begun)
			err = p.session(ctx, take)
		}
		var stop *fatal
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &stop):
			p.setDown(err)
			return err
		}
		p.setDown(fmt.Errorf("%s: %w", p.deps.Lang.Say("discord.connecting"), err))
		p.deps.Log.Warn("discord: the link is down", "err", err, "lived", time.Since(begun).Round(time.Second))
		pace.ended(time.Since(begun), time.Now())
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// pacer spaces out the Identifies.
type pacer struct {
	timing   timing
	day      []time.Time // Identifies of the last 24 hours
	failures int         // short-lived links in a row
	until    time.Time
}

// next is how long to wait before the next try.
func (p *pacer) next(now time.Time) time.Duration {
	for len(p.day) > 0 && now.Sub(p.day[0]) >= 24*time.Hour {
		p.day = p.day[1:]
	}
	until := p.until
	if n := len(p.day); n > 1 { // the second may follow at once
		until = later(until, p.day[n-1].Add(p.timing.gap))
	}
	if len(p.day) >= identifiesADay {
		until = later(until, p.day[0].Add(24*time.Hour))
	}
	return until.Sub(now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (p *pacer) identified(at time.Time) { p.day = append(p.day, at) }

// ended notes how long a link lived: after short ones the waits double, with jitter.
func (p *pacer) ended(lived time.Duration, now time.Time) {
	if lived >= p.timing.steady {
		p.failures = 0
		return
	}
	wait := min(p.timing.gap<<min(p.failures, 10), p.timing.longest)
	p.failures++
	p.until = now.Add(wait/2 + rand.N(wait))
}

// session is one connection from the dial to its end; it returns why it ended.
func (p *Platform) session(ctx context.Context, take bot.Take) error {
	s, err := p.api.newSession(p.cfg)
	if err != nil {
		return err
	}
	wire := &wire{timing: p.timing}
	s.Dialer = &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: p.timing.open, NetDialContext: wire.dial}
	ready, lost := make(chan struct{}, 1), make(chan struct{}, 1)
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		switch e.Type {
		case "READY":
			wire.ready.Store(true)
			signal(ready)
		case "INTERACTION_CREATE":
			p.interaction(ctx, e.RawData, take)
		}
	})
	s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) { signal(lost) })
	defer p.discard(s, wire)

	opened := make(chan error, 1)
	go func() { opened <- s.Open() }()
	limit := time.NewTimer(p.timing.open)
	defer limit.Stop()
	for up := false; !up; {
		select {
		case err := <-opened:
			if err != nil {
				return p.openFault(err)
			}
		case <-ready:
			up = true
		case <-lost:
			return errors.New("the gateway hung up")
		case <-limit.C:
			return errors.New("the gateway did not get ready in time")
		case <-ctx.Done():
			return nil
		}
	}
	p.setDown(nil)
	p.deps.Log.Info("discord: connected", "guild", p.cfg.GuildID)
	return p.watch(ctx, s, lost)
}

// watch waits until a link is lost or its heartbeats are no longer acknowledged.
func (p *Platform) watch(ctx context.Context, s *discordgo.Session, lost <-chan struct{}) error {
	check := time.NewTicker(p.timing.check)
	defer check.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-lost:
			return errors.New("the gateway hung up")
		case <-check.C:
			if s.TryRLock() { // a wedged session holds its lock for ever
				if s.LastHeartbeatAck.After(last) {
					last = s.LastHeartbeatAck
				}
				s.RUnlock()
			}
			if quiet := time.Since(last); quiet > p.timing.silence {
				return fmt.Errorf("no heartbeat was acknowledged for %s", quiet.Round(time.Second))
			}
		}
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// discard ends a session, with a time limit: a wedged one is left behind without its connection.
func (p *Platform) discard(s *discordgo.Session, w *wire) {
	closed := make(chan struct{})
	go func() {
		_ = s.Close()
		close(closed)
	}()
	limit := time.NewTimer(p.timing.close)
	defer limit.Stop()
	select {
	case <-closed:
	case <-limit.C:
		p.deps.Log.Warn("discord: a wedged session was left behind")
	}
	w.close()
}

// openFault tells what no reconnect mends from the rest.
func (p *Platform) openFault(err error) error {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return withoutToken(err)
	}
	switch closed.Code {
	case 4004:
		return &fatal{p.deps.Lang.Say("discord.bad_token"), err}
	case 4013, 4014:
		return &fatal{p.deps.Lang.Say("discord.bad_intents"), err}
	}
	return err
}

// wire makes and holds the network connection below a session.
type wire struct {
	timing timing
	ready  atomic.Bool
	conn   atomic.Pointer[wired]
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: w.timing.open}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &wired{Conn: conn, wire: w, until: time.Now().Add(w.timing.open)}
	w.conn.Store(c)
	return c, nil
}

func (w *wire) close() {
	if c := w.conn.Load(); c != nil {
		_ = c.Conn.Close()
	}
}

// wired is a connection that never reads without a deadline: READY must come by a fixed time, later something must
// come within the time of silence, since every heartbeat is acknowledged.
type wired struct {
	net.Conn
	wire  *wire
	until time.Time
}

func (c *wired) Read(b []byte) (int, error) {
	until := c.until
	if c.wire.ready.Load() {
		until = time.Now().Add(c.wire.timing.silence)
	}
	if err := c.SetReadDeadline(until); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}
