package badger

import (
	"fmt"
	"syscall"
)

// Badger writes through mapped memory: on a full disk the process dies of SIGBUS instead of getting an error, and
// dies again at every start while the disk stays full. So room is asked for before anything is written: enough for
// all memtables, their write-ahead files and a compaction of the lower levels, and more for events than for the
// bot's own memory, so that the bot can still tell that the disk is full.
const (
	roomToOpen   = 32 << 20
	roomForState = 48 << 20
	roomForEvent = 128 << 20
)

// freeBytes is what is left for us on the disk that holds dir; the most there can be where the system does not tell.
func freeBytes(dir string) uint64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 1 << 62
	}
	return fs.Bavail * uint64(fs.Bsize)
}

// room refuses to write when less than need is free. The error is syscall.ENOSPC to those who ask.
func (e *Engine) room(need uint64) error {
	if e.free == nil { // in memory
		return nil
	}
	if have := e.free(); have < need {
		return noRoom(e.db.Opts().Dir, have, need)
	}
	return nil
}

func noRoom(dir string, have, need uint64) error {
	return fmt.Errorf("the disk of %s has %d MiB free and at least %d MiB are needed: free some space, then try again: %w", dir, have>>20, need>>20, syscall.ENOSPC)
}
