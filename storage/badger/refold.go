package badger

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
)

// Names of what the store knows of itself.
const (
	metaSecret   = "secret"
	metaFormat   = "format"
	metaFold     = "fold"
	metaCounters = "counters"
)

// format is the number of the key layout; a store of a later one is refused.
const format = 1

// foldVersion grows when storage.Join or Timeline.Fold give other rows for the same events.
const foldVersion = 1

// readMeta reads what the store knows of itself, or writes it into a new one.
func (e *Engine) readMeta() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	item, err := txn.Get(metaKey(metaFormat))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return e.initMeta()
	}
	if err != nil {
		return err
	}
	err = item.Value(func(v []byte) error {
		if n := binary.BigEndian.Uint64(v); n > format {
			return fmt.Errorf("it was written by a later version (format %d, this program knows %d): use that version", n, format)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if item, err = txn.Get(metaKey(metaSecret)); err != nil {
		return err
	}
	if e.secret, err = item.ValueCopy(nil); err != nil {
		return err
	}
	if item, err = txn.Get(metaKey(metaCounters)); err != nil {
		return err
	}
	return item.Value(func(v []byte) error { return decode(v, &e.count) })
}

func (e *Engine) initMeta() error {
	e.secret = make([]byte, 32)
	rand.Read(e.secret) // never fails
	counters, err := encode(&e.count)
	if err != nil {
		return err
	}
	return e.commit(map[string][]byte{
		string(metaKey(metaFormat)):   number(format),
		string(metaKey(metaSecret)):   e.secret,
		string(metaKey(metaCounters)): counters,
		string(metaKey(metaFold)):     []byte(fingerprint(e.windows)),
	})
}

// fingerprint says all that decides the rows but the events: windows, the version of the fold, the fields of a row.
func fingerprint(windows storage.Windows) string {
	var parts []string
	for channel, d := range windows {
		if d != storage.DefaultWindow {
			parts = append(parts, fmt.Sprintf("%s=%s", channel, d))
		}
	}
	slices.Sort(parts)
	for _, t := range []reflect.Type{reflect.TypeFor[storage.Send](), reflect.TypeFor[storage.Tag]()} {
		for i := range t.NumField() {
			parts = append(parts, t.Field(i).Name)
		}
	}
	return fmt.Sprintf("%d %s %s", foldVersion, storage.DefaultWindow, strings.Join(parts, " "))
}

// refoldSize is how many components are folded anew in one transaction.
const refoldSize = 500

// refold brings all rows up to date if what decides them has changed since they were stored. Interrupted, it starts
// over: rows that are right already are not written again.
func (e *Engine) refold() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	item, err := txn.Get(metaKey(metaFold))
	if err != nil {
		return err
	}
	was, err := item.ValueCopy(nil)
	if err != nil {
		return err
	}
	now := fingerprint(e.windows)
	if string(was) == now {
		return nil
	}
	var ids []uint64
	err = eachKey(txn, []byte{'c'}, func(k []byte) error {
		ids = append(ids, binary.BigEndian.Uint64(k[1:]))
		return nil
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, refoldSize) {
		if err := e.refoldSome(some); err != nil {
			return err
		}
	}
	return e.commit(map[string][]byte{string(metaKey(metaFold)): []byte(now)})
}

func (e *Engine) refoldSome(ids []uint64) error {
	b := e.newBatch()
	defer b.discard()
	for _, id := range ids {
		c, err := b.head(id)
		if err != nil {
			return err
		}
		if c.head.Into != 0 {
			continue
		}
		if err := b.load(c); err != nil {
			return err
		}
		b.touch(c)
	}
	return b.commit()
}
