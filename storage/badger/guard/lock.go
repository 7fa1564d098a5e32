package guard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"outboundbot/storage"
)

// Lock owns the database in dir as Badger does, so that nobody opens it while it is moved. A folder that does not
// exist needs no lock; one that somebody has open gives storage.ErrLocked.
func Lock(dir string) (release func(), err error) {
	f, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", dir, storage.ErrLocked)
	}
	return func() { f.Close() }, nil
}

// Owner is the process that has the database in dir open, 0 if that is not known. Badger writes it into a file that a
// crash leaves behind, so it means something only of a folder that is locked.
func Owner(dir string) (pid int) {
	text, err := os.ReadFile(filepath.Join(dir, "LOCK"))
	if err != nil {
		return 0
	}
	pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// Locked turns what Badger says of a folder in use into storage.ErrLocked. Badger does not wrap the cause, so its
// words are all there is.
func Locked(dir string, err error) error {
	if err != nil && strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return fmt.Errorf("%s: %w", dir, storage.ErrLocked)
	}
	return err
}
