package guard

import (
	"fmt"
	"syscall"
)

// Badger writes through mapped memory: on a full disk the process dies of SIGBUS instead of getting an error, and
// dies again at every start while the disk stays full. So room is asked for before anything is written.

// FreeBytes is what is left for us on the disk that holds dir; the most there can be where the system does not tell.
func FreeBytes(dir string) uint64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 1 << 62
	}
	return fs.Bavail * uint64(fs.Bsize)
}

// Room refuses to write when have, the bytes free on the disk of dir, is less than need. The error is syscall.ENOSPC
// to those who ask.
func Room(dir string, have, need uint64) error {
	if have >= need {
		return nil
	}
	return fmt.Errorf("the disk of %s has %d MiB free and at least %d MiB are needed: free some space, then try again: %w", dir, have>>20, need>>20, syscall.ENOSPC)
}
