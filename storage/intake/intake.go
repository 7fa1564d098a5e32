// Package intake turns outside formats into events: files that somebody imports and webhooks that providers post.
//
// A [Format] reads a stream item by item. A line, row or status that cannot be used becomes an [Item] that says where
// it stands and why; its neighbours go in. Memory does not grow with the input: what is longer than a line may be
// (see limits.go) is skipped, never held. [Import] takes in a stream in batches, [Handler] receives POST
// /intake/{source}. A new format is one file here and one line in [Formats].
package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"outboundbot/storage"
)

// Format reads events written in one way.
type Format struct {
	Name string
	// Detect tells whether an input looks like this format, by its file name and first bytes.
	Detect func(name string, head []byte) bool
	// read writes what an input holds to a batch, in order.
	read func(r io.Reader, to *batch) error
}

// ErrFormat: the input as a whole is not written as its format is, so that none of it can be used.
var ErrFormat = errors.New("wrong format")

// Formats lists the formats, the most particular first, so that the first that detects an input reads it.
func Formats() []Format { return []Format{WhatsApp, Native, CSV} }

// Named finds a format.
func Named(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Detect finds the format of an input by its file name and first bytes (4 KiB are enough).
func Detect(name string, head []byte) (Format, bool) {
	for _, f := range Formats() {
		if f.Detect(strings.ToLower(name), bytes.TrimPrefix(head, []byte(byteOrderMark))) {
			return f, true
		}
	}
	return Format{}, false
}

// Place says where something stands in an input.
type Place struct {
	Line int    // counted from 1
	Path string // within a webhook: entry[0].changes[1].statuses[2]
}

// String is "line 3" or "line 3, entry[0].changes[1].statuses[2]".
func (p Place) String() string {
	if p.Path == "" {
		return fmt.Sprintf("line %d", p.Line)
	}
	return fmt.Sprintf("line %d, %s", p.Line, p.Path)
}

// Item is what one line, row or status came to: an event, or the reason why there is none, or a notice.
type Item struct {
	Place
	Event  storage.Event // in stored form, if Reason and Notice are empty
	Reason string        // why it is rejected; phones are masked
	Sample string        // how what was rejected begins; see [sample]
	Notice string        // something to know about the whole input; stands for no event
	// Unreadable: a rejected item that is not even written in the format, such as broken JSON.
	Unreadable bool
}

// Read yields the items of an input in order. An item is valid until the next one, its texts for ever; an error ends the input.
func (f Format) Read(r io.Reader) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		to := items{yield: yield}
		b := batch{to: &to, size: 1, own: true}
		err := f.read(r, &b)
		if err == nil {
			err = b.flush()
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// items is the taker behind Read.
type items struct {
	yield func(*Item, error) bool
	item  Item
}

// errEnough ends an input that nobody reads on.
var errEnough = errors.New("enough")

func (i *items) take(events []storage.Event, places []Place) error {
	for n := range events {
		i.item.Place, i.item.Event = places[n], events[n]
		if !i.yield(&i.item, nil) {
			return errEnough
		}
	}
	return nil
}

func (i *items) refuse(it Item) error {
	if !i.yield(&it, nil) {
		return errEnough
	}
	return nil
}
