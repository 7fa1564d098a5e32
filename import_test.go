package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outboundbot/storage"
	"outboundbot/storage/memory"
)

// halting is a store whose imports do not come to their end.
type halting struct {
	*memory.Store
	halt func() error
}

func (h *halting) Import(ctx context.Context) (storage.Import, error) {
	im, err := h.Store.Import(ctx)
	return &haltingImport{im, h}, err
}

type haltingImport struct {
	storage.Import
	of *halting
}

func (h *haltingImport) Commit(ctx context.Context) (storage.Receipt, error) {
	if err := h.of.halt(); err != nil {
		return storage.Receipt{}, err
	}
	return h.Import.Commit(ctx)
}

// TestImportUndone: when a store that takes a file as a whole does not get to its end, no numbers are printed, nothing
// is stored, and the message says what to do.
func TestImportUndone(t *testing.T) {
	full := errors.New("the disk is full")
	for fault, want := range map[error]string{
		context.Canceled: ": interrupted; nothing of it is stored, import the file again",
		full:             " was not imported: nothing was stored: storing 72 lines: the disk is full; import the file again",
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		halt := func() error {
			if fault == context.Canceled {
				interrupt()
			}
			return fault
		}
		events, err := os.ReadFile(goldenEvents)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "events.ndjson")
		text := strings.Join(strings.SplitAfter(string(events), "\n")[:71], "") + "{broken\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		s := shared{std: streams{strings.NewReader(""), &out, &out}}
		store := &halting{memory.New(nil), halt}
		err = s.importFile(ctx, &local{store: store}, file, "", &rejectBook{again: true})
		if err == nil || err.Error() != file+want || out.Len() > 0 {
			t.Errorf("printed %q, got %v, want %s", out.String(), err, want)
		}
		if stats, err := store.Stats(t.Context()); err != nil || stats.Events > 0 {
			t.Errorf("%d events are stored, %v", stats.Events, err)
		}
	}
}

// TestImportWhole: a store that takes a file as a whole gives the numbers of one that takes batches.
func TestImportWhole(t *testing.T) {
	var out bytes.Buffer
	s := shared{std: streams{strings.NewReader(""), &out, &out}}
	o := &local{store: memory.New(nil)}
	for _, want := range []string{"84 lines, 71 new, 13 known already, 0 rejected", "84 lines, 0 new, 84 known already, 0 rejected"} {
		out.Reset()
		if err := s.importFile(t.Context(), o, goldenEvents, "", &rejectBook{again: true}); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("printed %q, %v, want %s", out.String(), err, want)
		}
	}
}
