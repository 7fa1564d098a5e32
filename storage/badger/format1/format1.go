// Package format1 reads stores of format 1, so that one of the present format can be made of them. It changes nothing
// in them but to finish a change that a crash interrupted, as the program that wrote them would.
//
// Of their keys it knows these; numbers are big-endian, heads, lists and counters are CBOR:
//
//	c component         head: the component it was merged into, its latest events, and lists
//	h component v n     64 entries of the head's list of chunks, if it is longer
//	v chunk             events, one after the other
//	s key               the bot's memory: 8 bytes of expiry in Unix milliseconds or 0, and the data
//	j n, J              a change too large for one transaction: its pieces, and how many there are
//	m format, m counters
//
// All the others are made of the events: indexes, rows, contacts.
package format1

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"

	"outboundbot/storage/badger/guard"
)

// Store is an open store of format 1.
type Store struct {
	Events    int // that it holds, by its own account
	Conflicts int // events that came with a known id and other content

	db *badger.DB
}

const format = 1

var errDamaged = errors.New("a damaged store of format 1: a record that another one names is missing or cut short")

// Open opens the database in dir, which must be there, and finishes what a crash interrupted. It gives nil for one
// that is no store of format 1, and storage.ErrLocked if another process has it open. Its tables are checked before.
func Open(dir string, log badger.Logger) (*Store, error) {
	const mib = 1 << 20
	db, err := badger.Open(badger.DefaultOptions(dir).
		WithLogger(log).
		WithSyncWrites(true).
		WithDetectConflicts(false).
		WithMemTableSize(10 * mib).
		WithNumMemtables(3).
		WithValueLogFileSize(64 * mib).
		WithBlockCacheSize(32 * mib).
		WithIndexCacheSize(64 * mib).
		WithNumCompactors(2).
		WithMetricsEnabled(false))
	if err != nil {
		return nil, guard.Locked(dir, err)
	}
	s := &Store{db: db}
	is, err := s.begin()
	if err == nil && is {
		return s, nil
	}
	return nil, errors.Join(err, db.Close())
}

// begin tells whether the store is of format 1, and makes it ready to be read.
func (s *Store) begin() (is bool, err error) {
	txn := s.db.NewTransaction(false)
	defer func() { txn.Discard() }()
	v, err := valueOf(txn, []byte("mformat"))
	if err != nil || len(v) != 8 || binary.BigEndian.Uint64(v) != format {
		return false, err
	}
	if err := s.finishJournal(txn); err != nil {
		return false, err
	}
	txn.Discard()
	txn = s.db.NewTransaction(false)
	var c struct {
		_                                 struct{} `cbor:",toarray"`
		Last                              uint64
		Events, Sends, Orphans, Conflicts int
		Latest                            int64
	}
	if err := record(txn, []byte("mcounters"), &c); err != nil {
		return false, err
	}
	s.Events, s.Conflicts = c.Events, c.Conflicts
	return true, nil
}

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

// State calls f for each value of the bot's memory with when it expires, in Unix milliseconds, or 0. The data is
// f's to keep.
func (s *Store) State(ctx context.Context, f func(name string, expiry uint64, data []byte) error) error {
	return s.each(ctx, 's', func(_ *badger.Txn, k, v []byte) error {
		if len(v) < 8 {
			return errDamaged
		}
		return f(string(k[1:]), binary.BigEndian.Uint64(v), v[8:])
	})
}

// each calls f for every key with a prefix and its value, which are f's to keep.
func (s *Store) each(ctx context.Context, prefix byte, f func(txn *badger.Txn, k, v []byte) error) error {
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefix}, PrefetchValues: true, PrefetchSize: 100})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := it.Item().ValueCopy(nil)
		if err != nil {
			return err
		}
		if err := f(txn, it.Item().KeyCopy(nil), v); err != nil {
			return err
		}
	}
	return nil
}

// valueOf is the value under a key, nil if there is none.
func valueOf(txn *badger.Txn, k []byte) ([]byte, error) {
	item, err := txn.Get(k)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return item.ValueCopy([]byte{})
}

// record reads what must be there.
func record[T any](txn *badger.Txn, k []byte, to *T) error {
	b, err := valueOf(txn, k)
	if err != nil {
		return err
	}
	if b == nil {
		return errDamaged
	}
	return decode(b, to)
}

func decode[T any](b []byte, to *T) error {
	if err := cbor.Unmarshal(b, to); err != nil {
		return fmt.Errorf("a damaged store of format 1: %w", err)
	}
	return nil
}

func numbered(prefix byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{prefix}, n) }
