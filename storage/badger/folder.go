package badger

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// prepare makes the folder, for the owner only, and checks that its tables have their table of contents.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { // it may have been there
		return fmt.Errorf("closing the data folder to others: %w", err)
	}
	return checkManifest(dir)
}

// firstMemtable is the write-ahead file that a new store begins with.
const firstMemtable = "00001.mem"

// checkManifest refuses a folder with tables of which MANIFEST names none: Badger takes them for left-overs and
// deletes them. In a store that crashed while it wrote its very first table this is no loss: the data is still in
// the first write-ahead file.
func checkManifest(dir string) error {
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		return err
	}
	lost := func(what string) error {
		return fmt.Errorf("%s holds %d data tables but its MANIFEST %s: nothing was touched; restore MANIFEST or the folder from a backup", dir, len(tables), what)
	}
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if os.IsNotExist(err) {
		return lost("is missing")
	}
	if err != nil {
		return fmt.Errorf("reading the data folder: %w", err)
	}
	defer f.Close()
	manifest, _, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(dir))
	if err != nil {
		return lost("is damaged (" + err.Error() + ")")
	}
	if len(manifest.Tables) > 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, firstMemtable)); err == nil {
		return nil
	}
	return lost("names none of them")
}
