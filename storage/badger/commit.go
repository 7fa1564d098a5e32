package badger

import (
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
)

// segmentRows is how many sends a segment has at most.
const segmentRows = 65_000 // of 65,535 that columns take

// packedRows is up to how many sends a segment has all its columns in one value.
const packedRows = 4096

// pen writes values: into one transaction if they fit, else ahead of it under keys that nothing names yet.
type pen struct {
	e       *Engine
	entries []entry
	bytes   int64
}

// ahead is up to how many bytes are kept for one transaction.
const ahead = 4 << 20

func (p *pen) write(k, v []byte) error {
	p.entries = append(p.entries, entry{k, v})
	if p.bytes += int64(len(k) + len(v) + 64); p.bytes < ahead {
		return nil
	}
	return p.flush()
}

// flush makes what was written durable.
func (p *pen) flush() error {
	if len(p.entries) == 0 {
		return nil
	}
	txn := p.e.db.NewTransaction(true)
	defer func() { txn.Discard() }()
	size, limit := int64(0), min(p.e.db.MaxBatchSize()*8/10, 8*ahead)
	for _, w := range p.entries {
		n := int64(len(w.key) + len(w.value) + 64)
		if size += n; size > limit && size > n {
			if err := txn.Commit(); err != nil {
				return err
			}
			txn, size = p.e.db.NewTransaction(true), n
		}
		if err := txn.SetEntry(badger.NewEntry(w.key, w.value)); err != nil {
			return err
		}
	}
	p.entries, p.bytes = nil, 0
	return txn.Commit()
}

// commit makes a change durable, all of it or nothing, and lets questions see it.
func (c *change) commit() error {
	if !c.matters() {
		return nil
	}
	p := &pen{e: c.e}
	next, retired, err := c.write(p)
	if err != nil {
		c.e.broken = err
		return err
	}
	return c.e.exchange(p, next, retired)
}

// matters tells whether there is something to commit.
func (c *change) matters() bool {
	return c.cat.Events != c.view.cat.Events || c.cat.Conflicts != c.view.cat.Conflicts
}

// write writes all values of a change but the catalogue, and gives the state that it leads to.
func (c *change) write(p *pen) (next *view, retired []part, err error) {
	next = &view{
		cat: c.cat, runs: slices.Clone(c.view.runs), members: c.view.members.plus(c.moved),
		parts: slices.Clone(c.view.parts), firsts: c.view.firsts,
	}
	for _, step := range []func(*pen, *view) error{c.writeRun, c.writeRows, c.writeDead, c.writePersons} {
		if err := step(p, next); err != nil {
			return nil, nil, err
		}
	}
	return next, c.retired, nil
}

// exchange makes everything written so far part of the store and lets questions see it. The caller holds the
// writer's token.
func (e *Engine) exchange(p *pen, next *view, retired []part) error {
	e.account(next.cat, retired)
	if err := e.writeCatalogue(p, next.cat); err != nil {
		e.broken = err
		return err
	}
	e.publish(next, retired)
	e.wake()
	return nil
}

// writeRun finishes the run of the new events.
func (c *change) writeRun(p *pen, next *view) error {
	if c.cat.Events == c.view.cat.Events {
		return nil
	}
	r, err := c.run.finish(p.write)
	if err != nil {
		return err
	}
	c.cat.Runs = append(c.cat.Runs, r.entry)
	next.runs = append(next.runs, r)
	return nil
}

// writeRows makes segments of the new rows.
func (c *change) writeRows(p *pen, next *view) error {
	slices.SortFunc(c.rows, byTime)
	for rows := range slices.Chunk(c.rows, segmentRows) {
		part, entry, err := c.e.writeSegment(p.write, rows)
		if err != nil {
			return err
		}
		c.cat.Segments = append(c.cat.Segments, entry)
		next.parts = append(next.parts, part)
	}
	return nil
}

// writeSegment writes rows as a segment and opens it.
func (e *Engine) writeSegment(write func(k, v []byte) error, rows []columns.Row) (columns.Part, segmentEntry, error) {
	enc, err := columns.Encode(rows)
	if err != nil {
		return columns.Part{}, segmentEntry{}, err
	}
	id := e.reserve(ofColumn)
	entry := segmentEntry{ID: id, Rows: enc.Rows, First: enc.First, Last: enc.Last}
	if enc.Rows > packedRows {
		entry.Columns = len(enc.Values)
		for i, b := range enc.Values {
			k := inside(ofColumn, id, i)
			if err := write(k, seal(ofColumn, k, enc.Rows, b)); err != nil {
				return columns.Part{}, entry, err
			}
		}
	} else {
		b, err := encode(&enc.Values)
		if err != nil {
			return columns.Part{}, entry, err
		}
		k := inside(ofColumn, id, allColumns)
		if err := write(k, seal(ofColumn, k, enc.Rows, b)); err != nil {
			return columns.Part{}, entry, err
		}
	}
	values := enc.Values
	seg, err := columns.Open(func(column int) ([]byte, error) {
		if values != nil {
			return values[column], nil
		}
		return e.value(ofColumn, inside(ofColumn, id, column))
	}, e.columns)
	if entry.Columns > 0 {
		values = nil // they are read back when a question needs them
	}
	return columns.Part{Segment: seg}, entry, err
}

// writeDead writes which rows were replaced.
func (c *change) writeDead(p *pen, next *view) error {
	for i, dead := range c.dead {
		next.parts[i].Dead = dead
		entry := &c.cat.Segments[i]
		if entry.DeadID != 0 {
			c.retired = append(c.retired, part{Kind: ofDead, ID: entry.DeadID})
		}
		if err := c.e.writeDeadRows(p.write, entry, dead); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) writeDeadRows(write func(k, v []byte) error, entry *segmentEntry, dead []uint64) error {
	b, n := encodeDead(dead)
	entry.Dead, entry.DeadID = n, e.reserve(ofDead)
	k := numbered(ofDead, entry.DeadID)
	return write(k, seal(ofDead, k, n, b))
}

// writePersons writes new contacts and first successes.
func (c *change) writePersons(p *pen, next *view) error {
	pages, err := c.entries.pages(c.view.cat.Persons)
	if err != nil {
		return err
	}
	for number, b := range pages {
		k := numbered(ofPersons, uint64(number))
		if err := p.write(k, seal(ofPersons, k, personsPerPage, b)); err != nil {
			return err
		}
	}
	c.cat.Persons = c.entries.next
	next.firsts = withFirsts(c.view.firsts, int(c.cat.Persons), c.firsts)
	retired, err := c.e.writeFirsts(p.write, next, slices.Sorted(maps.Keys(c.firstPages(next.firsts))))
	c.retired = append(c.retired, retired...)
	return err
}

// writeFirsts writes some pages of a view's first successes, in order.
func (e *Engine) writeFirsts(write func(k, v []byte) error, v *view, pages []int) (retired []part, err error) {
	for _, page := range pages {
		from := page * firstsPerPage
		some := v.firsts[from:min(from+firstsPerPage, len(v.firsts))]
		id := e.reserve(ofFirsts)
		k := numbered(ofFirsts, id)
		if err := write(k, seal(ofFirsts, k, len(some), encodeFirsts(some))); err != nil {
			return nil, err
		}
		if page < len(v.cat.Firsts) {
			retired = append(retired, part{Kind: ofFirsts, ID: v.cat.Firsts[page]})
			v.cat.Firsts[page] = id
		} else {
			v.cat.Firsts = append(v.cat.Firsts, id)
		}
	}
	return retired, nil
}

// withFirsts is the list of first successes with some of them changed, for so many persons. Older views look at the
// old list, so what they see of it stays as it is.
func withFirsts(old []storage.Instant, persons int, changed []first) []storage.Instant {
	same := true
	for _, f := range changed {
		if int(f.person) < len(old) && old[f.person] != f.at {
			same = false
			break
		}
	}
	out := old
	if !same || cap(out) < persons {
		out = make([]storage.Instant, len(old), persons+persons/8+1024)
		copy(out, old)
	}
	out = out[:persons]
	clear(out[len(old):]) // nobody looks at what lies beyond the old length
	for _, f := range changed {
		out[f.person] = f.at
	}
	return out
}

// firstPages are the pages of first successes that changed.
func (c *change) firstPages(now []storage.Instant) map[int]bool {
	pages := map[int]bool{}
	before := c.view.firsts
	for _, f := range c.firsts {
		if int(f.person) >= len(before) || before[f.person] != f.at {
			pages[int(f.person)/firstsPerPage] = true
		}
	}
	for person := len(before); person < len(now); person += firstsPerPage - person%firstsPerPage {
		pages[person/firstsPerPage] = true
	}
	return pages
}

// writeCatalogue makes everything written so far part of the store.
func (e *Engine) writeCatalogue(p *pen, cat *catalogue) error {
	cat.Seq++
	b, err := encode(cat)
	if err != nil {
		return err
	}
	k := catalogueKey()
	v := seal(ofCatalogue, k, cat.Sends, b)
	if p.bytes+int64(len(v)) > ahead {
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.entries = append(p.entries, entry{k, v})
	if err := p.flush(); err != nil {
		return err
	}
	e.acknowledged(cat)
	return nil
}
