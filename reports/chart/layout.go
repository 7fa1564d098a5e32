package chart

import (
	"image/color"
	"slices"

	"outboundbot/reports"
)

// The grid, in points: everything stands on multiples of four.
const (
	margin  = 16 // around the card
	padding = 28 // inside it
	inner   = Width - 2*margin - 2*padding
	left    = margin + padding
	gap     = 28 // between blocks
	round   = 16 // corners of the card; tiles have 12
)

// Bounds of one part, so that no card makes a picture nobody can look at.
const (
	mostFigures = 12
	mostSteps   = 12
	mostRows    = 20
	mostNotes   = 6
	mostCode    = 16 // lines
)

var (
	titleStyle   = style{bold, 26}
	headingStyle = style{bold, 19}
	bodyStyle    = style{regular, 17}
	strongStyle  = style{bold, 17}
	smallStyle   = style{regular, 15.5}
	codeStyle    = style{mono, 14.5}
)

// layout places blocks one below the other. It works in points.
type layout struct {
	type_  *typesetter
	lang   *reports.Language
	ink    palette
	y      float64 // where the next block starts
	noted  float64 // where the last note ended
	shapes []shape
}

func newLayout(lang *reports.Language, theme Theme) (*layout, error) {
	t, err := newTypesetter()
	if err != nil {
		return nil, err
	}
	if lang == nil {
		lang = reports.Languages()[0]
	}
	return &layout{type_: t, lang: lang, ink: theme.palette(), y: margin + padding}, nil
}

// finish puts the card behind what was placed.
func (l *layout) finish() scene {
	height := l.y + padding
	card := box{margin, margin, Width - 2*margin, height - margin}
	ground := []shape{
		panel{card.inset(-1), round + 1, l.ink.edge},
		panel{card, round, l.ink.card},
	}
	return scene{Width, height + margin, l.ink.page, append(ground, l.shapes...)}
}

// card places a whole reply. Notes and footer find their place first: caveats are never what is left out.
func (l *layout) card(card reports.Card) {
	l.header(card)
	if len(card.Blocks) == 0 && card.Lead != "" {
		l.paragraph(card.Lead)
	}
	notes := slices.DeleteFunc(slices.Clone(card.Blocks), func(b reports.Block) bool { _, ok := b.(reports.Note); return !ok })
	kept := l.heightOf(func(l *layout) {
		l.blocks(notes, MaxHeight)
		l.leftOut(1)
		l.footer(card.Footer)
	})
	l.blocks(card.Blocks, MaxHeight-2*margin-padding-kept)
	l.footer(card.Footer)
}

// heightOf is what something would add, without placing it.
func (l *layout) heightOf(place func(*layout)) float64 {
	trial := *l
	trial.shapes = nil
	place(&trial)
	return trial.y - l.y
}

// blocks places what ends above a line, and all notes up to their number.
func (l *layout) blocks(blocks []reports.Block, bottom float64) {
	notes, out := 0, 0
	for _, block := range blocks {
		switch b := block.(type) {
		case reports.Actions:
		case reports.Note:
			if notes++; notes > mostNotes {
				out++
				continue
			}
			l.note(b)
		default:
			if !l.fits(b, bottom) {
				out++
			}
		}
	}
	if out > 0 {
		l.leftOut(out)
	}
}

// fits places a block if it ends above a line; of a table as many rows as do.
func (l *layout) fits(block reports.Block, bottom float64) bool {
	before := *l
	switch b := block.(type) {
	case reports.Metrics:
		l.metrics(b)
	case reports.Funnel:
		l.funnel(b)
	case reports.Code:
		l.code(b)
	case reports.Table:
		l.table(b, bottom)
	}
	if l.y <= bottom {
		return true
	}
	l.y, l.shapes = before.y, before.shapes
	return false
}

func (l *layout) leftOut(n int) {
	l.next(gap)
	l.line(l.y, inner, l.more("chart.parts", n), smallStyle)
	l.y += 20
}

// next leaves a distance to what stands above, if anything does.
func (l *layout) next(distance float64) {
	if l.y > margin+padding {
		l.y += distance
	}
}

// say places a text that starts at x, cut to a width, and tells where it ends.
func (l *layout) say(x, base, width float64, text string, s style, ink color.RGBA) float64 {
	text = l.type_.cut(text, s, width)
	w := l.type_.width(text, s)
	if text != "" {
		l.shapes = append(l.shapes, label{x, base, w, text, s, ink})
	}
	return x + w
}

// sayRight places a text that ends at x.
func (l *layout) sayRight(x, base, width float64, text string, s style, ink color.RGBA) {
	text = l.type_.cut(text, s, width)
	l.say(x-l.type_.width(text, s), base, width, text, s, ink)
}

// line places a quiet line at the left of the card, its top at y.
func (l *layout) line(y, width float64, text string, s style) {
	l.say(left, y+s.size*0.8, width, text, s, l.ink.muted)
}

func (l *layout) panel(b box, radius float64, ink color.RGBA) {
	if b.w > 0 && b.h > 0 {
		l.shapes = append(l.shapes, panel{b, radius, ink})
	}
}

// rule places a hairline.
func (l *layout) rule(y float64, ink color.RGBA) { l.panel(box{left, y, inner, 1}, 0, ink) }

// heading names a block.
func (l *layout) heading(title string, width float64) {
	l.next(gap)
	if title == "" {
		return
	}
	l.say(left, l.y+15, width, title, headingStyle, l.ink.text)
	l.y += 28
}

func (l *layout) paragraph(text string) {
	l.next(gap)
	for _, line := range l.type_.wrap(text, bodyStyle, inner, 8) {
		l.say(left, l.y+15, inner, line, bodyStyle, l.ink.text)
		l.y += 25
	}
}
