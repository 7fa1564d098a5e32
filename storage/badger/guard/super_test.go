package guard

import "testing"

// FuzzSuper: no file makes the superblock's reader panic, and what it takes for one is what it writes.
func FuzzSuper(f *testing.F) {
	s := Super{Totals: Totals{Sequence: 7, Events: 70, Sends: 12}, Format: 3, Clean: true, turn: 9}
	f.Add(s.encode())
	f.Add(append(make([]byte, slotStride), s.encode()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parse(b)
		if err != nil {
			return
		}
		if again, err := parse(got.encode()); err != nil || again != got {
			t.Errorf("%+v is read again as %+v, %v", got, again, err)
		}
	})
}
