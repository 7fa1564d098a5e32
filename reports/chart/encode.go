package chart

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
)

// encode writes a PNG of at most 256 colours. A card has some thirty inks and the soft edges of letters between
// them: the 256 most frequent colours, and for the others their nearest, cannot be told from the whole set, while the file is
// a quarter of the size and of the time.
func encode(img *image.RGBA) ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, reduce(img)); err != nil {
		return nil, fmt.Errorf("encode the picture: %w", err)
	}
	return b.Bytes(), nil
}

func reduce(img *image.RGBA) *image.Paletted {
	counts := map[uint32]int{}
	eachRun(img, func(c uint32, _, n int) { counts[c] += n })
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b uint32) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	kept := colours[:min(len(colours), 256)]
	index := make(map[uint32]uint8, len(colours))
	for i, c := range colours {
		if i >= len(kept) {
			i = nearest(kept, c)
		}
		index[c] = uint8(i)
	}
	inks := make(color.Palette, len(kept))
	for i, c := range kept {
		r, g, b := parts(c)
		inks[i] = color.RGBA{R: uint8(r), G: uint8(g), B: uint8(b), A: 255}
	}
	out := image.NewPaletted(img.Rect, inks)
	eachRun(img, func(c uint32, at, n int) {
		run, i := out.Pix[at:at+n], index[c]
		for j := range run {
			run[j] = i
		}
	})
	return out
}

// eachRun calls f with every stretch of one colour, from pixel number at on.
func eachRun(img *image.RGBA, f func(c uint32, at, n int)) {
	pixels, start := len(img.Pix)/4, 0
	colour := func(i int) uint32 { return binary.LittleEndian.Uint32(img.Pix[i*4:]) }
	run := colour(0)
	for i := 1; i < pixels; i++ {
		if c := colour(i); c != run {
			f(run, start, i-start)
			run, start = c, i
		}
	}
	f(run, start, pixels-start)
}

// parts are red, green and blue of an opaque colour.
func parts(c uint32) (r, g, b int) { return int(c & 255), int(c >> 8 & 255), int(c >> 16 & 255) }

func nearest(colours []uint32, c uint32) int {
	best, least := 0, 1<<30
	red, green, blue := parts(c)
	for i, k := range colours {
		r, g, b := parts(k)
		if d := (r-red)*(r-red) + (g-green)*(g-green) + (b-blue)*(b-blue); d < least {
			best, least = i, d
		}
	}
	return best
}
