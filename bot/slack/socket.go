package slack

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"outboundbot/bot"
)

const (
	// takeTime and ackTime together stay below the 3 s that Slack waits for an acknowledgement.
	takeTime = 1500 * time.Millisecond
	ackTime  = time.Second
	// socketBytes bounds one message from Slack; the library's default is no bound.
	socketBytes = 1 << 20
	// hands is how many envelopes are being recorded at once; more are turned away as busy.
	hands = 64
	// quiet is how old the last byte from the socket may be before the link counts as down.
	quiet = 90 * time.Second
)

// listen keeps a socket up until ctx ends or Slack refuses the app's token for good.
func (p *Platform) listen(ctx context.Context, take bot.Take) error {
	sock := socketmode.New(p.api,
		socketmode.OptionReadLimit(socketBytes),
		socketmode.OptionPingInterval(p.silence),
		socketmode.OptionDialer(p.wire.dialer(p.link.read)))
	var work sync.WaitGroup
	defer work.Wait()
	free := make(chan struct{}, hands)
	for ctx.Err() == nil {
		err := p.connect(ctx, sock, func(ev socketmode.Event) {
			ack := func(payload *ephemeral) { p.ack(ctx, sock, ev, payload) }
			select {
			case free <- struct{}{}:
				work.Go(func() {
					defer func() { <-free }()
					p.receive(ctx, ev, take, ack)
				})
			default:
				p.turnAway(ev, ack)
			}
		})
		if code := slackCode(err); tokenRefused(code) || code == "missing_scope" || code == "not_allowed_token_type" {
			return p.badToken("slack.bad_app_token", code)
		}
	}
	return nil
}

// connect runs the socket until it has to be built up anew. The library would wait up to five minutes between
// failed attempts; here the pace of the wire decides, so a run ends with its first failed attempt.
func (p *Platform) connect(ctx context.Context, sock *socketmode.Client, deliver func(socketmode.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- sock.RunContext(ctx) }()
	var cause error
	for {
		select {
		case err := <-ended:
			if cause == nil {
				cause = err
				if ctx.Err() == nil {
					p.log.Warn("slack: the socket ended", "err", bare(err))
				}
			}
			p.link.down(bare(cause))
			return cause
		case ev := <-sock.Events:
			switch ev.Type {
			case socketmode.EventTypeHello:
				p.link.up()
				p.log.Info("slack: connected")
			case socketmode.EventTypeConnecting:
				p.link.down(errors.New(p.lang.Say("slack.connecting")))
			case socketmode.EventTypeConnectionError:
				if failed, ok := ev.Data.(*slackapi.ConnectionErrorEvent); ok && ctx.Err() == nil {
					cause = failed.ErrorObj
					p.link.down(bare(cause))
					p.log.Warn("slack: cannot connect", "err", bare(cause))
				}
				cancel()
			case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI,
				socketmode.EventTypeErrorBadMessage:
				deliver(ev)
			case socketmode.EventTypeErrorWriteFailed:
				p.log.Warn("slack: an acknowledgement could not be sent; Slack will deliver again")
			}
		}
	}
}

// ephemeral is an acknowledgement that speaks: only slash commands take one.
type ephemeral struct {
	ResponseType string `json:"response_type"`
	Text         string `json:"text"`
}

func (p *Platform) ack(ctx context.Context, sock *socketmode.Client, ev socketmode.Event, payload *ephemeral) {
	id := envelopeOf(ev)
	if id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	var err error
	if payload == nil {
		err = sock.AckCtx(ctx, id, nil)
	} else {
		err = sock.AckCtx(ctx, id, payload)
	}
	if err != nil {
		p.log.Warn("slack: not acknowledged; Slack will deliver again", "err", err)
	}
}

// envelopeOf is the id to acknowledge, also of a message that the library could not read.
func envelopeOf(ev socketmode.Event) string {
	if ev.Request != nil {
		return ev.Request.EnvelopeID
	}
	var envelope struct {
		ID string `json:"envelope_id"`
	}
	if bad, ok := ev.Data.(*socketmode.ErrorBadMessage); ok {
		_ = json.Unmarshal(bad.Message, &envelope)
	}
	return envelope.ID
}

// turnAway answers an envelope for which there is no hand: a slash command is told, the rest is left to Slack's
// own redelivery.
func (p *Platform) turnAway(ev socketmode.Event, ack func(*ephemeral)) {
	p.log.Warn("slack: too many envelopes at once", "type", ev.Type)
	if ev.Type == socketmode.EventTypeSlashCommand {
		ack(p.tell("slack.busy"))
	}
}

func (p *Platform) tell(id string) *ephemeral {
	return &ephemeral{ResponseType: slackapi.ResponseTypeEphemeral, Text: escape(p.lang.Say(id))}
}

// link is what is known of the socket.
type link struct {
	now  func() time.Time
	mu   sync.Mutex
	live bool
	seen time.Time // the last byte read, of a message or a ping
	why  error     // it is down
}

func (l *link) up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live, l.seen, l.why = true, l.now(), nil
}

func (l *link) down(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live, l.why = false, why
}

func (l *link) read() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = l.now()
}

// state tells whether the link is up, for how long it has been silent, and why it is down.
func (l *link) state() (live bool, silent time.Duration, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live, l.now().Sub(l.seen), l.why
}
