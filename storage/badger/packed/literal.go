package packed

import (
	"strconv"
	"strings"
)

// role is what a literal stands for: a text that is written out, not taken from a dictionary of names.
type role uint8

const (
	sendRole role = iota
	talkRole
	messageRole
	eventRole
	spellingRole // a contact as somebody wrote it
	valueRole
	nameRole // a name that tells a contact
	roles
)

// class is an alphabet, and how its characters are put into bits.
type class uint8

const (
	bytesClass   class = iota // length, then 8 bits a character
	asciiClass                // length, then 7 bits
	numberClass               // digits without leading zeros, below 2^64: the difference to the last one
	paddedClass               // digits with leading zeros
	base36Class               // digits and small letters without leading zeros, below 2^64
	lowHexClass               // 4 bits a character
	highHexClass              // 4 bits
	urlClass                  // base64 with - and _, 6 bits
	base64Class               // with + and /, 6 bits
	digitsClass               // 10 bits for 3
	nestedClass               // base64 of bytes with hex digits in them
	decimalClass              // a number with a point before its last digits, written in no other way
	classes
)

const (
	isDigit = 1 << iota
	isLowHex
	isHighHex
	isBase36
	isURL
	isBase64
	isASCII
	isLetter
)

// kinds tells for each character which alphabets have it.
var kinds = func() (k [256]uint8) {
	for c := range k {
		digit, low, high := c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z'
		for _, in := range []struct {
			kind uint8
			yes  bool
		}{
			{isDigit, digit},
			{isLowHex, digit || c >= 'a' && c <= 'f'},
			{isHighHex, digit || c >= 'A' && c <= 'F'},
			{isBase36, digit || low},
			{isURL, digit || low || high || c == '-' || c == '_'},
			{isBase64, digit || low || high || c == '+' || c == '/'},
			{isASCII, c < 0x80},
			{isLetter, low || high},
		} {
			if in.yes {
				k[c] |= in.kind
			}
		}
	}
	return k
}()

const (
	urlAlphabet    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	lowAlphabet    = "0123456789abcdefghijklmnopqrstuvwxyz"
	highAlphabet   = "0123456789ABCDEF"
)

// values is the place of each character in the alphabet of a class.
var values = func() (v [classes][256]uint8) {
	for class, alphabet := range map[class]string{
		urlClass: urlAlphabet, base64Class: base64Alphabet, lowHexClass: lowAlphabet, highHexClass: highAlphabet,
	} {
		for i := range len(alphabet) {
			v[class][alphabet[i]] = uint8(i)
		}
	}
	return v
}()

// appendDecimal writes n with a point before so many of its digits.
func appendDecimal(b []byte, n int64, after int) []byte {
	u := uint64(n)
	if n < 0 {
		b, u = append(b, '-'), -u
	}
	start := len(b)
	b = strconv.AppendUint(b, u, 10)
	for len(b)-start <= after {
		b = append(b, 0)
		copy(b[start+1:], b[start:])
		b[start] = '0'
	}
	if after > 0 {
		b = append(b, 0)
		copy(b[len(b)-after:], b[len(b)-after-1:])
		b[len(b)-after-1] = '.'
	}
	return b
}

// number is what a literal of a counting class stands for.
func (sh *shape) number(s string) uint64 {
	s = s[len(sh.prefix) : len(s)-int(sh.pad)]
	if sh.class == decimalClass {
		whole := strings.Replace(s, ".", "", 1)
		n, _ := strconv.ParseInt(whole, 10, 64)
		return uint64(n)
	}
	n := uint64(0)
	if sh.class == base36Class {
		for i := range len(s) {
			c := uint64(s[i] - '0')
			if s[i] >= 'a' {
				c = uint64(s[i]-'a') + 10
			}
			n = n*36 + c
		}
		return n
	}
	for i := range len(s) {
		n = n*10 + uint64(s[i]-'0')
	}
	return n
}

// counts tells whether literals of the class are numbers.
func (c class) counts() bool {
	return c == numberClass || c == paddedClass || c == base36Class || c == decimalClass
}

// write appends the characters of a literal of a class that does not count.
func (sh *shape) write(w *bitWriter, s string) {
	s = s[len(sh.prefix) : len(s)-int(sh.pad)]
	switch sh.class {
	case bytesClass, asciiClass:
		width := uint(8)
		if sh.class == asciiClass {
			width = 7
		}
		w.put(uint64(len(s)), 16)
		for i := range len(s) {
			w.put(uint64(s[i]), width)
		}
	case digitsClass:
		for ; len(s) > 0; s = s[min(3, len(s)):] {
			n := 0
			for i := range min(3, len(s)) {
				n = n*10 + int(s[i]-'0')
			}
			w.put(uint64(n), 10)
		}
	default:
		width, value := sh.class.width(), &values[sh.class]
		for i := range len(s) {
			w.put(uint64(value[s[i]]), width)
		}
	}
}

// width is the number of bits of a character.
func (c class) width() uint {
	if c == urlClass || c == base64Class {
		return 6
	}
	return 4
}

// read appends a literal of a class that does not count to text, which is not longer than the bits allow.
func (sh *shape) read(r *bitReader, text []byte) []byte {
	text = append(text, sh.prefix...)
	switch sh.class {
	case bytesClass, asciiClass:
		width := uint(8)
		if sh.class == asciiClass {
			width = 7
		}
		for n := r.get(16); n > 0 && !r.over(); n-- {
			text = append(text, byte(r.get(width)))
		}
	case digitsClass:
		for n := int(sh.length); n > 0 && !r.over(); n -= 3 {
			v := r.get(10)
			d := [3]byte{byte('0' + v/100%10), byte('0' + v/10%10), byte('0' + v%10)}
			text = append(text, d[3-min(3, n):]...)
		}
	default:
		text = sh.characters(r, text)
	}
	return sh.padding(text)
}

func (sh *shape) characters(r *bitReader, text []byte) []byte {
	alphabet := urlAlphabet
	switch sh.class {
	case base64Class:
		alphabet = base64Alphabet
	case lowHexClass:
		alphabet = lowAlphabet
	case highHexClass:
		alphabet = highAlphabet
	}
	width := sh.class.width()
	mask := uint64(1)<<width - 1
	n := int(sh.length)
	for ; n >= 8 && !r.over(); n -= 8 {
		x := r.get(8 * width)
		for range 8 {
			text = append(text, alphabet[x&mask])
			x >>= width
		}
	}
	for ; n > 0 && !r.over(); n-- {
		text = append(text, alphabet[r.get(width)])
	}
	return text
}

func (sh *shape) padding(text []byte) []byte {
	for range sh.pad {
		text = append(text, '=')
	}
	return text
}

// appendNumber appends a literal of a counting class.
func (sh *shape) appendNumber(text []byte, n uint64) []byte {
	text = append(text, sh.prefix...)
	switch sh.class {
	case base36Class:
		text = strconv.AppendUint(text, n, 36)
	case decimalClass:
		text = appendDecimal(text, int64(n), int(sh.length))
	default:
		start := len(text)
		text = strconv.AppendUint(text, n, 10)
		if short := int(sh.length) - (len(text) - start); short > 0 {
			text = append(text, strings.Repeat("0", short)...)
			copy(text[start+short:], text[start:])
			for i := range short {
				text[start+i] = '0'
			}
		}
	}
	return sh.padding(text)
}
