package commands

import (
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of CHAT 2. It reads the text as typed, so that every offset is one of the original: typography is
// understood, not rewritten, and a name keeps its dashes and quotes. It accepts almost everything; what the words
// mean, and what is wrong with them, is found later, where a better sentence can be said.
type sentence struct {
	Terms []*term `parser:"@@*"`
}

type term struct {
	Pos    lexer.Position
	Key    string   `parser:"(  @Key"`                        // with sign and colon: `-channel:`
	Values []*value `parser:"   ( @@ ( Comma @@ )* )?"`       // none after a bare `channel:`
	Bare   string   `parser:" | @( Bare | Quoted | Word ) )"` // a word or quoted text outside of any filter
}

// value of a filter. All parts may be missing, which is a fault that is reported by name.
type value struct {
	Pos    lexer.Position
	Not    bool   `parser:"@Not?"`
	Whole  bool   `parser:"@Whole?"`
	Before bool   `parser:"@Star?"`
	Text   string `parser:"@( Quoted | Word )?"`
	After  bool   `parser:"@Star?"`
}

const (
	// space is white space and what people paste without seeing it: controls, zero-width and direction marks.
	space = `\s\x00-\x1F\x{7F}-\x{A0}\x{AD}\x{1680}\x{2000}-\x{200B}\x{200E}\x{200F}\x{2028}-\x{202F}\x{205F}\x{2060}\x{2066}-\x{2069}\x{3000}\x{FEFF}`
	// link is how chats write addresses, people and channels inside a text: <http://x|x>, <@U1>, <#C1|name>.
	link = `<[^<>]*>`
	// quoted runs to its closing mark, which counts double inside, or to the end of the text. A single quote
	// closes only before a space, comma, star or the end, since names have apostrophes.
	quoted = `["“”„‟](?:[^"“”„‟]|""|““|””)*(?:["“”„‟]|\z)|«(?:[^»]|»»)*(?:»|\z)|['‘‚](?:[^'’]|['’][^` + space + `,*])*(?:['’]|\z)`
	key    = `(?:--|[-‐‑‒–—―−!])?[\p{L}_][\p{L}\p{M}\p{N}_-]*[:=：﹕＝][` + space + `]*`
)

var grammar = participle.MustBuild[sentence](
	participle.Lexer(lexer.MustStateful(lexer.Rules{
		"Root": {
			{Name: "Key", Pattern: key, Action: lexer.Push("Values")},
			{Name: "gap", Pattern: `[` + space + `,]+`},
			{Name: "Quoted", Pattern: quoted},
			{Name: "Bare", Pattern: `(?:` + link + `|[^` + space + `,])+`},
		},
		"Values": {
			{Name: "Comma", Pattern: `[,，、][` + space + `]*`},
			{Name: "end", Pattern: `[` + space + `]+`, Action: lexer.Pop()},
			{Name: "Not", Pattern: `!`},
			{Name: "Whole", Pattern: `=`},
			{Name: "Star", Pattern: `\*`},
			{Name: "Quoted", Pattern: quoted},
			{Name: "Word", Pattern: plain},
		},
	})),
)

// plain may have stars inside, but not at its ends.
const plain = `(?:` + link + `|[^` + space + `,，、*])(?:(?:` + link + `|[^` + space + `,，、])*(?:` + link + `|[^` + space + `,，、*]))?`

// clean makes the text valid UTF-8 without moving any offset.
func clean(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	b := []byte(text)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			b[i] = '?'
		}
		i += n
	}
	return string(b)
}

// lead is the length of what may stand in front of a command: /outbound, a mention of the bot, white space.
func lead(text string) int {
	off := 0
	for {
		rest := strings.TrimLeftFunc(text[off:], isSpace)
		off = len(text) - len(rest)
		n := 0
		switch {
		case strings.HasPrefix(rest, "<@"):
			n = strings.IndexByte(rest, '>') + 1
		case hasWord(rest, "/outbound"):
			n = len("/outbound")
		case hasWord(rest, "@outbound"):
			n = len("@outbound")
		}
		if n == 0 {
			return off
		}
		off += n
	}
}

func hasWord(text, word string) bool {
	if len(text) < len(word) || !strings.EqualFold(text[:len(word)], word) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(text[len(word):])
	return len(text) == len(word) || isSpace(r) || r == ':' || r == ','
}
