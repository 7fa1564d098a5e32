package chart

import (
	"image/color"
	"math"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	set, err := newTypesetter()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Black Friday":           "Black Friday",
		"  two\n spaces\t":       "two spaces",
		"🔥 Ofertas 🔥":            "Ofertas",
		"👩‍👩‍👧":                  "(…)",
		"𝗕𝗹𝗮𝗰𝗸 Ｆｒｉｄａｙ":           "Black Friday",
		"促销 2026":                "·· 2026",
		"e\u0301xito ñ":          "éxito ñ",
		"✅ hecho ⚠️":             "√ hecho !",
		"1️⃣ uno":                "1 uno",
		"▲ +8.1\u202f% – • → −":  "▲ +8.1\u00a0% – • → −",
		"a\u200bb\u202ec\xff":    "abc",
		"":                       "",
		strings.Repeat("x", 700): strings.Repeat("x", 600) + "…",
	} {
		got := set.clean(text, bodyStyle)
		if got != want {
			t.Errorf("clean(%q) = %q, want %q", text, got, want)
		}
		if again := set.clean(got, bodyStyle); again != got && len(got) < longest {
			t.Errorf("clean(%q) = %q: not the same again", got, again)
		}
		for _, r := range got {
			if !set.has(r, bodyStyle) {
				t.Errorf("clean(%q) keeps %q, which the font lacks", text, r)
			}
		}
	}
}

func TestCutAndWrap(t *testing.T) {
	set, err := newTypesetter()
	if err != nil {
		t.Fatal(err)
	}
	text := "Ofertas de última hora para clientes de toda la vida: 79.1 % de descuento"
	for width := 20.0; width < 600; width += 7 {
		cut := set.cut(text, bodyStyle, width)
		if set.width(cut, bodyStyle) > width {
			t.Errorf("%q is wider than %v", cut, width)
		}
		if cut != text && !strings.HasSuffix(cut, "…") {
			t.Errorf("%q does not say that it is cut", cut)
		}
		lines := set.wrap(text, bodyStyle, width, 3)
		if len(lines) > 3 {
			t.Errorf("%d lines of 3", len(lines))
		}
		for _, line := range lines {
			if set.width(line, bodyStyle) > width {
				t.Errorf("line %q is wider than %v", line, width)
			}
			if strings.HasPrefix(line, "%") {
				t.Errorf("%q is parted from its number", line)
			}
		}
	}
	if lines := set.wrap(text, bodyStyle, 300, 9); strings.Join(lines, " ") != strings.ReplaceAll(text, " %", "\u00a0%") {
		t.Errorf("words are lost: %q", lines)
	}
}

// Texts keep a contrast of 4.5 on every ground they stand on (WCAG 2.2, 1.4.3).
func TestContrast(t *testing.T) {
	for _, theme := range Themes() {
		p := theme.palette()
		for name, pair := range map[string][2]color.RGBA{
			"text on card": {p.text, p.card}, "text on tile": {p.text, p.tile}, "text on stripe": {p.text, p.stripe}, "text on caution": {p.text, p.caution},
			"muted on card": {p.muted, p.card}, "muted on tile": {p.muted, p.tile}, "muted on track": {p.muted, p.track},
		} {
			if c := contrast(pair[0], pair[1]); c < 4.5 {
				t.Errorf("%s: %s has %.2f", theme, name, c)
			}
		}
		for name, pair := range map[string][2]color.RGBA{
			"first bar": {p.first, p.track}, "last bar": {p.last, p.card}, "warning": {p.warning, p.caution}, "wrong": {p.wrong, p.tile},
			"sign of a warning": {p.onSign, p.warning}, "sign of a fault": {p.onSign, p.wrong}, "sign of a note": {p.onSign, p.info},
		} {
			if c := contrast(pair[0], pair[1]); c < 3 {
				t.Errorf("%s: %s has %.2f", theme, name, c)
			}
		}
	}
}

func contrast(a, b color.RGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		if s := float64(v) / 255; s > 0.04045 {
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
