package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"

	"outboundbot/storage/badger/guard"
)

// Order says what to restore, and where.
type Order struct {
	Path    string // of the backup
	Dir     string // of the database, whose superblock stands beside it
	Replace bool   // a store that is there is moved aside, else refused
	Format  uint32 // the latest that this program knows
	Key     string // fingerprint of the master key at hand; "" for none
	Now     time.Time
	See     func(n int) // is told of bytes read, of twice the file; nil for nobody
}

// Restored says what was done.
type Restored struct {
	Info     Info
	Contents Contents
	Aside    string // where the store that was there is now; "" if there was none
}

// Restore makes a store of a backup. The whole backup is checked and loaded into a folder beside before anything that
// is there is moved, and nothing is deleted. What is wrong with the backup gives a [*Fault], a store that is there an
// [*OccupiedError], a store that somebody has open storage.ErrLocked.
func Restore(ctx context.Context, o Order) (Restored, error) {
	info, contents, err := o.check(ctx)
	if err != nil {
		return Restored{}, err
	}
	parent := filepath.Dir(o.Dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return Restored{}, fmt.Errorf("making the data folder: %w", err)
	}
	o.sweep()
	scratch, err := os.MkdirTemp(parent, filepath.Base(o.Dir)+scratchName)
	if err != nil {
		return Restored{}, fmt.Errorf("making a folder beside the store: %w", err)
	}
	defer os.RemoveAll(scratch)
	defer os.Remove(guard.SuperPath(scratch))
	if err := o.fill(ctx, scratch, info, contents); err != nil {
		return Restored{}, err
	}
	aside, err := swap(o.Dir, scratch, o.Replace, o.Now)
	return Restored{info, contents, aside}, err
}

// scratchName is what the name of a folder that is being filled goes on with.
const scratchName = ".restoring-"

// sweep removes what restores that were killed have left, a day later.
func (o Order) sweep() {
	left, _ := filepath.Glob(o.Dir + scratchName + "*")
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && o.Now.Sub(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(path)
		}
	}
}

// check finds out what speaks against restoring before anything is made.
func (o Order) check(ctx context.Context) (Info, Contents, error) {
	if err := o.vacant(); err != nil {
		return Info{}, Contents{}, err
	}
	release, err := guard.Lock(o.Dir) // somebody who has it open is found before the work
	if err != nil {
		return Info{}, Contents{}, err
	}
	release()
	info, contents, err := Check(ctx, o.Path, o.See)
	switch {
	case err != nil:
		return info, contents, err
	case info.Format > o.Format:
		return info, contents, &Fault{o.Path, fmt.Sprintf("is of a store of format %d, this program knows %d", info.Format, o.Format), "use the program that wrote it, or a later one"}
	case info.Key != "" && o.Key == "":
		return info, contents, &Fault{o.Path, fmt.Sprintf("needs the master key %s, which is in no backup, and there is none here", info.Key), "put the file master.key of its store into the data folder first"}
	case info.Key != "" && o.Key != info.Key:
		return info, contents, &Fault{o.Path, fmt.Sprintf("needs the master key %s and here is %s", info.Key, o.Key), "put the file master.key of its store into the data folder first"}
	}
	at := existing(filepath.Dir(o.Dir))
	return info, contents, guard.Room(at, guard.FreeBytes(at), need(contents))
}

// need is how much room a restored store takes while it is made: its content, the keys' filters, and the files that
// Badger begins with.
func need(c Contents) uint64 { return c.Bytes + c.Bytes/8 + 64<<20 }

// existing is the nearest folder on the way up that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// OccupiedError: there is a store where a backup should go.
type OccupiedError struct{ Dir string }

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("there is a store in %s already: give another --data, or --replace to have it moved aside", e.Dir)
}

// vacant refuses a place that is taken.
func (o Order) vacant() error {
	if o.Replace {
		return nil
	}
	for _, path := range []string{o.Dir, guard.SuperPath(o.Dir)} {
		taken, err := occupied(path)
		if err != nil {
			return err
		}
		if taken {
			return &OccupiedError{o.Dir}
		}
	}
	return nil
}

// occupied: there is a file, or a folder with something in it.
func occupied(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || !info.IsDir() {
		return err == nil, err
	}
	entries, err := os.ReadDir(path)
	return len(entries) > 0, err
}

// fill makes a store in an empty folder and proves that it is what the backup holds.
func (o Order) fill(ctx context.Context, dir string, info Info, want Contents) error {
	if err := load(ctx, o.Path, dir, o.See); err != nil {
		return err
	}
	if err := compare(ctx, dir, want); err != nil {
		return err
	}
	super := guard.Super{Format: info.Format, Totals: guard.Totals{Sequence: info.Sequence, Events: info.Events, Sends: info.Sends}}
	if id, err := hex.DecodeString(info.Store); err == nil && len(id) == len(super.ID) {
		super.ID = [16]byte(id)
	}
	if err := guard.WriteSuper(dir, super); err != nil {
		return err
	}
	return syncAll(dir)
}

// Prove restores a backup into a scratch folder within the folder dir, compares and removes it again. A backup
// counts once that has gone well.
func Prove(ctx context.Context, path, dir string, see func(int)) (Info, Contents, error) {
	info, contents, err := Check(ctx, path, see)
	if err != nil {
		return info, contents, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return info, contents, err
	}
	if err := guard.Room(dir, guard.FreeBytes(dir), need(contents)); err != nil {
		return info, contents, err
	}
	scratch, err := os.MkdirTemp(dir, "proof-")
	if err != nil {
		return info, contents, err
	}
	defer os.RemoveAll(scratch)
	if err := load(ctx, path, scratch, see); err != nil {
		return info, contents, err
	}
	return info, contents, compare(ctx, scratch, contents)
}

// settings of a database that is only loaded or read. Tables are written whole and one after the other, so they are
// kept small: sixteen may be under way at once. At the lowest level a table is 32 times the base size.
func settings(dir string) badger.Options {
	const mib = 1 << 20
	return badger.DefaultOptions(dir).
		WithLogger(nil).
		WithChecksumVerificationMode(options.OnTableRead).
		WithMemTableSize(8 * mib).WithNumMemtables(1).
		WithBaseTableSize(mib / 4).
		WithValueThreshold(mib).
		WithValueLogFileSize(16 * mib).
		WithBlockCacheSize(8 * mib).
		WithNumCompactors(0).
		WithMetricsEnabled(false)
}

// load writes the entries of a backup straight into tables. The database of a load that failed is thrown away.
func load(ctx context.Context, path, dir string, see func(int)) (err error) {
	db, err := badger.Open(settings(dir))
	if err != nil {
		return fmt.Errorf("making a store in %s: %w", dir, err)
	}
	defer func() {
		if closed := db.Close(); err == nil {
			err = closed
		}
	}()
	s := db.NewStreamWriter()
	if err := s.Prepare(); err != nil {
		s.Cancel()
		return fmt.Errorf("making a store in %s: %w", dir, err)
	}
	l := &loader{to: s}
	_, _, err = readFile(ctx, path, see, l.add)
	if err == nil {
		err = l.flush()
	}
	l.release()
	if err != nil {
		s.Cancel()
		return err
	}
	return s.Flush()
}

// loader collects entries for Badger's StreamWriter.
type loader struct {
	to  *badger.StreamWriter
	buf *z.Buffer
}

const loadSize = 1 << 20

func (l *loader) add(e Entry) error {
	if l.buf == nil {
		l.buf = z.NewBuffer(2*loadSize, "restore")
	}
	badger.KVToBuffer(&pb.KV{Key: e.Key, Value: e.Value, UserMeta: []byte{e.User}, Version: e.Version, ExpiresAt: e.Expires, StreamId: 1}, l.buf)
	if l.buf.LenNoPadding() < loadSize {
		return nil
	}
	return l.flush()
}

func (l *loader) flush() error {
	if l.buf == nil || l.buf.IsEmpty() {
		return nil
	}
	err := l.to.Write(l.buf)
	l.buf.Reset()
	return err
}

func (l *loader) release() {
	if l.buf != nil {
		l.buf.Release()
	}
}

// compare reads a database anew and compares its content.
func compare(ctx context.Context, dir string, want Contents) error {
	db, err := badger.Open(settings(dir).WithReadOnly(true))
	if err != nil {
		return fmt.Errorf("opening the store that was made of the backup: %w", err)
	}
	defer db.Close()
	txn := db.NewTransaction(false)
	defer txn.Discard()
	got, err := sumUp(ctx, txn, true) // an entry may have expired since
	if err == nil && got != want {
		err = fmt.Errorf("the store that was made of the backup is not equal to it: it has %s; the backup %s", got, want)
	}
	return err
}

// Sum sums up what a transaction sees, as a backup of it would.
func Sum(ctx context.Context, txn *badger.Txn) (Contents, error) { return sumUp(ctx, txn, false) }

func sumUp(ctx context.Context, txn *badger.Txn, all bool) (Contents, error) {
	t := newTally()
	var raw []byte
	err := each(ctx, txn, all, func(e Entry) error {
		raw = appendEntry(raw[:0], e)
		t.frame(1, raw)
		return nil
	})
	return t.contents(), err
}

// syncAll makes the files of a folder durable.
func syncAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := guard.Sync(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return guard.Sync(dir)
}

// swap puts a new store in the place of one that is there, which it moves aside. If it is interrupted, the superblock
// of the old one still stands beside the place, so that nobody takes the place for an empty one.
func swap(dir, made string, replace bool, now time.Time) (aside string, err error) {
	release, err := guard.Lock(dir)
	if err != nil {
		return "", err
	}
	defer release()
	if !replace {
		if err := (Order{Dir: dir}).vacant(); err != nil { // it may have come meanwhile
			return "", err
		}
		os.Remove(dir) // an empty one
	} else if aside, err = moveAside(dir, now); err != nil {
		return "", err
	}
	steps := []struct{ from, to string }{{made, dir}, {guard.SuperPath(made), guard.SuperPath(dir)}}
	for _, s := range steps {
		if err := os.Rename(s.from, s.to); err != nil {
			return aside, fmt.Errorf("putting the restored store in its place: %w", err)
		}
	}
	return aside, guard.Sync(filepath.Dir(dir))
}

// moveAside moves a store to a name that says when. Its superblock is only linked there.
func moveAside(dir string, now time.Time) (string, error) {
	taken, err := occupied(dir)
	if err != nil {
		return "", err
	}
	if !taken {
		os.Remove(dir)
		return "", nil
	}
	stem := dir + ".before-" + now.UTC().Format("20060102-150405")
	aside := stem
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s-%d", stem, n)
	}
	if err := os.Rename(dir, aside); err != nil {
		return "", fmt.Errorf("moving the store aside: %w", err)
	}
	err = os.Link(guard.SuperPath(dir), guard.SuperPath(aside))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return aside, fmt.Errorf("moving the store aside: %w", err)
	}
	return aside, nil
}
