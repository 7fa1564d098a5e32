package badger

import (
	"crypto/sha256"
	"encoding/binary"

	"outboundbot/storage"
)

// hash is a keyed hash: without the store's secret nobody can try phones or ids against it.
type hash [16]byte

// hash of a text of some kind. The secret stands before the text and the result is cut, so plain SHA-256 is enough
// of a keyed hash, and cheaper than HMAC where every event needs several.
func (e *Engine) hash(kind byte, text string) hash {
	buf := make([]byte, 0, 256)
	buf = append(buf, e.secret...)
	buf = append(buf, kind)
	buf = append(buf, text...)
	sum := sha256.Sum256(buf)
	return hash(sum[:16])
}

// digest tells contents apart.
func digest(content []byte) uint64 {
	sum := sha256.Sum256(content)
	return binary.BigEndian.Uint64(sum[:])
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

func eventKey(h hash) []byte          { return key('e', h[:]) }
func linkKey(h hash) []byte           { return key('l', h[:]) }
func headKey(component uint64) []byte { return key('c', number(component)) }
func chunkKey(chunk uint64) []byte    { return key('v', number(chunk)) }
func pageKey(component uint64, list byte, page int) []byte {
	return key('h', number(component), []byte{list}, number(uint64(page)))
}
func contactKey(h hash) []byte { return key('p', h[:]) }
func homeKey(h hash, component uint64) []byte {
	return key('y', h[:], number(component))
}
func addressKey(digits, contact hash) []byte { return key('w', digits[:], contact[:]) }
func tokenKey(token string, contact hash) []byte {
	return key('t', []byte(token), contact[:])
}
func journalKey(piece uint64) []byte { return key('j', number(piece)) }
func metaKey(name string) []byte     { return key('m', []byte(name)) }

func rowKey(at storage.Instant, send string) []byte {
	return key('r', number(uint64(at)), []byte(send))
}

// rowOf is what a row's key is made of.
func rowOf(k []byte) (at storage.Instant, send string) {
	return storage.Instant(binary.BigEndian.Uint64(k[1:])), string(k[9:])
}

func restKey(at storage.Instant, send string, piece int) []byte {
	return key('o', number(uint64(at)), []byte(send), number(uint64(piece)))
}

func successKey(h hash, at storage.Instant, send string) []byte {
	return key('g', h[:], number(uint64(at)), []byte(send))
}

// successTime is the time in a success key.
func successTime(k []byte) storage.Instant {
	return storage.Instant(binary.BigEndian.Uint64(k[1+len(hash{}):]))
}

// Kinds of hashed text.
const (
	ofEvent   = 'e'
	ofSend    = 's'
	ofMessage = 'm'
	ofTalk    = 'c'
	ofPlace   = 't'
	ofContact = 'p'
	ofAddress = 'w'
)

func (e *Engine) contactHash(channel, contact string) hash {
	return e.hash(ofContact, channel+"\x00"+contact)
}

func (e *Engine) placeHash(channel, line, contact string) hash {
	return e.hash(ofPlace, channel+"\x00"+line+"\x00"+contact)
}

// links are the tokens that an event brings: everything by which storage.Join may tie it to other events, but the
// place of its timeline if that comes out of the join. Message ids tie sends and their statuses; on other types
// they are only their own.
func (e *Engine) links(ev *storage.Event) []hash {
	links := make([]hash, 0, 4)
	if ev.Send != "" {
		links = append(links, e.hash(ofSend, ev.Send))
	}
	if ev.Message != "" && joinsByMessage(ev.Type) {
		links = append(links, e.hash(ofMessage, ev.Message))
	}
	if ev.ReplyTo != "" {
		links = append(links, e.hash(ofSend, ev.ReplyTo), e.hash(ofMessage, ev.ReplyTo))
	}
	if ev.Conversation != "" {
		links = append(links, e.hash(ofTalk, ev.Conversation))
	}
	if ev.Contact != "" {
		line, contact := ev.Line, ev.Contact
		if ev.Channel == "WA" || ev.Channel == "SMS" { // as the join writes them
			line, contact = storage.Digits(line), storage.Digits(contact)
		}
		links = append(links, e.placeHash(ev.Channel, line, contact))
	}
	return links
}

func joinsByMessage(t storage.Type) bool {
	switch t {
	case storage.SendRequested, storage.SendSkipped, storage.MessageSent, storage.MessageDelivered,
		storage.MessageRead, storage.MessageFailed:
		return true
	default:
		return false
	}
}
