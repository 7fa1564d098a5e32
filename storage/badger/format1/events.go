package format1

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"

	"outboundbot/storage"
)

// head is what a component knows of itself.
type head struct {
	_       struct{} `cbor:",toarray"`
	Into    uint64   // the component it was merged into; then the rest is empty
	Tail    []byte   // its events that are in no chunk yet
	Events  int
	Orphans int
	Chunks  chunks // full chunks of its events
	Rows    cbor.RawMessage
	Homes   cbor.RawMessage
}

// chunks is a list of chunks: in the head, or in pages of their own.
type chunks struct {
	_     struct{} `cbor:",toarray"`
	Pages int      // 0 for a list in the head
	Items []uint64
}

// Each calls f for all events, those of a component at once. The slice is f's until it returns.
func (s *Store) Each(ctx context.Context, f func(events []storage.Event) error) error {
	n := 0
	var events []storage.Event
	err := s.each(ctx, 'c', func(txn *badger.Txn, k, v []byte) error {
		var h head
		err := decode(v, &h)
		if err != nil || h.Into != 0 {
			return err
		}
		if len(k) != 9 {
			return errDamaged
		}
		if events, err = h.events(txn, events[:0], binary.BigEndian.Uint64(k[1:])); err != nil {
			return err
		}
		n += len(events)
		return f(events)
	})
	if err == nil && n != s.Events {
		err = fmt.Errorf("a damaged store of format 1: it holds %d events and should hold %d", n, s.Events)
	}
	return err
}

// events appends those of a component.
func (h *head) events(txn *badger.Txn, to []storage.Event, component uint64) ([]storage.Event, error) {
	list := h.Chunks.Items
	for page := range h.Chunks.Pages {
		var some []uint64
		k := binary.BigEndian.AppendUint64(append(numbered('h', component), 'v'), uint64(page))
		if err := record(txn, k, &some); err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	for _, chunk := range list {
		b, err := valueOf(txn, numbered('v', chunk))
		if err == nil && b == nil {
			err = errDamaged
		}
		if err == nil {
			to, err = decodeEvents(to, b)
		}
		if err != nil {
			return nil, err
		}
	}
	to, err := decodeEvents(to, h.Tail)
	if err == nil && len(to) != h.Events {
		err = errDamaged
	}
	return to, err
}

// A stored event is its fields that are not empty, each after its number, and a 0. Texts are their length and their
// bytes, figures are varints; a flag is its number alone. Texts have their place in the list below, from 1.
const (
	atField = iota + textFields + 1
	seqField
	upToField
	testField
	saleField
)

const textFields = 32

func texts(e *storage.Event) [textFields]*string {
	return [...]*string{
		&e.ID, (*string)(&e.Type), &e.Send, &e.Message, &e.Conversation, &e.Channel, &e.Line, &e.Contact, &e.Origin,
		&e.Campaign, &e.Template, &e.Category, &e.Flow, &e.Webhook, &e.Variant, &e.Sender, &e.Code, &e.Reason, &e.Kind,
		&e.Text, &e.ReplyTo, &e.How, &e.Group, &e.Agent, &e.Tag, &e.TagType, &e.By, &e.Value, &e.Currency, &e.Label,
		&e.Node, &e.Option,
	}
}

// decodeEvents reads events that stand one after the other. Their texts share one copy of them.
func decodeEvents(events []storage.Event, chunk []byte) ([]storage.Event, error) {
	r := reader{rest: chunk, text: string(chunk)}
	for len(r.rest) > 0 {
		events = append(events, storage.Event{})
		if err := r.event(&events[len(events)-1]); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// reader reads what is left of a chunk.
type reader struct {
	rest []byte
	text string // the whole chunk
}

func (r *reader) event(e *storage.Event) error {
	into := texts(e)
	for len(r.rest) > 0 {
		field := r.rest[0]
		r.rest = r.rest[1:]
		var err error
		var n int64
		switch {
		case field == 0:
			return nil
		case field <= textFields:
			*into[field-1], err = r.string()
		case field == atField:
			n, err = r.figure()
			e.At = storage.Instant(n)
		case field == seqField:
			e.Seq, err = r.figure()
		case field == upToField:
			n, err = r.figure()
			e.UpTo = storage.Instant(n)
		case field == testField:
			e.Test = true
		case field == saleField:
			e.Sale = true
		default:
			err = errDamaged
		}
		if err != nil {
			return err
		}
	}
	return errDamaged
}

func (r *reader) string() (string, error) {
	length, n := binary.Uvarint(r.rest)
	if n <= 0 || length > uint64(len(r.rest)-n) {
		return "", errDamaged
	}
	r.rest = r.rest[n:]
	from := len(r.text) - len(r.rest)
	r.rest = r.rest[length:]
	return r.text[from : from+int(length)], nil
}

func (r *reader) figure() (int64, error) {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		return 0, errDamaged
	}
	r.rest = r.rest[n:]
	return v, nil
}
