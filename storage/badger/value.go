package badger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/guard"
)

// restoreIt is what helps where a store is damaged, as the end of a sentence.
const restoreIt = "run outboundbot restore BACKUP --replace"

var errDamaged = errors.New("a damaged store: a record is cut short")

// seal puts a value into its envelope.
func seal(k kind, key []byte, rows int, payload []byte) []byte {
	return guard.Seal(nil, byte(k), key, rows, payload)
}

// value reads what the catalogue names: it must be there and whole.
func (e *Engine) value(k kind, key []byte) (payload []byte, err error) {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	payload, err = valueIn(txn, k, key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		err = fmt.Errorf("value %x, which the catalogue names, is missing", key)
	}
	if err != nil {
		return nil, fmt.Errorf("a part of the store is damaged (%w): %s", err, restoreIt)
	}
	return payload, nil
}

// valueIn reads a value as a transaction sees it.
func valueIn(txn *badger.Txn, k kind, key []byte) (payload []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // Badger meets a damaged table
			payload, err = nil, fmt.Errorf("reading value %x: %v", key, r)
		}
	}()
	item, err := txn.Get(key)
	if err != nil {
		return nil, err
	}
	b, err := item.ValueCopy(nil)
	if err != nil {
		return nil, err
	}
	payload, _, err = guard.Unseal(byte(k), key, b)
	return payload, err
}

// readCatalogue reads the catalogue; a new store has an empty one.
func readCatalogue(txn *badger.Txn) (*catalogue, error) {
	cat := &catalogue{}
	b, err := valueIn(txn, ofCatalogue, catalogueKey())
	if errors.Is(err, badger.ErrKeyNotFound) {
		return cat, nil
	}
	if err != nil {
		return nil, err
	}
	return cat, decode(b, cat)
}
