// Package archive makes backups of a store and stores of backups. It knows nothing of events: a backup is every key
// and value of one state of a Badger database.
//
// # File
//
//	"outbound backup\n", version u32, length u32, JSON of [Info], CRC-32C u32 of all that
//	frames: "F", index u32, entries u32, raw length u32, stored length u32, packed u8, CRC-32C u32 of header and content,
//	        content
//	"E", frames u32, entries u64, raw bytes u64, SHA-256 of the raw content of all frames, CRC-32C u32 of all that
//
// Numbers are little-endian. A frame's content is zstd if packed is 1. Raw, it is entries in order of their keys:
//
//	length of the key, key, length of the value, value, version, expiry in Unix seconds or 0 (varints), user byte
//
// So every byte is under a checksum, frames cannot change places, and a file that was cut has no end. The digest is
// that of the content however it is cut into frames: a restored database gives the same.
//
// The key that persons are encrypted with is not in a backup, only its fingerprint.
package archive

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"
)

// Info says what a backup is of.
type Info struct {
	Store    string    `json:"store"`    // id of the store
	Format   uint32    `json:"format"`   // of the store's keys and values
	Sequence uint64    `json:"sequence"` // of the last commit in it
	Events   uint64    `json:"events"`
	Sends    uint64    `json:"sends"`
	Created  time.Time `json:"created"`
	Key      string    `json:"key,omitempty"` // fingerprint of the master key that its persons need
}

// Contents sums up the entries of a backup or of a database; equal ones have equal contents.
type Contents struct {
	Entries uint64
	Bytes   uint64 // raw
	Digest  [32]byte
}

func (c Contents) String() string {
	return fmt.Sprintf("%d values, %d MiB, digest %s", c.Entries, c.Bytes>>20, hex.EncodeToString(c.Digest[:8]))
}

// Fault is why a backup cannot be used.
type Fault struct {
	Path string // of the file; "" for a stream
	What string // is wrong, as the end of a sentence
	Do   string // what helps
}

func (f *Fault) Error() string {
	of := "the backup "
	if f.Path != "" {
		of += f.Path + " "
	}
	return of + f.What + ": " + f.Do
}

const another = "take another one"

func damaged(format string, args ...any) *Fault {
	return &Fault{What: "is damaged (" + fmt.Sprintf(format, args...) + ")", Do: another}
}

// named says of which file a fault is.
func named(path string, err error) error {
	var f *Fault
	if errors.As(err, &f) && f.Path == "" {
		f.Path = path
	}
	return err
}

const (
	magic   = "outbound backup\n"
	version = 1

	frameMark = 'F'
	endMark   = 'E'

	frameHeader = 1 + 4*4 + 1 // without the mark's checksum
	endHeader   = 1 + 4 + 8 + 8 + 32

	frameSize = 1 << 20  // raw bytes after which a frame ends
	maxFrame  = 64 << 20 // more is damage
	maxInfo   = 64 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(parts ...[]byte) (crc uint32) {
	for _, p := range parts {
		crc = crc32.Update(crc, castagnoli, p)
	}
	return crc
}

func encodeInfo(info Info) ([]byte, error) {
	text, err := json.Marshal(info)
	if err != nil {
		return nil, err
	}
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = append(b, text...)
	return binary.LittleEndian.AppendUint32(b, sum(b)), nil
}

// Entry is a key and what stands under it.
type Entry struct {
	Key, Value []byte
	Version    uint64 // of Badger
	Expires    uint64 // Unix seconds; 0 for never
	User       byte
}

func appendEntry(b []byte, e Entry) []byte {
	b = binary.AppendUvarint(b, uint64(len(e.Key)))
	b = append(b, e.Key...)
	b = binary.AppendUvarint(b, uint64(len(e.Value)))
	b = append(b, e.Value...)
	b = binary.AppendUvarint(b, e.Version)
	b = binary.AppendUvarint(b, e.Expires)
	return append(b, e.User)
}

// cutEntry takes the first entry off raw content. Its key and value are parts of b.
func cutEntry(b []byte) (e Entry, rest []byte, ok bool) {
	if e.Key, b, ok = cutBytes(b); !ok {
		return e, nil, false
	}
	if e.Value, b, ok = cutBytes(b); !ok {
		return e, nil, false
	}
	for _, to := range []*uint64{&e.Version, &e.Expires} {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return e, nil, false
		}
		*to, b = n, b[size:]
	}
	if len(b) == 0 {
		return e, nil, false
	}
	e.User = b[0]
	return e, b[1:], true
}

func cutBytes(b []byte) (part, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	b = b[size:]
	return b[:n:n], b[n:], true
}

// Is tells whether a file begins as a backup does.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == magic
}
