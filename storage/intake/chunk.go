package intake

import (
	"bytes"
	"errors"
	"io"
)

const (
	firstChunk = 8 << 10   // bytes read at first
	chunkSize  = 256 << 10 // bytes read at once; the events of a chunk should fit into the processor's cache
	chunkPad   = 16        // bytes behind a chunk that quick may look at
)

// chunks cuts an input into pieces that end with a line, so that texts can be views of the piece until the next one
// is asked for.
type chunks struct {
	r     io.Reader
	limit int    // bytes of a line
	buf   []byte // chunkPad of them stay free
	from  int    // where what was not given out yet begins in buf
	to    int    // and ends
	end   error  // of the input
}

// next gives the lines that are at hand, each with its line end; the last line of an input gets one if it has none. Of a line longer
// than the limit only the beginning is given, with over; the rest is skipped. io.EOF comes after the last line.
func (c *chunks) next() (lines []byte, over bool, err error) {
	full := c.to+chunkPad == len(c.buf)
	c.to = copy(c.buf, c.buf[c.from:c.to])
	if full && len(c.buf) < chunkSize {
		c.grow()
	}
	for c.from = 0; ; {
		if c.end != nil {
			return c.last()
		}
		if c.to >= c.limit+2 { // a line end may be two bytes
			return c.skip()
		}
		if c.to+chunkPad >= len(c.buf) {
			c.grow()
		}
		var n int
		n, c.end = c.r.Read(c.buf[c.to : len(c.buf)-chunkPad])
		fresh := c.buf[c.to : c.to+n]
		c.to += n
		if i := bytes.LastIndexByte(fresh, '\n'); i >= 0 {
			c.from = c.to - n + i + 1
			return c.buf[:c.from], false, nil
		}
	}
}

// grow makes the buffer four times as long: webhooks need little of it.
func (c *chunks) grow() {
	most := max(c.limit+2, chunkSize)
	size := min(max(4*len(c.buf), firstChunk), most) + chunkPad
	c.buf = append(make([]byte, 0, size), c.buf[:c.to]...)[:size]
}

// last gives what stands behind the last line end.
func (c *chunks) last() ([]byte, bool, error) {
	if c.to == 0 || !errors.Is(c.end, io.EOF) {
		return nil, false, c.end
	}
	c.buf[c.to] = '\n'
	n := c.to + 1
	c.to = 0
	return c.buf[:n], false, nil
}

// skip gives the beginning of a line that is too long and steps over the rest.
func (c *chunks) skip() (lines []byte, over bool, err error) {
	const keep = 4 * maxSample
	for {
		n, err := c.r.Read(c.buf[keep : len(c.buf)-chunkPad])
		i := bytes.IndexByte(c.buf[keep:keep+n], '\n')
		switch {
		case i >= 0:
			c.from, c.to, c.end = keep+i+1, keep+n, err
			return c.buf[:keep], true, nil
		case errors.Is(err, io.EOF):
			c.from, c.to, c.end = 0, 0, err
			return c.buf[:keep], true, nil
		case err != nil:
			return nil, false, err
		}
	}
}

// readLines reads one event a line.
func readLines(r io.Reader, to *batch) error {
	c := chunks{r: r, limit: maxLine}
	to.views = true
	for line := 1; ; {
		text, over, err := c.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case over:
			err = to.document(document{text, line, tooLong(maxLine)})
			line++
		default:
			line, err = to.lines(text, c.buf, line)
		}
		if err == nil && !to.own {
			err = to.flush() // the next chunk takes the place of this one
		}
		if err != nil {
			return err
		}
	}
}

// lines reads the lines of a chunk, of which the first has that number, and returns the number of the next one.
// Behind the text buf goes on for chunkPad bytes.
func (b *batch) lines(text, buf []byte, line int) (next int, err error) {
	for at := 0; at < len(text); line++ {
		end, ok := quick(b.slot(), buf, at)
		if ok && end-at <= maxLine {
			err = b.event(Place{Line: line}, buf[at:end])
		} else {
			end = at + bytes.IndexByte(text[at:], '\n') + 1
			err = b.line(text[at:end-1], line)
		}
		if err != nil {
			return line, err
		}
		at = end
	}
	return line, nil
}

// line reads a line that is not of the usual kind.
func (b *batch) line(text []byte, n int) error {
	text = bytes.TrimSuffix(text, []byte{'\r'})
	switch {
	case len(text) > maxLine:
		return b.document(document{text, n, tooLong(maxLine)})
	case len(bytes.TrimSpace(text)) == 0:
		return nil
	}
	return b.document(document{text, n, nil})
}
