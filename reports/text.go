package reports

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"
)

// TextWidth is the width in columns that the plain form keeps to where it can.
const TextWidth = 96

// Text is the card as plain text: what a terminal, a screen reader and a platform that refuses everything else get.
func (c Card) Text() string {
	var b strings.Builder
	b.WriteString(Clean(c.Title) + "\n")
	for _, line := range c.Scope {
		b.WriteString(Clean(line) + "\n")
	}
	noted := false
	for _, block := range c.Blocks {
		_, note := block.(Note)
		s := c.blockText(block)
		if s != "" && !(note && noted) { // notes stand together
			b.WriteString("\n")
		}
		b.WriteString(s)
		noted = note
	}
	if line := c.FooterText(); line != "" {
		b.WriteString("\n" + line + "\n")
	}
	return b.String()
}

func (c Card) blockText(block Block) string {
	switch t := block.(type) {
	case Metrics:
		return t.text()
	case Funnel:
		return t.Title + "\n" + t.Text(c.language(), 24)
	case Table:
		return t.text(c.language())
	case Note:
		return t.Sign() + CleanLines(t.Text) + "\n"
	case Code:
		return CleanLines(t.Text) + "\n"
	default: // Actions: a terminal numbers them itself
		return ""
	}
}

// FooterText is the canonical command, data to and the time taken, as far as known.
func (c Card) FooterText() string {
	parts := make([]string, 0, 2)
	if c.Footer.Command != "" {
		parts = append(parts, Clean(c.Footer.Command))
	}
	if f := c.Footer; f.DataTo != 0 && f.Zone != nil {
		parts = append(parts, c.language().Say("card.footer", Args{
			"Moment": c.language().Moment(f.DataTo, f.Zone), "Elapsed": fmt.Sprintf("%.2f", f.Elapsed.Seconds()),
		}))
	}
	return strings.Join(parts, " · ")
}

func (c Card) language() *Language {
	if c.Lang == nil {
		return languages[0]
	}
	return c.Lang
}

// Sign stands before a note, so that its kind never hangs on colour.
func (n Note) Sign() string {
	switch n.Kind {
	case Warning:
		return "⚠ "
	case Wrong, Fault:
		return "✗ "
	default:
		return ""
	}
}

// text is a line of label, figure and share for each metric, in two columns.
func (m Metrics) text() string {
	var label, value, share int
	for _, f := range m.Items {
		label, value, share = max(label, width(f.Label)), max(value, width(f.Value)), max(share, width(f.Share))
	}
	var b strings.Builder
	for i, f := range m.Items {
		line := pad(f.Label, label) + "  " + padLeft(f.Value, value) + "  " + pad(f.Share, share)
		last := i%2 == 1 || i == len(m.Items)-1
		if last {
			line = strings.TrimRight(line, " ") + "\n"
		} else {
			line += "    "
		}
		b.WriteString(line)
	}
	if m.Base != "" {
		b.WriteString("(" + m.Base + ")\n")
	}
	return b.String()
}

// Text is the funnel as lines of label, count, bar of at most bar columns, share of the first step and of the step
// before. Bars are true to the largest step, which need not be the first.
func (f Funnel) Text(l *Language, bar int) string {
	var most int64
	var label, count int
	for _, s := range f.Steps {
		most = max(most, s.N)
		label, count = max(label, width(s.Label)), max(count, width(l.Int(s.N)))
	}
	if most == 0 {
		return l.Say("funnel.none") + "\n"
	}
	var b strings.Builder
	for _, s := range f.Steps {
		line := pad(s.Label, label) + "  " + padLeft(l.Int(s.N), count) + " " + pad(Bar(s.N, most, bar), bar) + " " + padLeft(l.Percent(s.OfFirst), 8)
		if s.OfPrevious.Known {
			line += "   " + l.Say("funnel.step", Args{"Percent": l.Percent(s.OfPrevious)})
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// Bar draws n of most in columns, to an eighth of a column; what is not zero shows at least that.
func Bar(n, most int64, columns int) string {
	if n <= 0 || most <= 0 {
		return ""
	}
	eighths := max(1, int((n*int64(columns)*8+most/2)/most))
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return bar
}

// textRows is how many rows of a table the plain form shows.
const textRows = 60

func (t Table) text(l *Language) string {
	rows, omitted := t.Rows, t.Omitted
	if len(rows) > textRows {
		rows, omitted = rows[:textRows], omitted+len(rows)-textRows
	}
	s := Grid{Columns: t.Columns, Rows: rows, Total: t.Total, Width: TextWidth}.Text()
	if t.Title != "" {
		s = t.Title + "\n" + s
	}
	if omitted > 0 {
		s += l.Say("card.omitted", Args{"N": omitted}) + "\n"
	}
	return s
}

// Grid lays a table out in columns of a fixed font.
type Grid struct {
	Columns []Heading
	Rows    [][]Entry
	Total   []Entry
	Width   int // columns of text at most
}

// Text is the table with a line below its heading. Where it is too wide minor columns go first, then long names are
// cut with an ellipsis.
func (g Grid) Text() string {
	keep, widths := g.fit()
	var b strings.Builder
	write := func(cell func(i int) string) {
		var line strings.Builder
		for k, i := range keep {
			if k > 0 {
				line.WriteString("  ")
			}
			s := runewidth.Truncate(cell(i), widths[k], "…")
			if g.Columns[i].Number {
				s = padLeft(s, widths[k])
			} else {
				s = pad(s, widths[k])
			}
			line.WriteString(s)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	write(func(i int) string { return g.Columns[i].Label })
	b.WriteString(strings.Repeat("─", sum(widths)+2*(len(widths)-1)) + "\n")
	for _, row := range g.Rows {
		write(func(i int) string { return Clean(row[i].Text) })
	}
	if g.Total != nil {
		write(func(i int) string { return Clean(g.Total[i].Text) })
	}
	return b.String()
}

// fit chooses columns and their widths.
func (g Grid) fit() (keep, widths []int) {
	for i := range g.Columns {
		keep = append(keep, i)
		widths = append(widths, g.widest(i))
	}
	over := func() int { return sum(widths) + 2*(len(widths)-1) - g.Width }
	for k := len(keep) - 1; k >= 0 && over() > 0; k-- {
		if g.Columns[keep[k]].Minor {
			keep, widths = append(keep[:k], keep[k+1:]...), append(widths[:k], widths[k+1:]...)
		}
	}
	for over() > 0 { // cut the widest name
		widest := -1
		for k, i := range keep {
			if !g.Columns[i].Number && widths[k] > 6 && (widest < 0 || widths[k] > widths[widest]) {
				widest = k
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return keep, widths
}

func (g Grid) widest(i int) int {
	w := width(g.Columns[i].Label)
	for _, row := range g.Rows {
		w = max(w, width(Clean(row[i].Text)))
	}
	if g.Total != nil {
		w = max(w, width(g.Total[i].Text))
	}
	return w
}

func sum(widths []int) (n int) {
	for _, w := range widths {
		n += w
	}
	return n
}

func width(s string) int { return runewidth.StringWidth(s) }

func pad(s string, w int) string { return s + strings.Repeat(" ", max(0, w-width(s))) }

func padLeft(s string, w int) string { return strings.Repeat(" ", max(0, w-width(s))) + s }
