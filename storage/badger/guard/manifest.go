package guard

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// headSize is how much of MANIFEST tells whether it was written anew: its first entries.
const headSize = 64

// firstMemtable is the write-ahead file that a new store begins with.
const firstMemtable = "00001.mem"

// folder is what stands in a database's folder.
type folder struct {
	dir      string
	tables   map[uint64]bool                    // the .sst files
	named    map[uint64]options.CompressionType // those that MANIFEST names
	present  bool                               // MANIFEST
	size     int64                              // of MANIFEST
	valid    int64                              // bytes of whole entries in it
	logs     bool                               // write-ahead files
	firstMem bool                               // the one that a new store begins with
}

// look reads the folder. fault is what is wrong with MANIFEST, as the end of a sentence.
func look(dir string) (f folder, fault string, err error) {
	f = folder{dir: dir, tables: map[uint64]bool{}, named: map[uint64]options.CompressionType{}}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, "", fmt.Errorf("reading the data folder: %w", err)
	}
	for _, e := range entries {
		number, isTable := strings.CutSuffix(e.Name(), ".sst")
		if id, err := strconv.ParseUint(number, 10, 64); isTable && err == nil {
			f.tables[id] = true
		}
		f.logs = f.logs || strings.HasSuffix(e.Name(), ".mem")
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
	for id, t := range m.Tables {
		f.named[id] = t.Compression
	}
	return f, "", nil
}

// missing is a table that MANIFEST names and that is not there.
func (f *folder) missing() (name string, found bool) {
	for id := range f.named {
		if !f.tables[id] {
			return tableName(id), true
		}
	}
	return "", false
}

// unnamed are the tables that Badger would delete.
func (f *folder) unnamed() (ids []uint64) {
	for id := range f.tables {
		if _, is := f.named[id]; !is {
			ids = append(ids, id)
		}
	}
	return ids
}

// keptName is a folder in the database's own, for tables that Badger will delete because MANIFEST does not name them.
// After a crash that is right for what a flush or compaction had just written or replaced; they are kept until the
// store has turned out to hold everything that it acknowledged.
const keptName = "kept"

// keep links the tables that will be deleted into a folder of their own.
func (f *folder) keep() error {
	ids := f.unnamed()
	if len(ids) == 0 {
		return nil
	}
	kept := filepath.Join(f.dir, keptName)
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return fmt.Errorf("keeping data tables: %w", err)
	}
	for _, id := range ids {
		err := os.Link(filepath.Join(f.dir, tableName(id)), filepath.Join(kept, tableName(id)))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("keeping data tables: %w", err)
		}
	}
	return nil
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
	case s != nil && s.manifest.size > 0:
		if fault, err := f.faultSinceNote(s.manifest); fault != "" || err != nil {
			return fault, err
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
	r := &manifestReader{dir: f.dir}
	if err := r.look(); err != nil || r.manifest == s.manifest {
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

// faultSinceNote compares MANIFEST with what was seen of it last: it must have grown from that, or have been written
// anew by Badger, which leaves another head and begins with a list of all tables.
func (f *folder) faultSinceNote(m manifest) (string, error) {
	file, err := os.Open(filepath.Join(f.dir, badger.ManifestFilename))
	if err != nil {
		return "", err
	}
	defer file.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(file, head[:m.headLen])
	same := crc32.Checksum(head[:n], castagnoli) == m.head
	listLength := head[8:12]
	switch {
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF):
		return "", err
	case f.valid < int64(m.size) && (same || err != nil):
		return fmt.Sprintf("ends at byte %d of %d", f.valid, m.size), nil
	case !same && bytes.Equal(listLength, make([]byte, len(listLength))):
		return "is damaged at its beginning", nil
	case !same:
		return "", nil
	}
	whole := sha256.New()
	if _, err := io.Copy(whole, io.NewSectionReader(file, 0, int64(m.size))); err != nil {
		return "", err
	}
	if [sha256.Size]byte(whole.Sum(nil)) != m.whole {
		return fmt.Sprintf("is damaged in its first %d bytes", m.size), nil
	}
	return "", nil
}

// manifestReader follows MANIFEST as it grows.
type manifestReader struct {
	dir      string
	manifest manifest
	seen     os.FileInfo // the file that was read
	head     []byte
	hash     hash.Hash // of what was read
}

// look reads what was added since the last time, or all of a file that was written anew. It costs one stat if nothing
// was.
func (r *manifestReader) look() error {
	path := filepath.Join(r.dir, badger.ManifestFilename)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	fresh := r.seen == nil || !os.SameFile(info, r.seen) || info.Size() < int64(r.manifest.size)
	if !fresh && info.Size() == int64(r.manifest.size) {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if fresh {
		if info, err = f.Stat(); err != nil { // it may be another one by now
			return err
		}
		r.seen, r.manifest, r.head, r.hash = info, manifest{}, nil, sha256.New()
	}
	more := make([]byte, info.Size()-int64(r.manifest.size))
	if _, err := f.ReadAt(more, int64(r.manifest.size)); err != nil {
		r.seen = nil
		return err
	}
	r.hash.Write(more)
	r.head = append(r.head, more[:min(len(more), headSize-len(r.head))]...)
	r.manifest = manifest{
		size: uint64(info.Size()), headLen: uint32(len(r.head)), head: crc32.Checksum(r.head, castagnoli),
		whole: [sha256.Size]byte(r.hash.Sum(nil)),
	}
	return nil
}
