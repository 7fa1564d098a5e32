package reports_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"outboundbot/reports"
	"outboundbot/storage"
)

// TestWordsAgreeWithTables: every field, value, metric, distribution and report has its words, and no word is left of
// one that is gone.
func TestWordsAgreeWithTables(t *testing.T) {
	for _, l := range reports.Languages() {
		need := map[string]bool{}
		for _, f := range storage.Fields {
			need["field."+f.Name], need["field."+f.Name+".doc"] = true, true
			if f.Kind == storage.Enum {
				for _, v := range f.Values {
					need["value."+f.Name+"."+v] = true
				}
			}
		}
		for _, m := range storage.Metrics {
			need["metric."+m.Name], need["metric."+m.Name+".doc"] = true, true
		}
		for _, r := range reports.All() {
			need["report."+r.Name], need["report."+r.Name+".doc"], need["report."+r.Name+".short"] = true, true, true
		}
		for id := range need {
			if !l.Has(id) {
				t.Errorf("%s: %s is missing", l.Tag, id)
			}
		}
		for _, id := range l.IDs() {
			room, name, _ := strings.Cut(id, ".")
			name, _, _ = strings.Cut(name, ".")
			_, isField := storage.FieldNamed(name)
			if room == "field" && !isField {
				t.Errorf("%s: %s is of no field", l.Tag, id)
			}
		}
	}
}

// TestEveryWordSaidExists finds ids in the source that the catalogue lacks.
func TestEveryWordSaidExists(t *testing.T) {
	said := regexp.MustCompile(`\bSay\("([a-z_.]+[a-z_])"[,)]`)
	for _, dir := range []string{".", "export", "chart", "../commands", "../bot", "../bot/slack", "../bot/discord", "../bot/console"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			source, err := os.ReadFile(dir + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range said.FindAllStringSubmatch(string(source), -1) {
				if !reports.Languages()[0].Has(m[1]) {
					t.Errorf("%s/%s says %q, which no catalogue has", dir, f.Name(), m[1])
				}
			}
		}
	}
}

func TestNumbersAndDates(t *testing.T) {
	l := reports.LanguageFor("en-US")
	day := func(s string) storage.Day {
		d, err := storage.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for got, want := range map[string]string{
		l.Int(12480):                       "12,480",
		l.Percent(storage.PercentOf(1, 3)): "33.3 %",
		l.Percent(storage.PercentOf(1, 0)): "–",
		l.Percent(storage.PercentOf(3, 2)): "150.0 %",
		l.Amount("1234567.5"):              "1,234,567.50",
		l.Amount("-12"):                    "−12.00",
		l.Amount("0.125"):                  "0.125",
		l.Duration(59_999):                 "59 s",
		l.Duration(80 * 60_000):            "1 h 20 min",
		l.Duration(50 * 3600_000):          "2 d 2 h",
		l.Days(storage.Range{From: day("2026-11-15"), To: day("2026-11-21")}): "15–21 Nov 2026",
		l.Days(storage.Range{From: day("2026-11-28"), To: day("2026-12-03")}): "28 Nov – 3 Dec 2026",
		l.Days(storage.Range{From: day("2025-12-28"), To: day("2026-01-03")}): "28 Dec 2025 – 3 Jan 2026",
		l.Days(storage.Range{From: day("2026-11-15"), To: day("2026-11-15")}): "15 Nov 2026",
		l.Days(storage.Range{To: day("2026-11-15")}):                          "up to 15 Nov 2026",
		l.Days(storage.Range{}): "all history",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBarsAreTrue(t *testing.T) {
	for _, c := range []struct {
		n, most int64
		want    string
	}{{10, 10, "██████████"}, {5, 10, "█████"}, {1, 1000, "▏"}, {0, 10, ""}, {0, 0, ""}, {29, 80, "███▋"}} {
		if got := reports.Bar(c.n, c.most, 10); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.n, c.most, got, c.want)
		}
	}
	widening := reports.Funnel{Steps: []reports.Step{{Label: "Answered", N: 5}, {Label: "Assigned", N: 10}}}
	lines := strings.Split(widening.Text(reports.Languages()[0], 10), "\n")
	if strings.Count(lines[0], "█") != 5 || strings.Count(lines[1], "█") != 10 {
		t.Errorf("a widening step must widen:\n%s", strings.Join(lines, "\n"))
	}
	if got := (reports.Funnel{Steps: []reports.Step{{Label: "Sent"}}}).Text(reports.Languages()[0], 10); got != "no sends\n" {
		t.Errorf("an empty funnel says %q", got)
	}
}

// TestTextIsSafeForATerminal: what producers and customers call things moves no cursor and turns no line.
func TestTextIsSafeForATerminal(t *testing.T) {
	evil := "Evil\x1b[31mRED\u009b31m\u202e\nnew\tline"
	card := reports.Card{
		Title: evil, Scope: []string{evil}, Footer: reports.Footer{Command: evil},
		Blocks: []reports.Block{
			reports.Note{Text: evil},
			reports.Code{Text: evil},
			reports.Table{Columns: []reports.Heading{{Label: "a"}}, Rows: [][]reports.Entry{{{Text: evil}}}, Total: []reports.Entry{{Text: evil}}},
		},
	}
	if text := card.Text(); strings.ContainsAny(text, "\x1b\u009b\u202e\t") || strings.Count(text, "RED") != 7 {
		t.Errorf("%q", text)
	}
}
