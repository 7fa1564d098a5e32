package packed

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"outboundbot/storage/storagetest"
)

// damage opens a block with flipped, cut or added bytes and uses what opens.
func damage(rng *rand.Rand, block []byte, use func([]byte)) {
	for range 200 {
		b := slices.Clone(block)
		for range 1 + rng.IntN(3) {
			b[rng.IntN(len(b))] ^= byte(1 << rng.IntN(8))
		}
		switch rng.IntN(10) {
		case 0:
			b = b[:rng.IntN(len(b))]
		case 1:
			b = append(b, byte(rng.Uint32()))
		}
		use(b)
	}
}

func TestDamagedBlocksGiveErrors(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 9))
		mess := storagetest.NewMess(rng, 20)
		mess.Batch(20 + int(seed)*80)
		bundles, keys := grouped(rng, normal(mess.Events()))
		damage(rng, built(t, 1, keys, bundles), func(b []byte) {
			use(t, b, keys)
		})
	}
}

// use reads all that a damaged block lets be read, and sees that it takes no more memory than it should.
func use(t *testing.T, block []byte, keys Keys) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	opened, err := Open(block, 1, keys)
	if err == nil {
		_ = opened.Each(func(Bundle) error { return nil })
		for _, c := range opened.Components()[:min(50, len(opened.Components()))] {
			_, _, _ = opened.Find(c)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 3*roomFor(len(block))+64<<20 {
		t.Errorf("a block of %d bytes took %d", len(block), n)
	}
}

// TestDamagedColumnsGiveErrors damages what compression hides: one column of a block, packed again.
func TestDamagedColumnsGiveErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	bundles, keys := grouped(rng, odd(rng, 150))
	block := built(t, 1, keys, bundles)
	in := cursor{b: block}
	for range 6 {
		in.code()
	}
	var whole [columns][]byte
	rest, err := readColumns(block[in.i:], &whole)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		all := whole
		k := rng.IntN(columns)
		if len(all[k]) == 0 {
			continue
		}
		all[k] = slices.Clone(all[k])
		switch rng.IntN(4) {
		case 0:
			all[k] = all[k][:rng.IntN(len(all[k]))]
		case 1:
			all[k] = append(all[k], all[k]...)
		default:
			all[k][rng.IntN(len(all[k]))] = byte(rng.Uint32())
		}
		use(t, append(appendColumns(slices.Clone(block[:in.i]), &all, true), rest...), keys)
	}
}
