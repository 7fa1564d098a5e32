package guard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/proto"
)

// Badger reads the index and the last block of every table when it opens, and all blocks if it is told to verify them.
// It trusts the lengths in them before it has compared a checksum: on a table that is cut or damaged there it panics
// in a goroutine of its own, which nobody can recover from. So the same is read here first, carefully.
//
// A table is blocks, the index (a flatbuffer), its length, its checksum (a protobuf) and the length of that. A block,
// once it is unpacked, is entries, their offsets, how many there are, the checksum of all that (a protobuf) and the
// length of that. Numbers are big-endian, offsets are not.

// table is an open table file.
type table struct {
	file   *os.File
	packed options.CompressionType
	index  *fb.TableIndex
	data   []byte // room for a block, as it is in the file
	block  []byte // and unpacked
}

// errTable: something in a table is not what was written.
var errTable = errors.New("does not match its checksum")

// Tables reads every block of every table of the database in dir, which may be open, and compares checksums. It is
// what Badger's VerifyChecksum is, which panics on some damage. A damaged table gives a [*Refusal].
func Tables(dir string) error {
	for {
		f, fault, err := look(dir)
		if err != nil {
			return err
		}
		if fault != "" {
			return &Refusal{Dir: dir, What: "holds data tables but its MANIFEST " + fault, Do: restoreIt, Opened: true}
		}
		name, err := f.damagedTable(true)
		switch {
		case name != "":
			return &Refusal{Dir: dir, What: "has a damaged data table, " + name, Do: restoreIt, Opened: true}
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		// A compaction has replaced tables meanwhile; if one was just deleted, look again.
		if again, _, err := look(dir); err == nil && maps.Equal(again.named, f.named) {
			name, _ := f.missing()
			return &Refusal{Dir: dir, What: "lacks its data table " + name, Do: restoreIt, Opened: true}
		}
	}
}

// damagedTable checks the tables that MANIFEST names: their index and last block, or with all every block. It gives
// the name of one that is damaged.
func (f *folder) damagedTable(all bool) (string, error) {
	work := make(chan uint64, len(f.named))
	for id := range f.named {
		work <- id
	}
	close(work)
	var found atomic.Pointer[string]
	var group sync.WaitGroup
	var mu sync.Mutex
	var fault error
	for range min(len(f.named), runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for id := range work {
				name := tableName(id)
				err := checkTable(filepath.Join(f.dir, name), f.named[id], all)
				switch {
				case errors.Is(err, errTable):
					found.Store(&name)
				case err != nil:
					mu.Lock()
					fault = errors.Join(fault, err)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	if name := found.Load(); name != nil {
		return *name, nil
	}
	return "", fault
}

func tableName(id uint64) string { return fmt.Sprintf("%06d.sst", id) }

func checkTable(path string, packed options.CompressionType, all bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	t := &table{file: f, packed: packed}
	if err := t.readIndex(); err != nil {
		return err
	}
	n := t.index.OffsetsLength()
	if n == 0 {
		return errTable
	}
	first := n - 1
	if all {
		first = 0
	}
	for i := first; i < n; i++ {
		if err := t.check(i); err != nil {
			return err
		}
	}
	return nil
}

// readIndex reads a table from its end.
func (t *table) readIndex() error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	sum, end, err := t.before(end)
	if err != nil {
		return err
	}
	index, _, err := t.before(end)
	if err != nil {
		return err
	}
	if !matches(index, sum) || len(index) < 8 {
		return errTable
	}
	t.index = fb.GetRootAsTableIndex(index, 0)
	return nil
}

// before reads what ends, together with its length, at a place, and gives where it begins.
func (t *table) before(end int64) ([]byte, int64, error) {
	var length [4]byte
	if end < 4 {
		return nil, 0, errTable
	}
	if _, err := t.file.ReadAt(length[:], end-4); err != nil {
		return nil, 0, err
	}
	n := int64(binary.BigEndian.Uint32(length[:]))
	begin := end - 4 - n
	if begin < 0 {
		return nil, 0, errTable
	}
	b := make([]byte, n)
	_, err := t.file.ReadAt(b, begin)
	return b, begin, err
}

// matches compares data with a checksum as Badger writes it.
func matches(data, sum []byte) bool {
	var want pb.Checksum
	if proto.Unmarshal(sum, &want) != nil {
		return false
	}
	switch want.Algo {
	case pb.Checksum_CRC32C, pb.Checksum_XXHash64:
		return y.VerifyChecksum(data, &want) == nil
	default:
		return false
	}
}

// check reads one block.
func (t *table) check(i int) error {
	var at fb.BlockOffset
	if !t.index.Offsets(&at, i) {
		return errTable
	}
	if cap(t.data) < int(at.Len()) {
		t.data = make([]byte, at.Len())
	}
	data := t.data[:at.Len()]
	if _, err := t.file.ReadAt(data, int64(at.Offset())); err != nil {
		return err
	}
	data, err := t.unpack(data)
	if err != nil {
		return errTable
	}
	if len(data) < 8 {
		return errTable
	}
	end := len(data) - 4
	length := binary.BigEndian.Uint32(data[end:])
	if uint64(length) > uint64(end) {
		return errTable
	}
	begin := end - int(length)
	if !matches(data[:begin], data[begin:end]) {
		return errTable
	}
	return nil
}

func (t *table) unpack(b []byte) (out []byte, err error) {
	switch t.packed {
	case options.Snappy:
		out, err = snappy.Decode(t.block[:cap(t.block)], b)
	case options.ZSTD:
		out, err = y.ZSTDDecompress(t.block[:0], b)
	default:
		return b, nil
	}
	t.block = out
	return out, err
}
