// Package guard keeps a store from serving or losing what it should not. It knows nothing of events:
//
//   - an envelope around every value says what the value is and whether it is whole ([Seal], [Unseal]);
//   - a superblock in a file of its own beside the database says what was acknowledged ([Before], [After], [Block]),
//     so that a database that comes up with less is refused. Badger itself opens happily with a damaged write-ahead
//     file, and without its MANIFEST it deletes every table;
//   - free space is asked for before Badger would die of a full disk ([Room]).
//
// Everything that is refused is refused before anything is touched, in one sentence that says what is wrong, what was
// lost and what to do.
package guard

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// Header is how many bytes an envelope adds to a payload.
//
//	0  magic "Ov"   2  version   3  kind   4  length of the payload   8  rows   12  CRC-32C
//
// Numbers are little-endian. The checksum covers the rest of the header, the payload and the key under which the value
// stands, so that a value that is found under the key of another is noticed too.
const Header = 16

const (
	envelopeMagic   = 'O' | 'v'<<8
	envelopeVersion = 1
)

// MaxPayload is how many bytes one envelope holds.
const MaxPayload = math.MaxUint32 - Header

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal appends the value for a key to dst: the envelope and the payload of rows rows in it. It allocates once, if dst
// has no room.
func Seal(dst []byte, kind byte, key []byte, rows int, payload []byte) []byte {
	at := len(dst)
	dst = slices.Grow(dst, Header+len(payload))
	dst = append(dst[:at+Header], payload...)
	Close(dst[at:], kind, key, rows)
	return dst
}

// Close makes a value of a buffer whose payload begins after Header bytes left free, without copying it.
func Close(value []byte, kind byte, key []byte, rows int) {
	binary.LittleEndian.PutUint16(value, envelopeMagic)
	value[2], value[3] = envelopeVersion, kind
	binary.LittleEndian.PutUint32(value[4:], uint32(len(value)-Header))
	binary.LittleEndian.PutUint32(value[8:], uint32(rows))
	binary.LittleEndian.PutUint32(value[12:], checksum(value, key))
}

func checksum(value, key []byte) uint32 {
	sum := crc32.Update(0, castagnoli, value[:12])
	sum = crc32.Update(sum, castagnoli, value[Header:])
	return crc32.Update(sum, castagnoli, key)
}

// Unseal gives the payload of the value that was read under a key, as a part of value, and its number of rows; or a
// [*Damage].
func Unseal(kind byte, key, value []byte) (payload []byte, rows int, err error) {
	what := ""
	switch {
	case len(value) < Header:
		what = fmt.Sprintf("has %d bytes, fewer than an envelope", len(value))
	case binary.LittleEndian.Uint16(value) != envelopeMagic:
		what = "is in no envelope"
	case value[2] != envelopeVersion:
		what = fmt.Sprintf("is in an envelope of version %d, this program knows %d", value[2], envelopeVersion)
	case int64(binary.LittleEndian.Uint32(value[4:])) != int64(len(value)-Header):
		what = fmt.Sprintf("has %d bytes of %d", len(value)-Header, binary.LittleEndian.Uint32(value[4:]))
	case binary.LittleEndian.Uint32(value[12:]) != checksum(value, key):
		what = "does not match its checksum"
	case value[3] != kind:
		what = fmt.Sprintf("is of kind %q", value[3])
	default:
		return value[Header:], int(binary.LittleEndian.Uint32(value[8:])), nil
	}
	return nil, 0, &Damage{Kind: kind, Key: slices.Clone(key), What: what}
}

// Kind is the kind that a value says it is, for checks that go through all values; 0 if it has no envelope.
func Kind(value []byte) byte {
	if len(value) < Header {
		return 0
	}
	return value[3]
}

// Damage is a value that is not what was written.
type Damage struct {
	Kind byte   // that was asked for
	Key  []byte // under which it was read
	What string // is wrong, as the end of a sentence
}

func (d *Damage) Error() string {
	return fmt.Sprintf("the value of kind %q under key %x %s", d.Kind, d.Key, d.What)
}
