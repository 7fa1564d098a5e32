package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	slackapi "github.com/slack-go/slack"
	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

var bogota = time.FixedZone("America/Bogota", -5*3600)

func percent(tenths int64) storage.Percent { return storage.Percent{Tenths: tenths, Known: true} }

func row(texts ...string) []reports.Entry {
	var line []reports.Entry
	for _, s := range texts {
		line = append(line, reports.Entry{Text: s})
	}
	return line
}

// summaryCard is the summary that CHAT 3 draws.
func summaryCard() reports.Card {
	steps := []reports.Step{
		{Label: "Sent", N: 12480, OfFirst: percent(1000)},
		{Label: "Read", N: 9871, OfFirst: percent(791), OfPrevious: percent(791)},
		{Label: "Answered", N: 4105, OfFirst: percent(329), OfPrevious: percent(416)},
		{Label: "Assigned", N: 1623, OfFirst: percent(130), OfPrevious: percent(395)},
		{Label: "Sales", N: 418, OfFirst: percent(33), OfPrevious: percent(258)},
	}
	number := func(label string) reports.Heading { return reports.Heading{Label: label, Number: true} }
	return reports.Card{
		Title: "Outbound summary · Black Friday · WhatsApp",
		Scope: []string{"15–21 Nov 2026 (America/Bogota)", "vs 8–14 Nov", "1 campaign matches “BlackFriday”"},
		Lead: "Outbound summary, Black Friday, WhatsApp, 15–21 Nov: 12,480 sends, 79.1 % read, 32.9 % answered, " +
			"1,623 assigned, 418 sales (3.3 %).",
		Blocks: []reports.Block{
			reports.Metrics{Base: "% of successful sends", Items: []reports.Figure{
				{Name: "contacts", Label: "Total contacts", Value: "11,902"},
				{Name: "successful", Label: "Successful sends", Value: "12,480"},
				{Name: "read", Label: "Read", Value: "9,871", Share: "79.1 %"},
				{Name: "answered", Label: "Answered", Value: "4,105", Share: "32.9 %"},
				{Name: "assigned", Label: "Assigned", Value: "1,623", Share: "13.0 %"},
				{Name: "sales", Label: "Sales", Value: "418", Share: "3.3 %"},
			}},
			reports.Funnel{Title: "Sales funnel", Steps: steps},
			reports.Table{
				Title:   "By origin",
				Columns: []reports.Heading{{Label: "Origin"}, number("Sends"), number("Read %"), number("Answered %"), number("Assigned"), number("Sales"), number("Sale %")},
				Rows: [][]reports.Entry{
					row("Template", "8,200", "81.0", "35.2", "1,102", "301", "3.7"),
					row("Flow", "3,640", "79.9", "32.0", "400", "105", "2.9"),
					row("Individual template", "640", "49.8", "9.1", "121", "12", "1.9"),
				},
				Total: row("Total", "12,480", "79.1", "32.9", "1,623", "418", "3.3"),
			},
			reports.Table{
				Title:   "Final tagging",
				Columns: []reports.Heading{{Label: "Final tagging"}, number("Sends"), number("%")},
				Rows:    [][]reports.Entry{row("Untagged", "11,020", "88.3"), row("Sale", "418", "3.3"), row("Not interested", "390", "3.1")},
				Omitted: 9,
			},
			reports.Note{Kind: reports.Warning, Text: "640 sends are individual templates: they may not report reads or answers."},
			reports.Actions{Buttons: []reports.Button{
				{Label: "Detailed", Command: "detailed channel:WA", Primary: true},
				{Label: "Audit", Command: "audit channel:WA"},
				{Label: "Export", Command: "summary channel:WA format:xlsx"},
			}},
		},
		Footer: reports.Footer{
			Command: `/outbound summary channel:WA campaign:"Black Friday" date:2026-11-15..2026-11-21`,
			DataTo:  storage.InstantOf(time.Date(2026, 11, 21, 14, 32, 0, 0, bogota)), Zone: bogota, Elapsed: 120 * time.Millisecond,
		},
	}
}

func errorCard() reports.Card {
	return reports.Card{
		Title: "I did not understand that",
		Lead:  "I don't know the filter chanel. Did you mean channel?",
		Blocks: []reports.Block{
			reports.Note{Kind: reports.Wrong, Text: "I don't know the filter “chanel”. Did you mean channel?"},
			reports.Code{Text: "summary chanel:WA campaign:<Black & Friday>\n        ^^^^^^ channel"},
			reports.Actions{Buttons: []reports.Button{{Label: "Run corrected", Command: "summary channel:WA", Primary: true}}},
		},
	}
}

func longCard() reports.Card {
	t := reports.Table{Title: "Campaigns", Columns: []reports.Heading{{Label: "Campaign"}, {Label: "Sends", Number: true}}}
	for i := range 180 {
		t.Rows = append(t.Rows, row(fmt.Sprintf("Campaign %d <!channel>", i), strconv.Itoa(180-i)))
	}
	second := t
	second.Title, second.Omitted = "Campaigns again", 20
	return reports.Card{Title: "Detailed", Lead: "180 campaigns.", Blocks: []reports.Block{t, second}}
}

// ids gives buttons readable ids.
func ids(command string) string { return "id:" + command }

func TestGolden(t *testing.T) {
	for name, card := range map[string]reports.Card{"summary": summaryCard(), "error": errorCard(), "long": longCard()} {
		for look, blocks := range map[string][]slackapi.Block{"": render(card, ids), "-monospace": renderMonospace(card, ids)} {
			t.Run(name+look, func(t *testing.T) {
				m := message{blocks, twin(card)}
				if err := validate(m); err != nil {
					t.Error(err)
				}
				golden(t, name+look+".json", wireJSON(t, m))
			})
		}
		t.Run(name+"-plain", func(t *testing.T) { golden(t, name+"-plain.txt", []byte(plain(card)+"\n")) })
	}
}

func wireJSON(t *testing.T, m message) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(struct {
		Text   string           `json:"text"`
		Blocks []slackapi.Block `json:"blocks"`
	}{m.text, m.blocks}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// nasty are texts that would mention, link, format or break out of their block.
var nasty = []string{
	"<!channel>", "<@U1>", "<#C1|x>", "<https://evil.example|WA>", "https://evil.example", "@here", "`", "```", "*b*", "_i_",
	"&lt;!channel&gt;", "&", "<", ">", "😀", "👩‍👩‍👧‍👦", "\u202eabc", "\u2066", "\u200f", "a\u0301\u0301\u0301\u0301\u0301", "\n", "\t",
	"\x00", "\xff", "–", "BlackFriday", "campaña", "日本語", "", " ", strings.Repeat("x", 300), strings.Repeat("😀", 150),
}

func text(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(nasty), 0, 12).Draw(t, "text"), "")
}

func randomCard(t *rapid.T) reports.Card {
	card := reports.Card{Title: text(t), Lead: text(t), Footer: reports.Footer{Command: text(t), DataTo: 1, Zone: bogota}}
	card.Scope = rapid.SliceOfN(rapid.Just(text(t)), 0, 30).Draw(t, "scope")
	for i := range rapid.IntRange(0, 30).Draw(t, "parts") {
		var b reports.Block
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			m := reports.Metrics{Base: text(t)}
			for range rapid.IntRange(0, 25).Draw(t, "figures") {
				m.Items = append(m.Items, reports.Figure{Label: text(t), Value: text(t), Share: text(t)})
			}
			b = m
		case 1:
			b = reports.Funnel{Title: text(t), Steps: []reports.Step{{Label: text(t), N: 3}, {Label: text(t), N: 7, OfPrevious: percent(2333)}}}
		case 2:
			b = randomTable(t, i)
		case 3:
			b = reports.Note{Kind: reports.NoteKind(rapid.IntRange(0, 3).Draw(t, "note")), Text: strings.Repeat(text(t), rapid.IntRange(1, 20).Draw(t, "long"))}
		case 4:
			b = reports.Code{Text: strings.Repeat(text(t), rapid.IntRange(1, 20).Draw(t, "long"))}
		default:
			var a reports.Actions
			for range rapid.IntRange(0, 60).Draw(t, "buttons") {
				a.Buttons = append(a.Buttons, reports.Button{Label: text(t), Command: text(t)})
			}
			b = a
		}
		card.Blocks = append(card.Blocks, b)
	}
	return card
}

// randomTable has rows that a test can count: each begins with a name of its own.
func randomTable(t *rapid.T, n int) reports.Table {
	table := reports.Table{Title: fmt.Sprintf("T%d", n), Omitted: rapid.IntRange(0, 3).Draw(t, "omitted")}
	columns := rapid.IntRange(1, 30).Draw(t, "columns")
	for i := range columns {
		table.Columns = append(table.Columns, reports.Heading{Label: text(t), Number: i > 0, Minor: i > 3})
	}
	table.Columns[0].Number = false
	cell := text(t)
	for i := range rapid.IntRange(0, 250).Draw(t, "rows") {
		line := []reports.Entry{{Text: rowName(n, i)}}
		for range columns - 1 {
			line = append(line, reports.Entry{Text: cell})
		}
		table.Rows = append(table.Rows, line)
	}
	return table
}

// rowName is so short that no table cuts it.
func rowName(table, row int) string {
	return fmt.Sprintf("§%03s", strconv.FormatInt(int64(table*300+row), 36))
}

var moreRows = regexp.MustCompile(`… ([0-9,]+) more$`)

// TestProperties: whatever a card holds, every look keeps within the limits, mentions and links nobody, and loses
// no row or part without saying how many.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := randomCard(t)
		for look, blocks := range map[string][]slackapi.Block{"native": render(card, eight), "monospace": renderMonospace(card, eight)} {
			m := message{blocks, twin(card)}
			if err := validate(m); err != nil {
				t.Fatalf("%s: %v", look, err)
			}
			for _, s := range parsed(m) {
				if bad := strings.IndexAny(unescapable.Replace(s), "<>&"); bad >= 0 {
					t.Fatalf("%s: %q could mention or link", look, s)
				}
			}
			if look == "native" || len(card.Blocks) < 10 {
				countRows(t, card, blocks)
			}
		}
		if s := plain(card); reports.Units(s) > plainLength || strings.Contains(s, "://") || strings.Count(s, "`") != 6 {
			t.Fatalf("plain look of %d characters: %q", reports.Units(s), s)
		}
	})
}

func eight(string) string { return "abcdefgh" }

var unescapable = strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "")

// parsed are the texts in which Slack looks for markup; all must be verbatim.
func parsed(m message) []string {
	list := []string{m.text}
	add := func(t *slackapi.TextBlockObject) {
		if t != nil && t.Type == slackapi.MarkdownType {
			list = append(list, t.Text)
			if !t.Verbatim {
				list = append(list, "<not verbatim>")
			}
		}
	}
	for _, b := range m.blocks {
		switch b := b.(type) {
		case *slackapi.SectionBlock:
			add(b.Text)
			for _, f := range b.Fields {
				add(f)
			}
		case *slackapi.ContextBlock:
			for _, e := range b.ContextElements.Elements {
				if t, ok := e.(*slackapi.TextBlockObject); ok {
					add(t)
				}
			}
		}
	}
	return list
}

// countRows compares the rows shown and said to be missing with those of the card.
func countRows(t *rapid.T, card reports.Card, blocks []slackapi.Block) {
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	shown, said, parts := 0, 0, 0
	for _, b := range blocks {
		lines := wordsOf(b)
		for _, line := range lines {
			if m := moreRows.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
				said += n
			}
		}
	}
	total := 0
	for i, b := range card.Blocks {
		table, ok := b.(reports.Table)
		if !ok {
			continue
		}
		total += len(table.Rows) + table.Omitted
		for j := range table.Rows {
			if bytes.Contains(raw, []byte(rowName(i, j))) {
				shown++
			}
		}
	}
	if bytes.Contains(raw, []byte("of this answer do")) {
		parts++ // whole parts are counted instead of their rows
	}
	if parts == 0 && shown+said != total {
		t.Fatalf("%d rows shown and %d said to be missing, of %d", shown, said, total)
	}
}

// wordsOf are the texts of a block that may say how many rows are missing.
func wordsOf(b slackapi.Block) (words []string) {
	switch b := b.(type) {
	case *slackapi.ContextBlock:
		for _, e := range b.ContextElements.Elements {
			if t, ok := e.(*slackapi.TextBlockObject); ok {
				words = append(words, t.Text)
			}
		}
	case *slackapi.RichTextBlock:
		for _, e := range b.Elements {
			if s, ok := e.(*slackapi.RichTextSection); ok {
				words = append(words, s.Elements[0].(*slackapi.RichTextSectionTextElement).Text)
			}
		}
	}
	return words
}

// TestValidatorCounts keeps the validator from agreeing with everything.
func TestValidatorCounts(t *testing.T) {
	long := strings.Repeat("x", maxSection+1)
	tooMany := make([]slackapi.Block, maxBlocks+1)
	for i := range tooMany {
		tooMany[i] = smallPrint(plainText("x"))
	}
	wide := slackapi.NewTableBlock("").AddRow(cells(row(strings.Split(strings.Repeat("x ", 21), " ")...))...)
	tall := slackapi.NewTableBlock("")
	for range maxTableRows + 1 {
		tall.AddRow(cells(row("x"))...)
	}
	big := make([]slackapi.Block, 5)
	for i := range big {
		big[i] = slackapi.NewSectionBlock(plainText(strings.Repeat("x", maxSection)), nil, nil)
	}
	for name, m := range map[string]message{
		"no text":          {nil, ""},
		"long text":        {nil, strings.Repeat("x", maxText+1)},
		"blocks":           {tooMany, "x"},
		"header":           {[]slackapi.Block{slackapi.NewHeaderBlock(plainText(strings.Repeat("x", 151)))}, "x"},
		"section":          {[]slackapi.Block{slackapi.NewSectionBlock(plainText(long), nil, nil)}, "x"},
		"empty section":    {[]slackapi.Block{slackapi.NewSectionBlock(nil, nil, nil)}, "x"},
		"columns":          {[]slackapi.Block{wide}, "x"},
		"rows":             {[]slackapi.Block{tall}, "x"},
		"empty cell":       {[]slackapi.Block{slackapi.NewTableBlock("").AddRow(cells(row(""))...)}, "x"},
		"ragged rows":      {[]slackapi.Block{slackapi.NewTableBlock("").AddRow(cells(row("x"))...).AddRow(cells(row("x", "y"))...)}, "x"},
		"two tables":       {[]slackapi.Block{slackapi.NewTableBlock("").AddRow(cells(row("x"))...), slackapi.NewTableBlock("").AddRow(cells(row("x"))...)}, "x"},
		"all characters":   {big, "x"},
		"surrogates count": {[]slackapi.Block{slackapi.NewHeaderBlock(plainText(strings.Repeat("😀", 76)))}, "x"},
		"another kind":     {[]slackapi.Block{slackapi.NewDividerBlock()}, "x"},
	} {
		if validate(m) == nil {
			t.Errorf("%s: no fault found", name)
		}
	}
	if err := validate(message{[]slackapi.Block{smallPrint(plainText("x"))}, "x"}); err != nil {
		t.Error(err)
	}
}
