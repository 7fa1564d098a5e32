package packed

import (
	"math"
	"strconv"
	"strings"
)

// shape is what literals have in common; it stands in the public part.
type shape struct {
	prefix string // letters and a mark, or a letter
	class  class
	pad    uint8  // number of = at the end
	length uint16 // of what lies between, where the class does not tell; of decimals, digits after the point
	sealed bool
}

// maxShapes bounds the shapes of a role; further literals have the plainest ones.
const maxShapes = 256

// shapeOf finds the tightest shape of a literal.
func shapeOf(s string, r role, sealed bool) shape {
	if r == valueRole {
		if sh, ok := decimalShape(s); ok {
			return sh
		}
		return shape{class: plainest(s)}
	}
	sh := shape{sealed: sealed}
	if r != spellingRole && r != nameRole {
		sh.prefix = s[:prefixOf(s)]
	}
	rest := s[len(sh.prefix):]
	for sh.pad < 2 && strings.HasSuffix(rest, "=") {
		rest = rest[:len(rest)-1]
		sh.pad++
	}
	if len(rest) == 0 || len(rest) > math.MaxUint16 {
		return shape{class: plainest(s), sealed: sealed}
	}
	sh.class = classOf(rest)
	switch sh.class {
	case bytesClass, asciiClass:
		return shape{class: sh.class, sealed: sealed}
	case numberClass, base36Class:
	case urlClass, base64Class:
		if _, ok := nested(rest, sh.pad); ok && sealed {
			sh.class = nestedClass
			return sh
		}
		sh.length = uint16(len(rest))
	default:
		sh.length = uint16(len(rest))
	}
	return sh
}

// plainest is the class that everything fits into.
func plainest(s string) class {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return bytesClass
		}
	}
	return asciiClass
}

// prefixOf is the length of the public beginning of an id: up to two words that end in a mark, as wa:wamid., or one
// letter before something short. It never has a digit.
func prefixOf(s string) int {
	end := 0
	for range 2 {
		i := end
		for i < len(s) && i < 16 && kinds[s[i]]&isLetter != 0 {
			i++
		}
		if i == end || i >= len(s)-1 {
			break
		}
		switch c := s[i]; {
		case c == '.' || c == ':':
		case (c == '-' || c == '_' || c == '/' || c == '#') && end == 0 && s[:i] == strings.ToLower(s[:i]):
		default:
			i = -1 // rather part of a base64 text
		}
		if i < 0 {
			break
		}
		end = i + 1
	}
	if end == 0 && len(s) > 1 && len(s) <= 14 && kinds[s[0]]&isLetter != 0 {
		return 1
	}
	return end
}

func classOf(s string) class {
	all := uint8(0xff)
	for i := range len(s) {
		all &= kinds[s[i]]
	}
	switch {
	case all&isDigit != 0:
		_, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return digitsClass
		}
		if s[0] == '0' && len(s) > 1 {
			return paddedClass
		}
		return numberClass
	case all&isBase36 != 0 && len(s) <= 12 && s[0] != '0':
		return base36Class
	case all&isLowHex != 0:
		return lowHexClass
	case all&isHighHex != 0:
		return highHexClass
	case all&isURL != 0:
		return urlClass
	case all&isBase64 != 0:
		return base64Class
	case all&isASCII != 0:
		return asciiClass
	}
	return bytesClass
}

// decimalShape fits values written plainly: 12, 12.50, -3.
func decimalShape(s string) (shape, bool) {
	digits, after := s, 0
	if i := strings.IndexByte(s, '.'); i >= 0 {
		digits, after = s[:i]+s[i+1:], len(s)-i-1
		if after == 0 {
			return shape{}, false
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) > 18 {
		return shape{}, false
	}
	if string(appendDecimal(nil, n, after)) != s {
		return shape{}, false
	}
	return shape{class: decimalClass, length: uint16(after)}, true
}
