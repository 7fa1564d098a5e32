package discord

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

func testIDs(command string) string { return fmt.Sprintf("%08x", hashOf(command)) }

func TestGolden(t *testing.T) {
	for name, card := range map[string]reports.Card{
		"summary": summaryCard(), "error": errorCard(), "long": longCard(), "audit": auditCard(), "help": helpCard(),
	} {
		t.Run(name, func(t *testing.T) {
			look, rows := embed(card, testIDs)
			for rung, m := range map[string]*message{
				"v2":    {Components: render(card, testIDs), Flags: discordgo.MessageFlagsIsComponentsV2, AllowedMentions: nobody()},
				"embed": {Embeds: []*discordgo.MessageEmbed{look}, Components: rows, AllowedMentions: nobody()},
				"text":  {Content: plain(card), AllowedMentions: nobody()},
			} {
				var got bytes.Buffer
				enc := json.NewEncoder(&got)
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				if err := enc.Encode(m); err != nil {
					t.Fatal(err)
				}
				file := filepath.Join("testdata", name+"."+rung+".json")
				if *update {
					if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", file, diff)
				}
			}
		})
	}
}

func TestNarrow(t *testing.T) {
	for _, s := range append(compose(summaryCard(), 3900, 0).body, compose(longCard(), 3900, 0).body...) {
		for _, line := range codeLines(s) {
			if n := uniseg.StringWidth(line); n > tableColumns {
				t.Errorf("%d columns: %q", n, line)
			}
		}
	}
}

func codeLines(markdown string) []string {
	var lines []string
	for i, part := range strings.Split(markdown, "```") {
		if i%2 == 1 {
			lines = append(lines, strings.Split(strings.TrimSuffix(strings.TrimPrefix(part, "\n"), "\n"), "\n")...)
		}
	}
	return lines
}

// nasty generates names as producers and customers may choose them.
func nasty() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringN(0, 300, 1200),
		rapid.SampledFrom([]string{
			"@everyone", "<@1>", "<@&2>", "<#3>", "```", "`x`", "**bold**", "[text](https://evil.example)", "https://evil.example/a_b",
			"# heading", "-# small", "- list", "> quote", "1. one", "||spoiler||", "<t:1>", "</help:1>", "שלום \u202eevil", "👩‍👩‍👧‍👦🇨🇴", "a\nb\tc",
			"z" + strings.Repeat("\u0301", 400), "", "\\", "\\`", "@here", "漢字漢字漢字漢字漢字漢字漢字漢字漢字", "@\u200beveryone", "｀", "http://", strings.Repeat("`", 301),
			"<\u200bhttps://evil.example>", "@eve\u200bryone", "htt\u200bps://evil.example", "``\u200b`", "\u202a# x",
		}),
		rapid.Custom(func(t *rapid.T) string { return strings.Repeat("x*_`", rapid.IntRange(60, 75).Draw(t, "n")) }),
	)
}

func drawCard(t *rapid.T) reports.Card {
	text := nasty()
	card := reports.Card{Title: text.Draw(t, "title"), Scope: rapid.SliceOfN(text, 0, 6).Draw(t, "scope"), Lead: text.Draw(t, "lead"), Lang: reports.Languages()[0]}
	for i := range rapid.IntRange(0, 25).Draw(t, "blocks") {
		card.Blocks = append(card.Blocks, drawBlock(t, i, text))
	}
	card.Footer.Command = text.Draw(t, "command")
	if rapid.Bool().Draw(t, "dated") {
		card.Footer.DataTo, card.Footer.Zone = 1795289520000, time.UTC
	}
	return card
}

func drawBlock(t *rapid.T, i int, text *rapid.Generator[string]) reports.Block {
	count := rapid.Int64Range(0, 1_000_000_000_000)
	share := rapid.Custom(func(t *rapid.T) storage.Percent {
		return storage.Percent{Tenths: rapid.Int64Range(0, 99999).Draw(t, "tenths"), Known: rapid.Bool().Draw(t, "known")}
	})
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		m := reports.Metrics{Base: text.Draw(t, "base")}
		for range rapid.IntRange(0, 12).Draw(t, "figures") {
			m.Items = append(m.Items, reports.Figure{Label: text.Draw(t, "label"), Value: text.Draw(t, "value"), Share: text.Draw(t, "share")})
		}
		return m
	case 1:
		f := reports.Funnel{Title: text.Draw(t, "title")}
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			f.Steps = append(f.Steps, reports.Step{Label: text.Draw(t, "label"), N: count.Draw(t, "n"), OfFirst: share.Draw(t, "first"), OfPrevious: share.Draw(t, "previous")})
		}
		return f
	case 2:
		table := reports.Table{Title: text.Draw(t, "title"), Omitted: rapid.IntRange(0, 5).Draw(t, "omitted")}
		for range rapid.IntRange(1, 9).Draw(t, "columns") {
			table.Columns = append(table.Columns, reports.Heading{Label: text.Draw(t, "label"), Number: rapid.Bool().Draw(t, "number"), Minor: rapid.Bool().Draw(t, "minor")})
		}
		for r := range rapid.IntRange(0, 300).Draw(t, "rows") {
			row := make([]reports.Entry, len(table.Columns))
			for c := range row {
				row[c].Text = fmt.Sprint(r * c)
			}
			row[0].Text = text.Draw(t, "cell")
			if rapid.Bool().Draw(t, "short") {
				row = row[:1]
			}
			table.Rows = append(table.Rows, row)
		}
		return table
	case 3:
		return reports.Note{Kind: reports.NoteKind(rapid.IntRange(0, 3).Draw(t, "kind")), Text: text.Draw(t, "text")}
	case 4:
		return reports.Code{Text: text.Draw(t, "code")}
	default:
		var a reports.Actions
		for b := range rapid.IntRange(0, 20).Draw(t, "buttons") {
			a.Buttons = append(a.Buttons, reports.Button{Label: text.Draw(t, "label"), Command: fmt.Sprintf("%d %d", i, b/2)})
		}
		return a
	}
}

// TestAnyCard: whatever a card holds, no limit is broken, no row is lost without being counted, and nothing in it
// mentions, links or formats.
func TestAnyCard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		look, rows := embed(card, testIDs)
		file := &upload{name: "a.csv"}
		for rung, m := range []*message{
			{Components: dress(render(card, testIDs), file, "mark"), Flags: discordgo.MessageFlagsIsComponentsV2},
			{Embeds: []*discordgo.MessageEmbed{look}, Components: rows},
			{Content: plain(card)},
		} {
			if err := m.validate(); err != nil {
				t.Fatalf("rung %d: %v", rung, err)
			}
			for _, s := range readable(m) {
				checkHarmless(t, s)
				for _, line := range codeLines(s) {
					if n := uniseg.StringWidth(line); n > tableColumns && !strings.Contains(line, "…") && tablesOnly(card) {
						t.Fatalf("%d columns: %q", n, line)
					}
				}
			}
		}
		checkRows(t, card)
	})
}

func tablesOnly(card reports.Card) bool {
	for _, b := range card.Blocks {
		if _, code := b.(reports.Code); code {
			return false
		}
	}
	return true
}

func readable(m *message) (list []string) {
	var walk func(c discordgo.MessageComponent)
	walk = func(c discordgo.MessageComponent) {
		switch c := c.(type) {
		case discordgo.Container:
			for _, child := range c.Components {
				walk(child)
			}
		case discordgo.TextDisplay:
			list = append(list, c.Content)
		}
	}
	for _, c := range m.Components {
		walk(c)
	}
	for _, e := range m.Embeds {
		list = append(list, e.Title, e.Description)
	}
	return append(list, m.Content)
}

// acts is what Discord acts on outside of code.
var acts = regexp.MustCompile("(?i)@everyone|@here|<[@#/:at]|https?://|\\]\\(|`|\\|\\||__|~~")

// checkHarmless reads markdown as Discord does: from the left, an escaped mark is no mark, and a run of backticks
// opens code that ends at the next run of that length.
func checkHarmless(t *rapid.T, s string) {
	var outside strings.Builder
	for rest := s; rest != ""; {
		ticks := rest[:len(rest)-len(strings.TrimLeft(rest, "`"))]
		switch {
		case rest[0] == '\\' && len(rest) > 1 && strings.ContainsRune("\\*_~|`<>@#[]():.+-", rune(rest[1])):
			outside.WriteByte(' ')
			rest = rest[2:]
		case ticks != "" && codeEnd(rest[len(ticks):], ticks) >= 0:
			rest = rest[len(ticks)+codeEnd(rest[len(ticks):], ticks):]
		default:
			outside.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	if m := acts.FindString(outside.String()); m != "" {
		t.Fatalf("%q acts in %q", m, s)
	}
}

// codeEnd is where code opened by ticks is over, or -1.
func codeEnd(s, ticks string) int {
	for at := 0; ; {
		i := strings.Index(s[at:], ticks)
		if i < 0 {
			return -1
		}
		run := len(s[at+i:]) - len(strings.TrimLeft(s[at+i:], "`"))
		if at += i + run; run == len(ticks) {
			return at
		}
	}
}

// checkRows: rows shown and rows counted as more add up to the rows there are.
func checkRows(t *rapid.T, card reports.Card) {
	report := card.Footer.DataTo != 0
	for _, b := range card.Blocks {
		table, ok := b.(reports.Table)
		if !ok {
			continue
		}
		drawn := tableBlock(table, report, reports.Languages()[0])
		for _, room := range []int{reports.Units(drawn.least), reports.Units(drawn.least) + 500, 4000} {
			text := drawn.more(room)
			if reports.Units(text) > max(room, reports.Units(drawn.least)) {
				t.Fatalf("%d characters in room for %d", reports.Units(text), room)
			}
			shown, more := count(table, text)
			if shown+more != len(table.Rows)+table.Omitted {
				t.Fatalf("%d rows shown and %d counted of %d:\n%s", shown, more, len(table.Rows)+table.Omitted, text)
			}
			if report && shown > itemRows {
				t.Fatalf("%d rows on a page", shown)
			}
		}
	}
}

var moreRows = regexp.MustCompile(`(?m)^-# … ([\d,]+) more rows?(?:;.*)?\n?`)

// count reads from a table's text how many rows it shows and how many more it says there are.
func count(table reports.Table, text string) (shown, more int) {
	if m := moreRows.FindAllStringSubmatch(text, -1); m != nil {
		_, _ = fmt.Sscan(strings.ReplaceAll(m[len(m)-1][1], ",", ""), &more)
	}
	set := arrange(table)
	if !set.prose {
		return len(codeLines(text))/set.lines - 1, more
	}
	lines := 0
	if text != "" {
		lines = len(strings.Split(text, "\n"))
	}
	if escape(table.Title, maxTitle) != "" {
		lines--
	}
	if more > 0 {
		lines--
	}
	return lines / set.lines, more
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain":             "plain",
		"@everyone <@1>":    "@\u200beveryone \\<@1>",
		"# no heading":      `\# no heading`,
		"1. no list":        `1\. no list`,
		"12,480":            "12,480",
		"a*b_c`d":           "a\\*b\\_c\\`d",
		"https://x.example": `https\://x.example`,
		"a\n# b":            "a # b",
		"\u202eabc":         "abc",
	} {
		if got := escape(in, 100); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
	if got := escape(strings.Repeat("*", 100), 11); reports.Units(got) > 11 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut to %q", got)
	}
}
