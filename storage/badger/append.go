package badger

import (
	"context"
	"encoding/binary"
	"fmt"

	"outboundbot/storage"
)

// batchSize is how many events go into one transaction. Their rows, heads and tokens stay far below what Badger
// takes in one, and one sync of the disk serves them all.
const batchSize = 1000

// Append implements storage.Store. When it returns an error the receipt tells what had become durable before.
func (e *Engine) Append(ctx context.Context, events []storage.Event) (storage.Receipt, error) {
	var total storage.Receipt
	done, err := e.use()
	if err != nil {
		return total, err
	}
	defer done()
	select {
	case e.writer <- struct{}{}:
		defer func() { <-e.writer }()
	case <-ctx.Done():
		return total, ctx.Err()
	}
	if e.broken != nil {
		return total, fmt.Errorf("the store takes no events until it is opened again, since a write failed: %w", e.broken)
	}
	for from := 0; from < len(events); from += batchSize {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		if err := e.room(roomForEvent); err != nil {
			return total, err
		}
		r, err := e.appendBatch(events[from:min(from+batchSize, len(events))], from)
		if err != nil {
			return total, err
		}
		total.Accepted += r.Accepted
		total.Duplicates += r.Duplicates
		total.Conflicts += r.Conflicts
		total.Rejected = append(total.Rejected, r.Rejected...)
	}
	return total, nil
}

// appendBatch stores events of which the first stands at offset in the caller's slice.
func (e *Engine) appendBatch(events []storage.Event, offset int) (storage.Receipt, error) {
	var r storage.Receipt
	b := e.newBatch()
	defer b.discard()
	seen := make(map[hash]uint64, len(events))
	for i, ev := range events {
		if err := ev.Normalize(); err != nil {
			r.Rejected = append(r.Rejected, storage.Reject{Index: offset + i, Reason: err.Error()})
			continue
		}
		encoded := encodeEvent(&ev)
		fresh := newEvent{id: e.hash(ofEvent, ev.ID), encoded: encoded, content: digest(encoded)}
		content, old := seen[fresh.id]
		if !old {
			var err error
			if content, old, err = b.stored(fresh.id); err != nil {
				return storage.Receipt{}, err
			}
		}
		switch {
		case !old:
			seen[fresh.id] = fresh.content
			if err := b.add(&ev, fresh); err != nil {
				return storage.Receipt{}, err
			}
			r.Accepted++
		case content == fresh.content:
			r.Duplicates++
		default:
			r.Conflicts++
		}
	}
	if r.Accepted == 0 && r.Conflicts == 0 {
		b.done = true // there is nothing to commit
		return r, nil
	}
	b.count.Conflicts += r.Conflicts
	return r, b.commit()
}

// stored is the content of a known event.
func (b *batch) stored(id hash) (content uint64, ok bool, err error) {
	v, err := b.get(eventKey(id))
	if err != nil || v == nil {
		return 0, false, err
	}
	if len(v) != 8 {
		return 0, false, errMissing
	}
	return binary.BigEndian.Uint64(v), true, nil
}
