package discord

import (
	"regexp"
	"strings"

	"github.com/rivo/uniseg"

	"outboundbot/reports"
)

// Names, tags and messages come from customers and producers. They must never mention, link or format: outside code
// they are escaped, inside code they cannot end it.

const joiner = "\u200d"

// opening is what would be a heading, list, quote or subtext at the start of a line.
var opening = regexp.MustCompile(`^(?:[#>-]|\d+\.(?: |$))`)

// escape writes text that shows as it is, in at most most characters.
func escape(s string, most int) string {
	s = reports.Clean(s)
	var b strings.Builder
	n, state := 0, -1
	if m := strings.TrimRight(opening.FindString(s), " "); m != "" {
		b.WriteString(m[:len(m)-1] + `\` + m[len(m)-1:])
		n, s = len(m)+1, s[len(m):]
	}
	for s != "" {
		var piece string
		rest := s
		piece, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		shown := escapePiece(piece, rest)
		if n+reports.Units(shown) > most-1 && (s != "" || n+reports.Units(shown) > most) {
			b.WriteString("…")
			break
		}
		b.WriteString(shown)
		n += reports.Units(shown)
	}
	return b.String()
}

func escapePiece(piece, rest string) string {
	lower := strings.ToLower(rest[:min(len(rest), 9)])
	switch {
	case strings.ContainsAny(piece[:1], "\\*_~|`<[]"):
		return `\` + piece
	case piece[0] == ':' && strings.HasPrefix(rest, "://"):
		return `\` + piece
	case strings.HasPrefix(lower, "@everyone"), strings.HasPrefix(lower, "@here"):
		return piece + "\u200b"
	}
	return piece
}

// fenced is text for a code block: it cannot end the block.
func fenced(s string) string {
	for strings.Contains(s, "``") {
		s = strings.ReplaceAll(s, "``", "`"+joiner+"`")
	}
	return s
}

// inline is text as a code span of at most most characters, whatever backticks it has.
func inline(s string, most int) string {
	s = reports.Cut(fenced(reports.Clean(s)), most-6)
	if s == "" {
		return ""
	}
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	return "`` " + s + " ``"
}

// fit cuts text to at most columns of a fixed font.
func fit(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	if columns < 1 {
		return ""
	}
	var b strings.Builder
	for n, state := 0, -1; s != ""; {
		var piece string
		var wide int
		piece, s, wide, state = uniseg.FirstGraphemeClusterInString(s, state)
		if n += wide; n > columns-1 {
			break
		}
		b.WriteString(piece)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

func pad(s string, columns int, right bool) string {
	s = fit(s, columns)
	space := strings.Repeat(" ", max(0, columns-uniseg.StringWidth(s)))
	if right {
		return space + s
	}
	return s + space
}
