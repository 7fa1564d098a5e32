package intake

import (
	"bytes"
	"errors"

	"outboundbot/storage"
)

// batch is where a format writes what it reads: events into memory that is used again and again, so that an import
// costs no allocation and no copy for each of them. A format that gets an error from it ends with that error.
type batch struct {
	to     taker
	size   int  // events that are handed over at once
	keep   bool // the taker keeps the events: each batch is made anew
	own    bool // the texts must outlive the batch
	views  bool // the texts are views of a buffer that the format will fill again, after a flush
	events []storage.Event
	places []Place
	n      int // events gathered
	last   int // how many were handed over last
}

// taker is who wants what a format reads.
type taker interface {
	// take gets the next events; they are the batch's again when it returns, unless it keeps them.
	take(events []storage.Event, places []Place) error
	// refuse gets an item that is no event. Events that stood before it may come later.
	refuse(Item) error
}

// slot is where the next event is written; it is empty.
func (b *batch) slot() *storage.Event {
	if b.n == len(b.events) {
		b.grow()
	}
	e := &b.events[b.n]
	*e = storage.Event{}
	return e
}

// grow makes room for more events; most webhooks have few.
func (b *batch) grow() {
	room := min(b.size, max(64, 4*b.n, b.last))
	b.events = append(make([]storage.Event, 0, room), b.events...)[:room]
	b.places = append(make([]Place, 0, room), b.places...)[:room]
}

// event takes what was written to the slot, or rejects it if it breaks MODEL 1.
func (b *batch) event(at Place, raw []byte) error {
	e := &b.events[b.n]
	if err := acceptable(e); err != nil {
		return b.reject(at, raw, err)
	}
	if b.own && b.views {
		e.Own()
	}
	b.places[b.n] = at
	if b.n++; b.n == b.size {
		return b.flush()
	}
	return nil
}

// flush hands over what was gathered.
func (b *batch) flush() error {
	if b.n == 0 {
		return nil
	}
	events, places := b.events[:b.n], b.places[:b.n]
	b.n, b.last = 0, b.n
	if b.keep {
		b.events = nil
	}
	return b.to.take(events, places)
}

// reject passes on an item that cannot be used; raw is how it is written.
func (b *batch) reject(at Place, raw []byte, why error) error {
	var broken *syntaxError
	raw = bytes.TrimRight(raw, "\r\n")
	return b.to.refuse(Item{Place: at, Reason: mask(why.Error()), Sample: sample(raw), Unreadable: errors.As(why, &broken)})
}

func (b *batch) notice(at Place, msg string) error { return b.to.refuse(Item{Place: at, Notice: msg}) }

// acceptable brings an event into the stored form and refuses dates that only a wrong unit or a filler makes.
func acceptable(e *storage.Event) error {
	if e.At >= tooLate || e.UpTo >= tooLate {
		return errors.New("at or up_to is after 2199")
	}
	return e.Normalize()
}
