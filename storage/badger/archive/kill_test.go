package archive_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/archive"
	"outboundbot/storage/badger/guard"
)

var kills = flag.Int("kills", 15, "how often TestKilledRestore kills a process that restores")

// Environment of a child process: the backup, and the store to restore it over.
const (
	childBackup = "ARCHIVE_TEST_BACKUP"
	childStore  = "ARCHIVE_TEST_STORE"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childBackup); path != "" {
		fmt.Println("begun")
		o := order(path, os.Getenv(childStore))
		o.Replace = true
		if _, err := archive.Restore(bg, o); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKilledRestore kills a process that restores over a store, at any moment: there is the old store, the new one, or
// a refusal while the old one stands aside; never an empty place.
func TestKilledRestore(t *testing.T) {
	db := filled(t, 2000)
	path, restored := backup(t, db, info)
	dir := filepath.Join(t.TempDir(), "store")
	super := guard.Super{Format: 3, Totals: guard.Totals{Sequence: 5, Events: 1}}
	rng := rand.New(rand.NewPCG(1, 1))
	fates := map[string]int{}
	for i := range *kills {
		old := database(t, dir)
		if err := old.Update(func(txn *badger.Txn) error { return txn.Set([]byte("mine"), []byte("kept")) }); err != nil {
			t.Fatal(err)
		}
		was := sumOf(t, old)
		old.Close()
		if err := guard.WriteSuper(dir, super); err != nil {
			t.Fatal(err)
		}
		killRestore(t, path, dir, time.Duration(rng.IntN(160))*time.Millisecond)
		fate := ""
		_, err := guard.Before(dir, guard.Options{Format: 3})
		var refusal *guard.Refusal
		switch {
		case errors.As(err, &refusal):
			if aside, _ := filepath.Glob(dir + ".before-*"); len(aside) == 0 {
				t.Errorf("kill %d: refused and nothing stands aside: %v", i, err)
			}
			fate = "refused"
		case err != nil:
			t.Fatal(err)
		default:
			now := database(t, dir)
			switch sumOf(t, now) {
			case was:
				fate = "old"
			case restored:
				fate = "new"
			default:
				t.Errorf("kill %d: neither the old store nor the new one", i)
			}
			now.Close()
		}
		fates[fate]++
		left, _ := filepath.Glob(dir + "*")
		for _, path := range left {
			os.RemoveAll(path)
		}
	}
	t.Log(fates)
}

func killRestore(t *testing.T, path, dir string, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childBackup+"="+path, childStore+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	cmd.Process.Kill()
	cmd.Wait() // says that it was killed, or that it had ended
}
