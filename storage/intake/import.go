package intake

import (
	"context"
	"fmt"
	"io"

	"outboundbot/storage"
)

// Append makes events durable: the method of a storage.Store, or its twin on the other side of a socket. It may keep
// the slice.
type Append func(ctx context.Context, events []storage.Event) (storage.Receipt, error)

// Summary says what became of an input. Lines = Accepted + Duplicates + Conflicts + Rejected; blank lines and
// headers are none.
type Summary struct {
	Lines      int `json:"lines"`      // lines, rows, or statuses and messages of webhooks
	Accepted   int `json:"accepted"`   // new, now durable
	Duplicates int `json:"duplicates"` // known already
	Conflicts  int `json:"conflicts"`  // known id, other content: the first stored stays
	Rejected   int `json:"rejected"`
}

// Reject is a line, row or status that did not go in, and why.
type Reject struct {
	Place
	Reason string // phones are masked
	Sample string // how it begins: at most 256 bytes, phones masked
}

// String is "line 3, entry[0].changes[0].statuses[1]: id is missing".
func (r Reject) String() string { return r.Place.String() + ": " + r.Reason }

// Watch is told what happens during an import. Any of its functions may be nil.
type Watch struct {
	Progress func(Summary) // after each batch
	Reject   func(Reject)
	Notice   func(string) // such as columns that are ignored
}

// Import appends all that a format reads from r. After an error, what the summary counts is stored all the same, and
// the input may be imported again as a whole: what went in is a duplicate then.
func Import(ctx context.Context, store Append, r io.Reader, format Format, watch Watch) (Summary, error) {
	b := batch{store: store, watch: watch}
	for item, err := range format.Read(r) {
		if err != nil {
			return b.sum, fmt.Errorf("after %d lines: %w", b.sum.Lines+len(b.events), err)
		}
		switch {
		case item.Notice != "":
			if watch.Notice != nil {
				watch.Notice(item.Notice)
			}
			continue
		case item.Reason != "":
			b.reject(item.Place, item.Reason, item.Sample)
			continue
		}
		b.add(item)
		if len(b.events) == batchSize {
			if err := b.flush(ctx); err != nil {
				return b.sum, err
			}
		}
	}
	err := b.flush(ctx)
	return b.sum, err
}

// batch gathers events until they are appended.
type batch struct {
	store  Append
	watch  Watch
	events []storage.Event
	places []Place
	sum    Summary
}

func (b *batch) add(item *Item) {
	if b.events == nil {
		b.events = make([]storage.Event, 0, batchSize)
	}
	b.events = append(b.events, item.Event)
	b.places = append(b.places, item.Place)
}

func (b *batch) reject(at Place, reason, sample string) {
	b.sum.Lines++
	b.sum.Rejected++
	if b.watch.Reject != nil {
		b.watch.Reject(Reject{Place: at, Reason: reason, Sample: sample})
	}
}

func (b *batch) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(b.events) > 0 {
		receipt, err := b.store(ctx, b.events)
		if err != nil {
			return fmt.Errorf("storing lines %d to %d: %w", b.places[0].Line, b.places[len(b.places)-1].Line, err)
		}
		b.sum.Lines += len(b.events) - len(receipt.Rejected)
		b.sum.Accepted += receipt.Accepted
		b.sum.Duplicates += receipt.Duplicates
		b.sum.Conflicts += receipt.Conflicts
		for _, r := range receipt.Rejected {
			b.reject(b.places[r.Index], mask(r.Reason), "")
		}
		b.events, b.places = nil, b.places[:0] // the store may keep the events
	}
	if b.watch.Progress != nil {
		b.watch.Progress(b.sum)
	}
	return nil
}
