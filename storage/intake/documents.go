package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
)

// document is one JSON value of an input, perhaps broken.
type document struct {
	data []byte // valid until the next document
	line int    // where it begins
	bad  error  // why it cannot be read
}

// documents yields the JSON values of an input: one a line, or the elements of an array, or values written over
// several lines. One a line is the rule, since there a broken value spoils only its own line.
func documents(r io.Reader, limit int) iter.Seq2[document, error] {
	return func(yield func(document, error) bool) {
		br, err := open(r)
		if err != nil {
			yield(document{}, err)
			return
		}
		next := (&lines{r: br, limit: limit}).document
		if spread(br) {
			next = (&elements{r: br, line: 1, limit: limit}).next
		}
		for {
			doc, err := next()
			if errors.Is(err, io.EOF) || !yield(doc, err) || err != nil {
				return
			}
		}
	}
}

// spread tells whether values go over several lines: an array, or a first line that holds nothing but a brace.
func spread(br *bufio.Reader) bool {
	head, _ := br.Peek(4096)
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return len(head) > 0 && head[0] == '['
	}
	first, _, more := bytes.Cut(head[1:], []byte{'\n'})
	return more && len(bytes.TrimSpace(first)) == 0
}

// document is the next line that is not blank.
func (l *lines) document() (document, error) {
	for {
		line, over, err := l.next()
		switch {
		case err != nil:
			return document{}, err
		case over:
			return document{line, l.n, tooLong(l.limit)}, nil
		case len(bytes.TrimSpace(line)) > 0:
			return document{line, l.n, nil}, nil
		}
	}
}

// elements cuts an input into JSON values by counting brackets outside strings; it does not check them.
type elements struct {
	r      *bufio.Reader
	line   int
	limit  int
	open   int    // arrays around the elements
	buf    []byte // the element under way
	over   bool   // it is longer than limit
	depth  int    // brackets open in it
	quoted bool   // inside a string of it
	escape bool   // after a backslash
}

func (e *elements) next() (document, error) {
	first, err := e.start()
	if errors.Is(err, io.EOF) && e.open > 0 {
		e.open = 0
		return document{nil, e.line, syntaxf("the array is not closed: the input seems cut off")}, nil
	}
	if err != nil {
		return document{}, err
	}
	doc := document{line: e.line}
	e.buf, e.over, e.depth, e.quoted, e.escape = e.buf[:0], false, 0, false, false
	for c := first; !e.take(c); {
		if e.quoted && c == '\n' {
			doc.bad = syntaxf("a string is not closed on its line")
			err = e.resume()
			break
		}
		if c, err = e.read(); err != nil {
			break
		}
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return document{}, err
	case doc.bad != nil:
	case err != nil && e.depth > 0:
		doc.bad, e.open = syntaxf("the input ends within this value"), 0
	case e.over:
		doc.bad = tooLong(e.limit)
	}
	doc.data = e.buf
	return doc, nil
}

// start steps over what lies between elements and returns the first byte of one.
func (e *elements) start() (byte, error) {
	for {
		c, err := e.read()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n', ',':
		case '[':
			e.open++
		case ']':
			e.open = max(e.open-1, 0)
		default:
			return c, nil
		}
	}
}

// take adds a byte to the element and tells whether the element is complete. A value without brackets ends at the
// next separator, which is left out.
func (e *elements) take(c byte) (done bool) {
	if e.depth == 0 && !e.quoted && len(e.buf) > 0 && (c == ',' || c == ']' || c == '\n') {
		if c == ']' {
			e.open = max(e.open-1, 0)
		}
		return true
	}
	if len(e.buf) < e.limit {
		e.buf = append(e.buf, c)
	} else {
		e.over = true
	}
	switch {
	case e.escape:
		e.escape = false
	case e.quoted:
		e.escape = c == '\\'
		e.quoted = c != '"'
	case c == '"':
		e.quoted = true
	case c == '{' || c == '[':
		e.depth++
	case c == '}' || c == ']':
		e.depth--
		return e.depth <= 0
	}
	return false
}

// resume goes on at the next line that begins with a brace, after a value whose end cannot be known.
func (e *elements) resume() error {
	for fresh := true; ; {
		c, err := e.read()
		if err != nil {
			return err
		}
		switch {
		case fresh && c == '{':
			return e.r.UnreadByte()
		case c == '\n':
			fresh = true
		case c != ' ' && c != '\t' && c != '\r':
			fresh = false
		}
	}
}

func (e *elements) read() (byte, error) {
	c, err := e.r.ReadByte()
	if c == '\n' && err == nil {
		e.line++
	}
	return c, err
}

func tooLong(limit int) error { return syntaxf("longer than %d MiB", limit>>20) }
