package archive

import (
	"context"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/guard"
)

// Sound compares the checksums of all tables of an open database.
func Sound(db *badger.DB) error {
	if db.Opts().InMemory {
		return nil
	}
	return guard.Tables(db.Opts().Dir)
}

// Verify reads everything that a transaction sees: first the checksum of every block of every table, without which
// Badger would serve flipped bits and leave out what it cannot read, then every value, of which check is asked
// whether it is whole (nil: nobody is). The first fault ends it.
func Verify(ctx context.Context, db *badger.DB, txn *badger.Txn, check func(key, value []byte) error) (Contents, error) {
	if err := Sound(db); err != nil {
		return Contents{}, err
	}
	t := newTally()
	var raw []byte
	err := Each(ctx, txn, func(e Entry) error {
		raw = appendEntry(raw[:0], e)
		t.frame(1, raw)
		if check == nil {
			return nil
		}
		return check(e.Key, e.Value)
	})
	return t.contents(), err
}
