package guard

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// headSize is how much of MANIFEST tells whether it was written anew: its first entries.
const headSize = 64

// firstMemtable is the write-ahead file that a new store begins with.
const firstMemtable = "00001.mem"

// folder is what stands in a database's folder.
type folder struct {
	dir      string
	tables   map[uint64]bool // the .sst files
	named    map[uint64]bool // those that MANIFEST names
	present  bool            // MANIFEST
	size     int64           // of MANIFEST
	valid    int64           // bytes of whole entries in it
	firstMem bool
}

// look reads the folder. fault is what is wrong with MANIFEST, as the end of a sentence.
func look(dir string) (f folder, fault string, err error) {
	f = folder{dir: dir, tables: map[uint64]bool{}, named: map[uint64]bool{}}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, "", fmt.Errorf("reading the data folder: %w", err)
	}
	for _, e := range entries {
		number, isTable := strings.CutSuffix(e.Name(), ".sst")
		if id, err := strconv.ParseUint(number, 10, 64); isTable && err == nil {
			f.tables[id] = true
		}
		f.firstMem = f.firstMem || e.Name() == firstMemtable
	}
	file, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return f, "", nil
	}
	if err != nil {
		return f, "", fmt.Errorf("reading the data folder: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return f, "", fmt.Errorf("reading the data folder: %w", err)
	}
	f.present, f.size = true, info.Size()
	m, valid, err := badger.ReplayManifestFile(file, 0, badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return f, "is damaged (" + err.Error() + ")", nil
	}
	f.valid = valid
	for id := range m.Tables {
		f.named[id] = true
	}
	return f, "", nil
}

// missing is a table that MANIFEST names and that is not there.
func (f *folder) missing() (name string, found bool) {
	for id := range f.named {
		if !f.tables[id] {
			return fmt.Sprintf("%06d.sst", id), true
		}
	}
	return "", false
}

// unnamed are the tables that Badger would delete.
func (f *folder) unnamed() (ids []uint64) {
	for id := range f.tables {
		if !f.named[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// fault says what is wrong with MANIFEST, as the end of a sentence; "" for nothing. Without a superblock only what can
// be seen from the folder is.
func (f *folder) fault(s *Super) (string, error) {
	hasData := s != nil && s.Sequence > 0
	switch {
	case !f.present && (len(f.tables) > 0 || hasData):
		return "is missing", nil
	case !f.present:
		return "", nil
	case s != nil && s.Clean && hasData:
		return f.faultSinceClose(s)
	case s != nil && f.valid < int64(s.manifest.size):
		same, err := f.sameHead(s.manifest)
		if err != nil || same {
			return fmt.Sprintf("ends at byte %d of %d", f.valid, s.manifest.size), err
		}
	}
	if len(f.tables) > 0 && len(f.named) == 0 && !f.firstMem {
		// In a store that crashed while it wrote its very first table this is no loss: the data is still in the
		// first write-ahead file.
		return fmt.Sprintf("names none of the %d data tables", len(f.tables)), nil
	}
	return "", nil
}

// faultSinceClose compares MANIFEST with the one that was there when the store was closed. Another one will do if
// everything fits: then some tool of Badger's has been there.
func (f *folder) faultSinceClose(s *Super) (string, error) {
	now, err := wholeManifest(f.dir)
	if err != nil || now.whole == s.manifest.whole {
		return "", err
	}
	if f.valid < f.size {
		return fmt.Sprintf("is damaged at byte %d", f.valid), nil
	}
	if lost := f.unnamed(); len(lost) > 0 {
		return fmt.Sprintf("is not the one of the last close and does not name %d of the %d data tables", len(lost), len(f.tables)), nil
	}
	if len(f.named) == 0 {
		return "is not the one of the last close and names no data table", nil
	}
	return "", nil
}

// sameHead tells whether MANIFEST still begins as it did, so that it must have only grown.
func (f *folder) sameHead(m manifest) (bool, error) {
	_, sum, err := head(f.dir, int64(m.headLen))
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return true, nil // too short even for that
	}
	return sum == m.head, err
}

// head is the CRC-32C of the first n bytes of MANIFEST, at most headSize.
func head(dir string, n int64) (uint32, uint32, error) {
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	b := make([]byte, min(n, headSize))
	if _, err := io.ReadFull(f, b); err != nil {
		return 0, 0, err
	}
	return uint32(len(b)), crc32.Checksum(b, castagnoli), nil
}

// wholeManifest describes MANIFEST of a closed database.
func wholeManifest(dir string) (m manifest, err error) {
	b, err := os.ReadFile(filepath.Join(dir, badger.ManifestFilename))
	if err != nil {
		return m, fmt.Errorf("reading MANIFEST: %w", err)
	}
	h := b[:min(len(b), headSize)]
	return manifest{
		size: uint64(len(b)), headLen: uint32(len(h)), head: crc32.Checksum(h, castagnoli),
		whole: sha256.Sum256(b),
	}, nil
}
