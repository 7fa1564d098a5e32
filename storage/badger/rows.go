package badger

import (
	"slices"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
)

// chunkSize is how many bytes of events a component gathers in its head before they become a chunk of their own. The
// head is written with each batch that touches the component and is most of what is written, so it is small.
const chunkSize = 1024

// store writes what changed of a settled component.
func (b *batch) store(c *component) error {
	b.storeEvents(c)
	if err := b.storeRows(c); err != nil {
		return err
	}
	if err := b.storeContacts(c); err != nil {
		return err
	}
	b.count.Orphans += c.joined.Orphans - c.head.Orphans
	c.head.Orphans = c.joined.Orphans
	c.joined = storage.Joined{}
	return putRecord(b, headKey(c.id), &c.head)
}

// storeEvents adds new events to the component's tail.
func (b *batch) storeEvents(c *component) {
	for _, ev := range c.fresh {
		b.grow(&c.head, ev.encoded)
		b.put(eventKey(ev.id), known{ev.content, c.id}.encode())
	}
	c.head.Events += len(c.fresh)
	c.fresh = nil
}

// grow adds events to the tail, which becomes a chunk when it is full.
func (b *batch) grow(h *head, encoded []byte) {
	if len(h.Tail) > 0 && len(h.Tail)+len(encoded) > chunkSize {
		chunk := b.next()
		b.put(chunkKey(chunk), h.Tail)
		h.Chunks, h.Tail = append(h.Chunks, chunk), nil
	}
	h.Tail = append(h.Tail, encoded...)
}

// storeRows folds the timelines and writes the rows that differ from those stored.
func (b *batch) storeRows(c *component) error {
	old := make(map[string]rowRef, len(c.head.Rows))
	for _, ref := range c.head.Rows {
		old[ref.Send] = ref
	}
	b.count.Sends -= len(old)
	refs := c.head.Rows[:0]
	for _, t := range c.joined.Timelines {
		for _, send := range t.Fold(b.e.windows) {
			was, had := old[send.ID]
			ref, err := b.storeRow(send, was, had)
			if err != nil {
				return err
			}
			delete(old, send.ID)
			refs = append(refs, ref)
		}
	}
	for _, was := range old {
		b.delete(rowKey(was.Time, was.Send))
		b.unreach(was)
	}
	c.head.Rows = refs
	b.count.Sends += len(refs)
	return nil
}

func (b *batch) storeRow(send storage.Send, was rowRef, had bool) (rowRef, error) {
	enc, err := encode(&row{Send: send})
	if err != nil {
		return rowRef{}, err
	}
	ref := rowRef{Send: send.ID, Time: send.Time, Digest: digest(enc)}
	if send.Status == storage.Successful && !send.Test && send.Contact != "" {
		h := b.e.contactHash(send.Channel, send.Contact)
		ref.Reached = h[:]
	}
	if had && was.Time == ref.Time && was.Digest == ref.Digest {
		return ref, nil
	}
	if had && was.Time != ref.Time {
		b.delete(rowKey(was.Time, was.Send))
	}
	b.put(rowKey(ref.Time, ref.Send), enc)
	if !had || was.Time != ref.Time || !slices.Equal(was.Reached, ref.Reached) {
		b.unreach(was)
		b.reach(ref)
	}
	return ref, nil
}

// storeContacts notes where the contacts of a component's timelines are.
func (b *batch) storeContacts(c *component) error {
	was := c.head.places()
	left := make(map[hash]bool, len(was)) // contacts that have no timeline here any more
	for _, contact := range was {
		left[contact] = true
	}
	c.head.Homes = c.head.Homes[:0]
	for _, t := range c.joined.Timelines {
		if t.Key.Contact == "" {
			continue
		}
		at := home{Place: b.e.placeHash(t.Key.Channel, t.Key.Line, t.Key.Contact)}
		contact, stays := was[at.Place]
		if !stays {
			contact = b.e.contactHash(t.Key.Channel, t.Key.Contact)
			b.put(homeKey(contact, c.id), nil)
			if err := b.meet(contact, t.Key.Channel, t.Key.Contact); err != nil {
				return err
			}
		}
		at.Contact = contact
		delete(left, contact)
		c.head.Homes = append(c.head.Homes, at)
	}
	for contact := range left {
		b.delete(homeKey(contact, c.id))
	}
	return nil
}

// meet makes the record of a contact that has none.
func (b *batch) meet(h hash, channel, contact string) error {
	if v, err := b.get(contactKey(h)); v != nil || err != nil {
		return err
	}
	b.put(addressKey(b.e.hash(ofAddress, storage.Digits(contact)), h), nil)
	b.put(tokenKey(storage.TokenOf(b.e.secret, channel, contact), h), nil)
	return putRecord(b, contactKey(h), &contactRecord{Channel: channel, Contact: contact})
}

// reach is what changed of a contact's successful sends.
type reach struct{ added, removed storage.Instant } // the earliest of each

func (b *batch) reachOf(ref rowRef) *reach {
	h := hash(ref.Reached)
	if b.reached[h] == nil {
		b.reached[h] = &reach{}
	}
	return b.reached[h]
}

func (b *batch) reach(ref rowRef) {
	if ref.Reached == nil {
		return
	}
	b.put(successKey(hash(ref.Reached), ref.Time, ref.Send), nil)
	if r := b.reachOf(ref); r.added == 0 || ref.Time < r.added {
		r.added = ref.Time
	}
}

func (b *batch) unreach(ref rowRef) {
	if ref.Reached == nil {
		return
	}
	b.delete(successKey(hash(ref.Reached), ref.Time, ref.Send))
	if r := b.reachOf(ref); r.removed == 0 || ref.Time < r.removed {
		r.removed = ref.Time
	}
}

// firstSuccess brings the contact's first success up to date (MODEL 2, New and recurring).
func (b *batch) firstSuccess(h hash, r *reach) error {
	var contact contactRecord
	v, err := b.get(contactKey(h))
	if err != nil {
		return err
	}
	if v == nil {
		return errMissing
	}
	if err := decode(v, &contact); err != nil {
		return err
	}
	first := contact.First
	if r.removed != 0 && r.removed <= first {
		first = b.firstStored(h)
	}
	if r.added != 0 && (first == 0 || r.added < first) {
		first = r.added
	}
	if first == contact.First {
		return nil
	}
	contact.First = first
	return putRecord(b, contactKey(h), &contact)
}

// firstStored is the time of the contact's first success that was stored before and stays; 0 if there is none.
func (b *batch) firstStored(h hash) storage.Instant {
	prefix := key('g', h[:])
	it := b.txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	for it.Seek(prefix); it.Valid(); it.Next() {
		k := it.Item().Key()
		if v, changed := b.writes[string(k)]; !changed || v != nil {
			return successTime(k)
		}
	}
	return 0
}
