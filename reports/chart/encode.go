package chart

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
)

// encode writes a PNG of at most 256 colours. A card has some thirty inks and the soft edges of letters between
// them: the 256 most frequent colours, and for the others their nearest, cannot be told from the whole set, while the file is
// a quarter of the size and of the time.
func encode(img *image.RGBA) ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := e.Encode(&b, reduce(img)); err != nil {
		return nil, fmt.Errorf("encode the picture: %w", err)
	}
	return b.Bytes(), nil
}

func reduce(img *image.RGBA) *image.Paletted {
	counts := map[color.RGBA]int{}
	eachRun(img, func(c color.RGBA, _, n int) { counts[c] += n })
	colours := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(key(a), key(b)))
	})
	kept := make(color.Palette, min(len(colours), 256))
	for i := range kept {
		kept[i] = colours[i]
	}
	index := make(map[color.RGBA]uint8, len(colours))
	for i, c := range colours {
		if i < len(kept) {
			index[c] = uint8(i)
		} else {
			index[c] = uint8(nearest(colours[:len(kept)], c))
		}
	}
	out := image.NewPaletted(img.Rect, kept)
	eachRun(img, func(c color.RGBA, at, n int) {
		i := index[c]
		run := out.Pix[at : at+n]
		for j := range run {
			run[j] = i
		}
	})
	return out
}

// eachRun calls f with every stretch of one colour, from pixel number at on.
func eachRun(img *image.RGBA, f func(c color.RGBA, at, n int)) {
	pixels := len(img.Pix) / 4
	colour := func(i int) color.RGBA {
		p := img.Pix[i*4 : i*4+4 : i*4+4]
		return color.RGBA{R: p[0], G: p[1], B: p[2], A: p[3]}
	}
	for at := 0; at < pixels; {
		c, end := colour(at), at+1
		for end < pixels && colour(end) == c {
			end++
		}
		f(c, at, end-at)
		at = end
	}
}

func key(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }

func nearest(colours []color.RGBA, c color.RGBA) int {
	best, least := 0, 1<<30
	for i, k := range colours {
		r, g, b := int(k.R)-int(c.R), int(k.G)-int(c.G), int(k.B)-int(c.B)
		if d := r*r + g*g + b*b; d < least {
			best, least = i, d
		}
	}
	return best
}
