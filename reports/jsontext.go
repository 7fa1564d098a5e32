package reports

import (
	"io"
	"strconv"

	"outboundbot/storage"
)

// jsonText builds JSON: members and elements stand in the order in which they are added, commas come by themselves.
type jsonText []byte

// value puts the comma that the next key or element needs.
func (j *jsonText) value() {
	if n := len(*j); n > 0 {
		switch (*j)[n-1] {
		case '{', '[', ':', ',':
		default:
			*j = append(*j, ',')
		}
	}
}

// record begins an object on a line of its own.
func (j *jsonText) record(first bool) {
	if !first {
		*j = append(*j, ',')
	}
	*j = append(*j, '\n', '{')
}

// flush writes what was built so far, if there is enough of it. The last byte stays, so that what follows sees
// whether it needs a comma.
func (j *jsonText) flush(w io.Writer) error {
	last := len(*j) - 1
	if last < flushAt {
		return nil
	}
	if _, err := w.Write((*j)[:last]); err != nil {
		return err
	}
	*j = append((*j)[:0], (*j)[last])
	return nil
}

func (j *jsonText) open(bracket byte) {
	j.value()
	*j = append(*j, bracket)
}

func (j *jsonText) close(bracket byte) { *j = append(*j, bracket) }

func (j *jsonText) key(name string) *jsonText {
	j.text(name)
	*j = append(*j, ':')
	return j
}

func (j *jsonText) null() {
	j.value()
	*j = append(*j, "null"...)
}

func (j *jsonText) integer(n int64) {
	j.value()
	*j = strconv.AppendInt(*j, n, 10)
}

func (j *jsonText) truth(b bool) {
	j.value()
	*j = strconv.AppendBool(*j, b)
}

// text adds a string.
func (j *jsonText) text(s string) {
	j.value()
	*j = appendText(*j, s)
}

func (j *jsonText) day(d storage.Day) {
	if d == 0 {
		j.null()
		return
	}
	j.text(d.String())
}

func (j *jsonText) instant(i storage.Instant) {
	j.value()
	*j = appendInstant(*j, i)
}
