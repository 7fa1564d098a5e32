package badger

import (
	"encoding/binary"

	"outboundbot/storage"
)

// kind is what a value is: the first byte of its key, and part of its envelope.
type kind byte

const (
	ofMeta      kind = 'm' // name: format, fold
	ofCatalogue kind = 'C' // the one list of what there is
	ofBlock     kind = 'b' // run, block: events
	ofDirectory kind = 'd' // run: which components its blocks begin with, and where its index pages are
	ofPage      kind = 'i' // run, page: identifier hashes and their components
	ofColumn    kind = 'g' // segment, column: of sends
	ofDead      kind = 'z' // segment: rows that were replaced
	ofPersons   kind = 'p' // page: contacts, under keys of their own
	ofSource    kind = 0   // of no value: a component in the cache
	ofFirsts    kind = 'f' // page: first successes
)

// allColumns is the column number under which a small segment has all its columns in one value.
const allColumns = 0xffff

func metaKey(name string) []byte { return append([]byte{byte(ofMeta)}, name...) }

func catalogueKey() []byte { return []byte{byte(ofCatalogue)} }

func numbered(k kind, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{byte(k)}, n) }

// inside is the key of a part of a run or segment.
func inside(k kind, n uint64, part int) []byte {
	return binary.BigEndian.AppendUint32(numbered(k, n), uint32(part))
}

func key(prefix byte, parts ...[]byte) []byte {
	n := 1
	for _, p := range parts {
		n += len(p)
	}
	k := make([]byte, 1, n)
	k[0] = prefix
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// ofBlockKey is the kind of key that seals components without persons.
const ofBlockKey = byte(ofBlock)

// Kinds of hashed identifiers. Sends, messages and events share one: whatever has the same name lies together.
const (
	ofName    = 'k'
	ofTalk    = 'c'
	ofAddress = 'p'
	ofToken   = 't'
)

// tokens appends the hashes of all identifiers by which storage.Join may tie an event to others, by which a repeated
// event is known again, and by which a contact is found: whoever shares one shares a component. That ties more than
// need be (any two contacts with one number, whatever names the same id), which does no harm.
func (e *Engine) tokens(to []uint64, ev *storage.Event) []uint64 {
	stem := stemOf(ev.ID)
	to = append(to, e.vault.Hash(ofName, stem))
	for _, id := range [...]string{ev.Send, ev.Message, ev.ReplyTo} {
		if id != "" && id != stem {
			to = append(to, e.vault.Hash(ofName, stemOf(id)))
		}
	}
	if ev.Conversation != "" {
		to = append(to, e.vault.Hash(ofTalk, ev.Conversation))
	}
	if ev.Contact != "" {
		to = append(to, e.address(ev.Contact))
	}
	return to
}

func (e *Engine) address(contact string) uint64 {
	return e.vault.Hash(ofAddress, storage.Digits(contact))
}

// stemOf is what an identifier shares with those made from the same root: producers name the events of a message
// wamid.X.sent and wamid.X.read, and the manifest of send 17 r17. One entry of the index then finds them all.
func stemOf(id string) string {
	end := len(id)
	for end > 0 && 'a' <= id[end-1] && id[end-1] <= 'z' {
		end--
	}
	if n := len(id) - end; n >= 4 && n <= 12 && end > 8 && (id[end-1] == '.' || id[end-1] == ':') {
		id = id[:end-1]
	}
	if len(id) > 8 && (id[0]|0x20) >= 'a' && (id[0]|0x20) <= 'z' && decimal(id[1:]) {
		return id[1:]
	}
	return id
}

func decimal(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
