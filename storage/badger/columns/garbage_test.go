package columns

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestGarbage damages values: reading them gives an error or other rows, and never a panic.
func TestGarbage(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	w := messyWorld(t, rng, 600)
	strange(rng, w.rows)
	e, err := Encode(w.rows)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3000 {
		values := slices.Clone(e.Values)
		for range 1 + rng.IntN(2) {
			column := rng.IntN(columnCount)
			values[column] = damaged(rng, values[column])
		}
		readAll(values)
		if round%500 == 0 {
			readAll(make([][]byte, columnCount))
		}
	}
}

func damaged(rng *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	if len(b) > 0 && b[0] == version && rng.IntN(2) == 0 { // a header: damage what is compressed
		r := reader{b: b[1:]}
		if inner := r.packed(); len(inner) > 0 {
			w := writer{b: []byte{version}}
			inner = slices.Clone(inner)
			inner[rng.IntN(len(inner))] = byte(rng.IntN(256))
			w.packed(inner)
			return w.b
		}
	}
	if len(b) == 0 {
		return []byte{byte(rng.IntN(256))}
	}
	switch rng.IntN(4) {
	case 0:
		return b[:rng.IntN(len(b))]
	case 1:
		return append(b, byte(rng.IntN(256)))
	case 2:
		b[rng.IntN(len(b))] = byte(rng.IntN(256))
	default:
		b[rng.IntN(min(8, len(b)))] ^= 1 << rng.IntN(8)
	}
	return b
}

func readAll(values [][]byte) {
	s, err := Open(func(column int) ([]byte, error) { return values[column], nil }, NewCache(1<<30))
	if err != nil {
		return
	}
	var last Row
	_ = s.All(nil, func(_ int, r *Row) error {
		last = *r
		return nil
	})
	_, _, _ = s.Find(&last)
}

func FuzzOpen(f *testing.F) {
	rng := rand.New(rand.NewPCG(6, 6))
	w := messyWorld(nil, rng, 300)
	e, err := Encode(w.rows)
	if err != nil {
		f.Fatal(err)
	}
	for column, v := range e.Values {
		f.Add(column, v)
	}
	f.Fuzz(func(_ *testing.T, column int, v []byte) {
		if column < 0 || column >= columnCount {
			return
		}
		values := slices.Clone(e.Values)
		values[column] = v
		readAll(values)
	})
}
