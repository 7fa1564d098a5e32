package badger

import (
	"encoding/binary"
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
	c.joined, c.places = storage.Joined{}, nil
	return b.putHead(c.id, &c.head)
}

// storeEvents adds new events to the component's tail.
func (b *batch) storeEvents(c *component) {
	for _, ev := range c.fresh {
		b.grow(&c.head, ev.encoded)
		b.put(eventKey(ev.id), number(ev.content))
	}
	c.head.Events += len(c.fresh)
	c.fresh = nil
}

// grow adds events to the tail, which becomes a chunk when it is full.
func (b *batch) grow(h *head, encoded []byte) {
	if len(h.Tail) > 0 && len(h.Tail)+len(encoded) > chunkSize {
		chunk := b.next()
		b.put(chunkKey(chunk), h.Tail)
		h.Chunks.add(chunk)
		h.Tail = nil
	}
	h.Tail = append(h.Tail, encoded...)
}

// storeRows folds the timelines and writes the rows that differ from those stored.
func (b *batch) storeRows(c *component) error {
	rows := &c.head.Rows
	at := make(map[string]int, len(rows.Items))
	for i, ref := range rows.Items {
		at[ref.Send] = i
	}
	stays := make([]bool, len(rows.Items))
	b.count.Sends -= len(rows.Items)
	for _, t := range c.joined.Timelines {
		for _, send := range t.Fold(b.e.windows) {
			i, had := at[send.ID]
			var was rowRef
			if had {
				was = rows.Items[i]
			}
			ref, err := b.storeRow(send, was, had)
			if err != nil {
				return err
			}
			if had {
				stays[i] = true
				rows.set(i, ref)
			} else {
				rows.add(ref)
			}
		}
	}
	rows.keep(stays, func(was rowRef) {
		b.deleteRow(was)
		b.unreach(was)
	})
	b.count.Sends += len(rows.Items)
	return nil
}

func (b *batch) storeRow(send storage.Send, was rowRef, had bool) (rowRef, error) {
	enc, err := encode(&row{Send: send})
	if err != nil {
		return rowRef{}, err
	}
	ref := rowRef{Send: send.ID, Time: send.Time, Digest: digest(enc)}
	if send.Status == storage.Successful && !send.Test && send.Contact != "" {
		ref.Reached = b.e.contactHash(send.Channel, send.Contact)
	}
	if had && was.Time == ref.Time && was.Digest == ref.Digest {
		return was, nil
	}
	if had {
		b.deleteRow(was)
	}
	ref.More = b.putRow(ref, enc)
	if !had || was.Time != ref.Time || was.Reached != ref.Reached {
		b.unreach(was)
		b.reach(ref)
	}
	return ref, nil
}

// rowSize is how many bytes of a row go into one record. Only a send with very many tags has more.
const rowSize = 64 << 10

// putRow writes a row: how many records it goes on in, then its bytes.
func (b *batch) putRow(ref rowRef, enc []byte) (more int) {
	first, rest := enc[:min(rowSize, len(enc))], enc[min(rowSize, len(enc)):]
	for piece := range slices.Chunk(rest, rowSize) {
		b.put(restKey(ref.Time, ref.Send, more), piece)
		more++
	}
	v := binary.AppendUvarint(make([]byte, 0, len(first)+1), uint64(more))
	b.put(rowKey(ref.Time, ref.Send), append(v, first...))
	return more
}

func (b *batch) deleteRow(ref rowRef) {
	b.delete(rowKey(ref.Time, ref.Send))
	for i := range ref.More {
		b.delete(restKey(ref.Time, ref.Send, i))
	}
}

// storeContacts notes where the contacts of a component's timelines are.
func (b *batch) storeContacts(c *component) error {
	homes := &c.head.Homes
	at := c.head.places()
	stays := make([]bool, len(homes.Items))
	here := make(map[hash]bool, len(c.places)) // contacts that have a timeline here
	for i, t := range c.joined.Timelines {
		if t.Key.Contact == "" {
			continue
		}
		if i, had := at[c.places[i]]; had {
			stays[i] = true
			here[homes.Items[i].Contact] = true
			continue
		}
		contact := b.e.contactHash(t.Key.Channel, t.Key.Contact)
		here[contact] = true
		homes.add(home{Place: c.places[i], Contact: contact})
		b.put(homeKey(contact, c.id), nil)
		if err := b.meet(contact, t.Key.Channel, t.Key.Contact); err != nil {
			return err
		}
	}
	homes.keep(stays, func(was home) {
		if !here[was.Contact] {
			b.delete(homeKey(was.Contact, c.id))
		}
	})
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
	r := b.reached[ref.Reached]
	if r == nil {
		r = &reach{}
		b.reached[ref.Reached] = r
	}
	return r
}

func (b *batch) reach(ref rowRef) {
	if ref.Reached == (hash{}) {
		return
	}
	b.put(successKey(ref.Reached, ref.Time, ref.Send), nil)
	if r := b.reachOf(ref); r.added == 0 || ref.Time < r.added {
		r.added = ref.Time
	}
}

func (b *batch) unreach(ref rowRef) {
	if ref.Reached == (hash{}) {
		return
	}
	b.delete(successKey(ref.Reached, ref.Time, ref.Send))
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
