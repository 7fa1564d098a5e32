package intake

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// words are the members of JSON that hold a customer's words or name, which are not to be kept (MODEL 6).
var words = regexp.MustCompile(`"(text|body|caption|name|username|response_json)"\s*:\s*"(?:[^"\\]|\\.)*"?`)

// sample is how a rejected line begins, fit for a log: at most maxSample bytes, printable, phones masked, without
// the customer's words.
func sample(raw []byte) string {
	// Masked with some bytes to spare, so that a number cut in two is still seen as a phone.
	s := mask(strings.ToValidUTF8(string(raw[:min(len(raw), maxSample+64)]), "?"))
	if strings.Contains(s, `":`) || strings.Contains(s, `" `) {
		s = words.ReplaceAllString(s, `"$1":"***"`)
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return cut(s, maxSample)
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// mask hides the digits of phones, that is of runs of 7 digits or more with separators between them that are no
// date, and WhatsApp message ids, which decode to the phone.
func mask(s string) string {
	b := []byte(s)
	for i := 0; i < len(b); {
		if wamid := strings.TrimPrefix(s[i:], "wamid."); len(wamid) < len(s)-i {
			i += len("wamid.")
			for ; i < len(b) && inBase64(b[i]); i++ {
				b[i] = '*'
			}
			continue
		}
		end, digits := phone(b[i:])
		if digits >= 7 && !isDate(b[i:i+end]) {
			hide(b[i : i+end])
		}
		i += max(end, 1)
	}
	return string(b)
}

// phone measures the run of digits and separators that b begins with, and counts its digits.
func phone(b []byte) (end, digits int) {
	for n, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits++
			end = n + 1
		case digits > 0 && strings.IndexByte(" .-/()", c) >= 0:
		default:
			return end, digits
		}
	}
	return end, digits
}

// isDate: 2025-11-24, perhaps with a time behind it that the run does not cover.
func isDate(run []byte) bool {
	return len(run) >= 10 && len(run) <= 13 && run[4] == '-' && run[7] == '-'
}

func hide(run []byte) {
	for i, c := range run {
		if '0' <= c && c <= '9' {
			run[i] = '*'
		}
	}
}

func inBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("+/=-_", c) >= 0
}
