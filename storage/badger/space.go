package badger

import "outboundbot/storage/badger/guard"

// Room is asked for before anything is written: enough for all memtables, their write-ahead files and a compaction of
// the lower levels, and more for events than for the bot's own memory, so that the bot can still tell that the disk
// is full.
const (
	roomToOpen   = 32 << 20
	roomForState = 48 << 20
	roomForEvent = 128 << 20
)

// room refuses to write when less than need is free. The error is syscall.ENOSPC to those who ask.
func (e *Engine) room(need uint64) error {
	if e.free == nil { // in memory
		return nil
	}
	return guard.Room(e.dir, e.free(), need)
}
