package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMigrateCommand: an older store gives the same answers when it was converted, by migrate or by another command.
func TestMigrateCommand(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "data")
	must(t, "71 new", "import", "--data", fresh, goldenEvents)
	want := goldenFigures(t, fresh)
	must(t, "Nothing to migrate: the store is of format 2", "migrate", "--data", fresh)

	for _, by := range []string{"migrate", "ask"} {
		data := t.TempDir()
		if err := os.CopyFS(filepath.Join(data, "store"), os.DirFS("storage/badger/testdata/format1/golden")); err != nil {
			t.Fatal(err)
		}
		if by == "migrate" {
			must(t, "from format 1 to 2: 71 events in 17 sends", "migrate", "--data", data)
		}
		if got := goldenFigures(t, data); got != want {
			t.Errorf("converted by %s it says\n%s\nnot\n%s", by, got, want)
		}
		must(t, "Nothing to migrate", "migrate", "--data", data)
		must(t, "The store is whole: 71 events", "verify", "--data", data)
	}
	code, _, errs := call(t, "", "migrate", "--data", filepath.Join(fresh, "typo"))
	if code != exitInput || !strings.Contains(errs, "there is no data in") {
		t.Errorf("no store: exit %d, %s", code, errs)
	}
}
