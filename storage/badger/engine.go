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
	"sync/atomic"
	"syscall"
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

func keyPath(dir string) string { return filepath.Join(filepath.Dir(dir), keyFile) }

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

	folders sync.Pool      // of *storage.Folder
	blocks  *cache         // of event blocks, index pages and contacts
	columns *columns.Cache // of sends

	writer  chan struct{} // holds one token while somebody changes the store
	broken  error         // a write that failed; the writer's
	queueMu sync.Mutex
	queue   []*request

	viewMu  sync.Mutex
	entered atomic.Uint32 // persons of the present view
	view    *view         // the present one
	oldest  *view         // that somebody may look at

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
	memory  stateSum   // guarded by stateMu

	knownMu sync.RWMutex
	known   map[string]uint64 // hashes of the bot's memory by name: Badger may lose a damaged value while it compacts

	noteMu sync.Mutex
	noted  guard.Totals // of the catalogue
	turn   uint64       // of the bot's memory
}

// errKey: the store stays closed for want of its master key, and no restore would help.
var errKey = errors.New("the store is not opened")

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
	e.folders.New = func() any { return &storage.Folder{} }
	if !opts.InMemory {
		if err := migrate(dir, opts); err != nil {
			return nil, err
		}
	}
	if err := e.openFolder(dir, opts); err != nil {
		return nil, err
	}
	if err := e.start(opts); err != nil {
		e.db.Close() // which may fail for the same cause
		if e.super != nil {
			e.super.Release()
		}
		return nil, advised(dir, err)
	}
	e.merger = e.startMerger()
	e.wake() // there may be something to remove
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
			return plain(err)
		}
		removeSpools(dir)
	}
	var err error
	if e.db, err = e.openBadger(e.settings(opts)); err == nil {
		return nil
	}
	if err = guard.Locked(dir, err); errors.Is(err, storage.ErrLocked) {
		return err
	}
	return advised(dir, err)
}

// openBadger is badger.Open for a folder that may be damaged.
func (e *Engine) openBadger(set badger.Options) (db *badger.DB, err error) {
	defer caught(&err)
	return badger.Open(set)
}

// caught turns a panic of Badger, which meets damage, into an error.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%v", r)
	}
}

// discard ends a transaction, of which an iterator that met damage may still be open: then Badger panics.
func discard(txn *badger.Txn) {
	defer func() { _ = recover() }()
	txn.Discard()
}

// brief puts what Badger says of damage on one line.
func brief(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// plain puts a refusal that quotes Badger on one line.
func plain(err error) error {
	var r *guard.Refusal
	if errors.As(err, &r) {
		r.What = strings.Join(strings.Fields(r.What), " ")
	}
	return err
}

// advised says what helps where a store cannot be opened.
func advised(dir string, err error) error {
	var refusal *guard.Refusal
	switch {
	case errors.As(err, &refusal), errors.Is(err, syscall.ENOSPC), errors.Is(err, vault.ErrMaster), errors.Is(err, errKey):
		return err
	case strings.Contains(err.Error(), restoreIt):
		return fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	return fmt.Errorf("the store in %s cannot be opened (%s): if a file of it is damaged, %s", dir, brief(err), restoreIt)
}

func (e *Engine) openVault(opts Options) (*vault.Vault, error) {
	if opts.InMemory && opts.Key == "" {
		master := make([]byte, 32)
		_, _ = rand.Read(master) // never fails (crypto/rand)
		return vault.New(master)
	}
	return vault.Open(opts.Key, keyPath(e.dir), e.check == nil || !e.check.Found)
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
		WithMemTableSize(32 * mib).
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
func (e *Engine) start(opts Options) (err error) {
	defer caught(&err)
	if e.vault, err = e.openVault(opts); err != nil { // while nobody else has the folder
		return fmt.Errorf("%w: %w", errKey, err)
	}
	e.secret = e.vault.TokenSecret()
	txn := e.db.NewTransaction(false)
	defer discard(txn)
	cat, err := readCatalogue(txn)
	if err != nil {
		return err
	}
	if err := e.recall(txn, opts.AcceptLoss); err != nil {
		return err
	}
	e.noted, e.turn = cat.totals(), e.memory.turn
	if e.check != nil {
		var loss *guard.Loss
		if e.super, loss, err = e.check.After(e.totals()); err != nil {
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
	left, err := e.unnamed(txn)
	if err != nil {
		return err
	}
	for _, l := range left {
		e.lastID = max(e.lastID, l.ID) // nothing new gets the number of what is being removed
	}
	for _, l := range append(left, cat.Garbage...) {
		e.garbage[l] = true // until it is removed
		e.doomed = append(e.doomed, l)
	}
	if err := e.markFormat(); err != nil {
		return err
	}
	return e.refold(opts.Progress)
}

// openView opens what a catalogue names.
func (e *Engine) openView(cat *catalogue) (v *view, err error) {
	v = &view{cat: cat}
	var firsts []storage.Instant
	var blocks []columns.Block
	read := make(chan error)
	go func() { // beside the segments: together they are most of a start
		var err error
		if firsts, err = e.readFirsts(cat); err == nil {
			blocks = blocksOf(firsts, nil, nil, nil)
		}
		read <- err
	}()
	defer func() {
		if err = errors.Join(err, <-read); err != nil {
			v = nil
			return
		}
		v.firsts, v.blocks = firsts, blocks
	}()
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
	return v, nil
}

// readFirsts reads the first successes of all contacts.
func (e *Engine) readFirsts(cat *catalogue) ([]storage.Instant, error) {
	firsts := make([]storage.Instant, 0, int(cat.Persons)+int(cat.Persons)/8)
	for _, id := range cat.Firsts {
		b, err := e.value(ofFirsts, numbered(ofFirsts, id))
		if err != nil {
			return nil, err
		}
		if firsts, err = decodeFirsts(firsts, b); err != nil {
			return nil, err
		}
	}
	if len(firsts) != int(cat.Persons) {
		return nil, fmt.Errorf("the store has first successes of %d contacts, not of %d", len(firsts), cat.Persons)
	}
	return firsts, nil
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
	e.note(func() { e.noted = cat.totals() })
}

// noteState is acknowledged for the bot's memory.
func (e *Engine) noteState(turn uint64) {
	e.note(func() { e.turn = turn })
}

func (e *Engine) note(what func()) {
	e.noteMu.Lock()
	defer e.noteMu.Unlock()
	what()
	if e.super == nil {
		return
	}
	if err := e.super.Note(e.totals()); err != nil {
		e.warn("noting what is stored: %v", err)
	}
}

// totals are what the superblock is told: all commits, of events and of the bot's memory, count.
func (e *Engine) totals() guard.Totals {
	t := e.noted
	t.Sequence += e.turn
	return t
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
