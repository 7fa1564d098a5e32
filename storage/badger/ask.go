package badger

import (
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"sort"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
)

// Count implements storage.Store.
func (e *Engine) Count(ctx context.Context, q storage.Question) (storage.Count, error) {
	if err := q.Validate(); err != nil {
		return storage.Count{}, err
	}
	v, err := e.read(ctx, &q)
	if err != nil {
		return storage.Count{}, err
	}
	defer v.done()
	c := storage.NewCounter(&q)
	err = v.rows(span{}, false, func(s *storage.Send, first storage.Instant) bool {
		c.Add(s, first)
		return true
	})
	return c.Result(), err
}

// Sends implements storage.Store. Memory does not grow with the number of rows.
func (e *Engine) Sends(ctx context.Context, q storage.Question, order storage.Order) iter.Seq2[storage.Send, error] {
	return func(yield func(storage.Send, error) bool) {
		if err := e.sends(ctx, &q, order, yield); err != nil {
			yield(storage.Send{}, err)
		}
	}
}

func (e *Engine) sends(ctx context.Context, q *storage.Question, order storage.Order, yield func(storage.Send, error) bool) error {
	if err := q.Validate(); err != nil {
		return err
	}
	v, err := e.read(ctx, q)
	if err != nil {
		return err
	}
	defer v.done()
	match := storage.NewMatcher(q)
	var from span
	if order.Limit > 0 && !order.NewestFirst {
		if from, err = v.newest(match, order.Limit); err != nil {
			return err
		}
	}
	left := order.Limit
	return v.rows(from, order.NewestFirst, func(s *storage.Send, first storage.Instant) bool {
		if !match.Match(s, first) {
			return true
		}
		s.Show(q.Scope, e.secret)
		left--
		return yield(*s, nil) && left != 0
	})
}

// Names implements storage.Store.
func (e *Engine) Names(ctx context.Context, scope storage.Scope, field, prefix string) ([]storage.Name, error) {
	q := storage.Question{Scope: scope}
	names, err := storage.NewNames(&q, field, prefix)
	if err != nil {
		return nil, err
	}
	v, err := e.read(ctx, &q)
	if err != nil {
		return nil, err
	}
	defer v.done()
	err = v.rows(span{}, false, func(s *storage.Send, first storage.Instant) bool {
		names.Add(s, first)
		return true
	})
	return names.Result(), err
}

// Stats implements storage.Store.
func (e *Engine) Stats(ctx context.Context) (storage.Stats, error) {
	v, err := e.read(ctx, &storage.Question{})
	if err != nil {
		return storage.Stats{}, err
	}
	defer v.done()
	var c counters
	if err := record(v, metaKey(metaCounters), &c); err != nil {
		return storage.Stats{}, err
	}
	stats := storage.Stats{Events: c.Events, Sends: c.Sends, Orphans: c.Orphans, Conflicts: c.Conflicts, Latest: c.Latest}
	err = v.rows(span{}, false, func(s *storage.Send, _ storage.Instant) bool {
		stats.First = s.Time
		return false
	})
	return stats, err
}

// Timeline implements storage.Store.
func (e *Engine) Timeline(ctx context.Context, scope storage.Scope, contact storage.Contact) ([]storage.Event, error) {
	q := storage.Question{Scope: scope, Test: true}
	v, err := e.read(ctx, &q)
	if err != nil {
		return nil, err
	}
	defer v.done()
	components, err := v.componentsOf(contact)
	if err != nil {
		return nil, err
	}
	match, visible := storage.NewMatcher(&q), false
	var events []storage.Event
	for _, id := range components {
		joined, err := v.join(id)
		if err != nil {
			return nil, err
		}
		for _, t := range joined.Timelines {
			if !v.is(contact, t.Key.Channel, t.Key.Contact) {
				continue
			}
			shown := false
			for _, send := range t.Fold(e.windows) {
				first, err := v.firstSuccess(&send)
				if err != nil {
					return nil, err
				}
				shown = match.Match(&send, first) || shown
			}
			visible = visible || shown
			if shown || len(scope.Where()) == 0 {
				events = append(events, t.Events()...)
			}
		}
	}
	if !visible {
		return nil, nil
	}
	sort.Slice(events, func(i, j int) bool { return events[i].Before(&events[j]) })
	storage.ShowEvents(events, scope, e.secret)
	return events, nil
}

// view is one state of the store, read for one question.
type view struct {
	e     *Engine
	ctx   context.Context
	q     *storage.Question
	txn   *badger.Txn
	done  func()
	first map[string]storage.Instant // first successes looked up of late, by contact key
}

// firstKept is how many first successes a view keeps at hand, about two megabytes of them. A list of sends in order
// of time comes back to a contact soon or hardly ever.
const firstKept = 20_000

func (e *Engine) read(ctx context.Context, q *storage.Question) (*view, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	txn, done, err := e.snapshot()
	if err != nil {
		return nil, err
	}
	if err := e.whole(); err != nil {
		done()
		return nil, err
	}
	return &view{e: e, ctx: ctx, q: q, txn: txn, done: done, first: map[string]storage.Instant{}}, nil
}

// span is the key of the row to start with; the zero value is the first of the question's range.
type span struct{ start []byte }

// rows calls f with the rows that may lie in the question's range, oldest or newest first, until it returns false.
func (v *view) rows(from span, newestFirst bool, f func(s *storage.Send, first storage.Instant) bool) error {
	lowest, highest := v.q.Range.Window()
	low, high := rowKey(lowest, ""), rowKey(highest, "")
	if from.start != nil {
		low = from.start
	}
	it := v.txn.NewIterator(badger.IteratorOptions{Prefix: []byte{'r'}, Reverse: newestFirst})
	defer it.Close()
	seek := low
	if newestFirst {
		seek = high
	}
	for it.Seek(seek); it.Valid(); it.Next() {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		item := it.Item()
		if !newestFirst && string(item.Key()) >= string(high) || newestFirst && string(item.Key()) < string(low) {
			return nil
		}
		r, err := v.row(item)
		if err != nil {
			return err
		}
		r.Token = storage.TokenOf(v.e.secret, r.Channel, r.Contact)
		first, err := v.firstSuccess(&r.Send)
		if err != nil {
			return err
		}
		if !f(&r.Send, first) {
			return nil
		}
	}
	return nil
}

// row reads a row and the records that it goes on in.
func (v *view) row(item *badger.Item) (r row, err error) {
	var enc []byte
	var more uint64
	err = item.Value(func(b []byte) error {
		n := 0
		if more, n = binary.Uvarint(b); n <= 0 {
			return errMissing
		}
		if more == 0 {
			return decode(b[n:], &r)
		}
		enc = append(enc, b[n:]...)
		return nil
	})
	if err != nil || more == 0 {
		return r, err
	}
	at, send := rowOf(item.Key())
	for i := range int(more) {
		piece, err := v.get(restKey(at, send, i))
		if err != nil {
			return r, err
		}
		if piece == nil {
			return r, errMissing
		}
		enc = append(enc, piece...)
	}
	return r, decode(enc, &r)
}

// newest finds where the newest rows begin that the question covers, at most limit of them, so that they can be
// listed oldest first without keeping them.
func (v *view) newest(match *storage.Matcher, limit int) (span, error) {
	var last span
	err := v.rows(span{}, true, func(s *storage.Send, first storage.Instant) bool {
		if !match.Match(s, first) {
			return true
		}
		last.start = rowKey(s.Time, s.ID)
		limit--
		return limit > 0
	})
	return last, err
}

// firstSuccess is that of the send's contact. It decides something only where the range has a first day; a send
// without contact is a contact of its own.
func (v *view) firstSuccess(s *storage.Send) (storage.Instant, error) {
	if s.Contact == "" {
		if s.Status == storage.Successful && !s.Test {
			return s.Time, nil
		}
		return 0, nil
	}
	if v.q.Range.From == 0 {
		return 0, nil
	}
	k := s.ContactKey()
	if first, ok := v.first[k]; ok {
		return first, nil
	}
	var contact contactRecord
	h := v.e.contactHash(s.Channel, s.Contact)
	if err := record(v, contactKey(h), &contact); err != nil {
		return 0, err
	}
	if len(v.first) >= firstKept {
		clear(v.first)
	}
	v.first[k] = contact.First
	return contact.First, nil
}

// get is the value under a key, nil if there is none.
func (v *view) get(k []byte) ([]byte, error) { return valueOf(v.txn, k) }

// record reads what another record says is there.
func record[T any](v *view, k []byte, r *T) error {
	b, err := v.get(k)
	if err != nil {
		return err
	}
	if b == nil {
		return errMissing
	}
	return decode(b, r)
}

// componentsOf lists the components that hold timelines of a contact.
func (v *view) componentsOf(contact storage.Contact) ([]uint64, error) {
	prefix := append([]byte{'t'}, contact.Token...)
	if contact.Token == "" {
		digits := v.e.hash(ofAddress, storage.Digits(contact.ID))
		prefix = key('w', digits[:])
	}
	var contacts [][]byte
	err := eachKey(v.txn, prefix, func(k []byte) error {
		contacts = append(contacts, append([]byte{}, k[len(k)-len(hash{}):]...))
		return nil
	})
	if err != nil {
		return nil, err
	}
	var components []uint64
	for _, h := range contacts {
		err := eachKey(v.txn, key('y', h), func(k []byte) error {
			components = append(components, binary.BigEndian.Uint64(k[len(k)-8:]))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(components) // a phone's contacts on several channels may share one
	return slices.Compact(components), nil
}

// is tells whether a timeline's contact is the one asked for.
func (v *view) is(c storage.Contact, channel, id string) bool {
	if id == "" || (c.Channel != "" && c.Channel != channel) {
		return false
	}
	if c.Token != "" {
		return storage.TokenOf(v.e.secret, channel, id) == c.Token
	}
	return storage.Digits(c.ID) == storage.Digits(id)
}

// join reads and joins a component.
func (v *view) join(component uint64) (storage.Joined, error) {
	var h head
	if err := record(v, headKey(component), &h); err != nil {
		return storage.Joined{}, err
	}
	if err := h.Chunks.read(v.get, component, chunkList); err != nil {
		return storage.Joined{}, err
	}
	events, err := h.readEvents(v.get)
	return storage.Join(events), err
}
