package guard_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/guard"
)

var damages = flag.Int("damages", 100, "how many damaged stores TestDamage opens")

// content reads every event of a store by its name and checks its envelope; the store says how many there are.
func (s *store) content() (values int, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		for n := uint64(1); n <= s.sequence(); n++ {
			for i := range 10 {
				key := fmt.Appendf(nil, "event %d %d", n, i)
				item, err := txn.Get(key)
				if err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
				value, err := item.ValueCopy(nil)
				if err != nil {
					return err
				}
				payload, _, err := guard.Unseal('e', key, value)
				if err != nil {
					return err
				}
				if binary.BigEndian.Uint64(payload) != n {
					return fmt.Errorf("%s is served wrong", key)
				}
				values++
			}
		}
		return nil
	})
	return values, err
}

// harm damages a file in one of four ways and says how.
func harm(rng *rand.Rand, path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	used := len(b)
	for used > 0 && b[used-1] == 0 {
		used--
	}
	at := 0
	if used > 0 {
		at = rng.IntN(used)
	}
	how := ""
	switch rng.IntN(4) {
	case 0:
		if used > 0 {
			b[at] ^= 1 << rng.IntN(8)
		}
		how = fmt.Sprintf("flip at %d of %d", at, len(b))
	case 1:
		b, how = b[:at], fmt.Sprintf("cut at %d of %d", at, len(b))
	case 2:
		clear(b[at:min(len(b), at+1+rng.IntN(4096))])
		how = fmt.Sprintf("zeroes at %d of %d", at, len(b))
	case 3:
		return "deleted", os.Remove(path)
	}
	return how, os.WriteFile(path, b, 0o600)
}

// TestDamage flips, cuts, zeroes and deletes in every kind of file, of stores that were closed and of such that were
// killed: a store either says everything that it acknowledged, or is refused, and no table is ever deleted.
func TestDamage(t *testing.T) {
	closed := made(t, 60)
	s, err := open(closed, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s.commit(t)
	}
	killed := copied(t, closed)
	s.close(t)
	origins := []string{closed, killed}
	rng := rand.New(rand.NewPCG(uint64(*damages), 8))
	fates := map[string]int{}
	for i := range *damages {
		dir := copied(t, origins[i%2])
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		files = append(files, guard.SuperPath(dir))
		slices.Sort(files)
		victim := files[rng.IntN(len(files))]
		kind := strings.TrimLeft(filepath.Base(victim), "0123456789")
		before, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
		how, err := harm(rng, victim)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("case %d, %s: %s", i, filepath.Base(victim), how)
		fate := fateOf(t, name, dir)
		fates[fate+" "+kind]++
		after, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
		for _, table := range before {
			if !slices.Contains(after, table) && table != victim && !isKept(table) {
				t.Errorf("%s: the attempt deleted %s", name, filepath.Base(table))
			}
		}
		os.RemoveAll(filepath.Dir(dir))
	}
	t.Log(fates)
}

// isKept: a refused store has its tables, if Badger deleted them, in a folder of their own.
func isKept(table string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(table), "kept", filepath.Base(table)))
	return err == nil
}

func fateOf(t *testing.T, name, dir string) (fate string) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v", name, p)
			fate = "panic"
		}
	}()
	s, err := open(dir, false)
	if err != nil {
		return "refused"
	}
	defer s.db.Close()
	defer s.block.Release()
	if err := guard.Tables(dir); err != nil {
		t.Errorf("%s: served, but %v", name, err)
	}
	if _, err := s.content(); err != nil {
		var damage *guard.Damage
		if !errors.As(err, &damage) && !errors.Is(err, badger.ErrKeyNotFound) {
			return "failed"
		}
		return "noticed"
	}
	if s.sequence() < 80 {
		t.Errorf("%s: served %d commits of 80", name, s.sequence())
	}
	return "served"
}

// TestTables: a block that is damaged while the store is open is found.
func TestTables(t *testing.T) {
	dir := made(t, 60)
	s, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close(t)
	if err := guard.Tables(dir); err != nil {
		t.Fatal(err)
	}
	list, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	f, err := os.OpenFile(list[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	was := make([]byte, 64)
	if _, err := f.ReadAt(was, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, len(was)), 1000); err != nil {
		t.Fatal(err)
	}
	err = guard.Tables(dir)
	var refusal *guard.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), filepath.Base(list[0])) {
		t.Error(err)
	}
	if _, err := f.WriteAt(was, 1000); err != nil {
		t.Fatal(err)
	}
}
