package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"outboundbot/commands"
	"outboundbot/storage"
)

// The ledger is the part of State that says what was done with each trigger and each digest slot. Its rule is:
// write down the intent before the act and the outcome after it.
//
//	taken ──→ posting ──→ done
//	  ↑__________│  a try that certainly failed
//
// A record found as taken was certainly not posted: it may be done by whoever finds it. One found as posting may or
// may not have been: only a platform that can tell (Finder) decides; else it is not posted again. What remains is
// the moment between the platform's acceptance and the writing of done: a crash there leaves posting, and the asker
// then gets a short notice that an answer may be missing, never the answer twice.
//
// Every change names the version it is based on, so that of two bots on one State only one goes on; the lease keeps
// the other from taking work that is under way for lost.
type record struct {
	Status  status            `json:"status"`
	Outcome string            `json:"outcome,omitempty"` // of done: one of the outcomes, for people
	Owner   string            `json:"owner"`             // the bot that wrote this
	Taken   time.Time         `json:"taken"`
	Lease   time.Time         `json:"lease"`             // until then the owner is at work
	Request *commands.Request `json:"request,omitempty"` // of a trigger until it is done: it may name a customer
}

type status string

const (
	taken   status = "taken"
	posting status = "posting"
	done    status = "done"
)

// How long records are kept. Triggers come again for hours after a link was down; a slot must outlive any clock
// that is set back.
const (
	triggerLife = 24 * time.Hour
	slotLife    = 90 * 24 * time.Hour
)

// ledger writes records to State. It is safe for concurrent use.
type ledger struct {
	state storage.State
	owner string // tells the records of this bot from those of another on the same State
	now   func() time.Time
}

// claim is a record that this bot holds. Its methods are called by one goroutine at a time.
type claim struct {
	ledger *ledger
	key    string
	ttl    time.Duration
	stored []byte // what State should hold if nobody else wrote; nil for nothing
	record
}

// errTaken: the record is somebody else's.
var errTaken = errors.New("somebody else has it")

// claim creates the record of a key that has none; errTaken if it has.
func (l *ledger) claim(ctx context.Context, key string, ttl, lease time.Duration, req *commands.Request) (*claim, error) {
	c := &claim{ledger: l, key: key, ttl: ttl, record: record{Taken: l.now(), Request: req}}
	return c, c.write(ctx, taken, lease)
}

// find reads the record of a key, or storage.ErrNoValue.
func (l *ledger) find(ctx context.Context, key string, ttl time.Duration) (*claim, error) {
	v, err := l.state.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return l.open(v, ttl)
}

func (l *ledger) open(v storage.Value, ttl time.Duration) (*claim, error) {
	c := &claim{ledger: l, key: v.Key, ttl: ttl, stored: v.Data}
	if err := json.Unmarshal(v.Data, &c.record); err != nil {
		return nil, fmt.Errorf("record %s: %w", v.Key, err)
	}
	return c, nil
}

// underWay tells whether its owner is still at work, as far as anybody can know.
func (c *claim) underWay() bool { return c.Status != done && c.ledger.now().Before(c.Lease) }

// take makes the record this bot's own, as not posted.
func (c *claim) take(ctx context.Context, lease time.Duration) error {
	return c.write(ctx, taken, lease)
}

// posting writes down that a try begins, which may take as long as lease.
func (c *claim) posting(ctx context.Context, lease time.Duration) error {
	return c.write(ctx, posting, lease)
}

// done writes down the outcome and forgets the request.
func (c *claim) done(ctx context.Context, outcome string) error {
	c.Outcome, c.Request = outcome, nil
	return c.write(ctx, done, 0)
}

// write puts the record in place of what this bot read or wrote there, or returns errTaken if somebody wrote since.
// It goes on when ctx has ended, since an outcome must be written down just then.
func (c *claim) write(ctx context.Context, s status, lease time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateLimit)
	defer cancel()
	var version uint64
	if c.stored != nil {
		v, err := c.ledger.state.Get(ctx, c.key)
		switch {
		case err != nil && !errors.Is(err, storage.ErrNoValue):
			return err
		case !bytes.Equal(v.Data, c.stored) && !c.ledger.wrote(v):
			return errTaken
		}
		version = v.Version
	}
	c.Status, c.Owner, c.Lease = s, c.ledger.owner, c.ledger.now().Add(lease)
	data, err := json.Marshal(c.record)
	if err != nil {
		return err
	}
	err = c.ledger.state.Put(ctx, c.key, data, c.ttl, version)
	if errors.Is(err, storage.ErrVersion) {
		return errTaken
	}
	if err == nil {
		c.stored = data
	}
	return err
}

// wrote tells whether a value is this bot's, as after a Put that failed and yet came through.
func (l *ledger) wrote(v storage.Value) bool {
	c, err := l.open(v, 0)
	return err == nil && c.Owner == l.owner
}

// stateLimit bounds one change in State.
const stateLimit = 5 * time.Second
