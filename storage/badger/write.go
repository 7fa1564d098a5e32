package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

// Badger keeps some bytes of its own with each entry.
const entryOverhead = 24

// write makes changes durable, all of them or none, in one transaction. Changes too large for one (a customer with
// tens of thousands of sends, of which all change) are journalled: written down piece by piece, declared complete,
// applied piece by piece. A crash before the declaration leaves nothing of them, one after it is made up for by the
// next Open. After an error only the next Open can tell how much of it is durable, so no more is written until then.
func (e *Engine) write(changes map[string][]byte) error {
	size := int64(0)
	for k, v := range changes {
		size += int64(len(k) + len(v) + entryOverhead)
	}
	var err error
	if size < e.db.MaxBatchSize()*9/10 && int64(len(changes)) < e.db.MaxBatchCount()*9/10 {
		err = e.commit(changes)
	} else if err = e.writeJournal(changes); err == nil {
		err = e.settleJournal()
	}
	e.broken = err
	return err
}

// settleJournal applies a complete journal while no snapshot is taken. If that fails the store may hold a part of
// the changes, which nobody gets to see.
func (e *Engine) settleJournal() error {
	e.view.Lock()
	defer e.view.Unlock()
	e.torn = e.applyJournal()
	return e.torn
}

// whole tells why the store cannot be read, if so. It is asked after a snapshot was taken, not before.
func (e *Engine) whole() error {
	e.view.RLock()
	defer e.view.RUnlock()
	if e.torn != nil {
		return fmt.Errorf("the store holds a part of a change that could not be finished; open it again, which finishes it: %w", e.torn)
	}
	return nil
}

// commit writes changes in one transaction; a nil value deletes. Badger takes keys faster in their order.
func (e *Engine) commit(changes map[string][]byte) error {
	txn := e.db.NewTransaction(true)
	defer txn.Discard()
	for _, k := range slices.Sorted(maps.Keys(changes)) {
		v := changes[k]
		var err error
		if v == nil {
			err = txn.Delete([]byte(k))
		} else {
			err = txn.Set([]byte(k), v)
		}
		if err != nil {
			return err
		}
	}
	return txn.Commit()
}

// pieceSize is how many bytes of changes a piece of the journal takes.
const pieceSize = 256 << 10

var journalComplete = []byte{'J'}

// change is one entry of a journal.
type change struct {
	_      struct{} `cbor:",toarray"`
	Key    []byte
	Value  []byte
	Delete bool
}

func (e *Engine) writeJournal(changes map[string][]byte) error {
	var piece []change
	size, pieces := 0, uint64(0)
	flush := func() error {
		enc, err := encode(&piece)
		if err != nil {
			return err
		}
		k := string(journalKey(pieces))
		piece, size, pieces = nil, 0, pieces+1
		return e.commit(map[string][]byte{k: enc})
	}
	for k, v := range changes {
		if size > 0 && size+len(k)+len(v) > pieceSize {
			if err := flush(); err != nil {
				return err
			}
		}
		piece = append(piece, change{Key: []byte(k), Value: v, Delete: v == nil})
		size += len(k) + len(v) + entryOverhead
	}
	if err := flush(); err != nil {
		return err
	}
	return e.commit(map[string][]byte{string(journalComplete): number(pieces)})
}

// applyJournal applies a complete journal; doing it again changes nothing. No piece is held while its changes are
// committed: a commit may have to wait for readers of the files that it replaces.
func (e *Engine) applyJournal() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	pieces, err := valueOf(txn, journalComplete)
	if err != nil {
		return err
	}
	if len(pieces) != 8 {
		return errMissing
	}
	for i := range binary.BigEndian.Uint64(pieces) {
		if err := e.applyPiece(txn, i); err != nil {
			return err
		}
	}
	if err := e.commit(map[string][]byte{string(journalComplete): nil}); err != nil {
		return err
	}
	return e.dropJournal()
}

func (e *Engine) applyPiece(txn *badger.Txn, i uint64) error {
	v, err := valueOf(txn, journalKey(i))
	if err != nil {
		return err
	}
	var piece []change
	if err := decode(v, &piece); err != nil {
		return err
	}
	changes := make(map[string][]byte, len(piece))
	for _, c := range piece {
		if c.Delete {
			changes[string(c.Key)] = nil
		} else {
			changes[string(c.Key)] = append([]byte{}, c.Value...)
		}
	}
	return e.commit(changes)
}

// dropJournal removes the pieces of a journal that was applied or never completed.
func (e *Engine) dropJournal() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	gone := map[string][]byte{}
	err := eachKey(txn, []byte{'j'}, func(k []byte) error {
		gone[string(k)] = nil
		return nil
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	return e.commit(gone)
}

// replayJournal finishes what a crash interrupted.
func (e *Engine) replayJournal() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	complete, err := valueOf(txn, journalComplete)
	switch {
	case err != nil:
		return err
	case complete != nil:
		return e.applyJournal()
	default:
		return e.dropJournal()
	}
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

// eachKey calls f for the keys of a prefix, in byte order.
func eachKey(txn *badger.Txn, prefix []byte, f func(k []byte) error) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	for it.Seek(prefix); it.Valid(); it.Next() {
		if err := f(it.Item().Key()); err != nil {
			return err
		}
	}
	return nil
}
