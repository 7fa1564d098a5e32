package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dgraph-io/badger/v4"
	tables "github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2/z"
)

// restoreIt is what helps where a store is damaged, as the end of a sentence.
const restoreIt = "run outboundbot restore BACKUP --replace"

// checkTables opens each data table of a folder once before Badger does. Badger goes on without a table whose index is
// damaged, and dies in a goroutine of its own of one whose end is.
func checkTables(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := checkTable(path); err != nil {
			return fmt.Errorf("the data table %s of the store in %s is damaged (%s); nothing was touched: %s", filepath.Base(path), dir, brief(err), restoreIt)
		}
	}
	return nil
}

func checkTable(path string) (err error) {
	file, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close(-1)
	defer func() {
		if recover() != nil {
			err = errors.New("its index or its last block cannot be read")
		}
	}()
	_, err = tables.OpenTable(file, tables.Options{BlockSize: 4096})
	return err
}

// keptTable marks a second name of a data table.
const keptTable = ".kept"

// keepTables gives a second name to the data tables that MANIFEST does not name: after a crash those are half-written
// ones, but where MANIFEST is damaged they may be all there is, and Badger deletes them when it opens the folder.
func keepTables(dir string) error {
	file, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // guard.Before has seen to it that there are no tables
	}
	if err != nil {
		return err
	}
	defer file.Close()
	m, _, err := badger.ReplayManifestFile(file, 0, badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	for _, path := range paths {
		var id uint64
		if _, err := fmt.Sscanf(filepath.Base(path), "%d.sst", &id); err != nil {
			continue
		}
		if _, named := m.Tables[id]; named {
			continue
		}
		if err := os.Link(path, path+keptTable); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return err
}

// putTablesBack gives the kept tables their names again, where Badger deleted them.
func putTablesBack(dir string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.sst"+keptTable))
	for _, path := range paths {
		name := strings.TrimSuffix(path, keptTable)
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			os.Rename(path, name)
		} else {
			os.Remove(path)
		}
	}
}

// dropTables removes the second names, since the store turned out to be whole.
func dropTables(dir string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.sst"+keptTable))
	for _, path := range paths {
		os.Remove(path)
	}
}

// caught makes an error of a panic: Badger meets damage with them.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%v", r)
	}
}

// brief puts what Badger says of damage on one line.
func brief(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
