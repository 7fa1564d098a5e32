package chart

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// scale is pixels a point: pictures are for dense screens.
const scale = 2

// scene is what a picture shows, in points, the first shape at the bottom.
type scene struct {
	width, height float64
	ground        color.RGBA
	shapes        []shape
}

// shape is a panel, a polygon or a label.
type shape interface {
	bounds() box
	paint(img *image.RGBA, t *typesetter)
}

type box struct{ x, y, w, h float64 }

func (b box) right() float64  { return b.x + b.w }
func (b box) bottom() float64 { return b.y + b.h }

func (b box) inset(d float64) box { return box{b.x + d, b.y + d, b.w - 2*d, b.h - 2*d} }

// panel is a filled rectangle with round corners: cards, tiles, bars, hairlines and discs.
type panel struct {
	box
	radius float64
	ink    color.RGBA
}

// polygon is a filled shape with straight sides.
type polygon struct {
	points [][2]float64
	ink    color.RGBA
}

// label is a line of text that starts at x on a baseline.
type label struct {
	x, base, width float64
	text           string
	style          style
	ink            color.RGBA
}

func (p panel) bounds() box { return p.box }

func (p polygon) bounds() box {
	b := box{x: math.Inf(1), y: math.Inf(1)}
	right, bottom := math.Inf(-1), math.Inf(-1)
	for _, at := range p.points {
		b.x, b.y = min(b.x, at[0]), min(b.y, at[1])
		right, bottom = max(right, at[0]), max(bottom, at[1])
	}
	b.w, b.h = right-b.x, bottom-b.y
	return b
}

// bounds reach from the top of capitals to the foot of descenders.
func (l label) bounds() box {
	return box{l.x, l.base - 0.74*l.style.size, l.width, 0.95 * l.style.size}
}

func (s scene) paint(t *typesetter) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, pixel(s.width), pixel(s.height)))
	draw.Draw(img, img.Bounds(), image.NewUniform(s.ground), image.Point{}, draw.Src)
	for _, shape := range s.shapes {
		shape.paint(img, t)
	}
	return img
}

func pixel(points float64) int { return int(math.Round(points * scale)) }

func (p panel) paint(img *image.RGBA, _ *typesetter) {
	area := image.Rect(pixel(p.x), pixel(p.y), pixel(p.right()), pixel(p.bottom()))
	r := min(pixel(p.radius), area.Dx()/2, area.Dy()/2)
	fill := image.NewUniform(p.ink)
	if r <= 0 {
		draw.Draw(img, area, fill, image.Point{}, draw.Src)
		return
	}
	draw.Draw(img, image.Rect(area.Min.X, area.Min.Y+r, area.Max.X, area.Max.Y-r), fill, image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(area.Min.X+r, area.Min.Y, area.Max.X-r, area.Min.Y+r), fill, image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(area.Min.X+r, area.Max.Y-r, area.Max.X-r, area.Max.Y), fill, image.Point{}, draw.Src)
	for y := range r {
		for x := range r {
			far := math.Hypot(float64(r-x)-0.5, float64(r-y)-0.5)
			cover := min(max(float64(r)-far+0.5, 0), 1)
			left, right, top, bottom := area.Min.X+x, area.Max.X-1-x, area.Min.Y+y, area.Max.Y-1-y
			blend(img, left, top, p.ink, cover)
			blend(img, right, top, p.ink, cover)
			blend(img, left, bottom, p.ink, cover)
			blend(img, right, bottom, p.ink, cover)
		}
	}
}

// blend lays an ink over one pixel of an opaque picture.
func blend(img *image.RGBA, x, y int, ink color.RGBA, cover float64) {
	if cover > 0 && (image.Point{X: x, Y: y}).In(img.Rect) {
		img.SetRGBA(x, y, between(img.RGBAAt(x, y), ink, cover))
	}
}

func (p polygon) paint(img *image.RGBA, _ *typesetter) {
	b := p.bounds()
	area := image.Rect(pixel(b.x), pixel(b.y), pixel(b.right())+1, pixel(b.bottom())+1)
	z := vector.NewRasterizer(area.Dx(), area.Dy())
	for i, at := range p.points {
		x, y := float32(at[0]*scale)-float32(area.Min.X), float32(at[1]*scale)-float32(area.Min.Y)
		if i == 0 {
			z.MoveTo(x, y)
		} else {
			z.LineTo(x, y)
		}
	}
	z.ClosePath()
	z.Draw(img, area, image.NewUniform(p.ink), image.Point{})
}

func (l label) paint(img *image.RGBA, t *typesetter) {
	d := font.Drawer{
		Dst: img, Src: image.NewUniform(l.ink), Face: t.face(l.style),
		Dot: fixed.Point26_6{X: fixed.Int26_6(math.Round(l.x * scale * 64)), Y: fixed.I(pixel(l.base))},
	}
	d.DrawString(l.text)
}
