package discord

import (
	"strings"

	"github.com/rivo/uniseg"

	"outboundbot/reports"
)

// Widths of columns where a table is narrow for its content.
const (
	nameColumns   = 12 // the first column has at least so many
	nameEnough    = 18 // and gives what it has more to the headings of numbers
	textColumn    = 8  // other columns of text
	numberHeading = 5  // a number's heading may be cut to this
)

// block is a part of a card as text that can grow: least is what must fit, more shows as much as fits in a number
// of characters.
type block struct {
	least string
	more  func(most int) string
}

// layout is how a table's columns are set in a fixed font.
type layout struct {
	table   reports.Table
	columns []int // that are shown
	widths  []int
	lines   int  // lines of a row: 1, or 2 with the texts on the first line and the numbers on the second
	prose   bool // markdown instead of a fixed font
	dropped int  // columns without room
}

// arrange finds the widest form of a table that fits: all columns, else without the minor ones, else two lines a
// row, else without the last numbers. Texts alone that do not fit become lines of markdown, whole.
func arrange(t reports.Table) layout {
	all := make([]int, 0, len(t.Columns))
	major := make([]int, 0, len(t.Columns))
	for i, c := range t.Columns {
		all = append(all, i)
		if !c.Minor || i == 0 {
			major = append(major, i)
		}
	}
	for _, columns := range [][]int{all, major} {
		l := layout{table: t, columns: columns, lines: 1, dropped: len(all) - len(columns)}
		if l.oneLine() && (countNumbers(t, all) > 0 || !l.cuts()) {
			return l
		}
	}
	if countNumbers(t, all) == 0 {
		lines := 1
		if len(all) > 2 {
			lines = 2
		}
		return layout{table: t, columns: all, lines: lines, prose: true}
	}
	l := layout{table: t, columns: major, lines: 2, dropped: len(all) - len(major)}
	l.twoLines()
	return l
}

// natural is the width that a column would like to have.
func (l *layout) natural(i int) int {
	h := l.table.Columns[i]
	w := uniseg.StringWidth(reports.Clean(h.Label))
	if h.Number {
		w = min(w, numberHeading)
	}
	for _, row := range l.table.Rows[:min(len(l.table.Rows), itemRows)] {
		w = max(w, uniseg.StringWidth(cellText(row, i)))
	}
	w = max(w, uniseg.StringWidth(cellText(l.table.Total, i)))
	return max(w, 1)
}

// oneLine sets the widths of a row of one line; false if that would cut too much.
func (l *layout) oneLine() bool {
	l.widths = make([]int, len(l.columns))
	free, texts := tableColumns-(len(l.columns)-1), 0
	for k, i := range l.columns {
		l.widths[k] = l.natural(i)
		if l.table.Columns[i].Number {
			free -= l.widths[k]
		} else {
			texts++
		}
	}
	for k, i := range l.columns {
		if l.table.Columns[i].Number {
			continue
		}
		least := textColumn
		if k == 0 {
			least = nameColumns
		}
		if w := min(l.widths[k], max(free/texts, least)); w <= free {
			l.widths[k], free, texts = w, free-w, texts-1
			continue
		}
		return false
	}
	if free < 0 {
		return false
	}
	if spare := l.widths[0] - nameEnough; spare > 0 && !l.table.Columns[l.columns[0]].Number {
		l.widths[0] += free + l.widen(spare) - spare
		return true
	}
	l.widen(free)
	return true
}

// cuts tells whether a column is narrower than its content.
func (l *layout) cuts() bool {
	for k, i := range l.columns {
		if l.widths[k] < l.natural(i) {
			return true
		}
	}
	return false
}

// widen gives free columns to numbers whose heading is cut, in turn; it tells how many are left.
func (l *layout) widen(free int) (left int) {
	for gave := true; gave && free > 0; {
		gave = false
		for k, i := range l.columns {
			h := l.table.Columns[i]
			if free > 0 && h.Number && l.widths[k] > 0 && l.widths[k] < uniseg.StringWidth(reports.Clean(h.Label)) {
				l.widths[k]++
				free--
				gave = true
			}
		}
	}
	return free
}

// twoLines sets the widths of the numbers of the second line.
func (l *layout) twoLines() {
	l.widths = make([]int, len(l.columns))
	used := 1
	for k, i := range l.columns {
		if !l.table.Columns[i].Number {
			continue
		}
		l.widths[k] = min(l.natural(i), tableColumns/2)
		if used += 1 + l.widths[k]; used > tableColumns {
			l.dropped += countNumbers(l.table, l.columns[k:])
			l.columns = append(l.columns[:k:k], textsOf(l.table, l.columns[k:])...)
			l.widths = append(l.widths[:k:k], make([]int, len(l.columns)-k)...)
			return
		}
	}
	l.widen(tableColumns - used)
}

func countNumbers(t reports.Table, columns []int) int { return len(columns) - len(textsOf(t, columns)) }

func textsOf(t reports.Table, columns []int) []int {
	var texts []int
	for _, i := range columns {
		if !t.Columns[i].Number {
			texts = append(texts, i)
		}
	}
	return texts
}

func cellText(row []reports.Entry, i int) string {
	if i >= len(row) {
		return ""
	}
	return fenced(reports.Clean(row[i].Text))
}

// row writes one row, in as many lines as the layout has.
func (l *layout) row(cell func(i int) string) string {
	if l.lines == 1 {
		cells := make([]string, len(l.columns))
		for k, i := range l.columns {
			cells[k] = pad(cell(i), l.widths[k], l.table.Columns[i].Number)
		}
		return strings.TrimRight(strings.Join(cells, " "), " ")
	}
	var texts, numbers []string
	for k, i := range l.columns {
		switch s := cell(i); {
		case l.table.Columns[i].Number:
			numbers = append(numbers, pad(s, l.widths[k], true))
		case s != "":
			texts = append(texts, s)
		}
	}
	return shared(texts, tableColumns) + "\n  " + strings.Join(numbers, " ")
}

// shared sets texts side by side; each may take what the others leave.
func shared(texts []string, columns int) string {
	const between = " · "
	free := columns - 3*(len(texts)-1)
	shown := make([]string, len(texts))
	for i, s := range texts {
		most := free / (len(texts) - i)
		if rest := free - widthOf(texts[i+1:]); rest > most {
			most = rest
		}
		shown[i] = fit(s, most)
		free -= uniseg.StringWidth(shown[i])
	}
	return fit(strings.Join(shown, between), columns)
}

func widthOf(texts []string) int {
	n := 0
	for _, s := range texts {
		n += uniseg.StringWidth(s)
	}
	return n
}

// proseRow writes a row as markdown: the first cell stands out, those of the second line step back.
func (l *layout) proseRow(row []reports.Entry) string {
	cells := make([]string, len(l.columns))
	for k, i := range l.columns {
		if cells[k] = escape(cellText(row, i), maxCell); cells[k] == "" {
			cells[k] = "–"
		}
	}
	first := len(cells)
	if l.lines > 1 {
		first = (len(cells) + 1) / 2
	}
	text := "**" + cells[0] + "**"
	if first > 1 {
		text += " · " + strings.Join(cells[1:first], " · ")
	}
	if l.lines > 1 {
		text += "\n-# " + strings.Join(cells[first:], " · ")
	}
	return text
}

// tableBlock is a table that grows by rows, in the answer to a report up to a page.
func tableBlock(t reports.Table, report bool, l *reports.Language) block {
	if len(t.Columns) == 0 {
		return block{}
	}
	set := arrange(t)
	most := len(t.Rows)
	if report {
		page := pageRows
		if set.lines > 1 || set.prose {
			page = itemRows
		}
		most = min(most, page)
	}
	show := func(rows int) string { return set.text(rows, report, l) }
	return block{least: show(0), more: func(characters int) string {
		text := show(0)
		for rows := 1; rows <= most; rows++ {
			longer := show(rows)
			if reports.Units(longer) > characters {
				break
			}
			text = longer
		}
		return text
	}}
}

// text is the table with its first rows, its total and how much is left out.
func (l *layout) text(rows int, report bool, lang *reports.Language) string {
	t := l.table
	var parts []string
	if title := escape(t.Title, maxTitle); title != "" {
		parts = append(parts, "**"+title+"**")
	}
	if l.prose {
		for _, row := range t.Rows[:rows] {
			parts = append(parts, l.proseRow(row))
		}
		if len(t.Total) > 0 {
			parts = append(parts, l.proseRow(t.Total))
		}
	} else {
		parts = append(parts, l.fixed(rows))
	}
	if left := len(t.Rows) - rows + t.Omitted; left > 0 {
		more := lang.Say("discord.more_rows", reports.Args{"N": left})
		if report {
			more = lang.Say("discord.more_in_file", reports.Args{"More": more})
		}
		parts = append(parts, "-# "+more)
	}
	if l.dropped > 0 {
		parts = append(parts, "-# "+lang.Say("discord.more_columns", reports.Args{"N": l.dropped}))
	}
	return strings.Join(parts, "\n")
}

// fixed is heading, rows and total as a code block.
func (l *layout) fixed(rows int) string {
	lines := []string{"```", l.row(l.heading)}
	shown := l.table.Rows[:rows:rows]
	if len(l.table.Total) > 0 {
		shown = append(shown, l.table.Total)
	}
	for _, row := range shown {
		lines = append(lines, l.row(func(i int) string { return cellText(row, i) }))
	}
	return strings.Join(append(lines, "```"), "\n")
}

// heading is a column's label, cut for a number so that a percent sign stays in sight.
func (l *layout) heading(i int) string {
	h := l.table.Columns[i]
	label := fenced(reports.Clean(h.Label))
	for k, c := range l.columns {
		if c != i || !h.Number || uniseg.StringWidth(label) <= l.widths[k] {
			continue
		}
		if stem, ok := strings.CutSuffix(label, " %"); ok && l.widths[k] > 2 {
			return fit(stem, l.widths[k]-1) + "%"
		}
	}
	return label
}

// funnelText is the funnel as a code block: label, count, bar, share of the first step and of the one before.
func funnelText(f reports.Funnel, l *reports.Language) string {
	var b strings.Builder
	if title := escape(f.Title, maxTitle); title != "" {
		b.WriteString("**" + title + "**\n")
	}
	var most int64
	label, count, first, step := 1, 1, 1, 1
	for _, s := range f.Steps {
		most = max(most, s.N)
		label = max(label, min(10, uniseg.StringWidth(reports.Clean(s.Label))))
		count, first = max(count, len([]rune(l.Int(s.N)))), max(first, len([]rune(l.Percent(s.OfFirst))))
		step = max(step, len([]rune(stepText(s, l))))
	}
	bar := max(0, funnelColumns-label-count-first-step-4)
	b.WriteString("```\n")
	for _, s := range f.Steps {
		line := strings.Join([]string{
			pad(fenced(reports.Clean(s.Label)), label, false), pad(l.Int(s.N), count, true), pad(reports.Bar(s.N, most, bar), bar, false),
			pad(l.Percent(s.OfFirst), first, true), pad(stepText(s, l), step, true),
		}, " ")
		b.WriteString(fit(strings.TrimRight(line, " "), funnelColumns) + "\n")
	}
	b.WriteString("```\n-# " + l.Say("discord.funnel"))
	return b.String()
}

func stepText(s reports.Step, l *reports.Language) string {
	if !s.OfPrevious.Known {
		return ""
	}
	return l.Percent(s.OfPrevious)
}
