package chart

import (
	"fmt"
	"strings"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationmonoregular"
	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// longest is how many characters of one text are looked at: more never fit, and names come from outside.
const longest = 600

type typeface uint8

const (
	regular typeface = iota
	bold
	mono
)

// style is a typeface at a size in points.
type style struct {
	typeface typeface
	size     float64
}

// typesetter measures and cuts text. It serves one picture: its faces are not safe for concurrent use.
type typesetter struct {
	fonts [3]*sfnt.Font
	faces map[style]font.Face
	buf   sfnt.Buffer
}

func newTypesetter() (*typesetter, error) {
	t := &typesetter{faces: map[style]font.Face{}}
	for i, ttf := range [...][]byte{regular: liberationsansregular.TTF, bold: liberationsansbold.TTF, mono: liberationmonoregular.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			return nil, fmt.Errorf("read the embedded font: %w", err)
		}
		t.fonts[i] = f
	}
	return t, nil
}

// face is the style at the resolution of pictures.
func (t *typesetter) face(s style) font.Face {
	if f, ok := t.faces[s]; ok {
		return f
	}
	f, err := opentype.NewFace(t.fonts[s.typeface], &opentype.FaceOptions{Size: s.size, DPI: 72 * scale})
	if err != nil {
		panic(fmt.Sprintf("face of an embedded font: %v", err)) // it fails for nil options alone
	}
	t.faces[s] = f
	return f
}

// width of a text that clean has seen, in points.
func (t *typesetter) width(text string, s style) float64 {
	return float64(font.MeasureString(t.face(s), text)) / 64 / scale
}

// cut shortens a text to a width, with … for what is missing.
func (t *typesetter) cut(text string, s style, width float64) string {
	text = t.clean(text, s)
	if t.width(text, s) <= width {
		return text
	}
	head, _ := t.head(text, s, width-t.width("…", s))
	if head == "" && t.width("…", s) > width {
		return ""
	}
	return strings.TrimRight(head, " ,·") + "…"
}

// head is the longest beginning of a text that fits, and the rest.
func (t *typesetter) head(text string, s style, width float64) (head, rest string) {
	runes := []rune(text)
	for low, high := 0, len(runes); ; {
		if low == high {
			return string(runes[:low]), string(runes[low:])
		}
		middle := (low + high + 1) / 2
		if t.width(string(runes[:middle]), s) <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
}

// wrap breaks a text between words into at most so many lines; the last one ends with … if words are left.
func (t *typesetter) wrap(text string, s style, width float64, most int) []string {
	words := words(t.clean(text, s))
	var lines []string
	for line := ""; len(words) > 0 || line != ""; {
		if len(lines) == most-1 {
			return append(lines, t.cut(strings.TrimSpace(line+" "+strings.Join(words, " ")), s, width))
		}
		if len(words) == 0 {
			return append(lines, line)
		}
		longer := strings.TrimSpace(line + " " + words[0])
		switch {
		case t.width(longer, s) <= width:
			line, words = longer, words[1:]
		case line != "":
			lines, line = append(lines, line), ""
		default: // one word wider than the line
			head, rest := t.head(words[0], s, width)
			if head == "" {
				return lines
			}
			lines, words[0] = append(lines, head), rest
		}
	}
	return lines
}

// words are the parts between plain spaces: "79.1 %" stays together.
func words(text string) []string {
	text = strings.ReplaceAll(text, " %", "\u00a0%")
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
}

// clean makes a text drawable: what the font lacks is replaced by its plain form (𝗕 → B), letters without one by ·,
// and signs such as emoji are left out, so that nothing shows as an empty box. A name of which nothing is left is (…).
func (t *typesetter) clean(text string, s style) string {
	if plain(text) {
		return text
	}
	var b strings.Builder
	n := 0
	for _, r := range norm.NFC.String(strings.ToValidUTF8(text, "")) {
		if n++; n > longest {
			b.WriteRune('…')
			break
		}
		b.WriteString(t.drawable(r, s))
	}
	shown := b.String()
	if s.typeface != mono {
		shown = strings.Join(strings.FieldsFunc(shown, func(r rune) bool { return r == ' ' }), " ")
	}
	if strings.TrimSpace(shown) == "" && strings.TrimSpace(text) != "" {
		return "(…)"
	}
	return shown
}

func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' || (text[i] == ' ' && i+1 < len(text) && text[i+1] == ' ') {
			return false
		}
	}
	return len(text) <= longest
}

func (t *typesetter) drawable(r rune, s style) string {
	switch {
	case r == '\u00a0' || r == '\u202f':
		return "\u00a0" // keeps "79.1 %" on one line
	case unicode.IsSpace(r) || unicode.IsControl(r):
		return " "
	case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Sk) && r > '~':
		return ""
	case t.has(r, s):
		return string(r)
	}
	if alike := lookalike(r); alike != "" {
		return alike
	}
	var b strings.Builder
	for _, p := range norm.NFKD.String(string(r)) {
		if p != r && t.has(p, s) && !unicode.Is(unicode.Mn, p) {
			b.WriteRune(p)
		}
	}
	if b.Len() == 0 && (unicode.IsLetter(r) || unicode.IsNumber(r)) {
		return "·"
	}
	return b.String()
}

func (t *typesetter) has(r rune, s style) bool {
	i, err := t.fonts[s.typeface].GlyphIndex(&t.buf, r)
	return err == nil && i != 0
}

// lookalike stands for signs that carry a meaning in names and notes.
func lookalike(r rune) string {
	switch r {
	case '✓', '✔', '✅':
		return "√"
	case '✕', '✗', '✘', '❌':
		return "×"
	case '⚠', '❗':
		return "!"
	case '➜', '➔', '➡':
		return "→"
	}
	return ""
}
