package badger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"outboundbot/storage"
)

// A stored event is its fields that are not empty, each after its number, and a 0. Texts are their length and their
// bytes, figures are varints; a flag is its number alone. Numbers are never given anew: texts have their place in
// the list below, from 1; new fields go on after sale.
const (
	noField = iota + textFields
	atField
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

// encodeEvent gives the same bytes for the same event, so that they tell contents apart.
func encodeEvent(e *storage.Event) []byte {
	b := make([]byte, 0, 256)
	for i, s := range texts(e) {
		if *s != "" {
			b = binary.AppendUvarint(append(b, byte(i+1)), uint64(len(*s)))
			b = append(b, *s...)
		}
	}
	b = appendFigure(b, atField, int64(e.At))
	b = appendFigure(b, seqField, e.Seq)
	b = appendFigure(b, upToField, int64(e.UpTo))
	if e.Test {
		b = append(b, testField)
	}
	if e.Sale {
		b = append(b, saleField)
	}
	return append(b, 0)
}

func appendFigure(b []byte, field byte, n int64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendVarint(append(b, field), n)
}

var errCut = errors.New("a damaged record: an event is cut short")

// decodeEvents reads a chunk: events one after the other. Their texts share one copy of it.
func decodeEvents(events []storage.Event, chunk []byte) ([]storage.Event, error) {
	r := eventReader{rest: chunk, text: string(chunk)}
	for len(r.rest) > 0 {
		events = append(events, storage.Event{})
		if err := r.event(&events[len(events)-1]); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// eventReader reads what is left of a chunk.
type eventReader struct {
	rest []byte
	text string // the whole chunk
}

func (r *eventReader) event(e *storage.Event) error {
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
			err = fmt.Errorf("a damaged record: an event has a field %d", field)
		}
		if err != nil {
			return err
		}
	}
	return errCut
}

func (r *eventReader) string() (string, error) {
	length, n := binary.Uvarint(r.rest)
	if n <= 0 || length > uint64(len(r.rest)-n) {
		return "", errCut
	}
	r.rest = r.rest[n:]
	from := len(r.text) - len(r.rest)
	r.rest = r.rest[length:]
	return r.text[from : from+int(length)], nil
}

func (r *eventReader) figure() (int64, error) {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		return 0, errCut
	}
	r.rest = r.rest[n:]
	return v, nil
}
