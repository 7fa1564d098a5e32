package badger

import (
	"context"
	"io"
	"time"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/archive"
)

// Format is the latest format of a store that this program reads, and the one it writes.
const Format = format

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
	info, err := about(txn)
	if err != nil {
		return err
	}
	info.Created = now.UTC()
	_, err = archive.Write(ctx, to, txn, info)
	return err
}

// about says what a transaction sees.
func about(txn *badger.Txn) (archive.Info, error) {
	cat, err := readCatalogue(txn)
	return archive.Info{Format: Format, Sequence: cat.Seq, Events: uint64(cat.Events), Sends: uint64(cat.Sends)}, err
}

// Verify reads the whole store and says what it holds, if every value is what was written.
func (e *Engine) Verify(ctx context.Context) (archive.Info, archive.Contents, error) {
	txn, done, err := e.snapshot()
	if err != nil {
		return archive.Info{}, archive.Contents{}, err
	}
	defer done()
	contents, err := archive.Verify(ctx, e.db, txn, nil)
	if err != nil {
		return archive.Info{}, contents, err
	}
	info, err := about(txn)
	return info, contents, err
}
