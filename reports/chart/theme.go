package chart

import "image/color"

// Theme decides the colours of a picture.
type Theme uint8

// The themes.
const (
	Light Theme = iota
	Dark
)

// Themes lists the themes.
func Themes() []Theme { return []Theme{Light, Dark} }

func (t Theme) String() string {
	if t == Dark {
		return "dark"
	}
	return "light"
}

// palette is the inks of a theme. Text and muted have a contrast of at least 4.5 on every ground, so that a picture
// scaled down to a phone stays readable.
type palette struct {
	page, card, tile, track, stripe color.RGBA // grounds
	edge, rule                      color.RGBA // hairlines
	text, muted                     color.RGBA
	mark, onMark                    color.RGBA // the sign beside the title
	first, last                     color.RGBA // bars of a funnel, from its first to its last step
	info, warning, wrong            color.RGBA // signs of notes
	onSign                          color.RGBA
	caution                         color.RGBA // ground of a note that must be read
}

func (t Theme) palette() palette {
	if t == Dark {
		return palette{
			page: rgb(0x0f1216), card: rgb(0x1a1e24), tile: rgb(0x232932), track: rgb(0x262c36), stripe: rgb(0x1f242b),
			edge: rgb(0x2e3540), rule: rgb(0x363e4a),
			text: rgb(0xeef1f5), muted: rgb(0xa3adba),
			mark: rgb(0x6d7cf5), onMark: rgb(0xffffff),
			first: rgb(0x6d7cf5), last: rgb(0x2fbf9b),
			info: rgb(0x7f8b9a), warning: rgb(0xf0b429), wrong: rgb(0xf0716f), onSign: rgb(0x1a1e24),
			caution: rgb(0x2d2a20),
		}
	}
	return palette{
		page: rgb(0xedf0f5), card: rgb(0xffffff), tile: rgb(0xf4f6fa), track: rgb(0xeef1f6), stripe: rgb(0xf9fafc),
		edge: rgb(0xdde2ea), rule: rgb(0xd5dbe4),
		text: rgb(0x171c26), muted: rgb(0x5a6575),
		mark: rgb(0x4855d9), onMark: rgb(0xffffff),
		first: rgb(0x4855d9), last: rgb(0x14a07c),
		info: rgb(0x6b7789), warning: rgb(0xb7770b), wrong: rgb(0xc93c3a), onSign: rgb(0xffffff),
		caution: rgb(0xfdf6e3),
	}
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// between mixes two inks: part 0 is a, 1 is b.
func between(a, b color.RGBA, part float64) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*part + 0.5) }
	return color.RGBA{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 255}
}
