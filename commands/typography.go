package commands

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace tells what separates words: the runes of the grammar's space.
func isSpace(r rune) bool {
	switch {
	case unicode.IsSpace(r), r < 0x20, 0x7F <= r && r <= 0xA0, r == 0xAD, 0x2000 <= r && r <= 0x200B,
		r == 0x200E, r == 0x200F, 0x2028 <= r && r <= 0x202F, r == 0x2060, 0x2066 <= r && r <= 0x2069, r == 0xFEFF:
		return true
	}
	return false
}

// closing has the marks that close each opening quotation mark.
var closing = map[rune]string{
	'"': "\"“”„‟", '“': "\"“”„‟", '”': "\"“”„‟", '„': "\"“”„‟", '‟': "\"“”„‟",
	'«': "»", '\'': "'’", '‘': "'’", '‚': "'’",
}

// unquote gives the text of a token, whether it was quoted, and whether the closing mark is missing.
func unquote(token string) (text string, quoted, open bool) {
	first, n := utf8.DecodeRuneInString(token)
	marks, quoted := closing[first]
	if !quoted {
		return token, false, false
	}
	text = token[n:]
	last, m := utf8.DecodeLastRuneInString(text)
	if text == "" || !strings.ContainsRune(marks, last) {
		open = true
	} else {
		text = text[:len(text)-m]
	}
	if marks != closing['\''] {
		for _, mark := range marks {
			text = strings.ReplaceAll(text, string(mark)+string(mark), string(mark))
		}
	}
	return text, true, open
}

// unlink shows what chats wrote as links in the way it was typed: <http://x.com|x.com> is x.com, <@U1> is @U1,
// <#C1|sales> is #sales.
func unlink(text string) string {
	var b strings.Builder
	for {
		from := strings.IndexByte(text, '<')
		if from < 0 {
			break
		}
		size := strings.IndexByte(text[from:], '>')
		if size < 0 {
			break
		}
		inner := text[from+1 : from+size]
		b.WriteString(text[:from])
		b.WriteString(linked(inner))
		text = text[from+size+1:]
	}
	b.WriteString(text)
	return b.String()
}

func linked(inner string) string {
	target, label, labelled := strings.Cut(inner, "|")
	sign := ""
	switch {
	case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
		sign, target = target[:1], strings.TrimLeft(target[1:], "!&")
	case !strings.Contains(target, ":"):
		return "<" + inner + ">" // somebody's own brackets
	}
	if !labelled || label == "" {
		return sign + target
	}
	return sign + strings.TrimPrefix(label, sign)
}

// isPlain tells whether the grammar takes a value for one word and nothing more.
func isPlain(value string) bool {
	if value == "" || strings.ContainsAny(value, ",，、*<>\"“”„‟«»‘’‚|:=：﹕＝") || value[0] == '!' || value[0] == '\'' {
		return false
	}
	return strings.IndexFunc(value, func(r rune) bool { return isSpace(r) || !unicode.IsPrint(r) }) < 0
}
