package badger

import (
	"context"
	"iter"
	"slices"
	"sort"
	"strings"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
)

// Count implements storage.Store.
func (e *Engine) Count(ctx context.Context, q storage.Question) (storage.Count, error) {
	if err := q.Validate(); err != nil {
		return storage.Count{}, err
	}
	v, done, err := e.read(ctx)
	if err != nil {
		return storage.Count{}, err
	}
	defer done()
	if contacts, ok := contactsOf(&q); ok {
		c := storage.NewCounter(&q)
		err := e.eachOf(v, contacts, func(s *storage.Send, first storage.Instant) { c.Add(s, first) })
		return c.Result(), err
	}
	return e.columnsOf(v).Count(ctx, &q)
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
	v, done, err := e.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	if contacts, ok := contactsOf(q); ok {
		return e.sendsOf(v, contacts, q, order, yield)
	}
	return e.columnsOf(v).Sends(ctx, q, order, yield)
}

// Names implements storage.Store.
func (e *Engine) Names(ctx context.Context, scope storage.Scope, field, prefix string) ([]storage.Name, error) {
	v, done, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return e.columnsOf(v).Names(ctx, scope, field, prefix)
}

// Stats implements storage.Store.
func (e *Engine) Stats(ctx context.Context) (storage.Stats, error) {
	v, done, err := e.read(ctx)
	if err != nil {
		return storage.Stats{}, err
	}
	defer done()
	c := v.cat
	stats := storage.Stats{Events: c.Events, Sends: c.Sends, Orphans: c.Orphans, Conflicts: c.Conflicts, Latest: c.Latest}
	stats.First, err = v.earliest()
	return stats, err
}

// earliest is the time of the first send.
func (v *view) earliest() (storage.Instant, error) {
	order := make([]int, len(v.parts))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool { return v.cat.Segments[order[a]].First < v.cat.Segments[order[b]].First })
	var earliest storage.Instant
	for _, i := range order {
		entry := &v.cat.Segments[i]
		switch {
		case earliest != 0 && entry.First >= earliest:
			return earliest, nil
		case entry.live() == 0:
			continue
		case entry.Dead == 0:
			earliest = entry.First
			continue
		}
		err := v.parts[i].All(v.parts[i].Dead, func(_ int, r *columns.Row) error {
			if earliest == 0 || r.Time < earliest {
				earliest = r.Time
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return earliest, nil
}

// Timeline implements storage.Store.
func (e *Engine) Timeline(ctx context.Context, scope storage.Scope, contact storage.Contact) ([]storage.Event, error) {
	v, done, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := e.componentsOf(v, []storage.Contact{contact})
	if err != nil {
		return nil, err
	}
	q := storage.Question{Scope: scope, Test: true}
	match, visible := storage.NewMatcher(&q), false
	var events []storage.Event
	for _, src := range found {
		for _, t := range storage.Join(src.events).Timelines {
			if !e.is(contact, t.Key.Channel, t.Key.Contact) {
				continue
			}
			shown := false
			for _, send := range t.Fold(e.windows) {
				shown = match.Match(&send, 0) || shown // without a range nobody is recurring
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
	inOrder(events)
	storage.ShowEvents(events, scope, e.secret)
	return events, nil
}

// read gives the present state for a question.
func (e *Engine) read(ctx context.Context) (*view, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	return e.look()
}

// columnsOf is a state as the columns look at it.
func (e *Engine) columnsOf(v *view) *columns.View {
	return &columns.View{
		Parts: v.parts, First: v.firsts, Blocks: v.blocks, Secret: e.secret,
		Contact: func(person uint32) (string, error) {
			_, contact, err := e.persons.Contact(person)
			return contact, err
		},
		Persons: func(c storage.Contact) ([]uint32, error) { return e.personsOf(v, c) },
	}
}

// contactsOf are the contacts that a question is about, if a condition names some: then their own events answer it.
func contactsOf(q *storage.Question) ([]storage.Contact, bool) {
	for _, c := range q.Where {
		if c.Field != "phone" || c.Not {
			continue
		}
		var contacts []storage.Contact
		for _, value := range c.Values {
			if token, ok := strings.CutPrefix(value, "~"); ok {
				contacts = append(contacts, storage.Contact{Token: token})
			}
			contacts = append(contacts, storage.Contact{ID: value})
		}
		return contacts, true
	}
	return nil, false
}

// componentsOf reads the components that hold events of some contacts.
func (e *Engine) componentsOf(v *view, contacts []storage.Contact) ([]source, error) {
	c := &change{e: e, view: v, leader: nil, owner: nil}
	var components []uint32
	for _, contact := range contacts {
		token := e.tokenHash(contact.Token)
		if contact.Token == "" {
			token = e.address(contact.ID)
		}
		owners, err := c.owners(token)
		if err != nil {
			return nil, err
		}
		for _, o := range owners {
			components = append(components, v.members.of(o))
		}
	}
	slices.Sort(components)
	var found []source
	for _, component := range slices.Compact(components) {
		got := e.blocks.get(cacheKey{ofSource, v.cat.Seq, int(component)}, func() (any, int, error) {
			src, err := v.source(e, component)
			return src, 1000 * len(src.events), err
		})
		if got.err != nil {
			return nil, got.err
		}
		found = append(found, got.value.(source))
	}
	return found, nil
}

// personsOf are the numbers of a contact, one on each channel.
func (e *Engine) personsOf(v *view, contact storage.Contact) ([]uint32, error) {
	found, err := e.componentsOf(v, []storage.Contact{contact})
	if err != nil {
		return nil, err
	}
	var persons []uint32
	for _, src := range found {
		for _, p := range src.persons {
			channel, id, err := e.persons.Contact(p)
			if err != nil {
				return nil, err
			}
			if e.is(contact, channel, id) {
				persons = append(persons, p)
			}
		}
	}
	return persons, nil
}

// eachOf calls f with the sends of some contacts, by folding their events once more.
func (e *Engine) eachOf(v *view, contacts []storage.Contact, f func(s *storage.Send, first storage.Instant)) error {
	found, err := e.componentsOf(v, contacts)
	if err != nil {
		return err
	}
	folder := e.folders.Get().(*storage.Folder)
	defer e.folders.Put(folder)
	for _, src := range found {
		asked, err := e.among(src.persons, contacts)
		if err != nil {
			return err
		}
		rows, _ := folder.Fold(src.events, e.windows)
		for i := range rows {
			s := &rows[i]
			for _, a := range asked {
				if a.contact == s.Contact && a.channel == s.Channel {
					s.Token = a.token
					f(s, v.firsts[a.person])
				}
			}
		}
	}
	return nil
}

// askedFor is a contact that a question is about.
type askedFor struct {
	channel, contact, token string
	person                  uint32
}

// among are the persons of a component that a question may be about.
func (e *Engine) among(persons []uint32, contacts []storage.Contact) (asked []askedFor, err error) {
	for _, p := range persons {
		channel, id, err := e.persons.Contact(p)
		if err != nil {
			return nil, err
		}
		if id == "" {
			continue
		}
		if slices.ContainsFunc(contacts, func(c storage.Contact) bool { return e.is(c, channel, id) }) {
			asked = append(asked, askedFor{channel, id, e.tokenOf(channel, id), p})
		}
	}
	return asked, nil
}

// sendsOf lists the sends of some contacts.
func (e *Engine) sendsOf(v *view, contacts []storage.Contact, q *storage.Question, order storage.Order, yield func(storage.Send, error) bool) error {
	match := storage.NewMatcher(q)
	var sends []storage.Send
	err := e.eachOf(v, contacts, func(s *storage.Send, first storage.Instant) {
		if match.Match(s, first) {
			s.Show(q.Scope, e.secret)
			sends = append(sends, *s)
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(sends, earlier)
	if order.Limit > 0 && len(sends) > order.Limit {
		sends = sends[len(sends)-order.Limit:]
	}
	if order.NewestFirst {
		slices.Reverse(sends)
	}
	for _, s := range sends {
		if !yield(s, nil) {
			return nil
		}
	}
	return nil
}

func earlier(a, b storage.Send) int {
	if a.Time != b.Time {
		return int(a.Time - b.Time)
	}
	return strings.Compare(a.ID, b.ID)
}

// is tells whether a timeline's contact is the one asked for.
func (e *Engine) is(c storage.Contact, channel, id string) bool {
	if id == "" || (c.Channel != "" && c.Channel != channel) {
		return false
	}
	if c.Token != "" {
		return e.tokenOf(channel, id) == c.Token
	}
	return storage.Digits(c.ID) == storage.Digits(id)
}

// tokenOf stands for a contact in masked output.
func (e *Engine) tokenOf(channel, contact string) string {
	return storage.TokenOf(e.secret, channel, contact)
}

// tokenHash finds a contact by the token that stands for it.
func (e *Engine) tokenHash(token string) uint64 { return e.vault.Hash(ofToken, token) }
