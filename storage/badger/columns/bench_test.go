package columns

import (
	"bufio"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"outboundbot/storage"
	"outboundbot/storage/intake"
)

// The benchmarks take the data set in the folder that this names: events-*.ndjson, each file with contacts of its
// own. The folded rows are kept beside them.
const dataFolder = "OUTBOUND_COLUMNS_DATA"

// benchRows are the rows of the data set in order of time, as many as are asked for: behind the end they are repeated
// with other persons, in between the others.
var benchSends = sync.OnceValues(func() ([]storage.Send, error) {
	folder := os.Getenv(dataFolder)
	kept := filepath.Join(folder, "rows.gob")
	if f, err := os.Open(kept); err == nil {
		defer f.Close()
		var sends []storage.Send
		return sends, gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&sends)
	}
	sends, err := foldAll(folder)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(kept)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := gob.NewEncoder(w).Encode(sends); err != nil {
		return nil, err
	}
	return sends, w.Flush()
})

func foldAll(folder string) ([]storage.Send, error) {
	files, err := filepath.Glob(filepath.Join(folder, "events-*.ndjson"))
	if err != nil {
		return nil, err
	}
	var sends []storage.Send
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		var events []storage.Event
		for item, err := range intake.Native.Read(f) {
			if err != nil {
				return nil, err
			}
			events = append(events, item.Event)
		}
		f.Close()
		for _, line := range storage.Join(events).Timelines {
			sends = append(sends, line.Fold(nil)...)
		}
	}
	slices.SortFunc(sends, func(a, b storage.Send) int { return int(a.Time - b.Time) })
	return sends, nil
}

func benchWorld(b *testing.B) *world {
	b.Helper()
	if os.Getenv(dataFolder) == "" {
		b.Skip(dataFolder + " is not set")
	}
	w, err := loadWorld()
	if err != nil {
		b.Fatal(err)
	}
	return w
}

var loadWorld = sync.OnceValues(func() (*world, error) {
	sends, err := benchSends()
	return worldOf(nil, sends), err
})

// benchEncoded are segments of the rows, each of a stretch of time.
func benchEncoded(b *testing.B) []Encoded {
	var list []Encoded
	for rows := range slices.Chunk(benchWorld(b).rows, MaxRows) {
		e, err := Encode(rows)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func BenchmarkEncode(b *testing.B) {
	rows := benchWorld(b).rows[:MaxRows]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkAll(b *testing.B) {
	e := benchEncoded(b)[3]
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(func(column int) ([]byte, error) { return e.Values[column], nil }, NewCache(1<<30))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.All(nil, func(int, *Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*e.Rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkSize prints the bytes a row of each column.
func BenchmarkSize(b *testing.B) {
	var size [columnCount]int
	rows, sum := 0, 0
	for _, e := range benchEncoded(b) {
		for column, v := range e.Values {
			size[column] += len(v)
			sum += len(v)
		}
		rows += e.Rows
	}
	for column, n := range size {
		fmt.Printf("column %2d: %.3f\n", column, float64(n)/float64(rows))
	}
	b.ReportMetric(float64(sum)/float64(rows), "B/row")
}
