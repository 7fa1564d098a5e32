package guard_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"outboundbot/storage/badger/guard"
)

func TestEnvelope(t *testing.T) {
	key := []byte("e\x00\x00\x00\x01")
	for _, payload := range [][]byte{nil, {7}, bytes.Repeat([]byte("block"), 4000)} {
		value := guard.Seal(nil, 'e', key, 4096, payload)
		if len(value) != guard.Header+len(payload) {
			t.Fatalf("%d bytes around %d", len(value), len(payload))
		}
		got, rows, err := guard.Unseal('e', key, value)
		if err != nil || rows != 4096 || !bytes.Equal(got, payload) {
			t.Fatalf("%d bytes, %d rows, %v", len(got), rows, err)
		}
		if guard.Kind(value) != 'e' {
			t.Error("it does not say its kind")
		}
		after := guard.Seal([]byte("before"), 'e', key, 4096, payload)
		if !bytes.Equal(after[6:], value) {
			t.Error("appended it is another")
		}
		var damage *guard.Damage
		if _, _, err := guard.Unseal('f', key, value); !errors.As(err, &damage) || damage.Kind != 'f' {
			t.Errorf("as another kind: %v", err)
		}
		if _, _, err := guard.Unseal('e', []byte("e\x00\x00\x00\x02"), value); !errors.As(err, &damage) || !strings.Contains(err.Error(), "6500000002") {
			t.Errorf("under another key: %v", err)
		}
	}
}

// TestEnvelopeDamage: every flipped bit, every cut and every run of zeroes is noticed.
func TestEnvelopeDamage(t *testing.T) {
	key := []byte("key")
	payload := make([]byte, 200)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(payload)
	value := guard.Seal(nil, 'r', key, 12, payload)
	refused := func(what string, at int, damaged []byte) {
		t.Helper()
		var damage *guard.Damage
		if _, _, err := guard.Unseal('r', key, damaged); !errors.As(err, &damage) {
			t.Errorf("%s at %d: %v", what, at, err)
		}
	}
	for i := range value {
		for bit := range 8 {
			flipped := bytes.Clone(value)
			flipped[i] ^= 1 << bit
			refused("flip", i, flipped)
		}
		refused("cut", i, value[:i])
		if zeroed := bytes.Clone(value); i+2 <= len(value) && (zeroed[i] != 0 || zeroed[i+1] != 0) {
			clear(zeroed[i : i+2])
			refused("zeroes", i, zeroed)
		}
	}
	refused("more", len(value), append(bytes.Clone(value), 0))
}

func FuzzUnseal(f *testing.F) {
	f.Add([]byte("k"), guard.Seal(nil, 'e', []byte("k"), 1, []byte("payload")))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		payload, rows, err := guard.Unseal('e', key, value)
		if err == nil && !bytes.Equal(guard.Seal(nil, 'e', key, rows, payload), value) {
			t.Error("what it accepts is not what it makes")
		}
	})
}

func BenchmarkUnseal(b *testing.B) {
	key := []byte("e\x00\x00\x00\x01")
	for _, size := range []struct {
		name string
		n    int
	}{{"256B", 256}, {"16KiB", 16 << 10}, {"256KiB", 256 << 10}} {
		value := guard.Seal(nil, 'e', key, 1, make([]byte, size.n))
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := guard.Unseal('e', key, value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	key, payload := []byte("e\x00\x00\x00\x01"), make([]byte, 16<<10)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		guard.Seal(nil, 'e', key, 1, payload)
	}
}
