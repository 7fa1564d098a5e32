package badger

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"outboundbot/storage"
	"outboundbot/storage/badger/guard"
)

// catalogue names everything that answers are made of. It is one value, written with each commit: what it names is
// read by point lookups, and a name whose value is missing is damage, never a smaller answer. What stands in the
// database without being named is left over from a change that was not finished.
type catalogue struct {
	_          struct{} `cbor:",toarray"`
	Seq        uint64   // commits so far
	Mark       []byte   // of the master key
	LastID     uint64   // of a part
	Components uint32   // the next component
	Persons    uint32   // the next person
	Runs       []runEntry
	Segments   []segmentEntry

	Firsts  []uint64 // the values with first successes, by page
	Garbage []part   // what may be there and is not needed

	Events, Sends, Orphans, Conflicts int
	Latest                            storage.Instant
	Fold                              string // by which windows and which version of the fold the sends were made
}

// runEntry is a run of event blocks.
type runEntry struct {
	_      struct{} `cbor:",toarray"`
	ID     uint64
	Seal   uint64 // what its blocks are sealed under: drawn by lot, so that a restored store never repeats one
	Events int
	Blocks int
	Pages  int // of the index
}

// segmentEntry is a segment of sends.
type segmentEntry struct {
	_           struct{} `cbor:",toarray"`
	ID          uint64
	Rows        int
	First, Last storage.Instant
	Columns     int    // values it has; 0 for one value with all columns
	Dead        int    // rows that were replaced
	DeadID      uint64 // of the value that tells which
}

// part is a run, a segment, or a value that is written anew under another number when it changes. All these have
// numbers of one sequence.
type part struct {
	_    struct{} `cbor:",toarray"`
	Kind kind     // ofBlock for a run, ofColumn for a segment, ofDead, ofFirsts
	ID   uint64
}

func (s *segmentEntry) live() int { return s.Rows - s.Dead }

// totals are what the superblock notes.
func (c *catalogue) totals() guard.Totals {
	return guard.Totals{Sequence: c.Seq, Events: uint64(c.Events), Sends: uint64(c.Sends)}
}

// clone is a catalogue that can be changed without the other one noticing.
func (c *catalogue) clone() *catalogue {
	d := *c
	d.Runs = append([]runEntry(nil), c.Runs...)
	d.Segments = append([]segmentEntry(nil), c.Segments...)
	d.Firsts = append([]uint64(nil), c.Firsts...)
	return &d
}

func encode[T any](v *T) ([]byte, error) { return cbor.Marshal(v) }

func decode[T any](b []byte, v *T) error {
	if err := cbor.Unmarshal(b, v); err != nil {
		return fmt.Errorf("a damaged record: %w", err)
	}
	return nil
}
