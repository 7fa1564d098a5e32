package storage

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold gives the form in which names are compared: Unicode NFD without marks, white space, - and _, each character
// in lower case. A name of which nothing is left stands for itself (MODEL 4).
func Fold(name string) string {
	if folded, ok := foldASCII(name); ok {
		return folded
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		if unicode.Is(unicode.Mn, r) || unicode.IsSpace(r) || r == '-' || r == '_' {
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	if b.Len() == 0 {
		return name
	}
	return b.String()
}

func foldASCII(name string) (string, bool) {
	clean := true
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 0x80:
			return "", false
		case 'A' <= c && c <= 'Z', c == '-', c == '_', c <= ' ':
			clean = false
		}
	}
	if clean {
		return name, true
	}
	b := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '-', c == '_', c == ' ', '\t' <= c && c <= '\r':
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
	}
	if len(b) == 0 {
		return name, true
	}
	return string(b), true
}

// Digits drops a leading + and separators from a phone if only digits are left then; anything else stays as it is
// (MODEL 1, contact).
func Digits(s string) string {
	rest := strings.TrimPrefix(s, "+")
	if isDigits(rest) {
		return rest
	}
	b := make([]byte, 0, len(rest))
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case '0' <= c && c <= '9':
			b = append(b, c)
		case c == ' ', c == '.', c == '-', c == '/', c == '(', c == ')':
		default:
			return s
		}
	}
	if len(b) == 0 {
		return s
	}
	return string(b)
}

// address is a line or contact as its channel writes it: phones on WA and SMS without + and separators.
func address(channel, s string) string {
	if channel == "WA" || channel == "SMS" {
		return Digits(s)
	}
	return s
}

// Mask shows a phone as +57 ••• ••• 1234 and another id as ••• and its last two characters.
func Mask(channel, contact string) string {
	if contact == "" {
		return ""
	}
	phone := Digits(contact)
	if !isDigits(phone) || len(phone) < 8 || (channel != "WA" && channel != "SMS") {
		r := []rune(contact)
		return strings.TrimSpace("••• " + string(r[max(len(r)-2, (len(r)+1)/2):]))
	}
	return "+" + phone[:callingCode(phone)] + " ••• ••• " + phone[len(phone)-4:]
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// callingCode is the length of the country code that a phone begins with (ITU-T E.164, list of country codes).
func callingCode(phone string) int {
	if phone[0] == '1' || phone[0] == '7' {
		return 1
	}
	const two = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98"
	if strings.Contains(two, phone[:2]) {
		return 2
	}
	return 3
}
