package badger_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

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
		os.Exit(takeForEver(dir))
	case "fill":
		os.Exit(fillDisk(dir))
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
