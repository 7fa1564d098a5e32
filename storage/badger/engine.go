package badger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
	"outboundbot/storage/badger/guard"
	"outboundbot/storage/badger/vault"
)

// Options of a store.
type Options struct {
	Windows  storage.Windows     // answer windows; rows are folded anew when they differ from those of the last time
	Now      func() time.Time    // the clock that State's values expire by; nil for the machine's
	Log      *slog.Logger        // warnings; nil for none
	InMemory bool                // keep nothing on disk; the folder is not used
	Key      storage.Secret      // the master key, 32 bytes in hex or base64; empty for the file master.key beside the folder
	Small    bool                // live in a box of half a gigabyte
	Progress func(done, all int) // told while rows are folded anew or an older store is converted; nil for nobody
	Context  context.Context     // its end gives up converting an older store; nil for never

	AcceptLoss bool // go on with a store that has lost some of what it acknowledged

	step func(done string) // told of each step of a conversion, for tests that die then
}

// format is the number of the layout of keys and values; a store of a later one is refused.
const format = 2

// keyFile holds the master key, beside the folder of the database, so that it is in no backup of that.
const keyFile = "master.key"

// Engine is a storage.Store in one folder, owned by one process.
type Engine struct {
	db      *badger.DB
	dir     string // "" in memory
	small   bool
	windows storage.Windows
	now     func() time.Time
	log     *slog.Logger
	vault   *vault.Vault
	secret  []byte // of tokens that stand for contacts
	persons persons
	check   *guard.Check  // of the folder; nil in memory
	super   *guard.Block  // what was acknowledged; nil in memory
	free    func() uint64 // bytes left on the disk; nil in memory

	blocks  *cache         // of event blocks, index pages and contacts
	columns *columns.Cache // of sends

	writer  chan struct{} // holds one token while somebody changes the store
	broken  error         // a write that failed; the writer's
	queueMu sync.Mutex
	queue   []*request

	viewMu sync.Mutex
	view   *view // the present one
	oldest *view // that somebody may look at

	garbageMu sync.Mutex
	garbage   map[part]bool // what nothing names yet, or any more
	doomed    []part        // of it, what nobody looks at
	lastID    uint64        // of a part

	merging sync.Mutex // held while something is merged
	merger  *merger

	converted bool // by this Open, from format 1

	life    sync.Mutex
	closed  bool
	inUse   sync.WaitGroup
	stateMu sync.Mutex // one writer of State at a time
}

// ErrClosed is returned by a store that was closed.
var ErrClosed = errors.New("the store is closed")

// Open opens or creates the store in dir, of which it makes the folder readable by the owner only. A folder that
// another process owns gives storage.ErrLocked; one in which something is missing is refused before Badger can make
// it worse. A store of format 1 is converted first.
func Open(dir string, opts Options) (*Engine, error) {
	e := &Engine{
		small: opts.Small, windows: opts.Windows, now: opts.Now, log: opts.Log, writer: make(chan struct{}, 1),
		garbage: map[part]bool{}, blocks: newCache(48 << 20), columns: columns.NewCache(256 << 20),
	}
	if opts.Small {
		e.blocks, e.columns = newCache(16<<20), columns.NewCache(48<<20)
	}
	if e.now == nil {
		e.now = time.Now
	}
	e.persons = persons{e}
	if !opts.InMemory {
		if err := migrate(dir, opts); err != nil {
			return nil, err
		}
	}
	if err := e.openFolder(dir, opts); err != nil {
		return nil, err
	}
	if err := e.start(opts); err != nil {
		err = errors.Join(err, e.db.Close())
		if e.super != nil {
			err = errors.Join(err, e.super.Release())
		}
		return nil, fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	e.merger = e.startMerger()
	if !opts.InMemory {
		e.dropConverted()
	}
	return e, nil
}

func (e *Engine) openFolder(dir string, opts Options) error {
	if !opts.InMemory {
		e.dir = dir
		if err := prepare(dir); err != nil {
			return err
		}
		e.free = func() uint64 { return guard.FreeBytes(dir) }
		err := e.room(roomToOpen)
		if err != nil {
			return err
		}
		if e.check, err = guard.Before(dir, guard.Options{Format: format, AcceptLoss: opts.AcceptLoss}); err != nil {
			return err
		}
		removeSpools(dir)
	}
	var err error
	if e.vault, err = e.openVault(opts); err != nil {
		return err
	}
	e.secret = e.vault.TokenSecret()
	if e.db, err = badger.Open(e.settings(opts)); err == nil {
		return nil
	}
	// Badger does not wrap the cause, so its words are all there is.
	if strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return fmt.Errorf("%s: %w", dir, storage.ErrLocked)
	}
	return fmt.Errorf("opening the store in %s: %w", dir, err)
}

func (e *Engine) openVault(opts Options) (*vault.Vault, error) {
	if opts.InMemory && opts.Key == "" {
		master := make([]byte, 32)
		_, _ = rand.Read(master) // never fails (crypto/rand)
		return vault.New(master)
	}
	return vault.Open(opts.Key, filepath.Join(filepath.Dir(e.dir), keyFile), e.check == nil || !e.check.Found)
}

func (e *Engine) settings(opts Options) badger.Options {
	const mib = 1 << 20
	set := badger.DefaultOptions(e.dir).
		WithInMemory(opts.InMemory).
		WithLogger(quiet{opts.Log}).
		WithSyncWrites(!opts.InMemory).
		WithDetectConflicts(false).
		WithCompression(options.None).
		WithChecksumVerificationMode(options.NoVerification).
		WithMemTableSize(64 * mib).
		WithNumMemtables(2).
		WithBaseTableSize(16 * mib).
		WithValueLogFileSize(64 * mib).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithNumCompactors(2).
		WithMetricsEnabled(false)
	if opts.Small {
		set = set.WithMemTableSize(16 * mib).WithBaseTableSize(4 * mib)
	}
	return set
}

// start reads the catalogue and opens what it names, removes what a crash left behind, and brings rows up to date
// with the windows.
func (e *Engine) start(opts Options) error {
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	cat, err := readCatalogue(txn)
	if err != nil {
		return err
	}
	if e.check != nil {
		var loss *guard.Loss
		if e.super, loss, err = e.check.After(cat.totals()); err != nil {
			return err
		}
		if loss != nil {
			e.warn("going on without what was lost: %s", loss)
		}
	}
	if cat.Mark == nil {
		cat.Mark = e.vault.Mark()
	}
	if err := e.vault.Check(cat.Mark); err != nil {
		return err
	}
	v, err := e.openView(cat)
	if err != nil {
		return err
	}
	e.publish(v, nil)
	e.lastID = cat.LastID
	e.doom(append(cat.Garbage, e.unnamed(txn)...))
	if err := e.markFormat(); err != nil {
		return err
	}
	return e.refold(opts.Progress)
}

// openView opens what a catalogue names.
func (e *Engine) openView(cat *catalogue) (*view, error) {
	v := &view{cat: cat}
	for _, entry := range cat.Runs {
		r, err := e.openRun(entry)
		if err != nil {
			return nil, err
		}
		v.runs = append(v.runs, r)
	}
	v.members = join(v.runs)
	for _, entry := range cat.Segments {
		part, err := e.openSegment(entry)
		if err != nil {
			return nil, fmt.Errorf("sends from %s to %s: %w", entry.First, entry.Last, err)
		}
		v.parts = append(v.parts, part)
	}
	v.firsts = make([]storage.Instant, 0, int(cat.Persons)+int(cat.Persons)/8)
	for page := 0; page*firstsPerPage < int(cat.Persons); page++ {
		if page >= len(cat.Firsts) {
			return nil, errDamaged
		}
		b, err := e.value(ofFirsts, numbered(ofFirsts, cat.Firsts[page]))
		if err != nil {
			return nil, err
		}
		if v.firsts, err = decodeFirsts(v.firsts, b); err != nil {
			return nil, err
		}
	}
	if len(v.firsts) != int(cat.Persons) {
		return nil, fmt.Errorf("a damaged store: it has first successes of %d contacts, not of %d", len(v.firsts), cat.Persons)
	}
	return v, nil
}

// Close waits for what is under way and closes the store.
func (e *Engine) Close() error {
	e.life.Lock()
	if e.closed {
		e.life.Unlock()
		return nil
	}
	e.closed = true
	e.life.Unlock()
	e.merger.stop()
	e.inUse.Wait()
	err := e.db.Close()
	switch {
	case e.super == nil:
		return err
	case err != nil || e.broken != nil:
		return errors.Join(err, e.super.Release())
	default:
		return e.super.Close()
	}
}

// use keeps the store open until done is called.
func (e *Engine) use() (done func(), err error) {
	e.life.Lock()
	defer e.life.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	e.inUse.Add(1)
	return e.inUse.Done, nil
}

// acknowledged notes outside the database what it holds, so that a later start can tell if it has lost any of it.
func (e *Engine) acknowledged(cat *catalogue) {
	if e.super == nil {
		return
	}
	if err := e.super.Note(cat.totals()); err != nil {
		e.warn("noting what is stored: %v", err)
	}
}

func (e *Engine) warn(format string, args ...any) {
	if e.log != nil {
		e.log.Warn(fmt.Sprintf(format, args...))
	}
}

// quiet passes Badger's warnings and errors on; the rest says nothing to an operator.
type quiet struct{ log *slog.Logger }

func (q quiet) Errorf(format string, args ...any)   { q.warn(format, args) }
func (q quiet) Warningf(format string, args ...any) { q.warn(format, args) }
func (quiet) Infof(string, ...any)                  {}
func (quiet) Debugf(string, ...any)                 {}

func (q quiet) warn(format string, args []any) {
	if q.log != nil {
		q.log.Warn("badger: " + strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
