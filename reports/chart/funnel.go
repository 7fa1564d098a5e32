package chart

import (
	"slices"

	"outboundbot/reports"
)

const (
	stepHeight = 36
	barHeight  = 22
	columnGap  = 20
)

// funnelColumns are the places of a funnel, in points: labels and bars from the left, three columns of numbers whose
// right ends are known.
type funnelColumns struct {
	labels                            float64 // width
	bar                               box     // of the longest bar; its y is not used
	n, first, previous                float64
	nWidth, firstWidth, previousWidth float64
}

// empty tells whether nothing was sent: there is nothing to draw a bar of.
func empty(f reports.Funnel) bool {
	return !slices.ContainsFunc(f.Steps, func(s reports.Step) bool { return s.N > 0 })
}

// funnel places a bar a step, each as long as its number of the largest step, which need not be the first: numbers
// are neither clamped nor reordered (MODEL 3). Where a step is larger than the one before, the words below say so.
func (l *layout) funnel(f reports.Funnel) {
	steps, out := f.Steps, 0
	if len(steps) > mostSteps {
		steps, out = steps[:mostSteps], len(steps)-mostSteps
	}
	if len(steps) == 0 {
		l.heading(f.Title, inner)
		l.line(l.y, l.lang.Say("chart.empty"), bodyStyle)
		l.y += 20
		return
	}
	c := l.funnelColumns(steps)
	l.heading(f.Title, c.first-c.firstWidth-columnGap-left)
	if f.Title == "" {
		l.y += 28
	}
	l.sayRight(c.first, l.y-13, c.firstWidth, l.lang.Say("chart.of_first"), smallStyle, l.ink.muted)
	l.sayRight(c.previous, l.y-13, c.previousWidth, l.lang.Say("chart.of_previous"), smallStyle, l.ink.muted)
	for i := range steps {
		l.step(steps, i, c)
		l.y += stepHeight
	}
	if out > 0 {
		l.line(l.y+8, l.more("card.more", out), smallStyle)
		l.y += 26
	}
	l.widenings(steps)
}

func (l *layout) funnelColumns(steps []reports.Step) funnelColumns {
	c := funnelColumns{
		firstWidth:    l.textWidth(l.lang.Say("chart.of_first"), smallStyle),
		previousWidth: l.textWidth(l.lang.Say("chart.of_previous"), smallStyle),
	}
	for _, s := range steps {
		c.labels = max(c.labels, l.textWidth(s.Label, bodyStyle))
		c.nWidth = max(c.nWidth, l.textWidth(l.lang.Int(s.N), strongStyle))
		c.firstWidth = max(c.firstWidth, l.textWidth(l.lang.Percent(s.OfFirst), bodyStyle))
		c.previousWidth = max(c.previousWidth, l.textWidth(l.lang.Percent(s.OfPrevious), bodyStyle))
	}
	// bounds that leave the bars at least 90 points
	c.labels, c.nWidth = min(c.labels, 160), min(c.nWidth, 150)
	c.firstWidth, c.previousWidth = min(c.firstWidth, 100), min(c.previousWidth, 100)
	c.previous = left + inner
	c.first = c.previous - c.previousWidth - columnGap
	c.n = c.first - c.firstWidth - columnGap
	c.bar.x = left + c.labels + 16
	c.bar.w = c.n - c.nWidth - 16 - c.bar.x
	return c
}

func (l *layout) step(steps []reports.Step, i int, c funnelColumns) {
	s, base := steps[i], l.y+stepHeight/2+6
	l.say(left, base, c.labels, s.Label, bodyStyle, l.ink.text)
	track := box{c.bar.x, l.y + (stepHeight-barHeight)/2, c.bar.w, barHeight}
	l.panel(track, 6, l.ink.track)
	largest := largest(steps)
	if largest == 0 {
		if i == 0 {
			l.say(track.x+10, base, track.w-20, l.lang.Say("chart.empty"), smallStyle, l.ink.muted)
		}
	} else {
		bar := track
		bar.w = barLength(s.N, largest, track.w)
		part := float64(i) / float64(max(len(steps)-1, 1))
		l.panel(bar, 6, between(l.ink.first, l.ink.last, part))
	}
	l.sayRight(c.n, base, c.nWidth, l.lang.Int(s.N), strongStyle, l.ink.text)
	l.sayRight(c.first, base, c.firstWidth, l.lang.Percent(s.OfFirst), bodyStyle, l.ink.text)
	if i > 0 {
		l.sayRight(c.previous, base, c.previousWidth, l.lang.Percent(s.OfPrevious), bodyStyle, l.ink.text)
	}
}

func largest(steps []reports.Step) int64 {
	var n int64
	for _, s := range steps {
		n = max(n, s.N)
	}
	return n
}

// barLength is the true share of the longest bar; what is not nothing shows at least as a hairline.
func barLength(n, largest int64, width float64) float64 {
	if n <= 0 || largest <= 0 {
		return 0
	}
	return max(width*float64(n)/float64(largest), 1)
}

// widenings says in words which steps are larger than the one before.
func (l *layout) widenings(steps []reports.Step) {
	for i := 1; i < len(steps); i++ {
		if before := steps[i-1]; steps[i].N > before.N {
			text := l.lang.Say("chart.wider", reports.Args{
				"Step": steps[i].Label, "Count": l.lang.Int(steps[i].N), "Before": before.Label, "CountBefore": l.lang.Int(before.N),
			})
			l.line(l.y+8, text, smallStyle)
			l.y += 24
		}
	}
}
