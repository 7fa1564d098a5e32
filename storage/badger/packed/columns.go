package packed

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"

	"outboundbot/storage"
)

// Columns that are read event by event. A number is a column of lengths in bits, which compress, and its bits behind
// the highest one, which do not: those of all numbers stand in the bits of the block.
const (
	formColumn = iota
	firstColumn
	sequenceColumn
	upToColumn
	replyColumn // places among the ids of the component
	personColumn
	spellingColumn
	sendColumn // places among the sends, first in events that make a send, then in others, as with those below
	_
	talkColumn
	_
	messageColumn
	_
	stepColumn                              // and one more for each class of times: lengths of time since the event before
	shapeColumn  = stepColumn + timeClasses // and one more for each role of literals, as with those below
	startColumn  = shapeColumn + int(roles)
	deltaColumn  = startColumn + int(roles)
	fieldColumn  = deltaColumn + int(roles)
	eventColumns = fieldColumn + int(fields)
)

// Columns that are read when a block is opened; they follow the others.
const (
	numberColumn  = eventColumns + iota // of components
	personsColumn                       // how many
	eventsColumn                        // how many
	whoColumn                           // persons
	sealedColumn                        // lengths of sealed pieces
	stateColumn                         // lengths of states in them
	markColumn                          // where columns stand at some components
	formsColumn
	shapesColumn
	childColumn  // how many values of a field follow from each of its parent
	valueColumn  // which
	lengthColumn // of names
	nameColumn
	columns
)

// making is the class of events that make a send, which mostly have new ids.
const making = 0

// timeClasses groups types by how long after the event before them they come.
const timeClasses = 8

func timeClass(t storage.Type) int {
	switch t {
	case storage.SendRequested, storage.SendSkipped:
		return making
	case storage.MessageSent:
		return 1
	case storage.MessageDelivered:
		return 2
	case storage.MessageRead:
		return 3
	case storage.MessageFailed:
		return 4
	case storage.MessageInbound:
		return 5
	case storage.FlowStep, storage.FlowOption, storage.FlowEnded:
		return 6
	}
	return 7
}

// cursor reads a column. Behind its end it gives zeros, and over tells that it was read beyond.
type cursor struct {
	b    []byte
	i    int
	over bool
}

// code reads a number.
func (c *cursor) code() uint64 {
	if c.i < len(c.b) && c.b[c.i] < 0x80 {
		c.i++
		return uint64(c.b[c.i-1])
	}
	return c.long()
}

func (c *cursor) long() uint64 {
	v, n := binary.Uvarint(c.b[min(c.i, len(c.b)):])
	if n <= 0 {
		c.over = true
		return 0
	}
	c.i += n
	return v
}

// text reads a length and as many bytes.
func (c *cursor) text() string {
	n := c.code()
	if n > uint64(len(c.b)-min(c.i, len(c.b))) {
		c.over = true
		return ""
	}
	c.i += int(n)
	return string(c.b[c.i-int(n) : c.i])
}

// The library's coders are safe for use by many at a time and keep their tables between calls.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(1<<31), zstd.WithDecodeAllCapLimit(true))
)

// Columns shorter than small are compressed together, since each frame costs some bytes; shorter than tiny, they
// are not compressed.
const (
	small = 400
	tiny  = 24
)

// Damage cannot make a reader ask for more memory than this: room for a block of so many bytes.
func roomFor(block int) uint64 { return 4<<20 + 256*uint64(block) }

// appendColumns appends columns: how many are not empty, for each of these how many it is behind the one before and
// its length, then the frames they are in. Columns that are short share the last frame.
func appendColumns(block []byte, all *[columns][]byte, compress bool) []byte {
	short := make([]byte, 0, 4096)
	full := uint64(0)
	for _, c := range all {
		full += uint64(bit(len(c) > 0))
	}
	block = binary.AppendUvarint(block, full)
	last := 0
	for i, c := range all {
		if len(c) == 0 {
			continue
		}
		block = append(block, byte(i-last))
		block = binary.AppendUvarint(block, uint64(len(c)))
		last = i
		if len(c) < small {
			short = append(short, c...)
		}
	}
	for _, c := range all {
		if len(c) >= small {
			block = appendFrame(block, c, compress)
		}
	}
	return appendFrame(block, short, compress)
}

// appendFrame appends a column: the length of what follows and whether it is compressed.
func appendFrame(block, column []byte, compress bool) []byte {
	if len(column) >= tiny && compress {
		packed := packer.EncodeAll(column, make([]byte, 0, len(column)))
		if len(packed) < len(column) {
			block = binary.AppendUvarint(block, uint64(len(packed))<<1|1)
			return append(block, packed...)
		}
	}
	block = binary.AppendUvarint(block, uint64(len(column))<<1)
	return append(block, column...)
}

// columnLengths reads the lengths of all columns. Behind a block of so many bytes there cannot be more than there is
// room for.
func (c *cursor) columnLengths(block int) (lengths [columns]uint64, sum uint64, err error) {
	at := 0
	for n := c.code(); n > 0; n-- {
		gap, length := c.code(), c.code()
		if at += int(gap & 0xff); at >= columns || length > roomFor(block) || c.over {
			return lengths, 0, errDamaged
		}
		sum += length - lengths[at]
		lengths[at] = length
	}
	if sum > roomFor(block) {
		return lengths, 0, errDamaged
	}
	return lengths, sum, nil
}

// readColumns reads what appendColumns wrote and gives the rest. Columns that are not compressed stay where they are.
func readColumns(block []byte, all *[columns][]byte) ([]byte, error) {
	in := cursor{b: block}
	lengths, sum, err := in.columnLengths(len(block))
	if err != nil {
		return nil, err
	}
	short := uint64(0)
	memory := make([]byte, 0, sum)
	for i, n := range lengths {
		if n < small {
			short += n
			continue
		}
		if all[i], memory, err = in.frame(n, memory); err != nil {
			return nil, err
		}
	}
	rest, _, err := in.frame(short, memory)
	if err != nil {
		return nil, err
	}
	for i, n := range lengths {
		if n < small {
			all[i], rest = rest[:n:n], rest[n:]
		}
	}
	return block[in.i:], nil
}

// frame reads a frame of a known length, unpacked into memory.
func (c *cursor) frame(length uint64, memory []byte) (column, left []byte, err error) {
	head := c.code()
	n := head >> 1
	if c.over || n > uint64(len(c.b)-c.i) {
		return nil, nil, errDamaged
	}
	b := c.b[c.i : c.i+int(n) : c.i+int(n)]
	c.i += int(n)
	if head&1 != 0 {
		into := memory[len(memory):len(memory):min(len(memory)+int(length), cap(memory))]
		if b, err = unpacker.DecodeAll(b, into); err != nil {
			return nil, nil, errDamaged
		}
		memory = memory[:len(memory)+len(b)]
	}
	if uint64(len(b)) != length {
		return nil, nil, errDamaged
	}
	return b, memory, nil
}
