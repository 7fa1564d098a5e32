package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// Totals is what a store has acknowledged, or what it holds.
type Totals struct {
	Sequence uint64 // grows by one with every commit
	Events   uint64
	Sends    uint64
}

// Super is what the superblock says.
type Super struct {
	Totals
	Format uint32   // of the store's keys and values
	ID     [16]byte // of the store, random; a restored store keeps it
	Clean  bool     // the store was closed, and nothing was opened since

	turn     uint64 // grows with every writing; the slot with the higher one counts
	manifest manifest
}

// StoreID is the id as text.
func (s Super) StoreID() string { return hex.EncodeToString(s.ID[:]) }

// manifest is how MANIFEST was last seen. Badger appends to it, so that a later one begins with an earlier one, until
// it has ten thousand deletions in it and is written anew with another head.
type manifest struct {
	size    uint64
	headLen uint32            // bytes of the head
	head    uint32            // CRC-32C of them
	whole   [sha256.Size]byte // hash of its first size bytes
}

// The superblock's file has two slots that are written by turns, on pages of their own. So a writing that is cut off
// leaves the other one.
//
//	0   magic "obsuper\n"      8  version    12  length of the slot   16  format    20  flags: 1 clean
//	24  id                     40 sequence   48  events               56  sends     64  turn
//	72  MANIFEST: size         80 length of its head   84  CRC-32C of its head      88  SHA-256 of it
//	120 CRC-32C of all before
//
// Numbers are little-endian. A later version may add members before the checksum.
const (
	superMagic   = "obsuper\n"
	superVersion = 1
	slotSize     = 124
	slotStride   = 4096
	flagClean    = 1
)

// SuperPath is the file of the superblock of the database in dir.
func SuperPath(dir string) string { return filepath.Clean(dir) + ".super" }

func (s *Super) encode() []byte {
	b := make([]byte, 0, slotSize)
	b = append(b, superMagic...)
	flags := uint32(0)
	if s.Clean {
		flags |= flagClean
	}
	for _, n := range []uint32{superVersion, slotSize, s.Format, flags} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = append(b, s.ID[:]...)
	for _, n := range []uint64{s.Sequence, s.Events, s.Sends, s.turn, s.manifest.size} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = binary.LittleEndian.AppendUint32(b, s.manifest.headLen)
	b = binary.LittleEndian.AppendUint32(b, s.manifest.head)
	b = append(b, s.manifest.whole[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// errNoSlot: there is nothing valid in a slot.
var errNoSlot = errors.New("damaged")

// newerError is a superblock or store of a later version.
type newerError struct{ have, know uint32 }

func (e *newerError) Error() string {
	return fmt.Sprintf("version %d, this program knows %d", e.have, e.know)
}

func decodeSlot(b []byte) (s Super, err error) {
	if len(b) < slotSize || string(b[:8]) != superMagic {
		return s, errNoSlot
	}
	version, length := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	if length < slotSize || int64(length) > int64(len(b)) {
		return s, errNoSlot
	}
	if binary.LittleEndian.Uint32(b[length-4:]) != crc32.Checksum(b[:length-4], castagnoli) {
		return s, errNoSlot
	}
	if version > superVersion {
		return s, &newerError{version, superVersion}
	}
	s.Format = binary.LittleEndian.Uint32(b[16:])
	s.Clean = binary.LittleEndian.Uint32(b[20:])&flagClean != 0
	copy(s.ID[:], b[24:])
	for i, to := range []*uint64{&s.Sequence, &s.Events, &s.Sends, &s.turn, &s.manifest.size} {
		*to = binary.LittleEndian.Uint64(b[40+8*i:])
	}
	s.manifest.headLen = binary.LittleEndian.Uint32(b[80:])
	s.manifest.head = binary.LittleEndian.Uint32(b[84:])
	copy(s.manifest.whole[:], b[88:])
	return s, nil
}

// Read gives the superblock of the database in dir; found is false if there is none. One of which no slot is whole
// is an error.
func Read(dir string) (s Super, found bool, err error) {
	b, err := os.ReadFile(SuperPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return Super{}, false, nil
	}
	if err != nil {
		return Super{}, false, fmt.Errorf("reading the superblock: %w", err)
	}
	s, err = parse(b)
	return s, true, err
}

// parse takes the latest whole slot of a superblock's file.
func parse(b []byte) (s Super, err error) {
	err = errNoSlot
	for at := 0; at < len(b) && at <= slotStride; at += slotStride {
		slot, fault := decodeSlot(b[at:min(len(b), at+slotStride)])
		var newer *newerError
		switch {
		case errors.As(fault, &newer):
			return Super{}, fault
		case fault == nil && (err != nil || slot.turn > s.turn):
			s, err = slot, nil
		}
	}
	return s, err
}

// newID is a random store id.
func newID() (id [16]byte) {
	rand.Read(id[:]) // never fails
	return id
}

// WriteSuper writes the superblock of a database in dir that was made by other means and is closed, such as a
// restored one, in place of any that is there: durable when it returns. A zero ID is replaced by a new one.
func WriteSuper(dir string, s Super) error {
	if s.ID == [16]byte{} {
		s.ID = newID()
	}
	r := &manifestReader{dir: dir}
	if err := r.look(); err != nil {
		return fmt.Errorf("reading MANIFEST: %w", err)
	}
	s.manifest, s.Clean = r.manifest, true
	return replaceSuper(SuperPath(dir), &s)
}

// replaceSuper writes a superblock's file anew, with the same in both slots.
func replaceSuper(path string, s *Super) error {
	content := make([]byte, slotStride+slotSize)
	copy(content, s.encode())
	copy(content[slotStride:], s.encode())
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing the superblock: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = Sync(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("writing the superblock: %w", err)
	}
	return nil
}

// Sync makes the content of a file durable, or the names in a folder.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	return errors.Join(err, f.Close())
}
