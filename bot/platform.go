// Package bot is the conversation: it takes requests from platforms, records their triggers, bounds the work,
// delivers replies with retries, and posts digests on schedule.
//
// Life of a command: a platform makes a [commands.Request] and calls Take, which records the trigger in State (a
// retry gets no second answer); then the platform acknowledges; a worker answers; the outbox delivers through
// Platform.Post. A digest enters at the answer and leaves through the same outbox.
package bot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"outboundbot/commands"
)

// Platform is a chat service. Its subfolder renders replies within the service's limits.
type Platform interface {
	Name() string
	// Serve keeps the link up and calls take for every request until ctx ends; it returns early only for a fault
	// that no reconnect mends, such as a refused token.
	Serve(ctx context.Context, take Take) error
	// Post delivers a reply to a place: with place.Respond the answer of one request, with place.User alone a direct
	// message, else a message of its own. A private reply never shows where others read it.
	// It tries once; a *Retry error says when another try makes sense, a *Refused error that none does. It must also
	// work for a while after Serve has ended: a shutdown delivers what was taken.
	Post(ctx context.Context, place commands.Place, reply commands.Reply) (Posted, error)
	// Edit replaces a message that Post made.
	Edit(ctx context.Context, posted Posted, reply commands.Reply) error
}

// Take records a request and queues it. fresh is false when its trigger was seen before: the platform then
// acknowledges and does nothing more. After an error nothing was recorded and the platform must not acknowledge,
// or must say that the bot is busy.
type Take func(ctx context.Context, req commands.Request) (fresh bool, err error)

// Posted identifies a message for Edit.
type Posted struct {
	Place commands.Place
	ID    string
}

// Finder is a platform that can tell whether a message is there. Post writes reply.Mark into the message (as
// metadata or nonce, hashed if it is too long), Find looks for it.
type Finder interface {
	// Find tells whether a message with that mark, which cannot be older than since, stands at the place. A *Refused
	// error says that it cannot tell and what would let it; any other that looking again may help.
	Find(ctx context.Context, place commands.Place, mark string, since time.Time) (found bool, err error)
}

// Lifetimer is a platform whose place.Respond stops working some time after the request; 0 means that it does not
// outlive a restart. Without it the bot assumes 15 minutes.
type Lifetimer interface{ Lifetime() time.Duration }

// Progresser is a platform that can show how long work goes on. What it shows takes the place of what it showed
// before for the same request, and the Post that follows takes the place of it all. It tries once.
type Progresser interface {
	Progress(ctx context.Context, place commands.Place, reply commands.Reply) error
}

// Readier is a platform that knows whether its link is up: nil, or what is wrong in one sentence.
type Readier interface{ Ready() error }

// Retry says that the platform refused this time.
type Retry struct {
	After time.Duration // the platform's Retry-After; 0 if it gave none
	// Doubtful: the message may have arrived all the same, so it is looked for before it is sent again.
	Doubtful bool
	// Once is how long after this try the platform itself drops a second copy, so that a doubtful message may be sent
	// again although nobody can tell; 0 if it does not.
	Once time.Duration
	Err  error
}

func (e *Retry) Error() string { return fmt.Sprintf("try again after %s: %v", e.After, e.Err) }
func (e *Retry) Unwrap() error { return e.Err }

// Refused says that the platform will not take this, and what somebody can do about it.
type Refused struct {
	Fix string // one sentence for the asker: "Invite the bot to the channel: /invite @outbound"
	Err error
}

func (e *Refused) Error() string { return fmt.Sprintf("refused: %v (%s)", e.Err, e.Fix) }
func (e *Refused) Unwrap() error { return e.Err }

// ErrBusy: too many requests wait already.
var ErrBusy = errors.New("too many requests are waiting")

// SameHost tells whether two addresses are on one machine, on whatever ports; all names of the loopback are one. An
// address that a service behind a configured proxy gives out is left as it is there.
func SameHost(a, b *url.URL) bool {
	return a.Hostname() == b.Hostname() || loopback(a.Hostname()) && loopback(b.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
