package badger_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var kills = flag.Int("kills", 5, "how often TestKill kills the process that appends")

// Environment of a child process: what it is for, and the folder.
const (
	childRole   = "STORE_TEST_CHILD"
	childFolder = "STORE_TEST_FOLDER"
	childStep   = "STORE_TEST_STEP" // at which it dies
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childFolder)
	switch os.Getenv(childRole) {
	case "append":
		os.Exit(appendForEver(dir))
	case "open":
		os.Exit(openOnce(dir))
	case "convert":
		os.Exit(convertAndDie(dir))
	}
	os.Exit(m.Run())
}

func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childRole+"="+role, childFolder+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// Sizes of the batches that the child appends: single events, posts and a file's worth.
var childBatches = []int{1, 40, 700, 2500}

// appendForEver appends batches of events and writes the number of events stored so far after each.
func appendForEver(dir string) int {
	e, err := badger.Open(dir, badger.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stats, err := e.Stats(bg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for n, i := stats.Events, 0; ; i++ {
		batch := campaign(n, childBatches[i%len(childBatches)])
		if _, err := e.Append(bg, batch); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		n += len(batch)
		fmt.Println(n)
	}
}

// TestKill kills a process that appends, again and again: every event that it acknowledged is there.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(7, 0))
	acknowledged := 0
	for i := range *kills {
		cmd := child(t, "append", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for first := true; lines.Scan(); first = false {
			if first {
				wait := time.Duration(rng.IntN(300)) * time.Millisecond
				time.AfterFunc(wait, func() { cmd.Process.Kill() })
			}
			n := 0
			if _, err := fmt.Sscanln(lines.Text(), &n); err != nil {
				t.Fatal(err)
			}
			acknowledged = max(acknowledged, n)
		}
		cmd.Wait() // says that it was killed
		verify(t, dir, acknowledged, i)
	}
	t.Logf("%d events acknowledged over %d kills", acknowledged, *kills)
	if acknowledged == 0 {
		t.Error("nothing was acknowledged")
	}
}

// verify opens the store and looks for the first n events of the campaign and the rows they make.
func verify(t *testing.T, dir string, n, kill int) {
	t.Helper()
	e := opened(t, dir, badger.Options{})
	defer e.Close()
	stats, err := e.Stats(bg)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Events < n {
		t.Errorf("kill %d: %d events, %d were acknowledged", kill, stats.Events, n)
	}
	r, err := e.Append(bg, campaign(0, n))
	if err != nil || r.Duplicates != n {
		t.Errorf("kill %d: of %d acknowledged events %d are known; %+v, %v", kill, n, r.Duplicates, r, err)
	}
	truth := trusted(t, nil)
	if _, err := truth.Append(bg, campaign(0, stats.Events)); err != nil {
		t.Fatal(err)
	}
	want, _ := truth.Count(bg, storage.Question{})
	got, err := e.Count(bg, storage.Question{})
	if err != nil || got.Total.N != want.Total.N {
		t.Errorf("kill %d: %v, %v; want %v", kill, got.Total.N, err, want.Total.N)
	}
}

// openOnce tells by its exit code what Open says of a folder in use.
func openOnce(dir string) int {
	e, err := badger.Open(dir, badger.Options{})
	if err == nil {
		e.Close()
		return 0
	}
	if errors.Is(err, storage.ErrLocked) {
		return 4
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	e := opened(t, dir, badger.Options{})
	var exit *exec.ExitError
	if err := child(t, "open", dir).Run(); !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("another process opens a folder in use: %v", err)
	}
	if _, err := badger.Open(dir, badger.Options{}); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("the same process opens it twice: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := child(t, "open", dir).Run(); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

func TestFolderIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	opened(t, dir, badger.Options{}).Close()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	opened(t, dir, badger.Options{}).Close()
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
}

// TestManifest: a store that lost its table of contents is refused and its tables stay.
func TestManifest(t *testing.T) {
	fresh := t.TempDir()
	e := opened(t, fresh, badger.Options{})
	if _, err := e.Append(bg, campaign(0, 3000)); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil { // writes the tables
		t.Fatal(err)
	}
	for name, harm := range map[string]func(path string) error{
		"missing": os.Remove,
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"short":   func(path string) error { return os.Truncate(path, 20) },
		"damaged": func(path string) error {
			return os.WriteFile(path, []byte("Bdgr\x00\x00\x00\x08garbage, much of it"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(fresh)); err != nil {
				t.Fatal(err)
			}
			if err := harm(filepath.Join(dir, "MANIFEST")); err != nil {
				t.Fatal(err)
			}
			before, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
			if _, err := badger.Open(dir, badger.Options{}); err == nil || !strings.Contains(err.Error(), "MANIFEST") {
				t.Errorf("opening gives %v", err)
			}
			after, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
			if len(before) == 0 || len(after) != len(before) {
				t.Errorf("%d tables before, %d after", len(before), len(after))
			}
		})
	}
	opened(t, fresh, badger.Options{}).Close()
}

func TestClosed(t *testing.T) {
	e := opened(t, "", badger.Options{InMemory: true})
	if _, err := e.Append(bg, campaign(0, 10)); err != nil {
		t.Fatal(err)
	}
	for range e.Sends(bg, storage.Question{}, storage.Order{}) {
		if _, err := e.Count(bg, storage.Question{}); err != nil {
			t.Errorf("Count within Sends: %v", err)
		}
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Append(bg, campaign(0, 1)); !errors.Is(err, badger.ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	if _, err := e.Count(bg, storage.Question{}); !errors.Is(err, badger.ErrClosed) {
		t.Errorf("Count: %v", err)
	}
	if _, err := e.State().Get(bg, "k"); !errors.Is(err, badger.ErrClosed) {
		t.Errorf("Get: %v", err)
	}
}
