package badger

import (
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

// Badger keeps some bytes of its own with each entry.
const entryOverhead = 24

// write makes changes durable, all of them or none, in one transaction. Changes too large for one (a customer with
// tens of thousands of sends, of which all change) are journalled: written down piece by piece, declared complete,
// applied piece by piece. A crash before the declaration leaves nothing of them, one after it is made up for by the
// next Open. No snapshot is taken while they are applied.
func (e *Engine) write(changes map[string][]byte) error {
	size := int64(0)
	for k, v := range changes {
		size += int64(len(k) + len(v) + entryOverhead)
	}
	if size < e.db.MaxBatchSize()*9/10 && int64(len(changes)) < e.db.MaxBatchCount()*9/10 {
		return e.commit(changes)
	}
	if err := e.writeJournal(changes); err != nil {
		return err
	}
	e.view.Lock()
	defer e.view.Unlock()
	return e.applyJournal()
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

// applyJournal applies a complete journal; doing it again changes nothing.
func (e *Engine) applyJournal() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	err := eachValue(txn, []byte{'j'}, func(_, v []byte) error {
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
	})
	if err != nil {
		return err
	}
	if err := e.commit(map[string][]byte{string(journalComplete): nil}); err != nil {
		return err
	}
	return e.dropJournal()
}

// dropJournal removes the pieces of a journal that was applied or never completed.
func (e *Engine) dropJournal() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	return eachKey(txn, []byte{'j'}, func(k []byte) error {
		return e.commit(map[string][]byte{string(k): nil})
	})
}

// replayJournal finishes what a crash interrupted.
func (e *Engine) replayJournal() error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	switch _, err := txn.Get(journalComplete); err {
	case nil:
		return e.applyJournal()
	case badger.ErrKeyNotFound:
		return e.dropJournal()
	default:
		return err
	}
}

// eachValue calls f for the entries of a prefix, in byte order of their keys. Key and value are f's until it returns.
func eachValue(txn *badger.Txn, prefix []byte, f func(k, v []byte) error) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	for it.Seek(prefix); it.Valid(); it.Next() {
		item := it.Item()
		if err := item.Value(func(v []byte) error { return f(item.Key(), v) }); err != nil {
			return err
		}
	}
	return nil
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
