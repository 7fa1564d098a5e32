package guard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Refusal is why a store must not be opened, or cannot be trusted: one sentence with what to do.
type Refusal struct {
	Dir    string // the database's folder
	What   string // is wrong
	Do     string // what helps
	Loss   *Loss  // what is gone, if that is known
	Opened bool   // Badger had it open, which may have ended its write-ahead file where it is damaged
}

func (r *Refusal) Error() string {
	lost := ""
	if r.Loss != nil {
		lost = ": " + r.Loss.String()
	}
	if !r.Opened {
		lost += "; nothing was touched"
	}
	return fmt.Sprintf("the store in %s %s%s: %s", r.Dir, r.What, lost, r.Do)
}

// Loss is what was acknowledged and is not there any more.
type Loss struct {
	From, To uint64 // the first and the last commit that are lost
	Events   uint64 // how many events, as far as is known
}

func (l *Loss) String() string {
	return fmt.Sprintf("commits %d to %d are lost, with at least %d events", l.From, l.To, l.Events)
}

// What to do, as the end of a sentence.
const (
	restoreIt = "run outboundbot restore BACKUP --replace"
	upgrade   = "use the program that wrote it, or a later one"
	goOn      = ", or go on without them with --accept-loss"
)

// Check is a store that may be opened.
type Check struct {
	Super Super // zero if there is none
	Found bool  // the superblock

	dir  string
	opts Options
}

// Options say how a store is looked at before it is opened.
type Options struct {
	Format     uint32 // the latest that this program knows
	AllBlocks  bool   // compare every block of every table, not only what Badger reads at once; see [Before]
	AcceptLoss bool   // open a store that holds less than it acknowledged, or whose superblock is damaged
}

// Before looks at the database in dir before Badger does, which on a missing or short MANIFEST would delete its
// tables, and on a damaged table panic. What cannot be served whole, or is of a later format, gives a [*Refusal].
// A store that somebody has open gives storage.ErrLocked. Nothing is touched; tables that Badger will delete are
// linked into a folder "kept" until [Check.After] has found everything.
//
// It reads of each table the index and the last block, as Badger does. AllBlocks reads the tables whole, in the place
// of Badger's OnTableRead: without it, a block that is damaged is found when its values are read, by their envelopes,
// or when its keys are missing.
func Before(dir string, opts Options) (*Check, error) {
	c := &Check{dir: dir, opts: opts}
	release, err := Lock(dir) // what another process is working on cannot be judged
	if err != nil {
		return nil, err
	}
	defer release()
	s, found, err := Read(dir)
	var newer *newerError
	switch {
	case errors.As(err, &newer):
		return nil, c.refuse(fmt.Sprintf("has a superblock of %v", newer), upgrade)
	case errors.Is(err, errNoSlot) && !opts.AcceptLoss:
		return nil, c.refuse(fmt.Sprintf("has a superblock, %s, that is damaged, so that nothing tells whether the store is whole", filepath.Base(SuperPath(dir))), restoreIt+", or go on with what is there with --accept-loss")
	case errors.Is(err, errNoSlot):
		found = false
	case err != nil:
		return nil, err
	}
	c.Super, c.Found = s, found
	if s.Format > opts.Format {
		return nil, c.refuse(fmt.Sprintf("is of format %d, this program knows %d", s.Format, opts.Format), upgrade)
	}
	if err := c.checkFolder(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Check) checkFolder() error {
	f, fault, err := look(c.dir)
	if err != nil {
		return err
	}
	var super *Super
	if c.Found {
		super = &c.Super
	}
	if fault == "" {
		if fault, err = f.fault(super); err != nil {
			return err
		}
	}
	what := ""
	if name, is := f.missing(); is {
		what = "lacks its data table " + name
	} else if fault == "" {
		name, err := f.damagedTable(c.opts.AllBlocks)
		switch {
		case err != nil:
			return fmt.Errorf("reading the data tables: %w", err)
		case name != "":
			what = "has a damaged data table, " + name
		}
	}
	if fault != "" {
		what = fmt.Sprintf("holds %d data tables but its MANIFEST %s", len(f.tables), fault)
		if len(f.tables) == 0 && !f.logs {
			what = "is gone from its folder"
		}
	}
	if what == "" {
		return f.keep()
	}
	r := c.refuse(what, restoreIt)
	if c.Super.Sequence > 0 && len(f.tables) == 0 && !f.logs {
		r.Loss = &Loss{1, c.Super.Sequence, c.Super.Events}
	}
	return r
}

func (c *Check) refuse(what, do string) *Refusal {
	return &Refusal{Dir: c.dir, What: what, Do: do}
}

// After compares what the opened database holds with what was acknowledged and gives the superblock to note commits
// in. A store that holds less gives a [*Refusal] with the range lost; with AcceptLoss it gives the loss instead, for
// the log. The caller has the database open, and so its lock.
func (c *Check) After(now Totals) (*Block, *Loss, error) {
	loss := c.loss(now)
	if loss != nil && !c.opts.AcceptLoss {
		r := c.refuse(fmt.Sprintf("acknowledged %d commits with %d events and holds %d with %d", c.Super.Sequence, c.Super.Events, now.Sequence, now.Events), restoreIt+goOn)
		r.Loss, r.Opened = loss, true
		return nil, nil, r
	}
	s := c.Super
	s.Format, s.Totals, s.Clean = c.opts.Format, now, false
	if s.ID == [16]byte{} {
		s.ID = newID()
	}
	if err := os.RemoveAll(filepath.Join(c.dir, keptName)); err != nil {
		return nil, nil, err
	}
	b := &Block{dir: c.dir, super: s, reader: manifestReader{dir: c.dir}}
	if err := b.begin(); err != nil {
		return nil, nil, err
	}
	return b, loss, nil
}

// loss is what now lacks of what was acknowledged.
func (c *Check) loss(now Totals) *Loss {
	had := c.Super.Totals
	short := had.Sequence > now.Sequence || had.Sequence == now.Sequence && had.Events > now.Events
	if !c.Found || !short {
		return nil
	}
	events := had.Events - min(had.Events, now.Events)
	return &Loss{From: min(now.Sequence+1, had.Sequence), To: had.Sequence, Events: events}
}

// Block is the superblock of an open store. It is safe for concurrent use.
type Block struct {
	dir string

	mu     sync.Mutex
	file   *os.File
	super  Super
	reader manifestReader
}

// begin says that the store is open, durably, before anything changes in it.
func (b *Block) begin() error {
	b.super.turn++
	b.look()
	if err := replaceSuper(SuperPath(b.dir), &b.super); err != nil {
		return err
	}
	f, err := os.OpenFile(SuperPath(b.dir), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening the superblock: %w", err)
	}
	b.file = f
	return nil
}

// Super is what the superblock says now.
func (b *Block) Super() Super {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.super
}

// Note writes what the store has acknowledged, after a commit is durable and before it is acknowledged. It costs a few
// microseconds and survives the end of the process, not a power cut: then the database knows more than the superblock,
// which is no loss.
func (b *Block) Note(now Totals) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.super.Totals = now
	b.look()
	return b.write()
}

// write puts the superblock into the slot whose turn it is.
func (b *Block) write() error {
	b.super.turn++
	if _, err := b.file.WriteAt(b.super.encode(), int64(b.super.turn%2)*slotStride); err != nil {
		return fmt.Errorf("writing the superblock: %w", err)
	}
	return nil
}

// look remembers how far MANIFEST has grown. One that cannot be read now is not the superblock's to complain about.
func (b *Block) look() {
	if b.reader.look() == nil {
		b.super.manifest = b.reader.manifest
	}
}

// Close says that the store was closed, durably; the database must be closed already. After a failure that leaves
// the database in doubt, [Block.Release] is called instead.
func (b *Block) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.reader.look()
	if err == nil {
		b.super.manifest, b.super.Clean = b.reader.manifest, true
		if err = b.write(); err == nil {
			err = b.file.Sync()
		}
	}
	return errors.Join(err, b.file.Close())
}

// Release gives the file back and leaves the store marked as open.
func (b *Block) Release() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.file.Close()
}
