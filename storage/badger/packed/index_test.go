package packed

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func indexed(entries []indexEntry) ([]byte, [][]byte) {
	var b IndexBuilder
	for _, e := range entries {
		b.Add(e.hash, e.block)
	}
	return b.Finish()
}

func opened(t testing.TB, directory []byte, pages [][]byte) *Index {
	t.Helper()
	x, err := OpenIndex(directory, func(page int) ([]byte, error) { return pages[page], nil })
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestLookupFindsEveryBlock(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 17, 127, 128, 129, 3000, 100_000} {
		entries := make([]indexEntry, n)
		want := map[uint64][]uint32{}
		for i := range entries {
			entries[i] = indexEntry{rng.Uint64(), rng.Uint32N(uint32(n/50 + 1))}
			if i > 0 && rng.IntN(10) == 0 {
				entries[i].hash = entries[rng.IntN(i)].hash
			}
			if i == 5 {
				entries[0].hash, entries[1].hash = 0, 1<<64-1
			}
		}
		for _, e := range entries {
			want[e.hash] = append(want[e.hash], e.block)
		}
		directory, pages := indexed(entries)
		x := opened(t, directory, pages)
		false1, size := 0, 0
		for _, p := range pages {
			if size += len(p); len(p) > pageBytes {
				t.Errorf("%d entries: a page of %d bytes", n, len(p))
			}
		}
		for hash, blocks := range want {
			got := looked(t, x, hash)
			for _, b := range blocks {
				if !slices.Contains(got, b) {
					t.Fatalf("%d entries: %x is not found in %d", n, hash, b)
				}
			}
		}
		for range 100_000 {
			false1 += len(looked(t, x, rng.Uint64()))
		}
		if false1 > 100_000>>13 {
			t.Errorf("%d entries: %d in 100,000 are found that are not there", n, false1)
		}
		if n >= 3000 {
			t.Logf("%d entries, %d pages, %.1f bits an entry, %d false in 100,000", n, len(pages), float64(size*8)/float64(n), false1)
		}
	}
}

func looked(t testing.TB, x *Index, hash uint64) (blocks []uint32) {
	t.Helper()
	err := x.Lookup(hash, func(b uint32) bool {
		blocks = append(blocks, b)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestOneHashInManyBlocks(t *testing.T) {
	var entries []indexEntry
	for i := range 30_000 {
		entries = append(entries, indexEntry{77, uint32(i)}, indexEntry{77, uint32(i)}, indexEntry{uint64(i) << 49, 5})
	}
	directory, pages := indexed(entries)
	got := looked(t, opened(t, directory, pages), 77)
	if len(got) != 30_000 {
		t.Errorf("%d blocks", len(got))
	}
	n := 0
	_ = opened(t, directory, pages).Lookup(77, func(uint32) bool { n++; return n < 10 })
	if n != 10 {
		t.Errorf("asked to stop after 10, stopped after %d", n)
	}
}

func TestDamagedIndexesGiveErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	entries := make([]indexEntry, 2000)
	for i := range entries {
		entries[i] = indexEntry{rng.Uint64(), uint32(i)}
	}
	directory, pages := indexed(entries)
	damage(rng, pages[0], func(b []byte) {
		x := opened(t, directory, [][]byte{b})
		for range 300 {
			_ = x.Lookup(rng.Uint64(), func(uint32) bool { return true })
		}
	})
	damage(rng, directory, func(b []byte) { _, _ = OpenIndex(b, nil) })
}

func BenchmarkIndexBuild(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 4))
	entries := make([]indexEntry, 1_000_000)
	for i := range entries {
		entries[i] = indexEntry{rng.Uint64(), rng.Uint32N(1000)}
	}
	b.ReportAllocs()
	for b.Loop() {
		indexed(entries)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(entries)), "ns/add")
}

func BenchmarkLookup(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 4))
	entries := make([]indexEntry, 1_000_000)
	for i := range entries {
		entries[i] = indexEntry{rng.Uint64(), rng.Uint32N(1000)}
	}
	directory, pages := indexed(entries)
	x := opened(b, directory, pages)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := x.Lookup(entries[i%len(entries)].hash, func(uint32) bool { return true }); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}
