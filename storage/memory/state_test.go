package memory_test

import (
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/memory"
	"outboundbot/storage/storagetest"
)

func TestState(t *testing.T) {
	storagetest.RunState(t, func(_ *testing.T, now func() time.Time) storage.State { return memory.NewState(now) }, nil)
}

func TestStore(t *testing.T) {
	storagetest.Run(t, func(_ *testing.T, w storage.Windows) storage.Store { return memory.New(w) })
}
