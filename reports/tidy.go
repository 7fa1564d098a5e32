package reports

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/rivo/uniseg"
)

// Names, tags and messages come from customers and producers. What chat platforms need to show them safely, whatever
// their markup, is here; escaping the markup is their own business.

// Clean makes one line of readable characters: no controls, no marks that turn the direction of writing, no piles of
// combining marks.
func Clean(s string) string { return strings.TrimSpace(tidy(s, ' ')) }

// CleanLines is [Clean] for preformatted text: its lines and leading spaces stay.
func CleanLines(s string) string { return strings.TrimRight(tidy(s, '\n'), "\n ") }

// maxMarks is how many combining marks a character may carry; no script needs more.
const maxMarks = 3

func tidy(s string, newline rune) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) && r != '\uFE0F' {
			if marks++; marks > maxMarks {
				return -1
			}
			return r
		}
		marks = 0
		switch {
		case r == '\n':
			return newline
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200d': // bidi controls and other invisible marks; the joiner builds emoji
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Units is the length of a text in UTF-16 units, which is never less than the characters that a platform counts.
func Units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// Cut shortens a text to most UTF-16 units at the edge of a character as people see it, with an ellipsis.
func Cut(s string, most int) string {
	if Units(s) <= most {
		return s
	}
	var b strings.Builder
	for n, state := 0, -1; s != ""; {
		var piece string
		piece, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if n += Units(piece); n > most-1 {
			break
		}
		b.WriteString(piece)
	}
	return b.String() + "…"
}
