package intake

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// syntaxError says that an item is not even written in its format.
type syntaxError struct{ msg string }

func (e *syntaxError) Error() string { return e.msg }

func syntaxf(format string, args ...any) error { return &syntaxError{fmt.Sprintf(format, args...)} }

// scanner reads the JSON values of one text in a single pass (RFC 8259, strictly). Strings without escapes are parts of
// the text. It reads what [quick] does not, says what is wrong, and refuses what encoding/json lets pass, such as half a
// surrogate pair.
type scanner struct {
	s string
	i int
}

func (p *scanner) wrong(what string) error { return syntaxf("not JSON: %s at byte %d", what, p.i+1) }

// peek is the next byte that is not white space, 0 at the end.
func (p *scanner) peek() byte {
	for ; p.i < len(p.s); p.i++ {
		if c := p.s[p.i]; c > ' ' || (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
			return c
		}
	}
	return 0
}

// next steps over c if it is the next byte after white space.
func (p *scanner) next(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.i++
	return true
}

// members calls member for each key of an object, with the scanner before the value.
func (p *scanner) members(member func(key string) error) error {
	if !p.next('{') {
		return p.wrong("no object")
	}
	if p.next('}') {
		return nil
	}
	for {
		key, err := p.text()
		if err != nil {
			return err
		}
		if !p.next(':') {
			return p.wrong("no colon after a name")
		}
		if err := member(key); err != nil {
			return err
		}
		if p.next('}') {
			return nil
		}
		if !p.next(',') {
			return p.wrong("no comma or closing brace")
		}
	}
}

// text reads a string.
func (p *scanner) text() (string, error) {
	if !p.next('"') {
		return "", p.wrong("no string")
	}
	for start := p.i; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return p.s[start : p.i-1], nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.wrong("a control character in a string")
		}
	}
	return "", p.wrong("a string that is not closed")
}

// escaped reads on in a string that has escapes.
func (p *scanner) escaped(start int) (string, error) {
	var b strings.Builder
	b.Grow(max(0, strings.IndexByte(p.s[start:], '"')))
	b.WriteString(p.s[start:p.i])
	for p.i < len(p.s) {
		c := p.s[p.i]
		switch {
		case c == '"':
			p.i++
			return b.String(), nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			continue
		case c < ' ':
			return "", p.wrong("a control character in a string")
		}
		b.WriteByte(c)
		p.i++
	}
	return "", p.wrong("a string that is not closed")
}

func (p *scanner) escape() (rune, error) {
	p.i++
	if p.i >= len(p.s) {
		return 0, p.wrong("a string that is not closed")
	}
	c := p.s[p.i]
	if c == 'u' {
		return p.unicode()
	}
	at := strings.IndexByte(`"\/bfnrt`, c)
	if at < 0 {
		return 0, p.wrong("an unknown escape")
	}
	p.i++
	return rune("\"\\/\b\f\n\r\t"[at]), nil
}

// unicode reads uXXXX, and the second half of a surrogate pair.
func (p *scanner) unicode() (rune, error) {
	r, ok := p.hex4()
	if !ok {
		return 0, p.wrong("a bad \\u escape")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if strings.HasPrefix(p.s[p.i:], `\u`) {
		p.i++
		if low, ok := p.hex4(); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, nil
			}
		}
	}
	return 0, p.wrong("half a surrogate pair")
}

func (p *scanner) hex4() (rune, bool) {
	p.i++ // the u
	if p.i+4 > len(p.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 16)
	p.i += 4
	return rune(n), err == nil
}

// number reads a number as written.
func (p *scanner) number() (string, error) {
	p.peek()
	start := p.i
	p.byte('-')
	if !p.byte('0') && p.digits() == 0 {
		return "", p.wrong("no value")
	}
	if p.byte('.') && p.digits() == 0 {
		return "", p.wrong("a bad number")
	}
	if p.byte('e') || p.byte('E') {
		if !p.byte('+') {
			p.byte('-')
		}
		if p.digits() == 0 {
			return "", p.wrong("a bad number")
		}
	}
	return p.s[start:p.i], nil
}

func (p *scanner) byte(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *scanner) digits() (n int) {
	for ; p.i < len(p.s) && '0' <= p.s[p.i] && p.s[p.i] <= '9'; n++ {
		p.i++
	}
	return n
}

// word steps over true, false or null.
func (p *scanner) word(w string) bool {
	p.peek()
	if strings.HasPrefix(p.s[p.i:], w) {
		p.i += len(w)
		return true
	}
	return false
}

// skip steps over any value.
func (p *scanner) skip(depth int) error {
	if depth > maxDepth {
		return syntaxf("nested deeper than %d", maxDepth)
	}
	switch p.peek() {
	case '{':
		return p.members(func(string) error { return p.skip(depth + 1) })
	case '[':
		return p.skipArray(depth)
	case '"':
		_, err := p.text()
		return err
	}
	if p.word("true") || p.word("false") || p.word("null") {
		return nil
	}
	_, err := p.number()
	return err
}

func (p *scanner) skipArray(depth int) error {
	p.i++
	if p.next(']') {
		return nil
	}
	for {
		if err := p.skip(depth + 1); err != nil {
			return err
		}
		if p.next(']') {
			return nil
		}
		if !p.next(',') {
			return p.wrong("no comma or closing bracket")
		}
	}
}
