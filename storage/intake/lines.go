package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const byteOrderMark = "\uFEFF"

// open buffers an input and steps over its byte order mark.
func open(r io.Reader) (*bufio.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, _ := br.Peek(3) // an error comes again with the first read
	switch {
	case bytes.HasPrefix(head, []byte(byteOrderMark)):
		_, err := br.Discard(3)
		return br, err
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return nil, errors.New("this is UTF-16 text: save it as UTF-8 and import it again")
	}
	return br, nil
}

// lines cuts an input at line ends.
type lines struct {
	r     *bufio.Reader
	limit int    // bytes of a line
	n     int    // number of the line that next returned last
	long  []byte // holds lines that are longer than the buffer of r
}

// next returns a line without its end, valid until the next call; io.EOF after the last. Of a line over the limit
// the beginning is returned, the rest is skipped and over is true.
func (l *lines) next() (line []byte, over bool, err error) {
	line, err = l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, over, err = l.rest(line)
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
		return nil, false, err
	}
	l.n++
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), over, nil
}

func (l *lines) rest(first []byte) (line []byte, over bool, err error) {
	l.long = append(l.long[:0], first...)
	for {
		part, err := l.r.ReadSlice('\n')
		if room := l.limit + 2 - len(l.long); len(part) > room { // 2 for the line end
			l.long, over = append(l.long, part[:room]...), true
		} else {
			l.long = append(l.long, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, over || len(bytes.TrimRight(l.long, "\r\n")) > l.limit, err
		}
	}
}
