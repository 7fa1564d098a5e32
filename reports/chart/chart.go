// Package chart draws cards as pictures: a whole reply, or its funnel alone, as a PNG for dense screens with a
// sentence that says the same to who cannot see it. It draws what the card says and adds no numbers of its own.
//
// A picture is made in three steps: a layout turns blocks into a scene of labels and panels with measured places,
// the scene is painted, and the pixels are encoded. Fonts are embedded; nothing is read or kept between pictures.
package chart

import (
	"fmt"
	"strings"

	"outboundbot/reports"
)

// Picture is a drawn card.
type Picture struct {
	PNG           []byte
	Width, Height int    // pixels, at two a point
	Alt           string // what the picture says, at most AltLength characters
}

// Limits of a picture. What goes beyond is not drawn, and the picture says how much it is.
const (
	Width     = 760  // points
	MaxHeight = 2000 // points
	AltLength = 1000 // characters; chats cut at about a thousand
)

// Card draws a reply: title, scope, figures, funnels, tables, notes and the command. Actions are left out, since a
// picture cannot be pressed; of the lead only Alt speaks, unless the card has nothing else.
func Card(card reports.Card, theme Theme) (Picture, error) {
	l, err := newLayout(card.Lang, theme)
	if err != nil {
		return Picture{}, err
	}
	l.card(card)
	return l.picture(altOfCard(card, l.lang))
}

// Funnel draws a funnel alone. A nil language is the default one.
func Funnel(f reports.Funnel, lang *reports.Language, theme Theme) (Picture, error) {
	l, err := newLayout(lang, theme)
	if err != nil {
		return Picture{}, err
	}
	l.funnel(f)
	return l.picture(altOfFunnel(f, l.lang))
}

func (l *layout) picture(alt string) (Picture, error) {
	s := l.finish()
	img := s.paint(l.set)
	data, err := encode(img)
	if err != nil {
		return Picture{}, err
	}
	return Picture{PNG: data, Width: img.Rect.Dx(), Height: img.Rect.Dy(), Alt: alt}, nil
}

func altOfCard(card reports.Card, lang *reports.Language) string {
	if card.Lead != "" {
		return short(card.Lead)
	}
	parts := append([]string{card.Title}, card.Scope...)
	for _, block := range card.Blocks {
		switch b := block.(type) {
		case reports.Metrics:
			for _, f := range b.Items {
				parts = append(parts, strings.TrimSpace(f.Label+" "+f.Value+" "+f.Share))
			}
		case reports.Funnel:
			parts = append(parts, altOfFunnel(b, lang))
		case reports.Note:
			parts = append(parts, b.Text)
		}
	}
	return short(strings.Join(parts, ". "))
}

func altOfFunnel(f reports.Funnel, lang *reports.Language) string {
	if empty(f) {
		return short(strings.TrimPrefix(f.Title+": "+lang.Say("chart.empty"), ": "))
	}
	steps := make([]string, len(f.Steps))
	for i, s := range f.Steps {
		steps[i] = s.Label + " " + lang.Int(s.N)
		if i > 0 {
			steps[i] = lang.Say("chart.alt.step", reports.Args{
				"Step": steps[i], "OfFirst": lang.Percent(s.OfFirst), "OfPrevious": lang.Percent(s.OfPrevious),
			})
		}
	}
	return short(strings.TrimPrefix(f.Title+": "+strings.Join(steps, "; "), ": "))
}

func short(s string) string {
	s = strings.ToValidUTF8(s, "")
	if r := []rune(s); len(r) > AltLength {
		return string(r[:AltLength-1]) + "…"
	}
	return s
}

// more says how many things are not drawn.
func (l *layout) more(id string, n int) string {
	return l.lang.Say(id, reports.Args{"N": n})
}

func (l *layout) seconds(d float64) string {
	return strings.Replace(fmt.Sprintf("%.2f", d), ".", l.lang.Say("number.decimals"), 1)
}
