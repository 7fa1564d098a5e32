package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"outboundbot/storage"
)

// Native is one event of MODEL 1 a line, as a JSON object (NDJSON); an array of such objects is read as well. Fields
// that MODEL 1 does not name are ignored.
var Native = Format{
	Name: "native",
	Detect: func(_ string, head []byte) bool {
		head = bytes.TrimLeft(head, " \t\r\n")
		return len(head) > 0 && (head[0] == '{' || head[0] == '[')
	},
	read: readNative,
}

func readNative(r io.Reader, to *batch) error {
	br, err := open(r)
	switch {
	case err != nil:
		return err
	case !spread(br):
		return readLines(br, to)
	}
	values := &elements{r: br, line: 1, limit: maxLine}
	for {
		doc, err := values.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := to.document(doc); err != nil {
			return err
		}
	}
}

// document reads one event and takes it, or rejects it.
func (b *batch) document(doc document) error {
	e, at := b.slot(), Place{Line: doc.line}
	if bad := decode(e, doc); bad != nil {
		return b.reject(at, doc.data, bad)
	}
	return b.event(at, doc.data)
}

// decode reads one event into an empty one, whatever it looks like, or says exactly what is wrong with it. Its texts
// share one copy of the line, unless the line is long and the event may keep little of it.
func decode(e *storage.Event, doc document) error {
	switch {
	case doc.bad != nil:
		return doc.bad
	case !utf8.Valid(doc.data):
		return syntaxf("not valid UTF-8")
	}
	d := decoder{scanner: scanner{s: string(doc.data)}, event: e, clone: len(doc.data) > longLine}
	if err := d.members(d.member); err != nil {
		return err
	}
	if d.peek() != 0 || d.i < len(d.s) {
		return d.wrong("something after the object")
	}
	return nil
}

// decoder reads the members of one event.
type decoder struct {
	scanner
	event *storage.Event
	seen  uint64 // slots that had a value
	clone bool
}

func (d *decoder) member(key string) error {
	slot, text := target(d.event, key)
	if slot == noSlot {
		return d.skip(1)
	}
	if d.seen&(1<<slot) != 0 {
		return fmt.Errorf("%s is there twice", key)
	}
	d.seen |= 1 << slot
	if d.word("null") {
		return nil
	}
	switch slot {
	case slotAt:
		return d.instant(key, &d.event.At)
	case slotUpTo:
		return d.instant(key, &d.event.UpTo)
	case slotSeq:
		return d.integer(key, &d.event.Seq)
	case slotTest:
		return d.boolean(key, &d.event.Test)
	case slotSale:
		return d.boolean(key, &d.event.Sale)
	case slotValue:
		if c := d.peek(); c == '-' || '0' <= c && c <= '9' {
			n, err := d.number()
			d.keep(text, n)
			return err
		}
	}
	return d.string(key, text)
}

// mistyped says what a field must be, or that what is there is no JSON at all.
func (d *decoder) mistyped(key, must string) error {
	if err := d.skip(1); err != nil {
		return err
	}
	return fmt.Errorf("%s must be %s", key, must)
}

func (d *decoder) string(key string, to *string) error {
	if d.peek() != '"' {
		must := "a string"
		if to == &d.event.Value {
			must = "a decimal number or a string"
		}
		return d.mistyped(key, must)
	}
	s, err := d.text()
	d.keep(to, s)
	return err
}

func (d *decoder) keep(to *string, s string) {
	if d.clone {
		s = strings.Clone(s)
	}
	*to = s
}

func (d *decoder) instant(key string, to *storage.Instant) error {
	if d.peek() != '"' {
		return d.mistyped(key, "a string like 2025-11-24T10:00:00-06:00")
	}
	s, err := d.text()
	if err != nil || s == "" {
		return err
	}
	return setInstant(key, s, to)
}

func (d *decoder) integer(key string, to *int64) error {
	if c := d.peek(); c != '-' && (c < '0' || c > '9') {
		return d.mistyped(key, "a whole number")
	}
	s, err := d.number()
	if err != nil {
		return err
	}
	return setInteger(key, s, to)
}

func (d *decoder) boolean(key string, to *bool) error {
	if d.word("true") {
		*to = true
		return nil
	}
	if d.word("false") {
		return nil
	}
	return d.mistyped(key, "true or false")
}

func setInstant(key, s string, to *storage.Instant) error {
	if s != "" && instant([]byte(s), to) {
		return nil
	}
	v, err := storage.ParseInstant(s)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	*to = v
	return nil
}

func setInteger(key, s string, to *int64) error {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("%s is beyond 64 bits", key)
	case err != nil:
		return fmt.Errorf("%s must be a whole number", key)
	}
	*to = n
	return nil
}
