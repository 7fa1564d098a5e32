package memory

import (
	"context"
	"errors"

	"outboundbot/storage"
)

// addition is an import under way: copies of its events.
type addition struct {
	store  *Store
	events []storage.Event
	ended  bool
}

// Import implements storage.Importer.
func (s *Store) Import(ctx context.Context) (storage.Import, error) {
	return &addition{store: s}, ctx.Err()
}

var errEnded = errors.New("the import has ended")

// Add implements storage.Import.
func (a *addition) Add(ctx context.Context, events []storage.Event) (rejects []storage.Reject, err error) {
	if a.ended {
		return nil, errEnded
	}
	for i, e := range events {
		if err := e.Normalize(); err != nil {
			rejects = append(rejects, storage.Reject{Index: i, Reason: err.Error()})
			continue
		}
		e.Own()
		a.events = append(a.events, e)
	}
	return rejects, ctx.Err()
}

// Commit implements storage.Import.
func (a *addition) Commit(ctx context.Context) (storage.Receipt, error) {
	if a.ended {
		return storage.Receipt{}, errEnded
	}
	receipt, err := a.store.Append(ctx, a.events)
	if err != nil {
		return storage.Receipt{}, err
	}
	return receipt, a.Close()
}

// Close implements storage.Import.
func (a *addition) Close() error {
	a.events, a.ended = nil, true
	return nil
}
