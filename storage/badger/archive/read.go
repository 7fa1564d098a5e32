package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// Reader reads a backup from its beginning to its end.
type Reader struct {
	Info Info

	in     *bufio.Reader
	unzip  *zstd.Decoder
	stored []byte
	raw    []byte
	frames uint32
	tally  tally
	last   []byte // the key before
}

// NewReader reads what a backup is of. What is no backup, or one of a later version, gives a [*Fault].
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 1<<16), tally: newTally()}
	head := make([]byte, len(magic)+8)
	if n, err := io.ReadFull(r.in, head); err != nil || string(head[:len(magic)]) != magic {
		switch {
		case err != nil && !isEnd(err):
			return nil, err
		case n > 0 && bytes.HasPrefix([]byte(magic), head[:min(n, len(magic))]):
			return nil, cut()
		}
		return nil, &Fault{What: "is no backup of outboundbot", Do: "name a file that outboundbot backup wrote"}
	}
	made := binary.LittleEndian.Uint32(head[len(magic):])
	length := binary.LittleEndian.Uint32(head[len(magic)+4:])
	if made > version && made < 1<<16 {
		return nil, &Fault{What: fmt.Sprintf("is of version %d, this program knows %d", made, version), Do: "use the program that wrote it, or a later one"}
	}
	if made != version || length > maxInfo {
		return nil, damaged("its head")
	}
	text := make([]byte, length+4)
	if err := r.full(text); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(text[length:]) != sum(head, text[:length]) || json.Unmarshal(text[:length], &r.Info) != nil {
		return nil, damaged("its head")
	}
	var err error
	r.unzip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame))
	return r, err
}

// cut is the fault of a file that is shorter than it was.
func cut() *Fault { return &Fault{What: "is cut off", Do: another} }

func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func (r *Reader) full(b []byte) error {
	_, err := io.ReadFull(r.in, b)
	if isEnd(err) {
		return cut()
	}
	return err
}

// Each gives the entries in order and then what they sum up to, which it has compared with the backup's end. An entry
// is valid until use returns. What is damaged or cut gives a [*Fault], which may come after entries that were used.
func (r *Reader) Each(ctx context.Context, use func(Entry) error) (Contents, error) {
	defer r.unzip.Close()
	for {
		if err := ctx.Err(); err != nil {
			return Contents{}, err
		}
		mark, err := r.in.ReadByte()
		switch {
		case isEnd(err):
			return Contents{}, cut()
		case err != nil:
			return Contents{}, err
		case mark == endMark:
			return r.end()
		case mark != frameMark:
			return Contents{}, damaged("after block %d", r.frames)
		}
		if err := r.frame(use); err != nil {
			return Contents{}, err
		}
	}
}

func (r *Reader) frame(use func(Entry) error) error {
	head := [frameHeader + 4]byte{frameMark}
	if err := r.full(head[1:]); err != nil {
		return err
	}
	var n [4]uint32
	for i := range n {
		n[i] = binary.LittleEndian.Uint32(head[1+4*i:])
	}
	index, entries, rawLen, storedLen, packed := n[0], n[1], n[2], n[3], head[17]
	if index != r.frames || rawLen > maxFrame || storedLen > rawLen || packed > 1 {
		return damaged("block %d", r.frames)
	}
	r.stored = sized(r.stored, int(storedLen))
	if err := r.full(r.stored); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(head[frameHeader:]) != sum(head[:frameHeader], r.stored) {
		return damaged("block %d does not match its checksum", r.frames)
	}
	raw := r.stored
	if packed == 1 {
		var err error
		if r.raw, err = r.unzip.DecodeAll(r.stored, r.raw[:0]); err != nil {
			return damaged("block %d: %v", r.frames, err)
		}
		raw = r.raw
	}
	if len(raw) != int(rawLen) {
		return damaged("block %d has another length", r.frames)
	}
	r.tally.frame(entries, raw)
	r.frames++
	return r.entries(entries, raw, use)
}

func (r *Reader) entries(n uint32, raw []byte, use func(Entry) error) error {
	for range n {
		e, rest, ok := cutEntry(raw)
		if !ok || r.last != nil && bytes.Compare(e.Key, r.last) <= 0 {
			return damaged("block %d holds no list of values", r.frames-1)
		}
		if err := use(e); err != nil {
			return err
		}
		r.last, raw = append(r.last[:0], e.Key...), rest
	}
	if len(raw) > 0 {
		return damaged("block %d holds more than it says", r.frames-1)
	}
	return nil
}

// end reads the end, which must agree with what was read, and looks that nothing follows.
func (r *Reader) end() (Contents, error) {
	end := [endHeader + 4]byte{endMark}
	if err := r.full(end[1:]); err != nil {
		return Contents{}, err
	}
	if binary.LittleEndian.Uint32(end[endHeader:]) != sum(end[:endHeader]) {
		return Contents{}, damaged("its end")
	}
	says := Contents{binary.LittleEndian.Uint64(end[5:]), binary.LittleEndian.Uint64(end[13:]), [32]byte(end[21:53])}
	if binary.LittleEndian.Uint32(end[1:]) != r.frames || says != r.tally.contents() {
		return Contents{}, damaged("its content is not what its end says")
	}
	if _, err := r.in.ReadByte(); !isEnd(err) {
		return Contents{}, damaged("something follows its end")
	}
	return says, nil
}

// sized is b with a length of n, made anew if it has no room.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// Check reads a whole backup and compares every checksum. See is told of the bytes of the file that were read; nil for
// nobody.
func Check(ctx context.Context, path string, see func(int)) (Info, Contents, error) {
	return readFile(ctx, path, see, func(Entry) error { return nil })
}

func readFile(ctx context.Context, path string, see func(int), use func(Entry) error) (Info, Contents, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, Contents{}, err
	}
	defer f.Close()
	r, err := NewReader(seen{f, see})
	if err != nil {
		return Info{}, Contents{}, named(path, err)
	}
	c, err := r.Each(ctx, use)
	return r.Info, c, named(path, err)
}

// seen tells of what is read.
type seen struct {
	io.Reader
	tell func(int)
}

func (s seen) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if s.tell != nil {
		s.tell(n)
	}
	return n, err
}
