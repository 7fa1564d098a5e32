package badger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
)

// State is the bot's own memory, in the same database as the events and as durable. A value's version is the number
// of the transaction that wrote it, which never comes again. Values expire by the clock of Options and not by
// Badger's, so that a fixed clock works; what has expired is removed bit by bit as new values are written.
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
	return v, err
}

// read is the value under a key unless it has expired, and when it expires; 0 for never.
func (s state) read(txn *badger.Txn, name string) (storage.Value, uint64, error) {
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
	b, err := item.ValueCopy(nil)
	if err != nil {
		return storage.Value{}, 0, err
	}
	if len(b) < 8 {
		return storage.Value{}, 0, errDamaged
	}
	expiry := binary.BigEndian.Uint64(b)
	if expiry != 0 && expiry <= s.moment() {
		return storage.Value{}, expiry, storage.ErrNoValue
	}
	return storage.Value{Key: string(item.Key()[1:]), Data: b[8:], Version: item.Version()}, expiry, nil
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
	return s.change(func(txn *badger.Txn) error {
		old, expiry, err := s.read(txn, name) // version 0 if there is none
		if err != nil && !errors.Is(err, storage.ErrNoValue) {
			return err
		}
		if ifVersion != storage.AnyVersion && ifVersion != old.Version {
			return storage.ErrVersion
		}
		if err := forget(txn, name, expiry); err != nil {
			return err
		}
		expiry = 0
		if ttl > 0 {
			expiry = s.moment() + uint64(max(1, ttl.Milliseconds()))
		}
		if err := remember(txn, name, expiry, data); err != nil {
			return err
		}
		return s.sweep(txn)
	})
}

// remember writes a value and when it expires, in Unix milliseconds; 0 for never.
func remember(txn *badger.Txn, name string, expiry uint64, data []byte) error {
	if expiry != 0 {
		if err := txn.Set(expiryKey(expiry, name), nil); err != nil {
			return err
		}
	}
	return txn.Set(stateKey(name), append(number(expiry), data...))
}

// Delete implements storage.State.
func (s state) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.change(func(txn *badger.Txn) error {
		_, expiry, err := s.read(txn, name)
		if err != nil && !errors.Is(err, storage.ErrNoValue) {
			return err
		}
		if err := forget(txn, name, expiry); err != nil {
			return err
		}
		return txn.Delete(stateKey(name))
	})
}

// change runs f in a transaction, one at a time.
func (s state) change(f func(*badger.Txn) error) error {
	done, err := s.e.use()
	if err != nil {
		return err
	}
	defer done()
	s.e.stateMu.Lock()
	defer s.e.stateMu.Unlock()
	txn := s.e.db.NewTransaction(true)
	defer txn.Discard()
	if err := f(txn); err != nil {
		return err
	}
	return txn.Commit()
}

// forget removes a key's place in the order of expiry.
func forget(txn *badger.Txn, name string, expiry uint64) error {
	if expiry == 0 {
		return nil
	}
	return txn.Delete(expiryKey(expiry, name))
}

// sweep removes some values that have expired.
func (s state) sweep(txn *badger.Txn) error {
	end := key('x', number(s.moment()+1))
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{'x'}})
	var gone [][]byte
	for it.Rewind(); it.Valid() && len(gone) < sweepSize && bytes.Compare(it.Item().Key(), end) < 0; it.Next() {
		gone = append(gone, it.Item().KeyCopy(nil))
	}
	it.Close()
	for _, k := range gone {
		if err := txn.Delete(k); err != nil {
			return err
		}
		if err := txn.Delete(stateKey(string(k[9:]))); err != nil {
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
		it := txn.NewIterator(badger.IteratorOptions{Prefix: stateKey(prefix)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			v, _, err := s.value(it.Item())
			if errors.Is(err, storage.ErrNoValue) {
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

func stateKey(name string) []byte { return key('s', []byte(name)) }

func expiryKey(expiry uint64, name string) []byte { return key('x', number(expiry), []byte(name)) }
