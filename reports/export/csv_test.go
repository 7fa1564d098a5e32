package export

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCSVReadsBack(t *testing.T) {
	file := export(t, "csv", sample())
	body, marked := strings.CutPrefix(string(file), byteOrderMark)
	if !marked {
		t.Error("no byte order mark: Excel would not read it as UTF-8")
	}
	got, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Send", "Contact", "Send date", "Answers", "Sale", "Tagging path", "Value", "Read %"},
		{"S1", "+50499990001", "2025-11-24 10:00:00", "2", "yes", `Interested → Closed, "purchase"`, "1500.5 HNL, 99.9 USD", "33.5"},
		{"S2", "", "", "", "", "", "", ""},
		{"'=1+1", "Día ñandú 🎉", "2025-11-24 10:00:00", "-3", "no", "", "", "100.0"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Hostile beginnings are guarded; phones, words and our own numbers are not touched.
func TestFormulaGuard(t *testing.T) {
	for s, guarded := range map[string]bool{
		"=1+1": true, "+1+1": true, "-1": true, "@SUM(A1)": true, "|cmd": true, "\t=1": true, "\r=1": true, "\n=1": true,
		"  =1": true, "\uFEFF=1": true, "＝1": true, "＋1": true, "－1": true, "＠A": true, "'=1": true,
		"+549115555": false, "+12345678901234567": true, "+50 4999": true, " +549115555": true, "+": true, "+549115555x": true,
		"Black Friday": false, "a=1": false, "'quoted'": false, "": false, "50499990001": false, "ñ": false,
	} {
		if got := looksLikeFormula(s); got != guarded {
			t.Errorf("%q: guarded %v, want %v", s, got, guarded)
		}
	}
}

// hostile draws texts as attackers write them.
func hostile(t *rapid.T, name string) string {
	start := rapid.SampledFrom([]string{"", "=", "+", "-", "@", "|", "＝", "\t", "\n", " =", "'", "'=", "\uFEFF+", "+549", `"`, "\x00", "\xff", "\u202e", "_x0041_"})
	return start.Draw(t, name+" start") + rapid.String().Draw(t, name)
}

// Whatever customers type, the csv gives it back when one guarding apostrophe is taken away, and no field begins
// like a formula.
func TestAnyTextSurvivesCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 100 {
			survivesCSV(t, hostile(t, "text"))
		}
	})
}

func survivesCSV(t *rapid.T, s string) {
	t.Helper()
	quoted := string(appendQuoted(nil, s))
	rows, err := csv.NewReader(strings.NewReader(quoted + ",end\n")).ReadAll()
	if err != nil || len(rows) != 1 || len(rows[0]) != 2 {
		t.Fatalf("%q becomes %q: %v %v", s, quoted, rows, err)
	}
	got := rows[0][0]
	if looksLikeFormula(got) && got[0] != '\'' {
		t.Fatalf("%q is not guarded", got)
	}
	if plain, ok := strings.CutPrefix(got, "'"); ok && looksLikeFormula(plain) {
		got = plain
	}
	want := strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	want = strings.ReplaceAll(want, "\r\n", "\n") // encoding/csv reads line ends so
	if got != want {
		t.Fatalf("%q came back as %q", want, got)
	}
}
