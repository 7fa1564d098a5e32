package reports

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for _, test := range []struct{ in, line, lines string }{
		{"  Black\tFriday \n 50\u00a0%\n", "Black Friday   50 %", "  Black Friday \n 50 %"},
		{"a\u202eb\u200bc\ufeffd", "abcd", "abcd"},
		{"a\x00b\x1b[31m", "a b [31m", "a b [31m"},
		{"Z" + strings.Repeat("\u0301", 9) + "a\u0301", "Z\u0301\u0301\u0301a\u0301", "Z\u0301\u0301\u0301a\u0301"},
		{"❤\ufe0f 👩\u200d💻", "❤\ufe0f 👩\u200d💻", "❤\ufe0f 👩\u200d💻"},
		{"\xff!", "\ufffd!", "\ufffd!"},
	} {
		if got := Clean(test.in); got != test.line {
			t.Errorf("Clean(%q) = %q, want %q", test.in, got, test.line)
		}
		if got := CleanLines(test.in); got != test.lines {
			t.Errorf("CleanLines(%q) = %q, want %q", test.in, got, test.lines)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in   string
		most int
		want string
	}{
		{"Friday", 6, "Friday"},
		{"Friday!", 6, "Frida…"},
		{"👍👍👍", 6, "👍👍👍"},
		{"👍👍👍👍", 6, "👍👍…"},
		{"a👩\u200d💻b", 4, "a…"}, // never half of what people see as one
	} {
		got := Cut(test.in, test.most)
		if got != test.want || Units(got) > test.most {
			t.Errorf("Cut(%q, %d) = %q, want %q", test.in, test.most, got, test.want)
		}
	}
}
