package chart

import (
	"image/color"
	"math"
	"slices"

	"outboundbot/reports"
)

// spacing is how a table is set, in points.
type spacing struct {
	body, strong, head style
	row, headingLine   float64 // heights
	gap                float64 // between columns
	leading            float64 // the first column tells the rows apart: it is cut to this before others are left out
	narrowest          float64 // other names are cut to this
}

// bleed is how far stripes reach into the margin, so that all texts of a card share its edges.
const bleed = 12

// spacings are tried in turn until all columns have room.
func spacings() []spacing {
	return []spacing{
		{bodyStyle, strongStyle, smallStyle, 32, 19, 24, 230, 96},
		{style{regular, 15}, style{bold, 15}, style{regular, 14}, 29, 17, 16, 168, 84},
	}
}

// column is a column that is drawn, in points.
type column struct {
	reports.Heading
	index          int // in the table
	width, natural float64
}

// table places rows under headings. What does not fit above bottom, or goes beyond the bounds, is counted below it.
func (l *layout) table(t reports.Table, bottom float64) {
	l.heading(t.Title, l.w)
	if len(t.Columns) == 0 {
		return
	}
	rows := t.Rows[:min(len(t.Rows), mostRows)]
	list, s := l.columns(t, rows)
	spare := bottom - l.y - s.row - s.headingLine - 30 // headings, and the line that counts the rest
	if t.Total != nil {
		spare -= s.row
	}
	rows = rows[:max(min(len(rows), int(spare/s.row)), min(len(rows), 1))]
	l.headings(list, s)
	for i, row := range rows {
		if i%2 == 1 {
			l.panel(box{l.x - bleed, l.y, l.w + 2*bleed, s.row}, 8, l.ink.stripe)
		}
		l.row(list, row, s, s.body)
	}
	if t.Total != nil {
		l.rule(l.y, l.ink.rule)
		l.row(list, t.Total, s, s.strong)
	}
	l.rest(len(t.Rows)-len(rows)+t.Omitted, len(t.Columns)-len(list))
}

// narrow tells whether a table has room in half of the card, with names cut a little at most.
func (l *layout) narrow(t reports.Table) bool {
	s := spacings()[0]
	width := 0.0
	for i := range t.Columns {
		natural := l.column(t, t.Rows[:min(len(t.Rows), mostRows)], i, s).natural
		if i == 0 {
			natural = min(natural, 160)
		}
		width += natural + s.gap
	}
	return width-s.gap <= half
}

// rest says how much of a table is not drawn.
func (l *layout) rest(rows, columns int) {
	text := ""
	if rows > 0 {
		text = l.more("card.more", rows)
	}
	if columns > 0 {
		if text != "" {
			text += " · "
		}
		text += l.more("chart.columns", columns)
	}
	if text != "" {
		l.line(l.y+8, text, smallStyle)
		l.y += 28
	}
}

// headings stand on two lines where one is too narrow.
func (l *layout) headings(list []column, s spacing) {
	labels, lines := make([][]string, len(list)), 1
	for i, c := range list {
		labels[i] = l.set.wrap(c.Label, s.head, c.width, 2)
		lines = max(lines, len(labels[i]))
	}
	x := l.x
	for i, c := range list {
		first := l.y + s.row/2 + 3 + float64(lines-len(labels[i]))*s.headingLine
		for j, line := range labels[i] {
			l.cell(x, first+float64(j)*s.headingLine, c, line, s.head, l.ink.muted)
		}
		x += c.width + s.gap
	}
	l.y += s.row + float64(lines-1)*s.headingLine
	l.rule(l.y-2, l.ink.rule)
}

func (l *layout) row(list []column, row []reports.Entry, s spacing, text style) {
	x := l.x
	for _, c := range list {
		if c.index < len(row) {
			l.cell(x, l.y+s.row/2+6, c, row[c.index].Text, text, l.ink.text)
		}
		x += c.width + s.gap
	}
	l.y += s.row
}

func (l *layout) cell(x, base float64, c column, text string, s style, ink color.RGBA) {
	if c.Number {
		l.sayRight(x+c.width, base, c.width, text, s, ink)
	} else {
		l.say(x, base, c.width, text, s, ink)
	}
}

// columns finds the widest spacing with room for every column; if there is none, columns are left out of the tightest,
// minor ones first, then from the right.
func (l *layout) columns(t reports.Table, rows [][]reports.Entry) ([]column, spacing) {
	var list []column
	var s spacing
	for _, s = range spacings() {
		list = list[:0]
		for i := range t.Columns {
			list = append(list, l.column(t, rows, i, s))
		}
		if l.spare(list, s) >= 0 {
			break
		}
	}
	for len(list) > 1 && l.spare(list, s) < 0 {
		out := len(list) - 1
		for i := out; i > 0; i-- {
			if list[i].Minor {
				out = i
				break
			}
		}
		list = slices.Delete(list, out, out+1)
	}
	l.share(list, s)
	return list, s
}

// share gives out the width that is left: numbers have what they need already, since a cut number would be a wrong
// one; their headings come first, then names.
func (l *layout) share(list []column, s spacing) {
	list[0].width = min(list[0].width, l.w)
	for _, numbers := range []bool{true, false} {
		for i, c := range list {
			if c.Number == numbers {
				list[i].width += min(max(c.natural-c.width, 0), l.spare(list, s))
			}
		}
	}
	names := slices.IndexFunc(list, func(c column) bool { return !c.Number })
	list[max(names, 0)].width += l.spare(list, s)
}

// spare is the width that the columns leave, negative if they have too little.
func (l *layout) spare(list []column, s spacing) float64 {
	width := l.w - s.gap*float64(len(list)-1)
	for _, c := range list {
		width -= c.width
	}
	return width
}

// column measures a column: width is the least it can do with, natural what it would take. A heading may stand on two
// lines.
func (l *layout) column(t reports.Table, rows [][]reports.Entry, i int, s spacing) column {
	c := column{Heading: t.Columns[i], index: i}
	for _, row := range rows {
		if i < len(row) {
			c.natural = max(c.natural, l.textWidth(row[i].Text, s.body))
		}
	}
	if i < len(t.Total) {
		c.natural = max(c.natural, l.textWidth(t.Total[i].Text, s.strong))
	}
	switch c.width = c.natural; {
	case i == 0:
		c.width = min(c.natural, s.leading)
	case !c.Number:
		c.width = min(c.natural, s.narrowest)
	}
	for _, word := range words(l.set.clean(c.Label, s.head)) {
		c.width = max(c.width, min(l.textWidth(word, s.head), s.narrowest))
	}
	c.natural = max(c.natural, l.textWidth(c.Label, s.head))
	c.width, c.natural = math.Ceil(c.width)+1, math.Ceil(c.natural)+1
	return c
}
