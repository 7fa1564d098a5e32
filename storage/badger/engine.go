// Package badger is the embedded engine: events, rows and the bot's own memory in one Badger database in one folder.
//
// # Components
//
// Events are kept by component: a set of events that is closed under the links that storage.Join looks at, so that
// joining a component gives the same as joining everything. An event brings link tokens: the send it names, the
// message id of a send, what it replies to, its conversation and its own place. A token belongs to one component; an
// event whose tokens belong to several merges them, the smaller into the larger. After the join the place of each
// timeline that came out is a token too; if another component owns it, the two merge and are joined again, until
// nothing moves. Tokens that have gone stale only merge more than needed, which is harmless.
//
// An Append joins and folds the components it touched, compares the rows with those stored, and writes what changed
// in one transaction. Large Appends are cut into several transactions; repeating one that was interrupted is safe,
// since known events are skipped. What does not fit into one transaction goes through a journal.
//
// # Keys
//
// Numbers are big-endian. H is the first 16 bytes of a hash keyed with the store's secret. Heads, lists, rows and
// contacts are CBOR.
//
//	key                            value
//	e H(event id)                  8 bytes of the content's hash
//	l H(link token)                number of the component
//	c component                    head: chunks, last events, rows with their hashes, contacts; or what it merged into
//	h component list n             64 entries of one of the head's lists, if it is longer
//	v chunk                        events, one after the other
//	r time send                    row: the folded send, without what depends on the question
//	o time send n                  what a very long row goes on with
//	p H(contact)                   channel, contact, first success
//	g H(contact) time send         nothing; successful sends that are no tests, for the first success
//	y H(contact) component         nothing; where the contact's timelines are
//	w H(digits of contact) H(contact)   nothing; finds a contact by phone or id on any channel
//	t token H(contact)             nothing; finds a contact by the token that stands for it
//	s key, x expiry key            the bot's memory, see State
//	j n, J                         a journal being applied
//	m name                         secret, format, fingerprint of the fold, counters
//
// Rows stand in order of time, so a range of days is one scan. Numbers of chunks and components only grow, so what
// arrives together lies together.
//
// # Settings
//
// SyncWrites: an acknowledged event survives a power cut, which Badger's default does not promise. Checksums are
// verified when a table is opened: by default Badger serves flipped bits as data, and its stricter modes end scans
// early or crash on a damaged table. Values up to 1 MiB stay in the tables, and no record gets that large: lists and
// rows are cut, State refuses more than half of it. So the value log and its garbage collection play no part. Three
// memtables of 10 MiB and a block cache of 32 MiB, where the defaults are 5, 64 and 256, to live in a small box: what
// Badger builds tables in grows with the memtables. The index cache is larger, because it holds the filters that say
// of a new event's id that it is not known. Two compactors, since more only compete with the questions. Conflict
// detection is off: there is one writer.
package badger

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"outboundbot/storage"
)

// Options of a store.
type Options struct {
	Windows  storage.Windows  // answer windows; rows are folded anew when they differ from those of the last time
	Now      func() time.Time // the clock that State's values expire by; nil for the machine's
	Log      *slog.Logger     // Badger's warnings; nil for none
	InMemory bool             // keep nothing on disk; the folder is not used
}

// Engine is a storage.Store in one folder, owned by one process.
type Engine struct {
	db      *badger.DB
	windows storage.Windows
	now     func() time.Time
	secret  []byte
	free    func() uint64 // bytes left on the disk; nil in memory

	writer chan struct{} // holds one token while somebody appends
	count  counters      // of what is stored; this and the next two are the writer's
	recent recent
	broken error // a write that failed

	view sync.RWMutex // held for reading while a snapshot is taken, for writing while a journal is applied
	torn error        // a journal that was not applied to its end; guarded by view

	life    sync.Mutex
	closed  bool
	inUse   sync.WaitGroup
	stateMu sync.Mutex // one writer of State at a time
}

// ErrClosed is returned by a store that was closed.
var ErrClosed = errors.New("the store is closed")

// Open opens or creates the store in dir, of which it makes the folder readable by the owner only. A folder that
// another process owns gives storage.ErrLocked; one that has lost its table of contents is refused, as Badger would
// delete the data.
func Open(dir string, opts Options) (*Engine, error) {
	if !opts.InMemory {
		if err := prepare(dir); err != nil {
			return nil, err
		}
		if have := freeBytes(dir); have < roomToOpen {
			return nil, noRoom(dir, have, roomToOpen)
		}
	}
	return open(settings(dir, opts), opts)
}

func open(set badger.Options, opts Options) (*Engine, error) {
	dir := set.Dir
	db, err := badger.Open(set)
	if err != nil {
		// Badger does not wrap the cause, so its words are all there is.
		if strings.Contains(err.Error(), "Cannot acquire directory lock") {
			return nil, fmt.Errorf("%s: %w", dir, storage.ErrLocked)
		}
		return nil, fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	e := &Engine{db: db, windows: opts.Windows, now: opts.Now, writer: make(chan struct{}, 1)}
	if e.now == nil {
		e.now = time.Now
	}
	if !opts.InMemory {
		e.free = func() uint64 { return freeBytes(dir) }
	}
	if err := e.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store in %s: %w", dir, err), db.Close())
	}
	return e, nil
}

func settings(dir string, opts Options) badger.Options {
	if opts.InMemory {
		dir = ""
	}
	const mib = 1 << 20
	return badger.DefaultOptions(dir).
		WithInMemory(opts.InMemory).
		WithLogger(quiet{opts.Log}).
		WithSyncWrites(!opts.InMemory).
		WithDetectConflicts(false).
		WithChecksumVerificationMode(options.OnTableRead).
		WithMemTableSize(10 * mib).
		WithNumMemtables(3).
		WithValueLogFileSize(64 * mib).
		WithBlockCacheSize(32 * mib).
		WithIndexCacheSize(64 * mib).
		WithNumCompactors(2).
		WithMetricsEnabled(false)
}

// start reads what the store knows of itself, finishes what a crash interrupted and brings rows up to date with
// the windows.
func (e *Engine) start() error {
	if err := e.replayJournal(); err != nil {
		return err
	}
	if err := e.readMeta(); err != nil {
		return err
	}
	return e.refold()
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
	e.inUse.Wait()
	return e.db.Close()
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

// snapshot gives one state of the store and keeps the store open until done is called.
func (e *Engine) snapshot() (txn *badger.Txn, done func(), err error) {
	leave, err := e.use()
	if err != nil {
		return nil, nil, err
	}
	e.view.RLock()
	defer e.view.RUnlock()
	txn = e.db.NewTransaction(false)
	return txn, func() { txn.Discard(); leave() }, nil
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
