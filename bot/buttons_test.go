package bot

import (
	"errors"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/memory"
)

func TestButtons(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	state := memory.NewState(func() time.Time { return now })
	b := Buttons{State: state}
	first, err := b.Remember(t.Context(), "summary channel:WA")
	if err != nil || len(first) != 8 {
		t.Fatalf("id %q, error %v", first, err)
	}
	other, err := b.Remember(t.Context(), "summary channel:SMS")
	if err != nil || other == first {
		t.Fatalf("id %q of another command, error %v", other, err)
	}
	now = now.Add(20 * 24 * time.Hour)
	if again, err := b.Remember(t.Context(), "summary channel:WA"); err != nil || again != first {
		t.Errorf("id %q, then %q, error %v", first, again, err)
	}
	now = now.Add(20 * 24 * time.Hour)
	if command, err := b.Recall(t.Context(), first); err != nil || command != "summary channel:WA" {
		t.Errorf("20 days after it was last shown: %q, error %v", command, err)
	}
	if _, err := b.Recall(t.Context(), other); !errors.Is(err, storage.ErrNoValue) {
		t.Errorf("40 days after it was last shown: %v", err)
	}
}

func TestButtonsThatCollide(t *testing.T) {
	state := memory.NewState(nil)
	b := Buttons{State: state}
	taken := buttonIDs("summary")[0]
	if err := state.Put(t.Context(), buttonKey(taken), []byte("audit"), 0, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		id, err := b.Remember(t.Context(), "summary")
		if err != nil || id == taken {
			t.Fatalf("id %q, error %v", id, err)
		}
		if command, err := b.Recall(t.Context(), id); err != nil || command != "summary" {
			t.Errorf("recalled %q, error %v", command, err)
		}
	}
	if command, err := b.Recall(t.Context(), taken); err != nil || command != "audit" {
		t.Errorf("the other button now is %q, error %v", command, err)
	}
}
