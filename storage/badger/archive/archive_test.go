package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
	"outboundbot/storage/badger/archive"
	"outboundbot/storage/badger/guard"
)

var bg = context.Background()

var info = archive.Info{
	Store: strings.Repeat("ab", 16), Format: 3, Sequence: 12, Events: 6000, Sends: 1500,
	Created: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC),
}

func database(t testing.TB, dir string) *badger.DB {
	t.Helper()
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithMemTableSize(8 << 20).WithValueLogFileSize(8 << 20))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// filled is a database with n values of all sizes and of several versions, some deleted.
func filled(t testing.TB, n int) *badger.DB {
	t.Helper()
	db := database(t, t.TempDir())
	rng := rand.New(rand.NewPCG(1, 2))
	noise := rand.NewChaCha8([32]byte{3})
	for i := 0; i < n; {
		err := db.Update(func(txn *badger.Txn) error {
			for ; i < n && i%200 != 199; i++ {
				size := rng.IntN(200)
				if i%150 == 0 {
					size = rng.IntN(200_000)
				}
				v := make([]byte, size)
				if i%3 > 0 {
					noise.Read(v)
				}
				e := badger.NewEntry(fmt.Appendf(nil, "%c %06d", "evcrs"[i%5], rng.IntN(n)), v).WithMeta(byte(i))
				if i%100 == 7 {
					e.ExpiresAt = uint64(time.Now().Add(time.Hour).Unix())
				}
				if err := txn.SetEntry(e); err != nil {
					return err
				}
			}
			i++
			return txn.Delete(fmt.Appendf(nil, "e %06d", rng.IntN(n)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// backup writes a backup of a database and gives its file.
func backup(t testing.TB, db *badger.DB, about archive.Info) (string, archive.Contents) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.backup")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	txn := db.NewTransaction(false)
	defer txn.Discard()
	c, err := archive.Write(t.Context(), f, txn, about)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path, c
}

func order(path, dir string) archive.Order {
	return archive.Order{Path: path, Dir: dir, Format: 3, Now: info.Created}
}

func sumOf(t *testing.T, db *badger.DB) archive.Contents {
	t.Helper()
	txn := db.NewTransaction(false)
	defer txn.Discard()
	c, err := archive.Sum(t.Context(), txn)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestBackupAndRestore: what comes back is the same to the byte, with versions, expiry and the superblock, and goes
// on counting versions.
func TestBackupAndRestore(t *testing.T) {
	db := filled(t, 20_000)
	path, wrote := backup(t, db, info)
	before := sumOf(t, db)
	if wrote != before || wrote.Entries < 1000 {
		t.Fatalf("wrote %v of %v", wrote, before)
	}
	got, checked, err := archive.Check(t.Context(), path, nil)
	if err != nil || checked != wrote || got != info {
		t.Fatalf("%+v, %v, %v", got, checked, err)
	}
	if _, proved, err := archive.Prove(t.Context(), path, filepath.Join(t.TempDir(), "spool"), nil); err != nil || proved != wrote {
		t.Fatalf("%v, %v", proved, err)
	}
	dir := filepath.Join(t.TempDir(), "data", "store")
	done, err := archive.Restore(t.Context(), order(path, dir))
	if err != nil || done.Contents != wrote || done.Info != info || done.Aside != "" {
		t.Fatalf("%+v, %v", done, err)
	}
	check, err := guard.Before(dir, guard.Options{Format: 3})
	if err != nil || !check.Super.Clean || check.Super.Totals != (guard.Totals{Sequence: 12, Events: 6000, Sends: 1500}) || check.Super.StoreID() != info.Store {
		t.Fatalf("%+v, %v", check, err)
	}
	restored := database(t, dir)
	if after := sumOf(t, restored); after != before {
		t.Errorf("%v, was %v", after, before)
	}
	txn := db.NewTransaction(false)
	defer txn.Discard()
	highest := uint64(0)
	archive.Each(t.Context(), txn, func(e archive.Entry) error { highest = max(highest, e.Version); return nil })
	if restored.MaxVersion() < highest {
		t.Errorf("versions begin anew at %d, were at %d", restored.MaxVersion(), highest)
	}
	if err := restored.Update(func(txn *badger.Txn) error { return txn.Set([]byte("new"), nil) }); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*restoring*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestBackupWhileWriting: a backup is of one state, whatever is written meanwhile.
func TestBackupWhileWriting(t *testing.T) {
	db := filled(t, 5000)
	txn := db.NewTransaction(false)
	defer txn.Discard()
	want, err := archive.Sum(t.Context(), txn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ctx.Err() == nil; i++ {
			db.Update(func(txn *badger.Txn) error { return txn.Set(fmt.Appendf(nil, "e %06d", i), []byte("later")) })
		}
	}()
	var b bytes.Buffer
	got, err := archive.Write(t.Context(), &b, txn, info)
	cancel()
	<-ended
	if err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestEmptyStore(t *testing.T) {
	path, _ := backup(t, database(t, t.TempDir()), archive.Info{Format: 3})
	dir := filepath.Join(t.TempDir(), "store")
	if _, err := archive.Restore(t.Context(), order(path, dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := guard.Before(dir, guard.Options{Format: 3}); err != nil {
		t.Fatal(err)
	}
	database(t, dir)
}

// TestDamagedBackups: 300 flips, cuts and zeroes at random places: each is refused before anything is made.
func TestDamagedBackups(t *testing.T) {
	path, _ := backup(t, filled(t, 3000), info)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 5))
	parent := t.TempDir()
	for i := range 300 {
		b := bytes.Clone(whole)
		at := rng.IntN(len(b))
		if i < 120 { // the head and the end have their share
			at = []int{i % 60, len(b) - 1 - i%60}[i%2]
		}
		name := ""
		switch i % 3 {
		case 0:
			b[at] ^= 1 << rng.IntN(8)
			name = fmt.Sprintf("flip at %d", at)
		case 1:
			b = b[:at]
			name = fmt.Sprintf("cut at %d", at)
		case 2:
			end := min(len(b), at+4096)
			if bytes.Equal(b[at:end], make([]byte, end-at)) {
				b[at]++
			} else {
				clear(b[at:end])
			}
			name = fmt.Sprintf("zeroes at %d", at)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := archive.Restore(t.Context(), order(path, filepath.Join(parent, "store")))
		var fault *archive.Fault
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s of %d: %v", name, len(whole), err)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Fatalf("%s leaves %v", name, left)
		}
	}
	if err := os.WriteFile(path, append(whole, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := archive.Check(t.Context(), path, nil); err == nil {
		t.Error("something after the end is not noticed")
	}
}

func TestRefusals(t *testing.T) {
	db := filled(t, 500)
	path, _ := backup(t, db, info)
	dir := filepath.Join(t.TempDir(), "store")
	refused := func(says string, o archive.Order) {
		t.Helper()
		if _, err := archive.Restore(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if _, err := os.Stat(o.Dir); o.Dir == dir && err == nil {
			t.Errorf("%q: something was made", says)
		}
	}
	newer := order(path, dir)
	newer.Format = 2
	refused("is of a store of format 3, this program knows 2", newer)
	locked := info
	locked.Key = "0badcafe"
	keyed, _ := backup(t, db, locked)
	refused("needs the master key 0badcafe, which is in no backup, and there is none here", order(keyed, dir))
	other := order(keyed, dir)
	other.Key = "12345678"
	refused("needs the master key 0badcafe and here is 12345678", other)
	other.Key = "0badcafe"
	other.Dir = filepath.Join(t.TempDir(), "store")
	if _, err := archive.Restore(t.Context(), other); err != nil {
		t.Error(err)
	}
	readme := filepath.Join(t.TempDir(), "readme")
	os.WriteFile(readme, []byte("# not a backup, though it is long enough to be read as one"), 0o600)
	refused("is no backup", order(readme, dir))
	os.WriteFile(readme, nil, 0o600)
	refused("is no backup", order(readme, dir))
	if _, err := archive.Restore(t.Context(), order(readme+"-typo", dir)); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestReplace: a store that is there stays unless asked, and is then moved aside whole; one that is open is refused.
func TestReplace(t *testing.T) {
	path, _ := backup(t, filled(t, 500), info)
	dir := filepath.Join(t.TempDir(), "store")
	live := database(t, dir)
	if err := live.Update(func(txn *badger.Txn) error { return txn.Set([]byte("mine"), []byte("kept")) }); err != nil {
		t.Fatal(err)
	}
	o := order(path, dir)
	var occupied *archive.OccupiedError
	if _, err := archive.Restore(t.Context(), o); !errors.As(err, &occupied) {
		t.Errorf("over a store: %v", err)
	}
	o.Replace = true
	if _, err := archive.Restore(t.Context(), o); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("over an open store: %v", err)
	}
	live.Close()
	if err := guard.WriteSuper(dir, guard.Super{Format: 3, Totals: guard.Totals{Sequence: 99}}); err != nil {
		t.Fatal(err)
	}
	var asides []string
	for range 2 {
		done, err := archive.Restore(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		asides = append(asides, done.Aside)
	}
	if asides[0] != dir+".before-20261122-010000" || asides[1] != asides[0]+"-2" {
		t.Errorf("moved to %v", asides)
	}
	old := database(t, asides[0])
	err := old.View(func(txn *badger.Txn) error { _, err := txn.Get([]byte("mine")); return err })
	if super, found, _ := guard.Read(asides[0]); err != nil || !found || super.Sequence != 99 {
		t.Errorf("%v, %+v", err, super)
	}
	if super, _, err := guard.Read(dir); err != nil || super.Sequence != 12 {
		t.Errorf("%+v, %v", super, err)
	}
}

// TestGivenUp: a restore that is interrupted leaves nothing, and ends.
func TestGivenUp(t *testing.T) {
	path, c := backup(t, filled(t, 20_000), info)
	parent := t.TempDir()
	size, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []int64{0, 2, 3} { // of the file read twice
		ctx, cancel := context.WithCancel(t.Context())
		o := order(path, filepath.Join(parent, "store"))
		read := int64(0)
		o.See = func(n int) {
			if read += int64(n); read > size.Size()*part/2 {
				cancel()
			}
		}
		if _, err := archive.Restore(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted after %d halves of %v: %v", part, c, err)
		}
		cancel()
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func FuzzReader(f *testing.F) {
	path, _ := backup(f, filled(f, 30), info)
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := archive.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		r.Each(t.Context(), func(archive.Entry) error { return nil })
	})
}
