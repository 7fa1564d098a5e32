package vault

import (
	"crypto/aes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
)

// PageSize is how many persons a page has at most: person n stands in page n / PageSize.
const PageSize = 1024

// Person is a contact: a customer on one channel, or a send without contact.
type Person struct {
	Channel string
	Contact string   // phone or platform id; "" for a send without contact
	Key     [16]byte // seals what only this person's data holds; none without contact and after erasure
	Erased  bool
	Token   string // stands for the contact of an erased person
}

// ErrNoKey is what the key of a person gives who was erased or has no contact.
var ErrNoKey = errors.New("the person has no key: it was erased, or has no contact")

// A page is the mark of its master key, the number of persons, the names of channels; for each person what it is and
// its channel, one number; for each but those without contact the length of its text, then all texts; a nonce and the
// keys, wrapped with AES-GCM, which guards everything before them too.
const (
	noContact = iota // a send without contact
	gone             // erased; its text is the token
	numbered         // its text is a number in the fewest bytes, sealed
	written          // its text is the contact, sealed
	ways
)

// EncodePage makes the page of up to PageSize persons.
func (v *Vault) EncodePage(persons []Person) ([]byte, error) {
	if len(persons) > PageSize {
		return nil, errors.New("too many persons for a page")
	}
	var channels []string
	var heads, lengths, texts, keys []byte
	for i := range persons {
		p := &persons[i]
		channel := slices.Index(channels, p.Channel)
		if channel < 0 {
			channel = len(channels)
			channels = append(channels, p.Channel)
		}
		way, text, err := p.text()
		if err != nil {
			return nil, err
		}
		heads = binary.AppendUvarint(heads, uint64(channel*ways+way))
		if way == noContact {
			continue
		}
		lengths = binary.AppendUvarint(lengths, uint64(len(text)))
		texts = append(texts, text...)
		if way != gone {
			keys = append(keys, p.Key[:]...)
		}
	}
	page := binary.AppendUvarint(slices.Clone(v.mark[:]), uint64(len(persons)))
	page = binary.AppendUvarint(page, uint64(len(channels)))
	for _, c := range channels {
		page = append(binary.AppendUvarint(page, uint64(len(c))), c...)
	}
	page = slices.Concat(page, heads, lengths, texts)
	var nonce [12]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	rest := page
	return v.wrapping.Seal(append(page, nonce[:]...), nonce[:], keys, rest), nil
}

// text is what a page holds of a person besides the channel and the key.
func (p *Person) text() (way int, text []byte, err error) {
	switch {
	case p.Erased:
		return gone, []byte(p.Token), nil
	case p.Contact == "":
		return noContact, nil, nil
	}
	way, plain := written, []byte(p.Contact)
	if n, err := strconv.ParseUint(p.Contact, 10, 64); err == nil && strconv.FormatUint(n, 10) == p.Contact {
		way, plain = numbered, binary.BigEndian.AppendUint64(nil, n)
		for len(plain) > 1 && plain[0] == 0 {
			plain = plain[1:]
		}
	}
	return way, plain, xor(plain, &p.Key)
}

// xor seals or opens a contact under its person's key, with AES in counter mode from 0. A key seals one contact only
// and nothing else that counts from there, so the counter is never used for two texts.
func xor(text []byte, key *[16]byte) error {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return err
	}
	var counter, mask [aes.BlockSize]byte
	for i := uint64(0); len(text) > 0; i++ {
		binary.BigEndian.PutUint64(counter[8:], i)
		block.Encrypt(mask[:], counter[:])
		text = text[subtle.XORBytes(text, text, mask[:]):]
	}
	return nil
}

// Page is a page opened: its keys unwrapped, its contacts sealed. It is for use by many at a time.
type Page struct {
	channels []string
	persons  []record
	texts    []byte
	keys     []byte
}

type record struct {
	channel  uint32
	way      uint8
	key      uint16 // its place among keys
	from, to uint32 // its text
}

// OpenPage unwraps the keys of a page. It gives ErrMaster for one of another master key.
func (v *Vault) OpenPage(b []byte) (*Page, error) {
	if len(b) < len(v.mark) {
		return nil, errDamaged
	}
	if err := v.Check(b[:len(v.mark)]); err != nil {
		return nil, err
	}
	in := reading{b: b, i: len(v.mark)}
	p := &Page{persons: make([]record, in.number(PageSize))}
	p.channels = make([]string, in.number(PageSize))
	for i := range p.channels {
		p.channels[i] = string(in.bytes(in.number(len(b))))
	}
	for i := range p.persons {
		head := in.number(PageSize * ways)
		p.persons[i] = record{channel: uint32(head / ways), way: uint8(head % ways)}
		if head/ways >= len(p.channels) {
			return nil, errDamaged
		}
	}
	at, keys := 0, 0
	for i := range p.persons {
		r := &p.persons[i]
		if r.way == noContact {
			continue
		}
		r.from = uint32(at)
		at += in.number(len(b))
		r.to = uint32(at)
		if r.way != gone {
			r.key = uint16(keys)
			keys++
		}
	}
	p.texts = in.bytes(at)
	body := in.i
	nonce := in.bytes(12)
	if in.bad {
		return nil, errDamaged
	}
	var err error
	if p.keys, err = v.wrapping.Open(nil, nonce, b[in.i:], b[:body]); err != nil || len(p.keys) != 16*keys {
		return nil, errDamaged
	}
	return p, nil
}

// reading reads numbers and bytes; bad tells that something was not there.
type reading struct {
	b   []byte
	i   int
	bad bool
}

// number reads a number up to limit.
func (r *reading) number(limit int) int {
	v, n := binary.Uvarint(r.b[r.i:])
	if n <= 0 || v > uint64(limit) {
		r.bad = true
		return 0
	}
	r.i += n
	return int(v)
}

func (r *reading) bytes(n int) []byte {
	if n > len(r.b)-r.i {
		r.bad = true
		return nil
	}
	r.i += n
	return r.b[r.i-n : r.i]
}

// Len is the number of persons of the page.
func (p *Page) Len() int { return len(p.persons) }

// Key is the key of the i-th person, or ErrNoKey.
func (p *Page) Key(i int) (key [16]byte, err error) {
	if i < 0 || i >= len(p.persons) || p.persons[i].way < numbered {
		return key, ErrNoKey
	}
	copy(key[:], p.keys[16*int(p.persons[i].key):])
	return key, nil
}

// Contact is who the i-th person is: the phone or platform id, "" for a send without contact, the token of one who
// was erased.
func (p *Page) Contact(i int) (channel, id string, erased bool, err error) {
	if i < 0 || i >= len(p.persons) {
		return "", "", false, errDamaged
	}
	r := &p.persons[i]
	channel, text := p.channels[r.channel], p.texts[r.from:r.to]
	switch r.way {
	case noContact:
		return channel, "", false, nil
	case gone:
		return channel, string(text), true, nil
	}
	key, err := p.Key(i)
	if err != nil {
		return "", "", false, err
	}
	plain := slices.Clone(text)
	if err := xor(plain, &key); err != nil {
		return "", "", false, err
	}
	if r.way == written {
		return channel, string(plain), false, nil
	}
	n := uint64(0)
	for _, c := range plain {
		n = n<<8 | uint64(c)
	}
	return channel, strconv.FormatUint(n, 10), false, nil
}

// Person is the i-th person, as EncodePage takes it.
func (p *Page) Person(i int) (Person, error) {
	channel, id, erased, err := p.Contact(i)
	if err != nil {
		return Person{}, err
	}
	if erased {
		return Person{Channel: channel, Erased: true, Token: id}, nil
	}
	person := Person{Channel: channel, Contact: id}
	if id != "" {
		person.Key, err = p.Key(i)
	}
	return person, err
}

// Persons are all persons of the page, to encode it anew.
func (p *Page) Persons() ([]Person, error) {
	persons := make([]Person, len(p.persons))
	for i := range persons {
		var err error
		if persons[i], err = p.Person(i); err != nil {
			return nil, err
		}
	}
	return persons, nil
}

// Erase makes the i-th person of a page erased: without contact and key, with a token that leads nowhere.
func (p *Person) Erase() {
	*p = Person{Channel: p.Channel, Erased: true, Token: NewToken()}
}
