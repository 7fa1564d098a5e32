package format1

import (
	"encoding/binary"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

// change is one entry of a journal.
type change struct {
	_      struct{} `cbor:",toarray"`
	Key    []byte
	Value  []byte
	Delete bool
}

// finishJournal applies a journal that was complete when its writer crashed. Doing so again changes nothing: the key
// that says it is complete goes when all of it was applied. What is left of one that never became complete counts
// for nothing.
func (s *Store) finishJournal(txn *badger.Txn) error {
	complete, err := valueOf(txn, []byte{'J'})
	if err != nil || complete == nil {
		return err
	}
	if len(complete) != 8 {
		return errDamaged
	}
	for i := range binary.BigEndian.Uint64(complete) {
		var piece []change
		if err := record(txn, numbered('j', i), &piece); err != nil {
			return err
		}
		if err := s.apply(piece); err != nil {
			return err
		}
	}
	return s.apply([]change{{Key: []byte{'J'}, Delete: true}})
}

// applied is how many changes go into one transaction; a piece has a quarter of a megabyte.
const applied = 1000

func (s *Store) apply(piece []change) error {
	for some := range slices.Chunk(piece, applied) {
		err := s.db.Update(func(txn *badger.Txn) error {
			for _, c := range some {
				if c.Delete {
					if err := txn.Delete(c.Key); err != nil {
						return err
					}
				} else if err := txn.Set(c.Key, c.Value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
