package badger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/format1"
	"outboundbot/storage/badger/guard"
)

// conversion makes a store of the present format of one of format 1. It is made whole in a folder beside, so that a
// crash at any time leaves either the old store as it was, or both and nothing to do but to rename:
//
//	store                               of format 1, without superblock
//	store, store.converting             the new one in the making; begun anew after a crash
//	store.format1, store.converting     the new one is whole
//	store.format1, store                the new one is in its place, with its superblock
//	store                               the new one was opened well, and the old one removed
//
// The old store is removed since it holds contacts in the clear. The data folder is locked meanwhile. A store of
// format 1 that somebody writes to with an older program before the first rename is converted as it is then.
type conversion struct {
	dir  string // of the store
	made string // of the new store
	old  string // where the old store goes
	opts Options
}

func newConversion(dir string, opts Options) *conversion {
	dir = filepath.Clean(dir)
	c := &conversion{dir: dir, made: dir + ".converting", old: dir + ".format1", opts: opts}
	if opts.step == nil {
		c.opts.step = func(string) {}
	}
	if opts.Context == nil {
		c.opts.Context = context.Background()
	}
	return c
}

// migrate converts the store in dir if it is of format 1, or goes on with what a crash interrupted. It does not open
// the database of a store that needs nothing.
func migrate(dir string, opts Options) error {
	c := newConversion(dir, opts)
	// In this order: whoever finds the folder empty between the renames finds the new store beside it.
	if !c.bare() && !present(c.made) {
		return nil
	}
	release, err := guard.Lock(filepath.Dir(c.dir))
	if err != nil {
		return err
	}
	defer release()
	taken := present(filepath.Join(c.dir, badger.ManifestFilename))
	switch {
	case present(c.made) && present(c.old) && !taken:
		err = c.swapIn()
	case c.bare():
		err = c.convert()
	case present(c.made): // a store took the place of the old one
		err = c.discard()
	}
	if err != nil {
		return fmt.Errorf("converting the store in %s to format %d: %w", dir, format, err)
	}
	return nil
}

// bare tells whether there is a database without a superblock, as stores of format 1 are.
func (c *conversion) bare() bool {
	return present(filepath.Join(c.dir, badger.ManifestFilename)) && !present(guard.SuperPath(c.dir))
}

func present(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// convert makes the new store, if the old one is of format 1, and exchanges them.
func (c *conversion) convert() error {
	if _, err := guard.Before(c.dir, guard.Options{Format: format, AllBlocks: true, AcceptLoss: c.opts.AcceptLoss}); err != nil {
		return err
	}
	from, err := format1.Open(c.dir, quiet{c.opts.Log})
	if from == nil {
		return err
	}
	if present(c.old) {
		return errors.Join(fmt.Errorf("%s, where the old store is kept meanwhile, is there already: move it away", c.old), from.Close())
	}
	c.tell("converting the store", "from", 1, "to", format, "events", from.Events)
	err = errors.Join(c.make(from), from.Close())
	if err != nil {
		return errors.Join(err, c.discard())
	}
	c.opts.step("made")
	release, err := guard.Lock(c.dir) // from an older program
	if err != nil {
		return err
	}
	defer release()
	if err := os.Rename(c.dir, c.old); err != nil {
		return err
	}
	c.opts.step("old moved")
	return c.swapIn()
}

// make makes the new store, durably.
func (c *conversion) make(from *format1.Store) error {
	if err := c.discard(); err != nil {
		return err
	}
	c.opts.step("discarded")
	size, err := sizeOf(c.dir)
	if err == nil {
		err = guard.Room(c.dir, guard.FreeBytes(c.dir), size+roomForEvent)
	}
	if err != nil {
		return err
	}
	opts := c.opts
	opts.Progress, opts.AcceptLoss = nil, false
	e, err := Open(c.made, opts)
	if err != nil {
		return err
	}
	err = errors.Join(c.fill(e, from), e.Close())
	if err != nil {
		return err
	}
	return syncFolder(c.made)
}

// discard removes a new store that was not finished.
func (c *conversion) discard() error {
	return errors.Join(os.RemoveAll(c.made), os.RemoveAll(guard.SuperPath(c.made)))
}

// swapIn puts the new store into its place, which is empty. The superblock comes first: a folder that lacks what it
// tells of is refused, where an empty one without it would become a new store.
func (c *conversion) swapIn() error {
	parent := filepath.Dir(c.dir)
	if err := guard.Sync(parent); err != nil {
		return err
	}
	if present(guard.SuperPath(c.made)) {
		if err := os.Rename(guard.SuperPath(c.made), guard.SuperPath(c.dir)); err != nil {
			return err
		}
	}
	c.opts.step("superblock moved")
	if err := os.Remove(c.dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // made empty by somebody
		return err
	}
	if err := os.Rename(c.made, c.dir); err != nil {
		return err
	}
	c.opts.step("new moved")
	return guard.Sync(parent)
}

func (c *conversion) tell(msg string, args ...any) {
	if c.opts.Log != nil {
		c.opts.Log.Info(msg, args...)
	}
}

// sizeOf is how many bytes the files of a folder take.
func sizeOf(dir string) (size uint64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".sst" { // the others are mostly holes
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return 0, err
		}
		size += uint64(info.Size())
	}
	return size, nil
}

// syncFolder makes the files of a folder durable, and their names.
func syncFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if err == nil {
			err = guard.Sync(filepath.Join(dir, entry.Name()))
		}
	}
	return errors.Join(err, guard.Sync(dir))
}
