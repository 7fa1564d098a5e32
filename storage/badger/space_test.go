package badger

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"outboundbot/storage"
)

// TestFullDisk: a disk that runs full gives a sentence before Badger would die of it; questions go on, nothing stored
// is lost, and events are taken again once there is room.
func TestFullDisk(t *testing.T) {
	e, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.merger.stop() // it asks for room, too
	left := uint64(1 << 30)
	e.free = func() uint64 { return left }
	events := func(n int) (list []storage.Event) {
		for i := range groupSize {
			id := fmt.Sprintf("%d-%d", n, i)
			list = append(list, storage.Event{ID: id, Type: storage.MessageSent, At: 1_764_000_000_000, Send: id, Contact: id})
		}
		return list
	}
	if _, err := e.Append(t.Context(), events(1)); err != nil {
		t.Fatal(err)
	}
	left = roomForEvent - 1
	_, err = e.Append(t.Context(), events(2))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "127 MiB free") {
		t.Errorf("events on a full disk: %v", err)
	}
	if err := e.State().Put(t.Context(), "k", nil, 0, 0); err != nil {
		t.Errorf("the bot's memory has room left: %v", err)
	}
	left = roomForState - 1
	if err := e.State().Put(t.Context(), "k2", nil, 0, 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the bot's memory on a full disk: %v", err)
	}
	count, err := e.Count(t.Context(), storage.Question{})
	if err != nil || count.Total.N[storage.Attempted] != groupSize {
		t.Errorf("a question on a full disk: %d sends, %v", count.Total.N[storage.Attempted], err)
	}
	left = 1 << 30
	if r, err := e.Append(t.Context(), events(2)); err != nil || r.Accepted != groupSize {
		t.Errorf("with room again: %+v, %v", r, err)
	}
}
