package chart

import (
	"slices"

	"outboundbot/reports"
)

// Tiles of headline figures, in points.
const (
	tileGap     = 12
	tilePadding = 16
)

// metrics places headline figures as tiles, three a row; all of one grid have the same size of figure.
func (l *layout) metrics(m reports.Metrics) {
	items, out := m.Items, 0
	if len(items) > mostFigures {
		items, out = items[:mostFigures], len(items)-mostFigures
	}
	if len(items) == 0 {
		return
	}
	columns := 3
	if len(items) == 2 || len(items) == 4 {
		columns = 2
	}
	w := (inner - tileGap*float64(columns-1)) / float64(columns)
	size, stacked := l.figureSize(items, w-2*tilePadding)
	h := 88.0
	if stacked {
		h = 112
	}
	l.next(gap)
	for i, f := range items {
		column, row := float64(i%columns), float64(i/columns)
		l.figure(f, box{left + column*(w+tileGap), l.y + row*(h+tileGap), w, h}, style{bold, size}, stacked)
	}
	rows := float64((len(items) + columns - 1) / columns)
	l.y += rows*(h+tileGap) - tileGap
	l.below(m.Base, out)
}

// below says under the tiles what percentages are of, and how many figures are not drawn.
func (l *layout) below(base string, out int) {
	text := base
	if out > 0 {
		text = l.more("card.more", out)
		if base != "" {
			text += " · " + base
		}
	}
	if text != "" {
		l.line(l.y+10, text, smallStyle)
		l.y += 26
	}
}

var shareStyle = style{regular, 18}

// figureSize is the largest size at which each figure and its share stand on one line; if there is none, shares go
// below the figures.
func (l *layout) figureSize(items []reports.Figure, width float64) (size float64, stacked bool) {
	for _, size := range []float64{34, 32, 30, 28} {
		if !slices.ContainsFunc(items, func(f reports.Figure) bool { return l.lineWidth(f, size) > width }) {
			return size, false
		}
	}
	for _, size := range []float64{32, 28, 24, 20} {
		if !slices.ContainsFunc(items, func(f reports.Figure) bool { return l.textWidth(f.Value, style{bold, size}) > width }) {
			return size, shared(items)
		}
	}
	return 18, shared(items)
}

func shared(items []reports.Figure) bool {
	return slices.ContainsFunc(items, func(f reports.Figure) bool { return f.Share != "" })
}

func (l *layout) lineWidth(f reports.Figure, size float64) float64 {
	w := l.textWidth(f.Value, style{bold, size})
	if f.Share != "" {
		w += 10 + l.textWidth(f.Share, shareStyle)
	}
	return w
}

func (l *layout) textWidth(text string, s style) float64 {
	return l.set.width(l.set.clean(text, s), s)
}

func (l *layout) figure(f reports.Figure, b box, s style, stacked bool) {
	l.panel(b, 12, l.ink.tile)
	x, w := b.x+tilePadding, b.w-2*tilePadding
	l.say(x, b.y+29, w, f.Label, smallStyle, l.ink.muted)
	end := l.say(x, b.y+68, w, f.Value, s, l.ink.text)
	switch {
	case f.Share == "":
	case stacked:
		l.say(x, b.y+96, w, f.Share, shareStyle, l.ink.muted)
	default:
		l.say(end+10, b.y+68, w-(end-x)-10, f.Share, shareStyle, l.ink.muted)
	}
}
