package badger

import (
	"fmt"

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
	Chunks  list[uint64] // full chunks of its events
	Rows    list[rowRef] // the rows stored
	Homes   list[home]   // of its timelines
}

// read gets the longer lists of a head.
func (h *head) read(get func(k []byte) ([]byte, error), component uint64) error {
	if err := h.Chunks.read(get, component, chunkList); err != nil {
		return err
	}
	if err := h.Rows.read(get, component, rowList); err != nil {
		return err
	}
	return h.Homes.read(get, component, homeList)
}

// readEvents gets the events of a component whose lists have been read.
func (h *head) readEvents(get func(k []byte) ([]byte, error)) ([]storage.Event, error) {
	events := make([]storage.Event, 0, h.Events+4)
	for _, chunk := range h.Chunks.Items {
		v, err := get(chunkKey(chunk))
		if err != nil {
			return nil, err
		}
		if events, err = decodeEvents(events, v); err != nil {
			return nil, err
		}
	}
	events, err := decodeEvents(events, h.Tail)
	if err == nil && len(events) != h.Events {
		err = errMissing
	}
	return events, err
}

// putHead writes a head and what changed of its lists.
func (b *batch) putHead(component uint64, h *head) error {
	if err := h.Chunks.write(b, component, chunkList); err != nil {
		return err
	}
	if err := h.Rows.write(b, component, rowList); err != nil {
		return err
	}
	if err := h.Homes.write(b, component, homeList); err != nil {
		return err
	}
	short := *h
	short.Chunks, short.Rows, short.Homes = h.Chunks.head(), h.Rows.head(), h.Homes.head()
	return putRecord(b, headKey(component), &short)
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
	More    int  // records that the row goes on in
	Reached hash // of the contact that the send reached; zero if it counts for no first success
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
