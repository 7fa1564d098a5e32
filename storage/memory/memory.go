// Package memory is the plain truth: all events in a slice, joined and folded anew after every change, every
// question answered by looking at every row. Other engines are compared with it.
package memory

import (
	"context"
	"crypto/rand"
	"iter"
	"slices"
	"sort"
	"sync"

	"outboundbot/storage"
)

// Store is a storage.Store that forgets everything on Close.
type Store struct {
	windows storage.Windows
	secret  []byte // of contact tokens

	mu        sync.Mutex
	events    []storage.Event
	known     map[string]int // event id → place in events
	conflicts int
	folded    bool // sends, first and orphans are those of events
	sends     []storage.Send
	first     map[string]storage.Instant // first success by contact key
	orphans   int
}

// New makes an empty store.
func New(windows storage.Windows) *Store {
	secret := make([]byte, 32)
	rand.Read(secret)
	return &Store{windows: windows, secret: secret, known: map[string]int{}}
}

// Append implements storage.Store.
func (s *Store) Append(ctx context.Context, events []storage.Event) (storage.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return storage.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var r storage.Receipt
	for i, e := range events {
		if err := e.Normalize(); err != nil {
			r.Rejected = append(r.Rejected, storage.Reject{Index: i, Reason: err.Error()})
			continue
		}
		switch at, seen := s.known[e.ID]; {
		case !seen:
			s.known[e.ID] = len(s.events)
			s.events = append(s.events, e)
			s.folded = false
			r.Accepted++
		case s.events[at] == e:
			r.Duplicates++
		default:
			r.Conflicts++
		}
	}
	s.conflicts += r.Conflicts
	return r, nil
}

// fold brings the rows up to date. The caller holds the lock.
func (s *Store) fold() {
	if s.folded {
		return
	}
	joined := storage.Join(s.events)
	s.sends, s.first, s.orphans = nil, map[string]storage.Instant{}, joined.Orphans
	for _, t := range joined.Timelines {
		s.sends = append(s.sends, t.Fold(s.windows)...)
	}
	sort.Slice(s.sends, func(i, j int) bool {
		a, b := &s.sends[i], &s.sends[j]
		return a.Time < b.Time || (a.Time == b.Time && a.ID < b.ID)
	})
	for i := range s.sends {
		send := &s.sends[i]
		if first := s.first[send.ContactKey()]; send.Status == storage.Successful && !send.Test && (first == 0 || send.Time < first) {
			s.first[send.ContactKey()] = send.Time
		}
	}
	s.folded = true
}

// Count implements storage.Store.
func (s *Store) Count(ctx context.Context, q storage.Question) (storage.Count, error) {
	if err := q.Validate(); err != nil {
		return storage.Count{}, err
	}
	c := storage.NewCounter(&q)
	for send, first := range s.rows() {
		if err := ctx.Err(); err != nil {
			return storage.Count{}, err
		}
		send.Token = storage.TokenOf(s.secret, send.Channel, send.Contact)
		c.Add(&send, first)
	}
	return c.Result(), nil
}

// rows yields copies of all rows, oldest first, with the first success of their contact.
func (s *Store) rows() iter.Seq2[storage.Send, storage.Instant] {
	s.mu.Lock()
	s.fold()
	sends, first := s.sends, s.first // replaced, never changed, by the next fold
	s.mu.Unlock()
	return func(yield func(storage.Send, storage.Instant) bool) {
		for _, send := range sends {
			if !yield(send, first[send.ContactKey()]) {
				return
			}
		}
	}
}

// Sends implements storage.Store.
func (s *Store) Sends(ctx context.Context, q storage.Question, order storage.Order) iter.Seq2[storage.Send, error] {
	return func(yield func(storage.Send, error) bool) {
		if err := q.Validate(); err != nil {
			yield(storage.Send{}, err)
			return
		}
		var found []storage.Send
		match := storage.NewMatcher(&q)
		for send, first := range s.rows() {
			send.Token = storage.TokenOf(s.secret, send.Channel, send.Contact)
			if match.Match(&send, first) {
				send.Show(q.Scope, s.secret)
				found = append(found, send)
			}
		}
		if order.Limit > 0 && len(found) > order.Limit {
			found = found[len(found)-order.Limit:]
		}
		if order.NewestFirst {
			slices.Reverse(found)
		}
		for _, send := range found {
			if err := ctx.Err(); err != nil {
				yield(storage.Send{}, err)
				return
			}
			if !yield(send, nil) {
				return
			}
		}
	}
}

// Timeline implements storage.Store.
func (s *Store) Timeline(ctx context.Context, scope storage.Scope, contact storage.Contact) ([]storage.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	match := storage.NewMatcher(&storage.Question{Scope: scope, Test: true})
	seen := map[storage.TimelineKey]bool{} // timelines that the scope shows a send of
	for send, first := range s.rows() {
		if s.is(contact, send.Channel, send.Contact) && match.Match(&send, first) {
			seen[storage.TimelineKey{Channel: send.Channel, Line: send.Line, Contact: send.Contact}] = true
		}
	}
	if len(seen) == 0 {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var events []storage.Event
	for _, t := range storage.Join(s.events).Timelines {
		if seen[t.Key] || (len(scope.Where()) == 0 && s.is(contact, t.Key.Channel, t.Key.Contact)) {
			events = append(events, t.Events()...)
		}
	}
	sort.Slice(events, func(i, j int) bool { return events[i].Before(&events[j]) })
	storage.ShowEvents(events, scope, s.secret)
	return events, nil
}

func (s *Store) is(c storage.Contact, channel, id string) bool {
	if id == "" || (c.Channel != "" && c.Channel != channel) {
		return false
	}
	if c.Token != "" {
		return storage.TokenOf(s.secret, channel, id) == c.Token
	}
	return storage.Digits(c.ID) == storage.Digits(id)
}

// Names implements storage.Store.
func (s *Store) Names(ctx context.Context, scope storage.Scope, field, prefix string) ([]storage.Name, error) {
	q := storage.Question{Scope: scope}
	names, err := storage.NewNames(&q, field, prefix)
	if err != nil {
		return nil, err
	}
	for send, first := range s.rows() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		names.Add(&send, first)
	}
	return names.Result(), nil
}

// Stats implements storage.Store.
func (s *Store) Stats(context.Context) (storage.Stats, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fold()
	st := storage.Stats{Events: len(s.events), Sends: len(s.sends), Orphans: s.orphans, Conflicts: s.conflicts}
	if len(s.sends) > 0 {
		st.First = s.sends[0].Time
	}
	for i := range s.events {
		st.Latest = max(st.Latest, s.events[i].At)
	}
	return st, nil
}

// Close implements storage.Store.
func (s *Store) Close() error { return nil }
