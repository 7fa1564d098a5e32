package badger

import (
	"errors"
	"fmt"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
	"outboundbot/storage/badger/vault"
)

// personsPerPage is how many contacts share a value; their keys are wrapped together. The last value is written anew
// with each commit that enters a contact, so they are few.
const personsPerPage = 128

// firstsPerPage is how many first successes share a value.
const firstsPerPage = 8192

// persons gives what stands behind the numbers of persons: contacts and the keys they are sealed with. It reads one
// page at a time, and keeps those of late.
type persons struct{ e *Engine }

// of is the page of a person. The last page grows, and beyond the persons that there are it may hold some of a change
// that came to nothing, whose numbers others get; so it is kept for one number of persons only.
func (p persons) of(person uint32) (page *vault.Page, at int, err error) {
	number, at := int(person/personsPerPage), int(person%personsPerPage)
	entered := p.e.entered.Load()
	if person >= entered { // of a change in the making
		page, _, err = p.read(number)
		return page, at, longEnough(page, number, at, err)
	}
	k := cacheKey{ofPersons, 0, number}
	if number == int(entered/personsPerPage) {
		k.id = uint64(entered)
	}
	got := p.e.blocks.get(k, func() (any, int, error) {
		page, size, err := p.read(number)
		return page, size, err
	})
	if got.err != nil {
		return nil, 0, got.err
	}
	page = got.value.(*vault.Page)
	return page, at, longEnough(page, number, at, nil)
}

// read reads a page as it is now, and tells how many bytes it takes.
func (p persons) read(number int) (*vault.Page, int, error) {
	b, err := p.e.value(ofPersons, numbered(ofPersons, uint64(number)))
	if err != nil {
		return nil, 0, err
	}
	page, err := p.e.vault.OpenPage(b)
	return page, 3 * len(b), err
}

// longEnough tells a page from an earlier version of it.
func longEnough(page *vault.Page, number, at int, err error) error {
	if err == nil && at >= page.Len() {
		err = fmt.Errorf("a part of the store is damaged (page %d of the contacts ends before contact %d): %s", number, at, restoreIt)
	}
	return err
}

// Key implements packed.Keys.
func (p persons) Key(person uint32) ([16]byte, error) {
	page, at, err := p.of(person)
	if err != nil {
		return [16]byte{}, err
	}
	return page.Key(at)
}

// Loose implements packed.Keys: the key of a component in which nobody has a contact.
func (p persons) Loose(component uint32) [16]byte { return p.e.vault.Loose(ofBlockKey, component) }

// Contact implements packed.Keys.
func (p persons) Contact(person uint32) (channel, contact string, err error) {
	page, at, err := p.of(person)
	if err != nil {
		return "", "", err
	}
	channel, contact, erased, err := page.Contact(at)
	if erased {
		return channel, "", err
	}
	return channel, contact, err
}

// entries are the persons that a change enters, on top of those stored.
type entries struct {
	persons
	next  uint32
	fresh map[uint32]vault.Person
}

func (n *entries) enter(channel, contact string) (uint32, error) {
	if n.next == columns.Anyone {
		return 0, errors.New("the store has as many contacts as it can take")
	}
	p := vault.Person{Channel: channel, Contact: contact}
	if contact != "" {
		p.Key = vault.NewKey()
	}
	person := n.next
	n.next++
	n.fresh[person] = p
	return person, nil
}

func (n *entries) known(person uint32) (channel, contact string, err error) {
	return n.Contact(person)
}

// Contact implements packed.Keys.
func (n *entries) Contact(person uint32) (channel, contact string, err error) {
	if p, ok := n.fresh[person]; ok {
		return p.Channel, p.Contact, nil
	}
	return n.persons.Contact(person)
}

// Key implements packed.Keys.
func (n *entries) Key(person uint32) ([16]byte, error) {
	if p, ok := n.fresh[person]; ok {
		return p.Key, nil
	}
	return n.persons.Key(person)
}

// pages are the pages that hold fresh persons, encoded, by number.
func (n *entries) pages(from uint32) (map[int][]byte, error) {
	out := map[int][]byte{}
	for number := int(from / personsPerPage); number*personsPerPage < int(n.next); number++ {
		list := make([]vault.Person, 0, personsPerPage)
		var page *vault.Page
		for i := number * personsPerPage; i < min((number+1)*personsPerPage, int(n.next)); i++ {
			if p, ok := n.fresh[uint32(i)]; ok {
				list = append(list, p)
				continue
			}
			if page == nil {
				var err error
				if page, _, err = n.of(from - 1); err != nil { // the last one that there is
					return nil, err
				}
			}
			p, err := page.Person(i % personsPerPage)
			if err != nil {
				return nil, err
			}
			list = append(list, p)
		}
		b, err := n.e.vault.EncodePage(list)
		if err != nil {
			return nil, err
		}
		out[number] = b
	}
	return out, nil
}

// encodeFirsts packs first successes, one after the other, as differences.
func encodeFirsts(at []storage.Instant) []byte {
	b := make([]byte, 0, 4*len(at))
	last := int64(0)
	for _, t := range at {
		if t == 0 {
			b = append(b, 0)
			continue
		}
		d := int64(t) - last
		b = appendUvarint(b, 1+zigzag(d))
		last = int64(t)
	}
	return squeeze(b)
}

func decodeFirsts(to []storage.Instant, b []byte) ([]storage.Instant, error) {
	b, err := unsqueeze(b, 10*firstsPerPage)
	if err != nil {
		return nil, err
	}
	last := int64(0)
	for len(b) > 0 {
		u, n := uvarint(b)
		if n <= 0 {
			return nil, fmt.Errorf("a damaged page of first successes")
		}
		b = b[n:]
		if u == 0 {
			to = append(to, 0)
			continue
		}
		last += unzigzag(u - 1)
		to = append(to, storage.Instant(last))
	}
	return to, nil
}
