package badger

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strings"
	"unsafe"

	"outboundbot/storage"
)

// textFields is how many texts an event has.
const textFields = 32

// texts are an event's texts, those that differ from event to event first.
func texts(e *storage.Event) [textFields]*string {
	return [...]*string{
		&e.ID, &e.Send, &e.Message, &e.Conversation, &e.Contact, &e.ReplyTo, &e.Value,
		(*string)(&e.Type), &e.Channel, &e.Line, &e.Origin, &e.Campaign, &e.Template, &e.Category, &e.Flow, &e.Webhook,
		&e.Variant, &e.Sender, &e.Code, &e.Reason, &e.Kind, &e.Text, &e.How, &e.Group, &e.Agent, &e.Tag, &e.TagType,
		&e.By, &e.Currency, &e.Label, &e.Node, &e.Option,
	}
}

// messageText is the place of the message, which comes after the id.
const messageText = 2

// ownTexts is how many of the texts are written out; the others are numbers of a lexicon.
const ownTexts = 7

// Flags of a record, after those of its texts.
const (
	hasSeq = 1 << (textFields + iota)
	hasUpTo
	isTest
	isSale
)

// inID says that the message is how the id begins; secondLexicon with which lexicon a record was written.
const (
	inID          = 1 << (textFields + 4)
	secondLexicon = textFields + 5
)

// lexicons are the two that the halves of an import are written with.
type lexicons [2]*lexicon

// appendRecord writes an event as an import sets it aside, with the names of one of its lexicons. It is read back by
// the same process only.
func appendRecord(b []byte, e *storage.Event, all *lexicons, which int) []byte {
	names := all[which]
	flags := uint64(which) << secondLexicon
	at := len(b)
	b = append(b, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.At))
	within := e.Message != "" && strings.HasPrefix(e.ID, e.Message) // as wamid.X.sent begins with wamid.X
	for i, s := range texts(e) {
		if *s == "" {
			continue
		}
		if i == messageText && within {
			flags |= inID
			b = binary.AppendUvarint(b, uint64(len(*s)))
			continue
		}
		flags |= 1 << i
		if i >= ownTexts {
			n := names.number(i, *s)
			if b = binary.AppendUvarint(b, uint64(n)); n != 0 {
				continue
			}
		}
		b = binary.AppendUvarint(b, uint64(len(*s)))
		b = append(b, *s...)
	}
	if e.Seq != 0 {
		flags |= hasSeq
		b = binary.AppendVarint(b, e.Seq)
	}
	if e.UpTo != 0 {
		flags |= hasUpTo
		b = binary.AppendVarint(b, int64(e.UpTo))
	}
	if e.Test {
		flags |= isTest
	}
	if e.Sale {
		flags |= isSale
	}
	b[at], b[at+1], b[at+2], b[at+3], b[at+4] = byte(flags), byte(flags>>8), byte(flags>>16), byte(flags>>24), byte(flags>>32)
	return b
}

// recordTime is the time of an event of which b is the record.
func recordTime(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b[5:])) }

var errRecord = errors.New("what the import set aside cannot be read back")

// readRecord reads an event. Its own texts lie in b, which must not change while the event is used.
func readRecord(e *storage.Event, b []byte, all *lexicons) (err error) {
	defer func() {
		if recover() != nil {
			err = errRecord
		}
	}()
	*e = storage.Event{}
	flags := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32
	names := all[flags>>secondLexicon].names
	e.At = storage.Instant(recordTime(b))
	r := reader{b[13:]}
	into := texts(e)
	own := flags & (1<<textFields - 1)
	if flags&inID != 0 {
		own |= 1 << messageText
	}
	for ; own != 0; own &= own - 1 {
		i := bits.TrailingZeros64(own)
		if i == messageText && flags&inID != 0 {
			e.Message = e.ID[:r.uvarint()]
			continue
		}
		if i >= ownTexts {
			if n := r.uvarint(); n != 0 {
				*into[i] = names[n]
				continue
			}
		}
		*into[i] = r.text()
	}
	if flags&hasSeq != 0 {
		e.Seq = r.varint()
	}
	if flags&hasUpTo != 0 {
		e.UpTo = storage.Instant(r.varint())
	}
	e.Test, e.Sale = flags&isTest != 0, flags&isSale != 0
	return nil
}

// reader reads what is left of a record; it panics at its end.
type reader struct{ rest []byte }

func (r *reader) uvarint() uint64 {
	if c := r.rest[0]; c < 0x80 {
		r.rest = r.rest[1:]
		return uint64(c)
	}
	u, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return u
}

func (r *reader) varint() int64 {
	n, k := binary.Varint(r.rest)
	r.rest = r.rest[k:]
	return n
}

// text is a view into what is read.
func (r *reader) text() string {
	n := r.uvarint()
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return unsafe.String(unsafe.SliceData(s), len(s))
}
