package badger

import (
	"slices"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
)

// chunkSize is how many bytes of events a chunk takes. A chunk with room is written again with each batch that adds
// to it, so it is small.
const chunkSize = 4096

// store writes what changed of a settled component.
func (b *batch) store(c *component) error {
	if err := b.storeEvents(c); err != nil {
		return err
	}
	if err := b.storeRows(c); err != nil {
		return err
	}
	if err := b.storeContacts(c); err != nil {
		return err
	}
	b.count.Orphans += c.joined.Orphans - c.head.Orphans
	c.head.Orphans = c.joined.Orphans
	return putRecord(b, headKey(c.id), &c.head)
}

// storeEvents puts new events into the last chunk while it has room, else into new ones.
func (b *batch) storeEvents(c *component) error {
	h := &c.head
	var open []byte
	if len(h.Chunks) > 0 && len(c.fresh) > 0 {
		v, err := b.get(chunkKey(h.Chunks[len(h.Chunks)-1]))
		if err != nil {
			return err
		}
		open = slices.Clone(v)
	}
	for _, ev := range c.fresh {
		if len(h.Chunks) == 0 || h.Room < len(ev.encoded) {
			if len(open) > 0 {
				b.put(chunkKey(h.Chunks[len(h.Chunks)-1]), open)
			}
			h.Chunks, h.Room, open = append(h.Chunks, b.next()), chunkSize, nil
		}
		open = append(open, ev.encoded...)
		h.Room -= len(ev.encoded)
		chunk := h.Chunks[len(h.Chunks)-1]
		b.put(eventKey(ev.id), known{ev.content, chunk}.encode())
	}
	if len(c.fresh) > 0 {
		b.put(chunkKey(h.Chunks[len(h.Chunks)-1]), open)
	}
	h.Events += len(c.fresh)
	c.fresh = nil
	return nil
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
	gone := c.head.Contacts
	var now []hash
	for _, t := range c.joined.Timelines {
		if t.Key.Contact == "" {
			continue
		}
		h := b.e.contactHash(t.Key.Channel, t.Key.Contact)
		if slices.Contains(now, h) {
			continue
		}
		now = append(now, h)
		if i := slices.Index(gone, h); i >= 0 {
			gone = slices.Delete(gone, i, i+1)
			continue
		}
		b.put(homeKey(h, c.id), nil)
		if err := b.meet(h, t.Key.Channel, t.Key.Contact); err != nil {
			return err
		}
	}
	for _, h := range gone {
		b.delete(homeKey(h, c.id))
	}
	c.head.Contacts = now
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
