package chart

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
)

// cardScene is the scene of a card, before it is painted.
func cardScene(t testing.TB, card reports.Card) (scene, *layout) {
	t.Helper()
	l, err := newLayout(card.Lang, Light)
	if err != nil {
		t.Fatal(err)
	}
	l.card(card)
	return l.finish(), l
}

func funnelScene(t testing.TB, f reports.Funnel) scene {
	t.Helper()
	s, _ := cardScene(t, reports.Card{Blocks: []reports.Block{f}})
	return s
}

func labels(s scene) []label {
	var list []label
	for _, shape := range s.shapes {
		if l, ok := shape.(label); ok {
			list = append(list, l)
		}
	}
	return list
}

func texts(s scene) string {
	var b strings.Builder
	for _, l := range labels(s) {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

var hard = []string{
	"", "Sales", "Ofertas de última hora", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
	"🔥🔥", "👩‍👩‍👧 family", "促销活动", "مرحبا", "e\u0301te\u0301", "a\nb\tc", "\xff\xfe", "79.1 %", "▲ +12.4 %", "–", "9,223,372,036,854,775,807",
	strings.Repeat("long name ", 100), strings.Repeat("x", 5000), strings.Repeat("\u0301", 50), "1️⃣ ✅ ⚠️",
}

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(hard), rapid.StringN(0, 40, 200))
}

func anyCount() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, math.MaxInt64))
}

func anyBlock() *rapid.Generator[reports.Block] {
	return rapid.Custom(func(t *rapid.T) reports.Block {
		switch rapid.IntRange(0, 5).Draw(t, "block") {
		case 0:
			m := reports.Metrics{Base: anyText().Draw(t, "base")}
			for range rapid.IntRange(0, 15).Draw(t, "figures") {
				m.Items = append(m.Items, reports.Figure{Label: anyText().Draw(t, "label"), Value: anyText().Draw(t, "value"), Share: anyText().Draw(t, "share")})
			}
			return m
		case 1:
			return anyFunnel().Draw(t, "funnel")
		case 2:
			return anyTable().Draw(t, "table")
		case 3:
			return reports.Note{Kind: reports.NoteKind(rapid.IntRange(0, 4).Draw(t, "kind")), Text: anyText().Draw(t, "note")}
		case 4:
			return reports.Code{Text: strings.Repeat(anyText().Draw(t, "code")+"\n", rapid.IntRange(0, 40).Draw(t, "lines"))}
		default:
			return reports.Actions{Buttons: []reports.Button{{Label: "x"}}}
		}
	})
}

func anyFunnel() *rapid.Generator[reports.Funnel] {
	return rapid.Custom(func(t *rapid.T) reports.Funnel {
		f := reports.Funnel{Title: anyText().Draw(t, "title")}
		for range rapid.IntRange(0, 15).Draw(t, "steps") {
			percent := storage.Percent{Tenths: anyCount().Draw(t, "tenths"), Known: rapid.Bool().Draw(t, "known")}
			f.Steps = append(f.Steps, reports.Step{Label: anyText().Draw(t, "label"), N: anyCount().Draw(t, "n"), OfFirst: percent, OfPrevious: percent})
		}
		return f
	})
}

func anyTable() *rapid.Generator[reports.Table] {
	return rapid.Custom(func(t *rapid.T) reports.Table {
		table := reports.Table{Title: anyText().Draw(t, "title"), Omitted: rapid.IntRange(0, 3).Draw(t, "omitted")}
		row := func() []reports.Entry {
			entries := make([]reports.Entry, len(table.Columns))
			for i := range entries {
				entries[i].Text = anyText().Draw(t, "entry")
			}
			return entries
		}
		for range rapid.IntRange(0, 14).Draw(t, "columns") {
			table.Columns = append(table.Columns, reports.Heading{Label: anyText().Draw(t, "heading"), Number: rapid.Bool().Draw(t, "number"), Minor: rapid.Bool().Draw(t, "minor")})
		}
		one := row()
		for range rapid.IntRange(0, 70).Draw(t, "rows") {
			table.Rows = append(table.Rows, one)
		}
		if rapid.Bool().Draw(t, "total") {
			table.Total = row()
		}
		return table
	})
}

func anyCard() *rapid.Generator[reports.Card] {
	return rapid.Custom(func(t *rapid.T) reports.Card {
		return reports.Card{
			Title: anyText().Draw(t, "title"), Lead: anyText().Draw(t, "lead"),
			Scope:  rapid.SliceOfN(anyText(), 0, 9).Draw(t, "scope"),
			Blocks: rapid.SliceOfN(anyBlock(), 0, 12).Draw(t, "blocks"),
			Footer: reports.Footer{Command: anyText().Draw(t, "command"), DataTo: storage.Instant(rapid.Int64Range(0, 1<<42).Draw(t, "data"))},
		}
	})
}

// Whatever the card, its picture has a bounded height, every text lies inside the card, and no two texts overlap.
func TestAnyCardHasItsPlace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, l := cardScene(t, anyCard().Draw(rt, "card"))
		if s.height > MaxHeight {
			rt.Fatalf("%v points high", s.height)
		}
		card := box{margin, margin, Width - 2*margin, s.height - 2*margin}
		placed := labels(s)
		for i, a := range placed {
			b := a.bounds()
			if b.x < card.x || b.y < card.y || b.right() > card.right() || b.bottom() > card.bottom() {
				rt.Fatalf("%q at %v is outside the card %v", a.text, b, card)
			}
			if w := l.set.width(a.text, a.style); w > a.width+0.01 {
				rt.Fatalf("%q is %v wide, said to be %v", a.text, w, a.width)
			}
			if strings.Contains(a.text, "chart.") || strings.Contains(a.text, "card.more") {
				rt.Fatalf("%q has no words in the catalogue", a.text)
			}
			for _, other := range placed[:i] {
				if overlap(b, other.bounds()) {
					rt.Fatalf("%q at %v overlaps %q at %v", a.text, b, other.text, other.bounds())
				}
			}
		}
	})
}

func overlap(a, b box) bool {
	const touch = 0.01
	return a.x+touch < b.right() && b.x+touch < a.right() && a.y+touch < b.bottom() && b.y+touch < a.bottom()
}

// Painting and encoding take whatever the layout makes.
func TestAnyCardIsDrawn(t *testing.T) {
	cards := anyCard()
	for seed := range 12 {
		p, err := Card(cards.Example(seed), Themes()[seed%2])
		if err != nil {
			t.Fatal(err)
		}
		if img := decode(t, p.PNG); img.Bounds().Dy() != p.Height || p.Height > MaxHeight*scale {
			t.Errorf("seed %d: height %d, said to be %d", seed, img.Bounds().Dy(), p.Height)
		}
	}
}

// bars are the panels of a funnel in the inks of its steps, in order.
func bars(s scene, n int) []float64 {
	ink := Light.palette()
	widths := make([]float64, n)
	for _, shape := range s.shapes {
		p, ok := shape.(panel)
		if !ok || p.h != barHeight {
			continue
		}
		for i := range n {
			if p.ink == between(ink.first, ink.last, float64(i)/float64(n-1)) {
				widths[i] = p.w
			}
		}
	}
	return widths
}

func TestBarsAreTrue(t *testing.T) {
	for _, counts := range [][]int64{
		{12480, 9871, 4105, 1623, 418},
		{640, 120, 118, 331, 9},
		{100, 50, 400, 0, 10}, // the largest is not the first
	} {
		widths := bars(funnelScene(t, steps("Funnel", counts...)), len(counts))
		for i, n := range counts {
			want := slices.Max(widths) * float64(n) / float64(slices.Max(counts))
			if math.Abs(widths[i]-want) > 0.01 {
				t.Errorf("%v: the bar of %d is %.2f points, want %.2f", counts, n, widths[i], want)
			}
		}
	}
	// what is not nothing stays visible
	if widths := bars(funnelScene(t, steps("Funnel", 1_000_000, 1)), 2); widths[1] != 1 {
		t.Errorf("the bar of one in a million is %v points", widths[1])
	}
}

func TestWideningIsSaid(t *testing.T) {
	shown := texts(funnelScene(t, steps("Funnel", 640, 120, 118, 331, 9)))
	for _, want := range []string{"Assigned (331) is more than Answered (118)", "280.5 %"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is missing in\n%s", want, shown)
		}
	}
	if shown := texts(funnelScene(t, steps("Funnel", 10, 9, 8, 8, 1))); strings.Contains(shown, "is more than") {
		t.Errorf("nothing widens in\n%s", shown)
	}
}

func TestEmptyFunnelHasNoBars(t *testing.T) {
	s := funnelScene(t, steps("Funnel", 0, 0, 0, 0, 0))
	if widths := bars(s, 5); slices.Max(widths) != 0 {
		t.Errorf("bars of nothing: %v", widths)
	}
	shown := texts(s)
	if !strings.Contains(shown, "no sends") || strings.Contains(shown, "%") || strings.Count(shown, "–") != 9 {
		t.Errorf("shown:\n%s", shown)
	}
}

// What is not drawn is counted.
func TestRestIsCounted(t *testing.T) {
	long := reports.Table{Title: "Campaigns", Columns: headings("Campaign", "Sends"), Omitted: 7}
	for range 60 {
		long.Rows = append(long.Rows, entries("Black Friday", "12"))
	}
	s, _ := cardScene(t, reports.Card{Title: "Detailed", Blocks: []reports.Block{long}})
	drawn := strings.Count(texts(s), "Black Friday")
	if want := reports.Languages()[0].Say("card.more", reports.Args{"N": 67 - drawn}); drawn != mostRows || !strings.Contains(texts(s), want) {
		t.Errorf("%d rows drawn, %q missing in\n%s", drawn, want, texts(s))
	}

	var blocks []reports.Block
	for range 9 {
		blocks = append(blocks, long)
	}
	blocks = append(blocks, reports.Note{Kind: reports.Warning, Text: "Read this."})
	s, _ = cardScene(t, reports.Card{Title: "Detailed", Blocks: blocks})
	if shown := texts(s); !strings.Contains(shown, "more parts of this answer") || !strings.Contains(shown, "Read this.") {
		t.Errorf("the rest or the caveat is missing in\n%s", shown)
	}
}

func TestMinorColumnsGoFirst(t *testing.T) {
	s, _ := cardScene(t, everything())
	shown := texts(s)
	for text, want := range map[string]bool{"Sale\u00a0%\n": true, "34.1 %": true, "Individual": false, "more columns": true} {
		if strings.Contains(shown, text) != want {
			t.Errorf("%q shown: %v in\n%s", text, !want, shown)
		}
	}
}

// Narrow tables stand beside each other, wide ones below.
func TestNarrowTablesPair(t *testing.T) {
	place := func(card reports.Card, text string) box {
		s, _ := cardScene(t, card)
		for _, l := range labels(s) {
			if l.text == text {
				return l.bounds()
			}
		}
		t.Fatalf("%q is not drawn", text)
		return box{}
	}
	narrow := func(title string) reports.Table {
		return reports.Table{Title: title, Columns: headings("Final tagging", "Sends", "%"), Rows: [][]reports.Entry{entries("Untagged", "12", "3.1")}}
	}
	wide := narrow("Right")
	wide.Columns[1].Label = strings.Repeat("Sends ", 9)
	for _, c := range []struct {
		right  reports.Table
		beside bool
	}{{narrow("Right"), true}, {wide, false}} {
		card := reports.Card{Title: "Summary", Blocks: []reports.Block{narrow("Left"), c.right}}
		if a, b := place(card, "Left"), place(card, "Right"); (a.y == b.y) != c.beside || (a.x < b.x) != c.beside {
			t.Errorf("left at %v, right at %v; beside: %v", a, b, c.beside)
		}
	}
}

// Numbers of a table end at the same place.
func TestNumbersAreAligned(t *testing.T) {
	s, _ := cardScene(t, summary())
	ends := map[string]float64{}
	for _, l := range labels(s) {
		ends[l.text] = l.x + l.width
	}
	for _, pair := range [][2]string{{"7,210", "640"}, {"934", "120"}, {"288", "97"}} {
		if math.Abs(ends[pair[0]]-ends[pair[1]]) > 0.01 {
			t.Errorf("%s ends at %v, %s at %v", pair[0], ends[pair[0]], pair[1], ends[pair[1]])
		}
	}
}
