// Package intake turns outside formats into events: files that somebody imports and webhooks that providers post.
//
// A [Format] reads a stream item by item. A line, row or status that cannot be used becomes an [Item] that says where
// it stands and why; its neighbours go in. Memory does not grow with the input: what is longer than a line may be
// (see limits.go) is skipped, never held. [Import] appends a stream in batches, [Handler] receives POST
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
	// Read yields the items of an input in order. An item is valid until the next one; an error ends the input.
	Read func(r io.Reader) iter.Seq2[*Item, error]
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

// event makes the item one of an event, or rejects it if the event breaks MODEL 1.
func (it *Item) event(at Place, raw []byte) {
	if err := acceptable(&it.Event); err != nil {
		it.reject(at, raw, err)
		return
	}
	it.Place, it.Reason, it.Sample, it.Notice, it.Unreadable = at, "", "", "", false
}

func (it *Item) reject(at Place, raw []byte, why error) {
	var broken *syntaxError
	*it = Item{Place: at, Reason: mask(why.Error()), Sample: sample(raw), Unreadable: errors.As(why, &broken)}
}

// acceptable brings an event into the stored form and refuses dates that only a wrong unit or a filler makes.
func acceptable(e *storage.Event) error {
	if e.At >= tooLate || e.UpTo >= tooLate {
		return errors.New("at or up_to is after 2199")
	}
	return e.Normalize()
}
