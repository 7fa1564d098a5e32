package export

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"github.com/xuri/excelize/v2"

	"outboundbot/reports"
	"outboundbot/storage"
)

func TestFailuresReachTheCaller(t *testing.T) {
	gone := errors.New("disk gone")
	broken := sample()
	broken.Rows = func(yield func([]storage.Cell, error) bool) { yield(nil, gone) }
	narrow := sheetOf([]storage.Cell{storage.Text("S1")})
	nowhere := sample()
	nowhere.Zone = "Mars/Base"
	for _, f := range Formats() {
		if _, err := f.Write(t.Context(), io.Discard, broken); !errors.Is(err, gone) {
			t.Errorf("%s: error of a row became %v", f.Name, err)
		}
		if _, err := f.Write(t.Context(), failing{gone}, sample()); !errors.Is(err, gone) {
			t.Errorf("%s: error of the writer became %v", f.Name, err)
		}
		if _, err := f.Write(t.Context(), io.Discard, narrow); err == nil {
			t.Errorf("%s: a row with too few cells went out", f.Name)
		}
		if _, err := f.Write(t.Context(), io.Discard, nowhere); (err == nil) != (f.Name == "json") {
			t.Errorf("%s: a zone that does not exist gives %v", f.Name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A cancelled export stops within some hundred rows, and excelize's temporary file is gone.
func TestCancelStopsSoon(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, f := range Formats() {
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		s := endless(sample())
		rows := s.Rows
		s.Rows = func(yield func([]storage.Cell, error) bool) {
			for row, err := range rows {
				if seen++; seen == 200_000 {
					cancel()
				}
				if !yield(row, err) {
					return
				}
			}
		}
		if _, err := f.Write(ctx, io.Discard, s); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", f.Name, err)
		}
		if seen > 200_000+checkEvery {
			t.Errorf("%s: %d rows were read after the end", f.Name, seen-200_000)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// endless repeats the rows of a sheet for ever.
func endless(s reports.Sheet) reports.Sheet {
	rows := s.Rows
	s.Rows = func(yield func([]storage.Cell, error) bool) {
		for {
			for row, err := range rows {
				if !yield(row, err) {
					return
				}
			}
		}
	}
	return s
}

// tide is how much a format held and wrote.
type tide struct {
	heap    uint64 // largest, sampled while rows are read and while bytes go out
	bytes   int
	largest int // single write
}

// watch writes n rows with names that do not compress.
func watch(t *testing.T, f reports.Format, n int) tide {
	t.Helper()
	var seen tide
	look := func() {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		seen.heap = max(seen.heap, m.HeapAlloc)
	}
	random := rand.NewChaCha8([32]byte{})
	s := sample()
	s.Rows = func(yield func([]storage.Cell, error) bool) {
		name := make([]byte, 32)
		row := make([]storage.Cell, len(s.Columns))
		for i := range n {
			random.Read(name)
			row[0], row[1] = storage.Text(hex.EncodeToString(name)), storage.Text("Día de la Madre")
			row[2], row[3] = storage.At(noon+storage.Instant(i)), storage.Int(int64(i))
			if i%(n/8) == 0 {
				look()
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	written, err := f.Write(t.Context(), writerFunc(func(p []byte) (int, error) {
		if seen.bytes/(n*16) < (seen.bytes+len(p))/(n*16) {
			look()
		}
		seen.bytes += len(p)
		seen.largest = max(seen.largest, len(p))
		return len(p), nil
	}), s)
	if err != nil || written != int64(n) {
		t.Fatal(written, err)
	}
	return seen
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// The rows of a large file stay neither on the heap nor in one piece at the end.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	for _, f := range Formats() {
		few, many := watch(t, f, 20_000), watch(t, f, 200_000)
		t.Logf("%s: 20,000 rows %+v; 200,000 rows %+v", f.Name, few, many)
		bound := few.heap + 3<<20
		if f.Name == "xlsx" {
			bound = few.heap + 2*excelize.StreamChunkSize // kept before it uses a file, in a buffer that doubles
		}
		if many.heap > bound {
			t.Errorf("%s: the heap grew from %d to %d bytes", f.Name, few.heap, many.heap)
		}
		if many.bytes < 8<<20 || many.largest > 128<<10 {
			t.Errorf("%s: %d bytes went out, up to %d at once", f.Name, many.bytes, many.largest)
		}
	}
}
