package badger

import (
	"encoding/binary"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"outboundbot/storage"
)

// head is what a component knows of itself.
type head struct {
	_       struct{} `cbor:",toarray"`
	Into    uint64   // the component it was merged into; then the rest is empty
	Chunks  []uint64 // full chunks of its events
	Tail    []byte   // its other events, a chunk in the making
	Events  int
	Orphans int
	Rows    []rowRef // the rows stored
	Homes   []home   // of its timelines
}

// home is where a timeline is: its place, of which the component owns the token, and its contact.
type home struct {
	_       struct{} `cbor:",toarray"`
	Place   hash
	Contact hash
}

// rowRef tells a stored row from a changed one without reading it.
type rowRef struct {
	_       struct{} `cbor:",toarray"`
	Send    string
	Time    storage.Instant
	Digest  uint64
	Reached []byte // hash of the contact that the send reached; none if it counts for no first success
}

// contactRecord is a customer on one channel.
type contactRecord struct {
	_       struct{} `cbor:",toarray"`
	Channel string
	Contact string
	First   storage.Instant // first success, 0 for never
}

// counters are the figures of Stats, and the last number given to a chunk or component.
type counters struct {
	_         struct{} `cbor:",toarray"`
	Last      uint64
	Events    int
	Sends     int
	Orphans   int
	Conflicts int
	Latest    storage.Instant
}

// row is a stored send. As an array it takes half the room of one with names; the fold's fingerprint holds the
// names of its fields, so rows are made anew when they change.
type row struct {
	_ struct{} `cbor:",toarray"`
	storage.Send
}

func encode[T any](v *T) ([]byte, error) { return cbor.Marshal(v) }

func decode[T any](b []byte, v *T) error {
	if err := cbor.Unmarshal(b, v); err != nil {
		return fmt.Errorf("a damaged record: %w", err)
	}
	return nil
}

// decodeEvents reads a chunk: events one after the other.
func decodeEvents(events []storage.Event, chunk []byte) ([]storage.Event, error) {
	for len(chunk) > 0 {
		var ev storage.Event
		rest, err := cbor.UnmarshalFirst(chunk, &ev)
		if err != nil {
			return nil, fmt.Errorf("a damaged record: %w", err)
		}
		events, chunk = append(events, ev), rest
	}
	return events, nil
}

// known is what is kept of each event id: its content's hash, and the component that it came into.
type known struct{ content, component uint64 }

func (k known) encode() []byte {
	return binary.BigEndian.AppendUint64(number(k.content), k.component)
}

func decodeKnown(b []byte) known {
	return known{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}
