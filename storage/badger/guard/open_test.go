package guard_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage"
	"outboundbot/storage/badger/guard"
)

const format = 3

// store is a small store of the shape that the guard is for: a sequence in the database and a superblock beside it.
type store struct {
	db    *badger.DB
	block *guard.Block
	loss  *guard.Loss
}

func open(dir string, accept bool) (*store, error) {
	check, err := guard.Before(dir, guard.Options{Format: format, AcceptLoss: accept, AllBlocks: true})
	if err != nil {
		return nil, err
	}
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithMemTableSize(1 << 20).WithValueThreshold(64 << 10).
		WithValueLogFileSize(1 << 20))
	if err != nil {
		return nil, err
	}
	s := &store{db: db}
	s.block, s.loss, err = check.After(guard.Totals{Sequence: s.sequence(), Events: 10 * s.sequence()})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func (s *store) sequence() (n uint64) {
	s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get([]byte("sequence"))
		if err != nil {
			return err
		}
		return item.Value(func(v []byte) error { n = binary.BigEndian.Uint64(v); return nil })
	})
	return n
}

// commit writes one batch and acknowledges it.
func (s *store) commit(t *testing.T) {
	t.Helper()
	n := s.sequence() + 1
	err := s.db.Update(func(txn *badger.Txn) error {
		for i := range 10 {
			key := fmt.Appendf(nil, "event %d %d", n, i)
			payload := binary.BigEndian.AppendUint64(nil, n)
			payload = append(payload, make([]byte, 1000)...)
			if err := txn.Set(key, guard.Seal(nil, 'e', key, 1, payload)); err != nil {
				return err
			}
		}
		return txn.Set([]byte("sequence"), binary.BigEndian.AppendUint64(nil, n))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.block.Note(guard.Totals{Sequence: n, Events: 10 * n}); err != nil {
		t.Fatal(err)
	}
}

func (s *store) close(t *testing.T) {
	t.Helper()
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.block.Close(); err != nil {
		t.Fatal(err)
	}
}

// made is a store with n commits over several sessions, closed.
func made(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	for range 3 {
		s, err := open(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		for range n / 3 {
			s.commit(t)
		}
		s.close(t)
	}
	return dir
}

// copied is a copy of a store and its superblock, as they are.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	super, err := os.ReadFile(guard.SuperPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(guard.SuperPath(to), super, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func tables(dir string) int {
	list, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	return len(list)
}

func TestSessions(t *testing.T) {
	dir := made(t, 30)
	super, found, err := guard.Read(dir)
	if err != nil || !found || !super.Clean || super.Sequence != 30 || super.Events != 300 || super.Format != format {
		t.Fatalf("%+v %v %v", super, found, err)
	}
	s, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if s.sequence() != 30 || s.block.Super().ID != super.ID || s.block.Super().Clean {
		t.Errorf("%d, %+v", s.sequence(), s.block.Super())
	}
	s.commit(t)
	crashed := copied(t, dir) // as after kill -9
	s.close(t)
	s, err = open(crashed, false)
	if err != nil {
		t.Fatal(err)
	}
	if s.sequence() != 31 {
		t.Errorf("%d commits", s.sequence())
	}
	s.close(t)
}

// refusal opens a store that must be refused, and looks that no table was deleted.
func refusal(t *testing.T, name, dir string, says ...string) {
	t.Helper()
	before := tables(dir)
	s, err := open(dir, false)
	if err == nil {
		t.Errorf("%s: opened", name)
		s.close(t)
		return
	}
	for _, part := range append(says, dir) {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, which does not say %q", name, err, part)
		}
	}
	if after := tables(dir); after != before {
		t.Errorf("%s: %d tables before, %d after", name, before, after)
	}
}

// TestManifestOfAClosedStore: missing, or cut at any length, or flipped anywhere: refused and no table deleted.
func TestManifestOfAClosedStore(t *testing.T) {
	dir := made(t, 30)
	path := filepath.Join(dir, "MANIFEST")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if tables(dir) == 0 || len(whole) < 40 {
		t.Fatalf("%d tables, %d bytes of MANIFEST", tables(dir), len(whole))
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		refusal(t, fmt.Sprintf("cut at %d of %d", n, len(whole)), dir, "MANIFEST", "nothing was touched", "outboundbot restore")
		flipped := append([]byte(nil), whole...)
		flipped[n] ^= 1 << (n % 8)
		if err := os.WriteFile(path, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		refusal(t, fmt.Sprintf("flip at %d", n), dir, "MANIFEST", "nothing was touched")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refusal(t, "missing", dir, "MANIFEST is missing", "outboundbot restore")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := open(dir, false)
	if err != nil {
		t.Fatalf("put back: %v", err)
	}
	s.close(t)
}

// TestManifestOfACrashedStore: the same for one that was killed.
func TestManifestOfACrashedStore(t *testing.T) {
	dir := made(t, 30)
	s, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	s.commit(t)
	crashed := copied(t, dir)
	s.close(t)
	path := filepath.Join(crashed, "MANIFEST")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		refusal(t, fmt.Sprintf("cut at %d of %d", n, len(whole)), crashed, "MANIFEST", "nothing was touched")
	}
	torn := append(append([]byte(nil), whole...), 0, 0, 0, 9, 1, 2, 3) // an entry that was being written
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = open(crashed, false); err != nil {
		t.Fatal(err)
	}
	if s.sequence() != 31 {
		t.Errorf("%d commits", s.sequence())
	}
	s.close(t)
}

// TestOneOwner: a store that is open is not judged, and says whose it is.
func TestOneOwner(t *testing.T) {
	dir := made(t, 3)
	s, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := guard.Before(dir, guard.Options{Format: format}); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("looked at while it is open: %v", err)
	}
	if _, err := guard.Lock(dir); !errors.Is(err, storage.ErrLocked) || guard.Owner(dir) != os.Getpid() {
		t.Errorf("%v, owner %d", err, guard.Owner(dir))
	}
	_, err = badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if !errors.Is(guard.Locked(dir, err), storage.ErrLocked) {
		t.Errorf("Badger says %v", err)
	}
	s.close(t)
	release, err := guard.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// TestKept: a table that MANIFEST does not name, as a crash leaves it, is kept until the store has proved to be whole.
func TestKept(t *testing.T) {
	dir := made(t, 30)
	s, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	crashed := copied(t, dir)
	s.close(t)
	list, _ := filepath.Glob(filepath.Join(crashed, "*.sst"))
	if err := os.Link(list[0], filepath.Join(crashed, "000099.sst")); err != nil {
		t.Fatal(err)
	}
	if _, err := guard.Before(crashed, guard.Options{Format: format}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(crashed, "kept", "000099.sst")); err != nil {
		t.Error(err)
	}
	if s, err = open(crashed, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(crashed, "kept")); err == nil {
		t.Error("kept for ever")
	}
	s.close(t)
}

// TestFolder: what else may be missing.
func TestFolder(t *testing.T) {
	fresh := made(t, 30)
	dir := copied(t, fresh)
	list, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	os.Remove(list[0])
	refusal(t, "a table", dir, "lacks its data table "+filepath.Base(list[0]), "outboundbot restore")

	dir = copied(t, fresh)
	os.RemoveAll(dir)
	refusal(t, "the folder", dir, "commits 1 to 30 are lost, with at least 300 events", "outboundbot restore")
	os.Mkdir(dir, 0o700)
	refusal(t, "its contents", dir, "is gone", "commits 1 to 30 are lost")

	dir = copied(t, fresh)
	os.Remove(guard.SuperPath(dir))
	s, err := open(dir, false) // nothing else is wrong
	if err != nil {
		t.Fatal(err)
	}
	s.close(t)
	if super, found, err := guard.Read(dir); !found || err != nil || super.Sequence != 30 {
		t.Errorf("no superblock was made: %+v, %v", super, err)
	}

	dir = copied(t, fresh)
	if err := guard.WriteSuper(dir, guard.Super{Format: format + 1}); err != nil {
		t.Fatal(err)
	}
	refusal(t, "a newer format", dir, "is of format 4, this program knows 3")
}

// TestLoss: a database that comes up with less than was acknowledged is refused with the range; accepting the loss
// makes it the new truth.
func TestLoss(t *testing.T) {
	dir := made(t, 30)
	earlier := copied(t, dir)
	s, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		s.commit(t)
	}
	later := copied(t, dir) // the superblock of 35 commits
	s.close(t)
	super, err := os.ReadFile(guard.SuperPath(later))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(guard.SuperPath(earlier), super, 0o600); err != nil {
		t.Fatal(err)
	}
	refusal(t, "less", earlier, "commits 31 to 35 are lost, with at least 50 events", "--accept-loss", "outboundbot restore")
	s, err = open(earlier, true)
	if err != nil {
		t.Fatal(err)
	}
	if s.loss == nil || s.loss.From != 31 || s.loss.To != 35 || s.loss.Events != 50 {
		t.Errorf("accepted %+v", s.loss)
	}
	s.close(t)
	if s, err = open(earlier, false); err != nil {
		t.Fatal(err)
	}
	s.close(t)
}

// TestSuperblockDamage: any flip, cut or zero leaves a superblock that says the truth, or a refusal; never a panic or
// another number.
func TestSuperblockDamage(t *testing.T) {
	dir := made(t, 30)
	path := guard.SuperPath(dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	truth, _, _ := guard.Read(dir)
	try := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		super, _, err := guard.Read(dir)
		if err == nil && (super.Sequence != truth.Sequence || super.ID != truth.ID) {
			t.Errorf("%s: %+v", name, super)
		}
		if _, err := guard.Before(dir, guard.Options{Format: format}); err != nil && !strings.Contains(err.Error(), "store.super") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range whole {
		if n > 200 && n < 4000 {
			continue
		}
		flipped := append([]byte(nil), whole...)
		flipped[n] ^= 1 << (n % 8)
		try(fmt.Sprintf("flip at %d", n), flipped)
		try(fmt.Sprintf("cut at %d", n), whole[:n])
		zeroed := append([]byte(nil), whole...)
		clear(zeroed[:n])
		try(fmt.Sprintf("zero up to %d", n), zeroed)
	}
	clear(whole)
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	refusal(t, "all zero", dir, "store.super", "outboundbot restore", "--accept-loss")
	s, err := open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	s.close(t)
}

func BenchmarkNote(b *testing.B) {
	s, err := open(filepath.Join(b.TempDir(), "store"), false)
	if err != nil {
		b.Fatal(err)
	}
	defer s.db.Close()
	defer s.block.Release()
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		if err := s.block.Note(guard.Totals{Sequence: n}); err != nil {
			b.Fatal(err)
		}
	}
}
