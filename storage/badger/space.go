package badger

import "outboundbot/storage/badger/guard"

// Room is asked for before anything is written: enough for all memtables and their write-ahead files, and more for
// events than for the bot's own memory, so that the bot can still tell that the disk is full. What is written bit by
// bit, as an import is, asks again as it goes on.
const (
	roomToOpen   = 32 << 20
	roomForState = 48 << 20
	roomToGoOn   = 112 << 20
	roomForEvent = 128 << 20
)

// room refuses to write when less than need is free, besides what Badger takes to compact the tables that it will
// compact next: it writes new ones before it removes them. The error is syscall.ENOSPC to those who ask.
func (e *Engine) room(need uint64) error {
	if e.free == nil { // in memory
		return nil
	}
	if e.db != nil && need > roomForState {
		need += uint64(max(0, e.db.Levels()[0].Size))
	}
	return guard.Room(e.dir, e.free(), need)
}
