package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
	"outboundbot/storage/badger/format1"
	"outboundbot/storage/badger/packed"
)

// Migration is what became of a store of an earlier format.
type Migration struct {
	From          int // format
	Events, Sends int
}

// Migrated tells what Open converted; false if the store was of the present format already.
func (e *Engine) Migrated() (Migration, bool) {
	cat := e.view.cat
	return Migration{From: 1, Events: cat.Events, Sends: cat.Sends}, e.converted
}

// fill puts everything of an old store into a new one, and reads it again.
func (c *conversion) fill(e *Engine, from *format1.Store) error {
	sum, err := c.copyEvents(e, from)
	if err != nil {
		return err
	}
	c.opts.step("events")
	if err := c.compare(e, sum); err != nil {
		return err
	}
	if err := copyState(c.opts.Context, e, from); err != nil {
		return err
	}
	c.opts.step("state")
	return e.carryOver(c.opts.Context, from.Conflicts)
}

// copyEvents puts the events of an old store into a new one.
func (c *conversion) copyEvents(e *Engine, from *format1.Store) (sum digest, err error) {
	ctx := c.opts.Context
	imp, err := e.Import(ctx)
	if err != nil {
		return sum, err
	}
	defer imp.Close()
	sum = digest{seed: maphash.MakeSeed()}
	err = from.Each(ctx, func(events []storage.Event) error {
		rejects, err := imp.Add(ctx, events)
		if err != nil {
			return err
		}
		if len(rejects) > 0 {
			return fmt.Errorf("event %s is none any more: %s; nothing was changed, and the program that wrote it still opens the store", events[rejects[0].Index].ID, rejects[0].Reason)
		}
		before := sum.events
		sum.add(events)
		if c.opts.Progress != nil && before/4096 != sum.events/4096 {
			c.opts.Progress(sum.events, from.Events)
		}
		return nil
	})
	if err != nil {
		return sum, err
	}
	if c.opts.Progress != nil {
		c.opts.Progress(from.Events, from.Events)
	}
	receipt, err := imp.Commit(ctx)
	if err == nil && (receipt.Accepted != from.Events || receipt.Duplicates+receipt.Conflicts > 0) {
		err = fmt.Errorf("of %d events %d were taken over; nothing was changed", from.Events, receipt.Accepted)
	}
	return sum, err
}

// digest tells sets of events apart, whatever order they come in.
type digest struct {
	seed   maphash.Seed
	events int
	sum    uint64
}

func (d *digest) add(events []storage.Event) {
	for i := range events {
		d.sum += maphash.Comparable(d.seed, events[i])
	}
	d.events += len(events)
}

// compare reads the new store's events and compares them with those that were put into it.
func (c *conversion) compare(e *Engine, want digest) error {
	v, done, err := e.look()
	if err != nil {
		return err
	}
	defer done()
	got := digest{seed: want.seed}
	for _, r := range v.runs {
		for _, at := range r.starts {
			if err := c.opts.Context.Err(); err != nil {
				return err
			}
			block, err := e.openBlock(r, at)
			if err != nil {
				return err
			}
			err = block.Each(func(b packed.Bundle) error {
				got.add(b.Events)
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	if got != want {
		return errors.New("the events of the new store are not those of the old one; nothing was changed")
	}
	return nil
}

// copiedAtOnce is about how many bytes of the bot's memory are copied in one transaction.
const copiedAtOnce = 1 << 20

// copyState puts what the bot remembers into a new store, but what has expired.
func copyState(ctx context.Context, e *Engine, from *format1.Store) error {
	type remembered struct {
		name   string
		expiry uint64
		data   []byte
	}
	var waiting []remembered
	size := 0
	flush := func() error {
		defer func() { waiting, size = nil, 0 }()
		return (state{e}).change(func(c *recollection) error {
			for _, r := range waiting {
				if err := c.remember(r.name, r.expiry, r.data); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := from.State(ctx, func(name string, expiry uint64, data []byte) error {
		if expiry != 0 && expiry <= (state{e}).moment() {
			return nil
		}
		waiting = append(waiting, remembered{name, expiry, bytes.Clone(data)})
		if size += len(name) + len(data); size < copiedAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// metaConverted says of which format the store was that this one was made of.
const metaConverted = "converted"

// carryOver takes over what is not told by events, and notes that everything was taken over.
func (e *Engine) carryOver(ctx context.Context, conflicts int) error {
	release, err := e.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	v := e.view
	next := &view{cat: v.cat.clone(), runs: v.runs, members: v.members, parts: v.parts, firsts: v.firsts, blocks: v.blocks}
	next.cat.Conflicts += conflicts
	p := &pen{e: e}
	k := metaKey(metaConverted)
	if err := p.write(k, seal(ofMeta, k, 0, []byte{1})); err != nil {
		return err
	}
	return e.exchange(p, next, nil)
}

// dropConverted removes the store of format 1 that this one was made of. One that it was not made of stays.
func (e *Engine) dropConverted() {
	c := newConversion(e.dir, Options{})
	if !present(c.old) {
		return
	}
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	from, err := valueIn(txn, ofMeta, metaKey(metaConverted))
	switch {
	case errors.Is(err, badger.ErrKeyNotFound):
		return
	case err == nil && slices.Equal(from, []byte{1}):
		e.converted = true
		err = os.RemoveAll(c.old)
	}
	if err != nil {
		e.warn("removing %s, which was converted and is not needed any more: %v", c.old, err)
	}
}
