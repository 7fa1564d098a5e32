package main

import (
	"bytes"
	"image"
	_ "image/png"
	"testing"
)

// pictureDifference is the mean difference of two pictures' channels, 255 for pictures of different size.
func pictureDifference(t *testing.T, a, b []byte) float64 {
	t.Helper()
	decode := func(content []byte) image.Image {
		picture, _, err := image.Decode(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		return picture
	}
	p, q := decode(a), decode(b)
	if p.Bounds() != q.Bounds() {
		return 255
	}
	var total, n float64
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y += 2 {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x += 2 {
			r1, g1, b1, _ := p.At(x, y).RGBA()
			r2, g2, b2, _ := q.At(x, y).RGBA()
			for _, d := range []int{int(r1>>8) - int(r2>>8), int(g1>>8) - int(g2>>8), int(b1>>8) - int(b2>>8)} {
				total += float64(max(d, -d))
				n++
			}
		}
	}
	return total / n
}
