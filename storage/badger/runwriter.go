package badger

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"slices"

	"outboundbot/storage"
	"outboundbot/storage/badger/packed"
)

// blockSize is about how many bytes of events go into a block before it is compressed.
const blockSize = 96 << 10

// smallRun is up to how many identifiers a run keeps in memory beside its index.
const smallRun = 1 << 17

// runWriter makes a run.
type runWriter struct {
	e      *Engine
	entry  runEntry
	keys   packed.Keys
	block  *packed.Builder
	starts []start
	moved  []redirect
	index  *packed.IndexBuilder
	tocs   []indexEntry // of the indexes that are written
	tokens map[uint64]uint32
	write  func(key, value []byte) error // where finished values go; nil to keep them until finish
	blocks []entry
}

// entry is a value on its way into the database.
type entry struct{ key, value []byte }

// start is the component that a block begins with.
type start struct {
	_         struct{} `cbor:",toarray"`
	Component uint32
	Block     uint32
	Part      uint32 // of a component that is cut into several blocks; 0 for the first, or the only one
}

// sealing is the number under which a block is sealed: its run's, and the part of a component, so that nothing is ever
// sealed twice under one key and one number.
func (s start) sealing(run uint64) uint64 { return run | uint64(s.Part) }

// newSeal draws the number that a run's blocks are sealed under. Its last bits are for the parts of a component, of
// which there may be 65,536.
func newSeal() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.BigEndian.Uint64(b[:]) >> 1 &^ 0xffff
}

func (e *Engine) newRun(id uint64, keys packed.Keys) *runWriter {
	return &runWriter{e: e, entry: runEntry{ID: id, Seal: newSeal()}, keys: keys, index: &packed.IndexBuilder{}, tokens: map[uint64]uint32{}}
}

// name notes that a component has an identifier. Within a run each has one component.
func (w *runWriter) name(token uint64, component uint32) {
	if w.tokens != nil {
		if _, there := w.tokens[token]; there {
			return
		}
		if w.tokens[token] = component; len(w.tokens) > smallRun {
			w.tokens = nil
		}
	}
	w.index.Add(token, component)
}

// A component with very many events is cut into several blocks, since a value must not get large.
const (
	mostTogether = 8192
	longTogether = 1 << 20 // bytes of texts
)

// cutOf is how many of some events go into one block.
func cutOf(events []storage.Event) int {
	if len(events) <= mostTogether/16 { // a short one cannot be long: storage.MaxText
		return len(events)
	}
	bytes := 0
	for i := range events {
		e := &events[i]
		if bytes += len(e.ID) + len(e.Send) + len(e.Message) + len(e.Conversation) + len(e.Text) + len(e.Reason) + 64; i >= mostTogether || bytes > longTogether {
			return max(1, i)
		}
	}
	return len(events)
}

// addParts adds the events of a large component, in blocks of their own.
func (w *runWriter) addParts(b packed.Bundle) error {
	if err := w.flush(); err != nil {
		return err
	}
	rest := b.Events
	for part := uint32(0); len(rest) > 0; part++ {
		at := start{Component: b.Component, Part: part}
		block := packed.NewBuilder(at.sealing(w.entry.Seal), w.keys)
		n := cutOf(rest)
		b.Events, rest = rest[:n], rest[n:]
		if err := block.Add(b); err != nil {
			return err
		}
		encoded, _, _, events, err := block.Finish()
		if err == nil {
			err = w.put(encoded, at, events)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds the events of a component; components come in order.
func (w *runWriter) add(b packed.Bundle) error {
	if cutOf(b.Events) < len(b.Events) {
		return w.addParts(b)
	}
	if w.block == nil {
		w.block = packed.NewBuilder(w.entry.Seal, w.keys)
	}
	if err := w.block.Add(b); err != nil {
		return err
	}
	if w.block.Size() < blockSize {
		return nil
	}
	return w.flush()
}

func (w *runWriter) flush() error {
	if w.block == nil {
		return nil
	}
	b, first, _, events, err := w.block.Finish()
	w.block = nil
	if err != nil {
		return err
	}
	return w.put(b, start{Component: first}, events)
}

// put writes a block. Blocks come in any order, and none has components between those of another one.
func (w *runWriter) put(block []byte, at start, events int) error {
	k := inside(ofBlock, w.entry.ID, w.entry.Blocks)
	at.Block = uint32(w.entry.Blocks)
	w.starts = append(w.starts, at)
	w.entry.Blocks++
	w.entry.Events += events
	v := seal(ofBlock, k, events, block)
	if w.write == nil {
		w.blocks = append(w.blocks, entry{k, v})
		return nil
	}
	return w.write(k, v)
}

// writeIndex writes an index of the identifiers whose hash begins with some bits.
func (w *runWriter) writeIndex(index *packed.IndexBuilder, bits int, value uint64) error {
	at := indexEntry{Bits: bits, Value: value, Base: w.entry.Pages}
	var pages [][]byte
	at.Directory, pages = index.Finish()
	for _, p := range pages {
		k := inside(ofPage, w.entry.ID, w.entry.Pages)
		w.entry.Pages++
		if err := w.write(k, seal(ofPage, k, 0, p)); err != nil {
			return err
		}
	}
	w.tocs = append(w.tocs, at)
	return nil
}

// finish writes the rest and gives the run.
func (w *runWriter) finish(write func(k, v []byte) error) (*run, error) {
	if err := w.flush(); err != nil {
		return nil, err
	}
	w.write = write
	for _, b := range w.blocks {
		if err := write(b.key, b.value); err != nil {
			return nil, err
		}
	}
	if err := w.writeIndex(w.index, 0, 0); err != nil {
		return nil, err
	}
	return w.close()
}

// close writes the directory and opens the run.
func (w *runWriter) close() (*run, error) {
	slices.SortFunc(w.starts, func(a, b start) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Part, b.Part))
	})
	d := &directory{Starts: w.starts, Moved: w.moved, Indexes: w.tocs}
	b, err := encode(d)
	if err != nil {
		return nil, err
	}
	k := numbered(ofDirectory, w.entry.ID)
	if err := w.write(k, seal(ofDirectory, k, w.entry.Events, b)); err != nil {
		return nil, err
	}
	r, err := w.e.runOf(w.entry, d)
	if err == nil {
		r.tokens = w.tokens
	}
	return r, err
}
