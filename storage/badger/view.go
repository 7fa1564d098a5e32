package badger

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
)

// view is one state of the store: all that an answer is made of. It never changes; a commit publishes the next one.
type view struct {
	cat     *catalogue
	runs    []*run // as in the catalogue
	members *members
	parts   []columns.Part // as in the catalogue
	firsts  []storage.Instant
	blocks  []columns.Block // what firsts are like, by 64 persons

	users   int    // questions that look at it; guarded by Engine.viewMu
	next    *view  // the one that took its place
	retired []part // what the next one does not need any more
}

// blocksOf sums up first successes, 64 at a time. Where old ones are given, and the list of old first successes that
// they are of, only what changed is summed up anew.
func blocksOf(firsts []storage.Instant, old []columns.Block, was []storage.Instant, changed []first) []columns.Block {
	const persons = 64
	blocks := make([]columns.Block, (len(firsts)+persons-1)/persons)
	whole := len(was) / persons // blocks of the old list that are full
	copy(blocks, old[:min(whole, len(old))])
	sum := func(i int) {
		blocks[i] = columns.BlockOf(firsts[i*persons : min((i+1)*persons, len(firsts))])
	}
	for i := min(whole, len(old)); i < len(blocks); i++ {
		sum(i)
	}
	for _, f := range changed {
		if i := int(f.person) / persons; i < whole {
			sum(i)
		}
	}
	return blocks
}

// look gives the present state and keeps it, and the store, until done is called.
func (e *Engine) look() (v *view, done func(), err error) {
	leave, err := e.use()
	if err != nil {
		return nil, nil, err
	}
	e.viewMu.Lock()
	defer e.viewMu.Unlock()
	v = e.view
	v.users++
	return v, func() {
		e.viewMu.Lock()
		v.users--
		retired := e.outlived()
		e.viewMu.Unlock()
		e.doom(retired)
		leave()
	}, nil
}

// publish makes a view the present one. What it has no need of is removed when nobody looks at older ones.
func (e *Engine) publish(v *view, retired []part) {
	e.viewMu.Lock()
	if e.view != nil {
		e.view.retired = append(e.view.retired, retired...)
		e.view.next = v
	} else {
		e.oldest = v
	}
	e.view = v
	e.entered.Store(v.cat.Persons)
	gone := e.outlived()
	e.viewMu.Unlock()
	e.doom(gone)
}

// outlived takes the views off the list that nobody looks at and none older is looked at. The caller holds viewMu.
func (e *Engine) outlived() (retired []part) {
	for e.oldest != e.view && e.oldest.users == 0 {
		retired = append(retired, e.oldest.retired...)
		e.oldest = e.oldest.next
	}
	return retired
}

// doom leaves parts that nothing names any more to the merger. What a crash leaves of them stands on the catalogue's
// list of garbage, and the next Open removes it.
func (e *Engine) doom(parts []part) {
	if len(parts) == 0 {
		return
	}
	e.garbageMu.Lock()
	e.doomed = append(e.doomed, parts...)
	e.garbageMu.Unlock()
	e.wake()
}

// removeDoomed deletes the values of parts that nothing names any more.
func (e *Engine) removeDoomed() (err error) {
	defer caught(&err)
	e.garbageMu.Lock()
	doomed := e.doomed
	e.doomed = nil
	e.garbageMu.Unlock()
	var keys [][]byte
	err = e.db.View(func(txn *badger.Txn) error {
		for _, d := range doomed {
			keys = append(keys, d.keys(txn)...)
		}
		return nil
	})
	for some := range slices.Chunk(keys, 1000) {
		if err != nil {
			return err
		}
		err = e.db.Update(func(txn *badger.Txn) error {
			for _, k := range some {
				if err := txn.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
	}
	e.garbageMu.Lock()
	defer e.garbageMu.Unlock()
	if err != nil {
		e.doomed = append(e.doomed, doomed...) // another time
		return err
	}
	for _, d := range doomed {
		delete(e.garbage, d)
	}
	return nil
}

// doomAbandoned leaves to the merger what a change or a merge that failed had written ahead: garbage that nobody is
// about to name and no view has retired. The caller holds the writer's token and keeps others from merging.
func (e *Engine) doomAbandoned() {
	waiting := map[part]bool{}
	e.viewMu.Lock()
	for v := e.oldest; v != nil; v = v.next {
		for _, r := range v.retired {
			waiting[r] = true
		}
	}
	e.viewMu.Unlock()
	var abandoned []part
	e.garbageMu.Lock()
	for _, d := range e.doomed {
		waiting[d] = true
	}
	for g := range e.garbage {
		if !waiting[g] {
			abandoned = append(abandoned, g)
		}
	}
	e.garbageMu.Unlock()
	e.doom(abandoned)
}

// keys are the keys of a part's values.
func (d part) keys(txn *badger.Txn) (keys [][]byte) {
	kinds := []kind{d.Kind}
	if d.Kind == ofBlock {
		kinds = []kind{ofBlock, ofDirectory, ofPage}
	}
	for _, k := range kinds {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: numbered(k, d.ID)})
		for it.Rewind(); it.Valid(); it.Next() {
			keys = append(keys, it.Item().KeyCopy(nil))
		}
		it.Close()
	}
	return keys
}

// reserve gives a part its number. Until a catalogue names it, it is garbage.
func (e *Engine) reserve(k kind) uint64 {
	e.garbageMu.Lock()
	defer e.garbageMu.Unlock()
	e.lastID++
	e.garbage[part{Kind: k, ID: e.lastID}] = true
	return e.lastID
}

// account brings the catalogue's list of garbage up to date: what was reserved or retired, but what it names.
func (e *Engine) account(cat *catalogue, retired []part) {
	e.garbageMu.Lock()
	defer e.garbageMu.Unlock()
	for _, r := range cat.Runs {
		delete(e.garbage, part{Kind: ofBlock, ID: r.ID})
	}
	for _, s := range cat.Segments {
		delete(e.garbage, part{Kind: ofColumn, ID: s.ID})
		delete(e.garbage, part{Kind: ofDead, ID: s.DeadID})
	}
	for _, id := range cat.Firsts {
		delete(e.garbage, part{Kind: ofFirsts, ID: id})
	}
	for _, r := range retired {
		e.garbage[r] = true
	}
	cat.LastID = e.lastID
	cat.Garbage = slices.Collect(maps.Keys(e.garbage))
}

// openSegment opens a segment; most of its columns stay on disk until a question needs them.
func (e *Engine) openSegment(entry segmentEntry) (columns.Part, error) {
	load := func(column int) ([]byte, error) {
		return e.value(ofColumn, inside(ofColumn, entry.ID, column))
	}
	if entry.Columns == 0 {
		b, err := e.value(ofColumn, inside(ofColumn, entry.ID, allColumns))
		if err != nil {
			return columns.Part{}, err
		}
		var all [][]byte
		if err := decode(b, &all); err != nil {
			return columns.Part{}, err
		}
		load = func(column int) ([]byte, error) {
			if column >= len(all) {
				return nil, fmt.Errorf("a damaged record: a segment has %d columns", len(all))
			}
			return all[column], nil
		}
	}
	seg, err := columns.Open(load, e.columns)
	if err != nil {
		return columns.Part{}, err
	}
	part := columns.Part{Segment: seg}
	if entry.Dead > 0 {
		if part.Dead, err = e.deadRows(entry); err != nil {
			return columns.Part{}, err
		}
	}
	return part, nil
}

// deadRows reads which rows of a segment were replaced, as a bitmap.
func (e *Engine) deadRows(entry segmentEntry) ([]uint64, error) {
	b, err := e.value(ofDead, numbered(ofDead, entry.DeadID))
	if err != nil {
		return nil, err
	}
	dead, n := make([]uint64, (entry.Rows+63)/64), 0
	row := -1
	for ; len(b) > 0; n++ {
		d, k := uvarint(b)
		if k <= 0 || d >= uint64(entry.Rows) || row+1+int(d) >= entry.Rows {
			return nil, fmt.Errorf("a damaged record: replaced rows")
		}
		b = b[k:]
		row += 1 + int(d)
		dead[row/64] |= 1 << (row % 64)
	}
	if n != entry.Dead {
		return nil, fmt.Errorf("a damaged record: %d replaced rows of %d", n, entry.Dead)
	}
	return dead, nil
}

// encodeDead lists the rows of a bitmap as gaps.
func encodeDead(dead []uint64) (b []byte, n int) {
	last := -1
	for i := range len(dead) * 64 {
		if dead[i/64]&(1<<(i%64)) != 0 {
			b = appendUvarint(b, uint64(i-last-1))
			last = i
			n++
		}
	}
	return b, n
}

// unnamed lists the parts that a crash kept from ever being named: their numbers are beyond the last one that the
// catalogue knows.
func (e *Engine) unnamed(txn *badger.Txn) (left []part, err error) {
	defer caught(&err)
	beyond := map[part]bool{}
	for _, k := range [...]kind{ofBlock, ofDirectory, ofPage, ofColumn, ofDead, ofFirsts} {
		e.beyond(txn, k, beyond)
	}
	return slices.Collect(maps.Keys(beyond)), nil
}

// beyond notes the parts of a kind whose numbers are beyond the last one. It panics where Badger meets damage.
func (e *Engine) beyond(txn *badger.Txn, k kind, parts map[part]bool) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{byte(k)}})
	defer it.Close()
	of := k
	if k == ofDirectory || k == ofPage {
		of = ofBlock
	}
	for it.Seek(numbered(k, e.lastID+1)); it.Valid(); it.Next() {
		parts[part{Kind: of, ID: binary.BigEndian.Uint64(it.Item().Key()[1:])}] = true
	}
}

// acquire waits for the writer's token.
func (e *Engine) acquire(ctx context.Context) (release func(), err error) {
	select {
	case e.writer <- struct{}{}:
		return func() { <-e.writer }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// snapshot gives one state of the database and keeps the store open until done is called.
func (e *Engine) snapshot() (txn *badger.Txn, done func(), err error) {
	leave, err := e.use()
	if err != nil {
		return nil, nil, err
	}
	txn = e.db.NewTransaction(false)
	return txn, func() { discard(txn); leave() }, nil
}
