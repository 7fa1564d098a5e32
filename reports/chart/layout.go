package chart

import (
	"image/color"

	"outboundbot/reports"
)

// The grid, in points: everything stands on multiples of four.
const (
	margin  = 16 // around the card
	padding = 28 // inside it
	inner   = Width - 2*margin - 2*padding
	left    = margin + padding
	gap     = 28               // between blocks
	half    = (inner - 40) / 2 // width of one of two tables
	round   = 16               // corners of the card; tiles have 12
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
	set    *typesetter
	lang   *reports.Language
	ink    palette
	x, w   float64 // the strip that blocks stand in: the whole card or half of it
	y      float64 // where the next block starts
	noted  noted
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
	return &layout{set: t, lang: lang, ink: theme.palette(), x: left, w: inner, y: margin + padding}, nil
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
	kept := l.heightOf(func(l *layout) {
		l.notes(card.Blocks)
		l.leftOut(1)
		l.footer(card.Footer)
	})
	l.blocks(card.Blocks, MaxHeight-2*margin-padding-kept)
	l.footer(card.Footer)
}

// notes places the notes of a card alone, as far apart as they will be between its other blocks.
func (l *layout) notes(blocks []reports.Block) {
	notes := 0
	for _, block := range blocks {
		switch b := block.(type) {
		case reports.Actions:
		case reports.Note:
			if notes++; notes <= mostNotes {
				l.note(b)
			}
		default:
			l.noted = noted{}
		}
	}
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
	for i := 0; i < len(blocks); i++ {
		switch b := blocks[i].(type) {
		case reports.Actions:
		case reports.Note:
			if notes++; notes > mostNotes {
				out++
				continue
			}
			l.note(b)
		default:
			if l.fitsBeside(blocks[i:], bottom) {
				i++
			} else if !l.fits(b, bottom) {
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

// fitsBeside places two narrow tables beside each other if both end above a line.
func (l *layout) fitsBeside(blocks []reports.Block, bottom float64) bool {
	if len(blocks) < 2 {
		return false
	}
	a, isTable := blocks[0].(reports.Table)
	b, isTableToo := blocks[1].(reports.Table)
	if !isTable || !isTableToo || !l.narrow(a) || !l.narrow(b) {
		return false
	}
	before := *l
	l.w = half
	placed := l.fits(a, bottom)
	end := l.y
	l.x, l.y = left+inner-half, before.y
	placed = placed && l.fits(b, bottom)
	l.y = max(end, l.y)
	if !placed {
		*l = before
	}
	l.x, l.w = before.x, before.w
	return placed
}

func (l *layout) leftOut(n int) {
	l.next(gap)
	l.line(l.y, l.more("chart.parts", n), smallStyle)
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
	text = l.set.cut(text, s, width)
	w := l.set.width(text, s)
	if text != "" {
		l.shapes = append(l.shapes, label{x, base, w, text, s, ink})
	}
	return x + w
}

// sayRight places a text that ends at x.
func (l *layout) sayRight(x, base, width float64, text string, s style, ink color.RGBA) {
	text = l.set.cut(text, s, width)
	l.say(x-l.set.width(text, s), base, width, text, s, ink)
}

// line places a quiet line, its top at y.
func (l *layout) line(y float64, text string, s style) {
	l.say(l.x, y+s.size*0.8, l.w, text, s, l.ink.muted)
}

func (l *layout) panel(b box, radius float64, ink color.RGBA) {
	if b.w > 0 && b.h > 0 {
		l.shapes = append(l.shapes, panel{b, radius, ink})
	}
}

// rule places a hairline.
func (l *layout) rule(y float64, ink color.RGBA) { l.panel(box{l.x, y, l.w, 1}, 0, ink) }

// heading names a block.
func (l *layout) heading(title string, width float64) {
	l.next(gap)
	if title == "" {
		return
	}
	l.say(l.x, l.y+15, width, title, headingStyle, l.ink.text)
	l.y += 28
}

func (l *layout) paragraph(text string) {
	l.next(gap)
	for _, line := range l.set.wrap(text, bodyStyle, inner, 8) {
		l.say(left, l.y+15, inner, line, bodyStyle, l.ink.text)
		l.y += 25
	}
}
