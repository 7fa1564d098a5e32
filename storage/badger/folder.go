package badger

import (
	"errors"
	"fmt"
	"os"

	"github.com/dgraph-io/badger/v4"
)

// prepare makes the folder, for the owner only.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { // it may have been there
		return fmt.Errorf("closing the data folder to others: %w", err)
	}
	return nil
}

// markFormat keeps programs that know only format 1 out: they look for this key, take a database without it for an
// empty store, and read the head of our envelope as the number of a format later than theirs.
func (e *Engine) markFormat() error {
	k := metaKey("format")
	return e.db.Update(func(txn *badger.Txn) error {
		if _, err := txn.Get(k); !errors.Is(err, badger.ErrKeyNotFound) {
			return err
		}
		return txn.Set(k, seal(ofMeta, k, 0, number(format)))
	})
}
