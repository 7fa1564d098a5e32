package badger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/guard"
)

var errDamaged = errors.New("a damaged store: a record is cut short")

// seal puts a value into its envelope.
func seal(k kind, key []byte, rows int, payload []byte) []byte {
	return guard.Seal(nil, byte(k), key, rows, payload)
}

// value reads what the catalogue names: it must be there and whole.
func (e *Engine) value(k kind, key []byte) (payload []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // Badger meets a damaged table
			payload, err = nil, fmt.Errorf("a damaged store: %v", r)
		}
	}()
	err = e.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		b, err := item.ValueCopy(nil)
		if err != nil {
			return err
		}
		payload, _, err = guard.Unseal(byte(k), key, b)
		return err
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		err = fmt.Errorf("a damaged store: value %x, which the catalogue names, is missing", key)
	}
	return payload, err
}

// readCatalogue reads the catalogue; a new store has an empty one.
func (e *Engine) readCatalogue() (*catalogue, error) {
	cat := &catalogue{}
	err := e.db.View(func(txn *badger.Txn) error {
		_, err := txn.Get(catalogueKey())
		return err
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return cat, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := e.value(ofCatalogue, catalogueKey())
	if err != nil {
		return nil, err
	}
	return cat, decode(b, cat)
}
