package intake

import (
	"context"
	"errors"
	"fmt"
	"io"

	"outboundbot/storage"
)

// Target is where an import goes: a storage.Store, or its twin on the other side of a socket. One that is a
// storage.Importer too gets all of an input as one import.
type Target interface {
	// Append makes events durable. It may keep the slice.
	Append(ctx context.Context, events []storage.Event) (storage.Receipt, error)
}

// Append is the method of that name as a Target.
type Append func(ctx context.Context, events []storage.Event) (storage.Receipt, error)

// Append implements Target.
func (f Append) Append(ctx context.Context, events []storage.Event) (storage.Receipt, error) {
	return f(ctx, events)
}

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
	// Progress comes after each batch. What is new and what was known a storage.Importer tells only at the end:
	// until then the summary counts lines and rejects.
	Progress func(Summary)
	Reject   func(Reject)
	Notice   func(string) // such as columns that are ignored
}

// ErrUndone: an import ended before its time and the target stored nothing of it.
var ErrUndone = errors.New("nothing was stored")

// Import takes in all that a format reads from r: as one storage.Import if the target is a storage.Importer, else by
// Append in batches. Where the input cannot be read on, what stands before goes in. Where the target fails or ctx
// ends, an Importer stores nothing and the error is ErrUndone. Always what the summary counts is stored, and the input
// may be imported again as a whole: what went in is a duplicate then.
func Import(ctx context.Context, to Target, r io.Reader, format Format, watch Watch) (Summary, error) {
	a := addition{ctx: ctx, to: to, watch: watch}
	b := batch{to: &a, size: addSize}
	if a.importer, _ = to.(storage.Importer); a.importer == nil {
		b.size, b.keep, b.own = appendSize, true, true
	}
	defer a.close()
	fault := format.read(r, &b)
	if a.stop == nil {
		_ = b.flush() // its error is a.stop
	}
	if a.stop == nil {
		a.stop = a.commit()
	}
	switch {
	case a.stop != nil && a.importer != nil:
		return Summary{}, fmt.Errorf("%w: %w", ErrUndone, a.stop)
	case a.stop != nil:
		return a.sum, a.stop
	case fault != nil:
		return a.sum, fmt.Errorf("after %d lines: %w", a.sum.Lines, fault)
	}
	return a.sum, nil
}

// addition is the taker behind Import.
type addition struct {
	ctx      context.Context
	to       Target
	importer storage.Importer // the target, if it is one
	under    storage.Import   // way; from the first events on
	watch    Watch
	sum      Summary
	told     Summary // to watch.Progress
	stop     error   // why the target takes no more
}

// take implements taker.
func (a *addition) take(events []storage.Event, places []Place) error {
	if a.stop = a.ctx.Err(); a.stop != nil {
		return a.stop
	}
	var rejects []storage.Reject
	if a.importer != nil {
		rejects, a.stop = a.add(events)
	} else {
		rejects, a.stop = a.append(events)
	}
	if a.stop != nil {
		a.stop = fmt.Errorf("storing lines %d to %d: %w", places[0].Line, places[len(places)-1].Line, a.stop)
		return a.stop
	}
	a.sum.Lines += len(events)
	for _, r := range rejects {
		a.reject(Item{Place: places[r.Index], Reason: mask(r.Reason)})
	}
	a.progress()
	return nil
}

func (a *addition) add(events []storage.Event) (rejects []storage.Reject, err error) {
	if a.under == nil {
		if a.under, err = a.importer.Import(a.ctx); err != nil {
			return nil, err
		}
	}
	return a.under.Add(a.ctx, events)
}

func (a *addition) append(events []storage.Event) ([]storage.Reject, error) {
	receipt, err := a.to.Append(a.ctx, events)
	if err == nil {
		a.count(receipt)
	}
	return receipt.Rejected, err
}

func (a *addition) count(r storage.Receipt) {
	a.sum.Accepted += r.Accepted
	a.sum.Duplicates += r.Duplicates
	a.sum.Conflicts += r.Conflicts
}

// refuse implements taker.
func (a *addition) refuse(it Item) error {
	switch {
	case it.Notice == "":
		a.sum.Lines++
		a.reject(it)
	case a.watch.Notice != nil:
		a.watch.Notice(it.Notice)
	}
	return nil
}

func (a *addition) reject(it Item) {
	a.sum.Rejected++
	if a.watch.Reject != nil {
		a.watch.Reject(Reject{Place: it.Place, Reason: it.Reason, Sample: it.Sample})
	}
}

// commit ends an import.
func (a *addition) commit() error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if a.under != nil {
		receipt, err := a.under.Commit(a.ctx)
		if err != nil {
			return fmt.Errorf("storing %d lines: %w", a.sum.Lines, err)
		}
		a.count(receipt)
	}
	a.progress()
	return nil
}

func (a *addition) progress() {
	if a.watch.Progress != nil && a.sum != a.told {
		a.watch.Progress(a.sum)
		a.told = a.sum
	}
}

func (a *addition) close() {
	if a.under != nil {
		_ = a.under.Close() // nothing of it is wanted any more
	}
}
