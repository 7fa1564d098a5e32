package badger

import (
	"context"
	"fmt"

	"outboundbot/storage"
)

// groupSize is up to how many events of several callers go into one commit: one sync of the disk serves them all.
const groupSize = 4096

// request is one Append that waits for its commit.
type request struct {
	events  []storage.Event
	offset  int // of the events in the caller's slice
	receipt storage.Receipt
	err     error
	done    chan struct{}
}

func (r *request) note(f fate) {
	switch f {
	case accepted:
		r.receipt.Accepted++
	case duplicate:
		r.receipt.Duplicates++
	case conflict:
		r.receipt.Conflicts++
	}
}

// Append implements storage.Store. When it returns an error the receipt tells what had become durable before.
func (e *Engine) Append(ctx context.Context, events []storage.Event) (storage.Receipt, error) {
	var total storage.Receipt
	done, err := e.use()
	if err != nil {
		return total, err
	}
	defer done()
	for from := 0; from < len(events); from += groupSize {
		r := &request{events: events[from:min(from+groupSize, len(events))], offset: from, done: make(chan struct{})}
		if err := e.submit(ctx, r); err != nil {
			return total, err
		}
		total.Accepted += r.receipt.Accepted
		total.Duplicates += r.receipt.Duplicates
		total.Conflicts += r.receipt.Conflicts
		total.Rejected = append(total.Rejected, r.receipt.Rejected...)
	}
	return total, nil
}

// submit waits until a request is durable. Whoever gets the writer's token commits all that wait, so that many small
// Appends at once share a commit.
func (e *Engine) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.queueMu.Lock()
	e.queue = append(e.queue, r)
	e.queueMu.Unlock()
	for {
		select {
		case <-r.done:
			return r.err
		case e.writer <- struct{}{}:
			e.commitUntil(r)
			<-e.writer
		case <-ctx.Done():
			if e.withdraw(r) {
				return ctx.Err()
			}
			<-r.done // it is being committed
			return r.err
		}
	}
}

// withdraw takes a request back that nobody has begun to commit.
func (e *Engine) withdraw(r *request) bool {
	e.queueMu.Lock()
	defer e.queueMu.Unlock()
	for i, q := range e.queue {
		if q == r {
			e.queue = append(e.queue[:i], e.queue[i+1:]...)
			return true
		}
	}
	return false
}

// commitUntil commits requests in order of arrival until one of them is done; the next that waits goes on. The caller
// holds the writer's token.
func (e *Engine) commitUntil(own *request) {
	for {
		select {
		case <-own.done:
			return
		default:
		}
		group := e.takeGroup()
		if len(group) == 0 {
			return
		}
		err := e.commitGroup(group)
		for _, r := range group {
			if r.err = err; err != nil {
				r.receipt = storage.Receipt{}
			}
			close(r.done)
		}
	}
}

func (e *Engine) takeGroup() []*request {
	e.queueMu.Lock()
	defer e.queueMu.Unlock()
	n, events := 0, 0
	for n < len(e.queue) && (n == 0 || events+len(e.queue[n].events) <= groupSize) {
		events += len(e.queue[n].events)
		n++
	}
	group := e.queue[:n:n]
	e.queue = append([]*request(nil), e.queue[n:]...)
	return group
}

func (e *Engine) commitGroup(group []*request) error {
	if e.broken != nil {
		return fmt.Errorf("the store takes no events until it is opened again, since a write failed: %w", e.broken)
	}
	if err := e.room(roomForEvent); err != nil {
		return err
	}
	c := e.newChange(e.view)
	c.carried = e.blocks.carried(e.view.cat.Events)
	for _, r := range group {
		for i, ev := range r.events {
			if err := ev.Normalize(); err != nil {
				r.receipt.Rejected = append(r.receipt.Rejected, storage.Reject{Index: r.offset + i, Reason: err.Error()})
				continue
			}
			if err := c.route(ev, r); err != nil {
				return err
			}
		}
	}
	if err := c.settle(); err != nil {
		return err
	}
	if err := c.commit(); err != nil {
		return err
	}
	c.carry()
	return nil
}
