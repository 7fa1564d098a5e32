package vault

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"outboundbot/storage"
)

func vault(t testing.TB, seed byte) *Vault {
	t.Helper()
	v, err := New(bytes.Repeat([]byte{seed}, masterSize))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// people makes persons of all ways, with mostly phones.
func people(n int) []Person {
	list := make([]Person, n)
	for i := range list {
		p := Person{Channel: []string{"WA", "WA", "FB", ""}[i%4], Contact: fmt.Sprint(5_215_500_000_000 + i*61_803), Key: NewKey()}
		switch i % 50 {
		case 1:
			p.Contact, p.Key = "", [16]byte{}
		case 2:
			p.Contact = "maria@example.com"
		case 3:
			p.Contact = "007"
		case 4:
			p.Contact = "18446744073709551615"
		case 5:
			p.Contact = "18446744073709551616"
		case 6:
			p.Contact = strings.Repeat("ü", 512)
		case 7:
			p.Erase()
		case 8:
			p.Contact = "0"
		}
		list[i] = p
	}
	return list
}

func TestPagesComeBackAsTheyWere(t *testing.T) {
	v := vault(t, 1)
	for _, n := range []int{0, 1, 8, 300, PageSize} {
		want := people(n)
		b, err := v.EncodePage(want)
		if err != nil {
			t.Fatal(err)
		}
		page, err := v.OpenPage(b)
		if err != nil || page.Len() != n {
			t.Fatalf("%d persons: %d, %v", n, page.Len(), err)
		}
		got, err := page.Persons()
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d persons: %v\n got %v\nwant %v", n, err, got, want)
		}
		for i, p := range want {
			key, err := page.Key(i)
			if none := p.Erased || p.Contact == ""; none != errors.Is(err, ErrNoKey) || !none && key != p.Key {
				t.Errorf("Key(%d) of %v: %v, %v", i, p, key, err)
			}
			for _, secret := range []string{p.Contact, string(p.Key[:])} {
				if len(secret) > 6 && secret != string(make([]byte, 16)) && bytes.Contains(b, []byte(secret)) {
					t.Errorf("%q stands in clear", secret)
				}
			}
		}
	}
	if _, err := v.EncodePage(people(PageSize + 1)); err == nil {
		t.Error("a page took too many persons")
	}
}

func TestErasedPersonIsGone(t *testing.T) {
	v := vault(t, 1)
	list := people(10)
	list[0].Erase()
	b, _ := v.EncodePage(list)
	page, err := v.OpenPage(b)
	if err != nil {
		t.Fatal(err)
	}
	channel, id, erased, err := page.Contact(0)
	if channel != "WA" || id != list[0].Token || !erased || err != nil || len(id) < 16 {
		t.Errorf("Contact: %q %q %v %v", channel, id, erased, err)
	}
}

func TestAnotherMasterKey(t *testing.T) {
	b, _ := vault(t, 1).EncodePage(people(3))
	if _, err := vault(t, 2).OpenPage(b); !errors.Is(err, ErrMaster) {
		t.Errorf("OpenPage: %v", err)
	}
	if err := vault(t, 2).Check(vault(t, 1).Mark()); !errors.Is(err, ErrMaster) {
		t.Errorf("Check: %v", err)
	}
	if err := vault(t, 1).Check(vault(t, 1).Mark()); err != nil {
		t.Errorf("Check of its own: %v", err)
	}
	x, y := vault(t, 1), vault(t, 2)
	if x.Hash(1, "a") == y.Hash(1, "a") || x.Loose(1, 2) == y.Loose(1, 2) || x.Token("WA", "1") == y.Token("WA", "1") {
		t.Error("what is made of two master keys is the same")
	}
	if x.Loose(1, 2) == x.Loose(2, 1) {
		t.Error("loose keys")
	}
	if x.Token("WA", "1") != storage.TokenOf(x.TokenSecret(), "WA", "1") {
		t.Error("tokens")
	}
}

// TestSipHash has the vectors of the paper: key 00 … 0f, messages of 0, 1 and 15 bytes counting from 00.
func TestSipHash(t *testing.T) {
	const k0, k1 = 0x0706050403020100, 0x0f0e0d0c0b0a0908
	message := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	for n, want := range map[int]uint64{0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 15: 0xa129ca6149be45e5} {
		if got := sipHash(k0, k1, message[:n]); got != want {
			t.Errorf("%d bytes: %x", n, got)
		}
	}
}

func TestHashTellsTextsApart(t *testing.T) {
	v := vault(t, 1)
	seen := map[uint64]string{}
	for _, s := range [][]string{{}, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"ab"}, {"a", "b"}, {strings.Repeat("x", 1000)}, {strings.Repeat("x", 1001)}} {
		for kind := range byte(3) {
			h := v.Hash(kind, s...)
			if other, ok := seen[h]; ok {
				t.Errorf("%d %q and %s are the same", kind, s, other)
			}
			seen[h] = fmt.Sprint(kind, s)
			if h != v.Hash(kind, s...) {
				t.Errorf("%q: not always the same", s)
			}
		}
	}
}

func TestMasterKeyFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "master.key")
	if _, err := Open("", file, false); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("made where there is data: %v", err)
	}
	first, err := Open("", file, true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open("", file, false)
	if err != nil || again.Hash(0, "a") != first.Hash(0, "a") {
		t.Errorf("read again: %v", err)
	}
	text, _ := os.ReadFile(file)
	info, _ := os.Stat(file)
	if info.Mode().Perm() != 0o600 || len(text) != 65 {
		t.Errorf("%v, %d bytes", info.Mode(), len(text))
	}
	given, err := Open(storage.Secret(text), filepath.Join(dir, "none"), false)
	if err != nil || given.Hash(0, "a") != first.Hash(0, "a") {
		t.Errorf("given: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("", file, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by others: %v", err)
	}
	for _, bad := range []string{"", "abc", hex.EncodeToString(make([]byte, 31)), hex.EncodeToString(make([]byte, 33)), strings.Repeat("x", 500)} {
		_ = os.Remove(file)
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open("", file, true); err == nil || !strings.Contains(err.Error(), "64 hex digits") {
			t.Errorf("%q: %v", bad, err)
		}
		if now, _ := os.ReadFile(file); string(now) != bad {
			t.Error("a file that is there was written over")
		}
	}
	if _, err := Open("abc", file, true); err == nil || strings.Contains(err.Error(), "abc") {
		t.Errorf("given abc: %v", err)
	}
	if _, err := Open("", filepath.Join(dir, "no", "such"), true); err == nil {
		t.Error("made in a folder that is not there")
	}
	if _, err := New(make([]byte, 31)); err == nil {
		t.Error("31 bytes")
	}
}

func TestDamagedPagesGiveErrors(t *testing.T) {
	v := vault(t, 1)
	b, _ := v.EncodePage(people(60))
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		x := slices.Clone(b)
		for range 1 + rng.IntN(3) {
			x[rng.IntN(len(x))] ^= byte(1 << rng.IntN(8))
		}
		if rng.IntN(8) == 0 {
			x = x[:rng.IntN(len(x))]
		}
		if page, err := v.OpenPage(x); err == nil {
			t.Fatalf("opened: %v", page.Len())
		}
	}
	if page, err := v.OpenPage(b); err != nil {
		t.Fatal(err)
	} else if _, _, _, err := page.Contact(60); err == nil {
		t.Error("Contact(60)")
	} else if _, err := page.Key(-1); err == nil {
		t.Error("Key(-1)")
	}
}

func BenchmarkHash(b *testing.B) {
	v := vault(b, 1)
	id := "wamid.0123456789ABCDEFGHIJKLMN"
	b.ReportAllocs()
	for b.Loop() {
		v.Hash(1, id)
	}
}

// phones are a page of contacts with 13 digits.
func phones() []Person {
	list := make([]Person, PageSize)
	for i := range list {
		list[i] = Person{Channel: "WA", Contact: fmt.Sprint(5_215_500_000_000 + i*61_803), Key: NewKey()}
	}
	return list
}

func BenchmarkEncodePage(b *testing.B) {
	v, list := vault(b, 1), phones()
	b.ReportAllocs()
	var page []byte
	for b.Loop() {
		page, _ = v.EncodePage(list)
	}
	b.ReportMetric(float64(len(page))/PageSize, "B/person")
}

func BenchmarkOpenPage(b *testing.B) {
	v := vault(b, 1)
	page, _ := v.EncodePage(phones())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.OpenPage(page); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkContact(b *testing.B) {
	v := vault(b, 1)
	encoded, _ := v.EncodePage(phones())
	page, _ := v.OpenPage(encoded)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, _, err := page.Contact(i % PageSize); err != nil {
			b.Fatal(err)
		}
	}
}
