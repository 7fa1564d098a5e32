package badger

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
	"outboundbot/storage/badger/archive"
	"outboundbot/storage/badger/guard"
	"outboundbot/storage/badger/vault"
)

// Format is the latest format of a store that this program reads, and the one it writes.
const Format = format

// KeyMark tells the master key of a data folder from others; "" if there is none yet.
func KeyMark(dir string, given storage.Secret) (string, error) {
	v, err := vault.Open(given, keyPath(dir), false)
	if errors.Is(err, vault.ErrMissing) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(v.Mark()), nil
}

// Backup writes a backup of the store as it is now, while it goes on. Now is when that is.
func (e *Engine) Backup(ctx context.Context, to io.Writer, now time.Time) error {
	txn, done, err := e.snapshot()
	if err != nil {
		return err
	}
	defer done()
	if err := archive.Sound(e.db); err != nil {
		return err
	}
	info, err := e.about(txn)
	if err != nil {
		return err
	}
	info.Created = now.UTC()
	_, err = archive.Write(ctx, to, txn, info)
	return err
}

// about says what a transaction sees.
func (e *Engine) about(txn *badger.Txn) (archive.Info, error) {
	cat, err := readCatalogue(txn)
	if err != nil {
		return archive.Info{}, err
	}
	info := archive.Info{
		Format: Format, Sequence: cat.Seq, Events: uint64(cat.Events), Sends: uint64(cat.Sends), Key: hex.EncodeToString(e.vault.Mark()),
	}
	if e.super != nil {
		info.Store = e.super.Super().StoreID()
	}
	return info, nil
}

// Verify reads the whole store and says what it holds, if every value is what was written and everything that the
// catalogue names is there.
func (e *Engine) Verify(ctx context.Context) (archive.Info, archive.Contents, error) {
	v, free, err := e.look() // keeps what it names from being removed
	if err != nil {
		return archive.Info{}, archive.Contents{}, err
	}
	defer free()
	txn, done, err := e.snapshot()
	if err != nil {
		return archive.Info{}, archive.Contents{}, err
	}
	defer done()
	contents, err := archive.Verify(ctx, e.db, txn, whole)
	if err != nil {
		return archive.Info{}, contents, err
	}
	if err := v.complete(txn); err != nil {
		return archive.Info{}, contents, err
	}
	info, err := e.about(txn)
	return info, contents, err
}

// whole tells whether a value is what was written.
func whole(key, value []byte) error {
	switch kind(key[0]) {
	case ofCatalogue, ofBlock, ofDirectory, ofPage, ofColumn, ofDead, ofPersons, ofFirsts, ofState, ofSum:
		_, _, err := guard.Unseal(key[0], key, value)
		return err
	default:
		return nil
	}
}

// complete tells whether everything that the catalogue names is there.
func (v *view) complete(txn *badger.Txn) error {
	for _, k := range v.cat.keys() {
		if _, err := txn.Get(k); err != nil {
			return fmt.Errorf("a value that the catalogue names, %x, is not there (%w): %s", k, err, restoreIt)
		}
	}
	return nil
}

// keys are the keys of all values that the catalogue names.
func (c *catalogue) keys() (keys [][]byte) {
	for _, r := range c.Runs {
		keys = append(keys, numbered(ofDirectory, r.ID))
		for i := range r.Blocks {
			keys = append(keys, inside(ofBlock, r.ID, i))
		}
		for i := range r.Pages {
			keys = append(keys, inside(ofPage, r.ID, i))
		}
	}
	for _, s := range c.Segments {
		for i := range s.Columns {
			keys = append(keys, inside(ofColumn, s.ID, i))
		}
		if s.Columns == 0 {
			keys = append(keys, inside(ofColumn, s.ID, allColumns))
		}
		if s.Dead > 0 {
			keys = append(keys, numbered(ofDead, s.DeadID))
		}
	}
	for _, id := range c.Firsts {
		keys = append(keys, numbered(ofFirsts, id))
	}
	for page := range (int(c.Persons) + personsPerPage - 1) / personsPerPage {
		keys = append(keys, numbered(ofPersons, uint64(page)))
	}
	return keys
}
