package badger

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
)

// spool holds what an import sets aside: in memory at first, then in a file that has no name any more, encrypted
// under a key that nobody keeps, since it holds phones.
type spool struct {
	dir   string
	mu    sync.Mutex
	kept  [][]byte
	bytes int
	file  *os.File
	size  int64
	block cipher.Block
}

// piece is where something stands in a spool: in memory, or in the file.
type piece struct {
	kept   int // from 1
	offset int64
	length int
}

// spoolMemory is how much is kept in memory.
const spoolMemory = 48 << 20

// put sets something aside.
func (s *spool) put(b []byte) (piece, error) {
	s.mu.Lock()
	if s.bytes+len(b) <= spoolMemory {
		defer s.mu.Unlock()
		s.bytes += len(b)
		s.kept = append(s.kept, append([]byte(nil), b...))
		return piece{kept: len(s.kept), length: len(b)}, nil
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			s.mu.Unlock()
			return piece{}, err
		}
	}
	at := piece{offset: s.size, length: len(b)}
	s.size += int64(len(b)+15) &^ 15
	s.mu.Unlock()
	sealed := make([]byte, len(b))
	s.stream(at.offset).XORKeyStream(sealed, b)
	_, err := s.file.WriteAt(sealed, at.offset)
	return at, err
}

func (s *spool) open() error {
	key := make([]byte, 16)
	rand.Read(key) // never fails
	var err error
	if s.block, err = aes.NewCipher(key); err != nil {
		return err
	}
	dir := s.dir
	if dir == "" {
		dir = os.TempDir()
	}
	if s.file, err = os.CreateTemp(dir, "import-*.tmp"); err != nil {
		return err
	}
	return os.Remove(s.file.Name())
}

// stream encrypts what stands from an offset on, a multiple of 16.
func (s *spool) stream(offset int64) cipher.Stream {
	var iv [16]byte
	binary.BigEndian.PutUint64(iv[8:], uint64(offset/16))
	return cipher.NewCTR(s.block, iv[:])
}

// get appends what was set aside.
func (s *spool) get(to []byte, at piece) ([]byte, error) {
	if at.kept > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return append(to, s.kept[at.kept-1]...), nil
	}
	from := len(to)
	to = append(to, make([]byte, at.length)...)
	if _, err := s.file.ReadAt(to[from:], at.offset); err != nil {
		return nil, err
	}
	s.stream(at.offset).XORKeyStream(to[from:], to[from:])
	return to, nil
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.kept, s.file = nil, nil
}

// removeSpools removes files that a crash left between their making and their removal.
func removeSpools(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, "import-*.tmp"))
	for _, path := range left {
		os.Remove(path)
	}
}
