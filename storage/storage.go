// Package storage says what happened: events, the sends they fold into, and questions about them.
//
// An [Event] is append-only and the only truth. [Join] tells which send and which timeline each event belongs to,
// [Timeline.Fold] turns one timeline into rows of type [Send], and a [Counter] adds rows up into the [Tally] that a
// [Question] asks for. The three are pure functions, written once and used by every engine, so that any order of
// arrival and any number of duplicates gives the same reports (MODEL 1 and 2). A [Folder] does the first two for one
// set of events after another without making new memory for each.
//
// Engines live in subfolders: memory is the plain truth that others are compared with, badger the embedded one.
// Both must pass storagetest. [Fields] is the one table of filters, groupings and columns, [Metrics] the one of
// figures; grammar, help, machine form and file headers derive from the two.
package storage

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Store keeps events and answers questions about the sends they fold into. It is safe for concurrent use.
type Store interface {
	// Append adds events; when it returns without error they survive a crash. A known id changes nothing and is
	// counted; an event that breaks MODEL 1 is rejected with a reason and the rest goes in.
	Append(ctx context.Context, events []Event) (Receipt, error)
	// Count gives the metrics of all sends that the question covers and one list of rows for each of q.By,
	// all from one state of the store.
	Count(ctx context.Context, q Question) (Count, error)
	// Sends streams the rows that the question covers; see [Order].
	Sends(ctx context.Context, q Question, order Order) iter.Seq2[Send, error]
	// Timeline gives the events of one contact, in order: those of each line on which the scope shows a send.
	Timeline(ctx context.Context, scope Scope, contact Contact) ([]Event, error)
	// Names lists the values that sends visible in the scope have in a field and that begin with prefix
	// (both folded), the ones with most sends first.
	Names(ctx context.Context, scope Scope, field, prefix string) ([]Name, error)
	// Stats says how much there is and how fresh it is.
	Stats(ctx context.Context) (Stats, error)
	Close() error
}

// Importer is a Store that takes much at once: it makes rows of all events of an import together, at the end.
type Importer interface {
	// Import begins an import. It holds what the store needs for that until Commit or Close.
	Import(ctx context.Context) (Import, error)
}

// Import is one large addition under way, used by one goroutine: all of it goes in, or nothing.
type Import interface {
	// Add takes events. The slice and the texts in it are the caller's again when it returns, so that a reader may
	// fill the same memory anew. Nothing is durable yet and no answer shows it. The rejects are events that break
	// MODEL 1; their Index counts within events.
	Add(ctx context.Context, events []Event) ([]Reject, error)
	// Commit makes all that was added durable, and part of every answer, by the time it returns. The receipt counts
	// all events since Import; its Rejected is empty, since Add told them. After an error nothing of it is stored.
	Commit(ctx context.Context) (Receipt, error)
	// Close gives up what was not committed. After Commit, and called again, it does nothing.
	Close() error
}

// Receipt says what became of the events of one Append.
type Receipt struct {
	Accepted   int      // new, now durable
	Duplicates int      // known id, same content
	Conflicts  int      // known id, other content: the first stored stays
	Rejected   []Reject // not stored
}

// Reject is an event that was not stored, and why.
type Reject struct {
	Index  int // in the slice given to Append
	Reason string
}

// Name is a value that sends have in a field.
type Name struct {
	Name        string // the spelling most of its sends carry
	Sends       int    // without test sends
	First, Last Instant
}

// Stats says how much a store holds and how fresh it is.
type Stats struct {
	Events, Sends int
	Orphans       int     // events that take part in nothing yet (MODEL 2)
	Conflicts     int     // events that came with a known id and other content
	First         Instant // the earliest send
	Latest        Instant // the latest event: "data to"
}

// Order says how many rows Sends gives and which way round.
type Order struct {
	Limit       int  // at most so many, the newest by time, then send id; 0 for all
	NewestFirst bool // else the oldest first
}

// Contact names a customer on one channel: by phone or platform id, or by the token that stands for it in masked
// output.
type Contact struct {
	Channel string // "" for any
	ID      string
	Token   string
}

// ErrLocked is returned by engines whose folder another process owns.
var ErrLocked = errors.New("the data folder is in use by another process")

// State is the bot's own memory: triggers seen, buttons, digest slots. It is safe for concurrent use, and durable
// when a call returns.
type State interface {
	// Get returns the value of key, or [ErrNoValue].
	Get(ctx context.Context, key string) (Value, error)
	// Put writes data under key if its version is ifVersion: 0 for a key that must not exist, [AnyVersion] for no
	// check; else it returns [ErrVersion]. After ttl the value is gone; 0 keeps it for ever.
	Put(ctx context.Context, key string, data []byte, ttl time.Duration, ifVersion uint64) error
	// Delete removes key; a key that does not exist is no error.
	Delete(ctx context.Context, key string) error
	// Scan yields the values whose key begins with prefix, in byte order of their keys.
	Scan(ctx context.Context, prefix string) iter.Seq2[Value, error]
}

// Value is what State holds under a key. Its version grows with every Put of the key and is never 0.
type Value struct {
	Key     string
	Data    []byte
	Version uint64
}

// AnyVersion makes Put write whatever is there.
const AnyVersion = ^uint64(0)

var (
	// ErrNoValue: State has nothing under that key, or it has expired.
	ErrNoValue = errors.New("no such key")
	// ErrVersion: the key was written by somebody else meanwhile.
	ErrVersion = errors.New("the key has another version")
)
