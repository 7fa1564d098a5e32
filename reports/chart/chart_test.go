package chart

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"outboundbot/reports"
)

var update = flag.Bool("update", false, "write the golden pictures")

// differences are how far two pictures are apart, as mean absolute difference of a channel (0 to 255): over all, and
// in the worst square of 32 pixels, where one changed word shows.
func differences(a, b image.Image) (mean, worst float64) {
	const side = 32
	bounds := a.Bounds()
	total := 0.0
	for y := bounds.Min.Y; y < bounds.Max.Y; y += side {
		for x := bounds.Min.X; x < bounds.Max.X; x += side {
			square := image.Rect(x, y, x+side, y+side).Intersect(bounds)
			sum := 0.0
			for v := square.Min.Y; v < square.Max.Y; v++ {
				for u := square.Min.X; u < square.Max.X; u++ {
					sum += apart(a, b, u, v)
				}
			}
			total += sum
			worst = max(worst, sum/float64(square.Dx()*square.Dy()))
		}
	}
	return total / float64(bounds.Dx()*bounds.Dy()), worst
}

func apart(a, b image.Image, x, y int) float64 {
	r1, g1, b1, _ := a.At(x, y).RGBA()
	r2, g2, b2, _ := b.At(x, y).RGBA()
	d := func(p, q uint32) float64 { return max(float64(p)-float64(q), float64(q)-float64(p)) / 257 }
	return (d(r1, r2) + d(g1, g2) + d(b1, b2)) / 3
}

// alike allows for the rounding of other processors and newer rasterizers, not for another digit.
func alike(a, b image.Image) error {
	if a.Bounds() != b.Bounds() {
		return fmt.Errorf("size %v, want %v", a.Bounds().Max, b.Bounds().Max)
	}
	if mean, worst := differences(a, b); mean > 0.3 || worst > 5 {
		return fmt.Errorf("mean difference %.2f (at most 0.3), worst square %.2f (at most 5)", mean, worst)
	}
	return nil
}

func decode(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// pictures are drawn from what a golden file is named after.
func pictures() map[string]func() (Picture, error) {
	card := func(c reports.Card, theme Theme) func() (Picture, error) {
		return func() (Picture, error) { return Card(c, theme) }
	}
	funnel := func(theme Theme, counts ...int64) func() (Picture, error) {
		return func() (Picture, error) { return Funnel(steps("Funnel", counts...), nil, theme) }
	}
	return map[string]func() (Picture, error){
		"summary-light":   card(summary(), Light),
		"summary-dark":    card(summary(), Dark),
		"everything-dark": card(everything(), Dark),
		"funnel-dark":     funnel(Dark, 12480, 9871, 4105, 1623, 418),
		"funnel-widening": funnel(Light, 640, 120, 118, 331, 9),
		"funnel-empty":    funnel(Light, 0, 0, 0, 0, 0),
	}
}

func TestGolden(t *testing.T) {
	for name, draw := range pictures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := draw()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".png")
			if *update {
				if err := os.WriteFile(file, p.PNG, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := decode(t, p.PNG)
			if size := got.Bounds().Size(); size != image.Pt(p.Width, p.Height) || p.Width != Width*scale {
				t.Errorf("the picture is %v, said to be %d × %d", size, p.Width, p.Height)
			}
			if err := alike(got, decode(t, want)); err != nil {
				t.Error(err)
			}
		})
	}
}

// The tolerance must not hide a wrong digit.
func TestGoldenNotices(t *testing.T) {
	f := steps("Funnel", 12480, 9871, 4105, 1623, 418)
	right, err := Funnel(f, nil, Light)
	if err != nil {
		t.Fatal(err)
	}
	f.Steps[1].OfPrevious.Tenths++
	wrong, err := Funnel(f, nil, Light)
	if err != nil {
		t.Fatal(err)
	}
	if err := alike(decode(t, wrong.PNG), decode(t, right.PNG)); err == nil {
		t.Error("79.2 % passes for 79.1 %")
	}
}

func TestSameCardSamePicture(t *testing.T) {
	a, err := Card(summary(), Dark)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Card(summary(), Dark)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.PNG, b.PNG) {
		t.Error("two pictures of one card differ")
	}
}

func TestAlt(t *testing.T) {
	silent := summary()
	silent.Lead = ""
	long := summary()
	long.Lead = strings.Repeat("más ", 1000)
	for _, c := range []struct {
		name string
		card reports.Card
		want string
	}{
		{"lead", summary(), summary().Lead},
		{"figures without a lead", silent, "Sales 418 3.3 %. Funnel: Sent 12,480; Read 9,871 (79.1 % of the first, 79.1 % of the previous)"},
		{"caveat without a lead", silent, "640 sends are individual templates"},
		{"long", long, "…"},
	} {
		got := altOfCard(c.card, reports.Languages()[0])
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %q lacks %q", c.name, got, c.want)
		}
		if n := utf8.RuneCountInString(got); n > AltLength {
			t.Errorf("%s: %d characters", c.name, n)
		}
	}
	p, err := Funnel(steps("Funnel", 0, 0, 0, 0, 0), nil, Light)
	if err != nil {
		t.Fatal(err)
	}
	if p.Alt != "Funnel: no sends" {
		t.Errorf("alt of an empty funnel: %q", p.Alt)
	}
}

func BenchmarkCard(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Card(summary(), Light); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFunnel(b *testing.B) {
	f := steps("Funnel", 12480, 9871, 4105, 1623, 418)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Funnel(f, nil, Light); err != nil {
			b.Fatal(err)
		}
	}
}
