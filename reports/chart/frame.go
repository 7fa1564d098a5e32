package chart

import (
	"strings"
	"time"

	"outboundbot/reports"
)

// header places the sign, the title and the scope.
func (l *layout) header(card reports.Card) {
	const sign, beside = 46, 62
	l.sign(box{left, l.y, sign, sign})
	top := l.y
	titles := l.set.wrap(card.Title, titleStyle, inner-beside, 2)
	if len(titles) == 1 && len(card.Scope) == 0 {
		l.y += 8 // in the middle of the sign
	}
	for _, line := range titles {
		l.say(left+beside, l.y+20, inner-beside, line, titleStyle, l.ink.text)
		l.y += 32
	}
	for _, line := range l.scope(card.Scope, inner-beside) {
		l.say(left+beside, l.y+13, inner-beside, line, smallStyle, l.ink.muted)
		l.y += 22
	}
	l.y = max(l.y-4, top+sign)
}

// scope is the lines below the title, few enough that the figures stay in sight.
func (l *layout) scope(scope []string, width float64) []string {
	const most = 6
	var lines []string
	for i, s := range scope {
		wrapped := l.set.wrap(s, smallStyle, width, 2)
		if len(lines)+len(wrapped) > most {
			return append(lines, l.more("card.more", len(scope)-i))
		}
		lines = append(lines, wrapped...)
	}
	return lines
}

// sign is the product's mark: three bars that narrow.
func (l *layout) sign(b box) {
	l.panel(b, 12, l.ink.mark)
	for i, w := range []float64{26, 18, 10} {
		l.panel(box{b.x + (b.w-w)/2, b.y + 12 + float64(i)*8.5, w, 5}, 2.5, l.ink.onMark)
	}
}

// footer places the command, and how fresh and fast the answer is.
func (l *layout) footer(f reports.Footer) {
	facts := l.facts(f)
	if f.Command == "" && facts == "" {
		return
	}
	l.next(gap)
	l.rule(l.y, l.ink.rule)
	l.y += 16
	for _, line := range l.set.wrap(f.Command, codeStyle, inner, 4) {
		l.say(left, l.y+13, inner, line, codeStyle, l.ink.text)
		l.y += 21
	}
	if facts != "" {
		l.line(l.y+2, facts, smallStyle)
		l.y += 16
	}
}

func (l *layout) facts(f reports.Footer) string {
	var facts []string
	if f.DataTo != 0 {
		zone := f.Zone
		if zone == nil {
			zone = time.UTC
		}
		facts = append(facts, l.lang.Say("chart.data", reports.Args{"Time": l.lang.Moment(f.DataTo, zone)}))
	}
	if f.Elapsed > 0 {
		facts = append(facts, l.lang.Say("chart.elapsed", reports.Args{"Seconds": l.seconds(f.Elapsed.Seconds())}))
	}
	return strings.Join(facts, " · ")
}

// noted is where the last note ended: the next of its kind joins its panel.
type noted struct {
	y     float64
	kind  reports.NoteKind
	panel int // among the shapes
}

// note places a sentence beside a sign whose shape tells its kind.
func (l *layout) note(n reports.Note) {
	const text, step = 44, 23
	lines := l.set.wrap(strings.TrimLeft(n.Text, "⚠ℹ❗\ufe0f "), smallStyle, inner-text-16, 5)
	if len(lines) == 0 {
		return
	}
	top := l.notePanel(n.Kind, float64(len(lines))*step)
	l.noteSign(n.Kind, left+14, top)
	for i, line := range lines {
		l.say(left+text, top+16+float64(i)*step, inner-text-16, line, smallStyle, l.ink.text)
	}
}

// notePanel makes room for lines on a ground, and tells where they start.
func (l *layout) notePanel(kind reports.NoteKind, height float64) (top float64) {
	ground := l.ink.tile
	if kind == reports.Warning {
		ground = l.ink.caution
	}
	switch {
	case l.y == l.noted.y && kind == l.noted.kind:
		joined := l.shapes[l.noted.panel].(panel)
		joined.h += height + 8
		l.shapes[l.noted.panel] = joined
		top = l.y - 3
		l.y = joined.bottom()
	default:
		if l.y == l.noted.y {
			l.y += 12
		} else {
			l.next(gap)
		}
		l.noted = noted{kind: kind, panel: len(l.shapes)}
		l.panel(box{left, l.y, inner, height + 20}, 12, ground)
		top = l.y + 11
		l.y += height + 20
	}
	l.noted.y = l.y
	return top
}

// noteSign draws a triangle with ! for a caveat, a disc with i, ? or × for the others.
func (l *layout) noteSign(kind reports.NoteKind, x, y float64) {
	const size = 20
	letter, ink := "i", l.ink.info
	switch kind {
	case reports.Warning:
		l.shapes = append(l.shapes, polygon{[][2]float64{{x + size/2, y}, {x + size + 1, y + size}, {x - 1, y + size}}, l.ink.warning})
		l.centred(x+size/2, y+size-3, "!", style{bold, 14})
		return
	case reports.Wrong:
		letter, ink = "?", l.ink.wrong
	case reports.Fault:
		letter, ink = "×", l.ink.wrong
	}
	l.panel(box{x, y, size, size}, size/2, ink)
	l.centred(x+size/2, y+size-5, letter, style{bold, 14})
}

func (l *layout) centred(x, base float64, text string, s style) {
	w := l.set.width(text, s)
	l.say(x-w/2, base, w+1, text, s, l.ink.onSign)
}

// code places preformatted lines.
func (l *layout) code(c reports.Code) {
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(c.Text, "\t", "    "), "\n"), "\n")
	if out := len(lines) - mostCode; out > 0 {
		lines = append(lines[:mostCode:mostCode], l.more("card.more", out))
	}
	l.next(gap)
	b := box{left, l.y, inner, float64(len(lines))*21 + 24}
	l.panel(b, 12, l.ink.tile)
	for i, line := range lines {
		l.say(left+16, b.y+26+float64(i)*21, inner-32, line, codeStyle, l.ink.text)
	}
	l.y = b.bottom()
}
