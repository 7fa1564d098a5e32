package badger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
)

// State is the bot's own memory, in the same database as the events and as durable. A value's version is the number
// of the transaction that wrote it, which never comes again. Values expire by the clock of Options and not by
// Badger's, so that a fixed clock works; what has expired is removed bit by bit as new values are written.
//
// No catalogue names these values. Instead a record beside them says what they add up to, and changes with each of
// them: a value that is lost, altered or old is noticed at the next Open.
func (e *Engine) State() storage.State { return state{e} }

type state struct{ e *Engine }

// sweepSize is how many expired values a Put removes: more than the one it may add, so that they do not pile up.
const sweepSize = 8

// maxState is how long a value may be, in bytes; see the settings in the package comment.
const maxState = 512 << 10

func (s state) moment() uint64 { return uint64(max(0, s.e.now().UnixMilli())) }

// Get implements storage.State.
func (s state) Get(ctx context.Context, name string) (storage.Value, error) {
	if err := ctx.Err(); err != nil {
		return storage.Value{}, err
	}
	txn, done, err := s.e.snapshot()
	if err != nil {
		return storage.Value{}, err
	}
	defer done()
	v, _, err := s.read(txn, name)
	return v, s.confirm(name, v.Version == 0, err)
}

// confirm makes sure that what was read as absent is not lost: then the error says so.
func (s state) confirm(name string, absent bool, err error) error {
	if !absent || !errors.Is(err, storage.ErrNoValue) {
		return err
	}
	s.e.knownMu.RLock()
	_, known := s.e.known[name]
	s.e.knownMu.RUnlock()
	if !known {
		return err
	}
	s.e.stateMu.Lock() // it may have come or gone meanwhile
	defer s.e.stateMu.Unlock()
	txn := s.e.db.NewTransaction(false)
	defer discard(txn)
	r, fault := recorded(txn, name)
	if fault == nil && r.hash != s.e.known[name] {
		fault = lostMemory(name)
	}
	return cmp.Or(fault, err)
}

// read is the value under a key unless it has expired, and when it expires; 0 for never.
func (s state) read(txn *badger.Txn, name string) (v storage.Value, expiry uint64, err error) {
	defer caught(&err)
	item, err := txn.Get(stateKey(name))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return storage.Value{}, 0, storage.ErrNoValue
	}
	if err != nil {
		return storage.Value{}, 0, err
	}
	return s.value(item)
}

func (s state) value(item *badger.Item) (storage.Value, uint64, error) {
	r, err := remembered(item)
	if err != nil {
		return storage.Value{}, 0, err
	}
	if r.expiry != 0 && r.expiry <= s.moment() {
		return storage.Value{}, r.expiry, storage.ErrNoValue
	}
	return storage.Value{Key: string(item.Key()[1:]), Data: r.data, Version: item.Version()}, r.expiry, nil
}

// Put implements storage.State.
func (s state) Put(ctx context.Context, name string, data []byte, ttl time.Duration, ifVersion uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(data) > maxState {
		return fmt.Errorf("%s has %d bytes: the bot's memory takes at most %d under a key", name, len(data), maxState)
	}
	if err := s.e.room(roomForState); err != nil {
		return err
	}
	return s.change(func(c *recollection) error {
		old, _, err := s.read(c.txn, name) // version 0 if there is none
		if err != nil && !errors.Is(err, storage.ErrNoValue) {
			return err
		}
		if ifVersion != storage.AnyVersion && ifVersion != old.Version {
			return storage.ErrVersion
		}
		if err := c.forget(name); err != nil {
			return err
		}
		expiry := uint64(0)
		if ttl > 0 {
			expiry = s.moment() + uint64(max(1, ttl.Milliseconds()))
		}
		if err := c.remember(name, expiry, data); err != nil {
			return err
		}
		return s.sweep(c)
	})
}

// Delete implements storage.State.
func (s state) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.change(func(c *recollection) error { return c.forget(name) })
}

// change runs f in a transaction, one at a time.
func (s state) change(f func(*recollection) error) (err error) {
	done, err := s.e.use()
	if err != nil {
		return err
	}
	defer done()
	s.e.stateMu.Lock()
	defer s.e.stateMu.Unlock()
	c := &recollection{txn: s.e.db.NewTransaction(true), sum: s.e.memory, known: s.e.known, changed: map[string]uint64{}}
	defer discard(c.txn)
	defer caught(&err)
	if err := f(c); err != nil {
		return err
	}
	if c.sum == s.e.memory {
		return nil
	}
	if err := c.commit(); err != nil {
		return err
	}
	s.e.memory = c.sum
	s.e.knownMu.Lock()
	for name, hash := range c.changed {
		if s.e.known[name] = hash; hash == 0 {
			delete(s.e.known, name)
		}
	}
	s.e.knownMu.Unlock()
	s.e.noteState(c.sum.turn)
	return nil
}

// sweep removes some values that have expired.
func (s state) sweep(c *recollection) error {
	end := key('x', number(s.moment()+1))
	it := c.txn.NewIterator(badger.IteratorOptions{Prefix: []byte{'x'}})
	var gone [][]byte
	for it.Rewind(); it.Valid() && len(gone) < sweepSize && bytes.Compare(it.Item().Key(), end) < 0; it.Next() {
		gone = append(gone, it.Item().KeyCopy(nil))
	}
	it.Close()
	for _, k := range gone {
		name := string(k[9:])
		_, expiry, err := s.read(c.txn, name)
		if errors.Is(err, storage.ErrNoValue) && expiry > 0 {
			err = c.forget(name)
		}
		if err != nil && !errors.Is(err, storage.ErrNoValue) {
			return err
		}
		if err := c.txn.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// Scan implements storage.State.
func (s state) Scan(ctx context.Context, prefix string) iter.Seq2[storage.Value, error] {
	return func(yield func(storage.Value, error) bool) {
		txn, done, err := s.e.snapshot()
		if err != nil {
			yield(storage.Value{}, err)
			return
		}
		defer done()
		names, err := s.names(txn, prefix)
		if err != nil {
			yield(storage.Value{}, err)
			return
		}
		for _, name := range names {
			v, _, err := s.read(txn, name)
			if err = s.confirm(name, v.Version == 0, err); errors.Is(err, storage.ErrNoValue) {
				continue
			}
			if err == nil {
				err = ctx.Err()
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// names lists the keys that begin with prefix, also of values that have expired.
func (s state) names(txn *badger.Txn, prefix string) (names []string, err error) {
	defer caught(&err)
	it := txn.NewIterator(badger.IteratorOptions{Prefix: stateKey(prefix)})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		names = append(names, string(it.Item().Key()[1:]))
	}
	s.e.knownMu.RLock()
	defer s.e.knownMu.RUnlock()
	for name := range s.e.known { // those that came later are absent when they are read
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func stateKey(name string) []byte { return key('s', []byte(name)) }

func expiryKey(expiry uint64, name string) []byte { return key('x', number(expiry), []byte(name)) }
