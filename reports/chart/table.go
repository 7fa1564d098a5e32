package chart

import (
	"image/color"
	"math"
	"slices"
	"strings"

	"outboundbot/reports"
)

const (
	rowHeight   = 32
	cellGap     = 24
	cellPadding = 12 // at both ends of a row
	headingLine = 19
	narrowest   = 96 // names are cut down to this before a column is left out
)

// columns are the drawn columns of a table: the first ones that fit, with their widths in points.
type columns struct {
	widths []float64
	out    int // columns that are not drawn
}

// table places rows under headings. What does not fit above bottom, or goes beyond the bounds, is counted below it.
func (l *layout) table(t reports.Table, bottom float64) {
	l.heading(t.Title)
	if len(t.Columns) == 0 {
		return
	}
	shown := min(len(t.Rows), mostRows)
	spare := bottom - l.y - rowHeight - headingLine - 30 // headings, and the line that counts the rest
	if t.Total != nil {
		spare -= rowHeight
	}
	shown = max(min(shown, int(spare/rowHeight)), min(shown, 1))
	rows := t.Rows[:shown]
	c := l.columns(t, rows)
	l.headings(t, c)
	for i, row := range rows {
		if i%2 == 1 {
			l.panel(box{left, l.y, inner, rowHeight}, 6, l.ink.stripe)
		}
		l.row(t, c, row, bodyStyle)
	}
	if t.Total != nil {
		l.rule(l.y, l.ink.rule)
		l.row(t, c, t.Total, strongStyle)
	}
	l.rest(len(t.Rows)-shown+t.Omitted, c.out)
}

func (l *layout) rest(rows, columns int) {
	text := ""
	if rows > 0 {
		text = l.more("chart.more", rows)
	}
	if columns > 0 {
		if text != "" {
			text += " · "
		}
		text += l.more("chart.columns", columns)
	}
	if text != "" {
		l.say(left+cellPadding, l.y+21, inner-2*cellPadding, text, smallStyle, l.ink.muted)
		l.y += 30
	}
}

// headings stand on two lines where one is too narrow.
func (l *layout) headings(t reports.Table, c columns) {
	labels, lines := make([][]string, len(c.widths)), 1
	for i, w := range c.widths {
		labels[i] = l.type_.wrap(t.Columns[i].Label, smallStyle, w, 2)
		lines = max(lines, len(labels[i]))
	}
	x := float64(left + cellPadding)
	for i, w := range c.widths {
		first := l.y + 19 + float64(lines-len(labels[i]))*headingLine
		for j, line := range labels[i] {
			l.cell(x, first+float64(j)*headingLine, w, t.Columns[i], line, smallStyle, l.ink.muted)
		}
		x += w + cellGap
	}
	l.y += rowHeight + float64(lines-1)*headingLine
	l.rule(l.y-2, l.ink.rule)
}

func (l *layout) row(t reports.Table, c columns, row []reports.Entry, s style) {
	x := float64(left + cellPadding)
	for i, w := range c.widths {
		if i < len(row) {
			l.cell(x, l.y+22, w, t.Columns[i], row[i].Text, s, l.ink.text)
		}
		x += w + cellGap
	}
	l.y += rowHeight
}

func (l *layout) cell(x, base, w float64, h reports.Heading, text string, s style, ink color.RGBA) {
	if h.Number {
		l.sayRight(x+w, base, w, text, s, ink)
	} else {
		l.say(x, base, w, text, s, ink)
	}
}

// columns shares the width out: numbers have what they need, since a cut number would be a wrong one; names take the
// rest and are cut; columns that find no room are left out from the right.
func (l *layout) columns(t reports.Table, rows [][]reports.Entry) columns {
	least, natural := make([]float64, len(t.Columns)), make([]float64, len(t.Columns))
	for i := range t.Columns {
		least[i], natural[i] = l.columnWidths(t, rows, i)
	}
	n := len(t.Columns)
	room := float64(inner - 2*cellPadding)
	for n > 1 && sum(least[:n])+cellGap*float64(n-1) > room {
		n--
	}
	widths := least[:n]
	widths[0] = min(widths[0], room)
	spare := room - sum(widths) - cellGap*float64(n-1)
	grow := func(i int, to float64) {
		more := min(max(to-widths[i], 0), spare)
		widths[i] += more
		spare -= more
	}
	for _, numbers := range []bool{true, false} {
		for i := range widths {
			if t.Columns[i].Number == numbers {
				grow(i, natural[i])
			}
		}
	}
	names := slices.IndexFunc(t.Columns[:n], func(h reports.Heading) bool { return !h.Number })
	grow(max(names, 0), room)
	return columns{widths, len(t.Columns) - n}
}

// columnWidths are the least and the natural width of a column. A heading may take two lines; of names the least is
// bounded.
func (l *layout) columnWidths(t reports.Table, rows [][]reports.Entry, i int) (least, natural float64) {
	for _, row := range rows {
		if i < len(row) {
			natural = max(natural, l.textWidth(row[i].Text, bodyStyle))
		}
	}
	if i < len(t.Total) {
		natural = max(natural, l.textWidth(t.Total[i].Text, strongStyle))
	}
	least = natural
	if !t.Columns[i].Number {
		least = min(natural, narrowest)
	}
	for _, word := range strings.Fields(t.Columns[i].Label) {
		least = max(least, min(l.textWidth(word, smallStyle), narrowest))
	}
	natural = max(natural, l.textWidth(t.Columns[i].Label, smallStyle))
	return math.Ceil(least) + 1, math.Ceil(natural) + 1
}

func sum(widths []float64) float64 {
	total := 0.0
	for _, w := range widths {
		total += w
	}
	return total
}
