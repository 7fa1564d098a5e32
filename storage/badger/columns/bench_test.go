package columns

import (
	"bufio"
	"cmp"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

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

// benchView has the rows of the data set, or copies of each with other persons and ids, in segments by time. The
// number of copies is that of the environment, else 1.
var benchView = sync.OnceValues(func() (*View, error) {
	w, err := loadWorld()
	if err != nil {
		return nil, err
	}
	copies, err := strconv.Atoi(cmp.Or(os.Getenv(dataFolder+"_COPIES"), "1"))
	if err != nil {
		return nil, err
	}
	v := &View{Contact: func(person uint32) (string, error) { return "50499990000", nil }, Secret: w.secret}
	for range copies {
		v.First = append(v.First, w.first...)
	}
	// persons get their numbers as they turn up
	number := make([]uint32, len(v.First))
	first := make([]storage.Instant, 0, len(v.First))
	cache := NewCache(4 << 30)
	folder := filepath.Join(os.Getenv(dataFolder), fmt.Sprint("segments-", copies))
	os.MkdirAll(folder, 0o755)
	for rows := range slices.Chunk(w.rows, MaxRows/copies) {
		var more []Row
		for _, r := range rows {
			for k := range copies {
				c := r
				id, _ := strconv.Atoi(r.ID)
				talk, _ := strconv.Atoi(r.Conversation)
				at := int(r.Person)*copies + k
				if number[at] == 0 {
					first = append(first, v.First[int(r.Person)])
					number[at] = uint32(len(first))
				}
				c.ID, c.Person, c.Time = strconv.Itoa(id*copies+k), number[at]-1, r.Time+storage.Instant(k*(at%997))
				if talk != 0 {
					c.Conversation = strconv.Itoa(talk*copies + k)
				}
				more = append(more, c)
			}
		}
		name := filepath.Join(folder, fmt.Sprint(len(v.Parts)))
		e, err := keptSegment(name, more)
		if err != nil {
			return nil, err
		}
		s, err := Open(func(column int) ([]byte, error) { return e.Values[column], nil }, cache)
		if err != nil {
			return nil, err
		}
		v.Parts = append(v.Parts, Part{Segment: s})
	}
	v.First = first
	return v, nil
})

// keptSegment is a segment that an earlier benchmark made, or a new one.
func keptSegment(name string, rows []Row) (e Encoded, err error) {
	if f, err := os.Open(name); err == nil {
		defer f.Close()
		return e, gob.NewDecoder(bufio.NewReader(f)).Decode(&e)
	}
	if e, err = Encode(rows); err != nil {
		return e, err
	}
	f, err := os.Create(name)
	if err != nil {
		return e, err
	}
	defer f.Close()
	return e, gob.NewEncoder(f).Encode(e)
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func day(b testing.TB, s string) storage.Day {
	d, err := storage.ParseDay(s)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func BenchmarkCount(b *testing.B) {
	benchWorld(b)
	v, err := benchView()
	if err != nil {
		b.Fatal(err)
	}
	now, err := storage.ParseInstant("2025-12-10T00:00:00Z")
	if err != nil {
		b.Fatal(err)
	}
	one := func(field string, values ...string) []storage.Condition {
		return []storage.Condition{{Field: field, Values: values}}
	}
	for _, x := range []struct {
		name, from string
		where      []storage.Condition
		by         []storage.Grouping
	}{
		{"Q1", "2025-11-01", one("channel", "WA"), []storage.Grouping{{"origin"}, {"origin"}}},
		{"Q2", "2024-12-01", nil, []storage.Grouping{{"origin"}, {"origin"}}},
		{"Q3", "2025-09-02", nil, []storage.Grouping{{"campaign", "origin"}, {"origin"}}},
		{"Q4", "2024-12-01", one("campaign", "BlackFriday"), []storage.Grouping{{"origin"}, {"origin"}}},
		{"Q5", "2024-12-01", append(one("channel", "WA"), one("final_tag", "Sale")...), []storage.Grouping{{"origin"}}},
		{"Q7", "2025-11-01", nil, []storage.Grouping{{"origin"}, {"contact_kind"}, {"origin"}}},
		{"agent", "2024-12-01", nil, []storage.Grouping{{"agent"}}},
		{"hour", "2024-12-01", nil, []storage.Grouping{{"weekday", "hour"}}},
		{"day", "2024-12-01", nil, []storage.Grouping{{"day"}}},
		{"tag", "2024-12-01", nil, []storage.Grouping{{"tag"}}},
		{"campaign", "2024-12-01", nil, []storage.Grouping{{"campaign"}}},
		{"status", "2024-12-01", nil, []storage.Grouping{{"status"}}},
		{"final", "2024-12-01", nil, []storage.Grouping{{"final_tag"}}},
	} {
		b.Run(x.name, func(b *testing.B) {
			q := storage.Question{Range: storage.Range{From: day(b, x.from), To: day(b, "2025-11-30")}, Where: x.where, By: x.by, Now: now}
			var c storage.Count
			if c, err = v.Count(b.Context(), &q); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			start := cpuTime()
			for b.Loop() {
				if c, err = v.Count(b.Context(), &q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(c.Total.Sends()), "sends")
			b.ReportMetric(float64(len(c.Groups[0])), "groups")
		})
	}
}

func BenchmarkNewest(b *testing.B) {
	benchWorld(b)
	v, err := benchView()
	if err != nil {
		b.Fatal(err)
	}
	q := storage.Question{Where: []storage.Condition{{Field: "channel", Values: []string{"WA"}}, {Field: "final_tag", Values: []string{"Sale"}}}}
	b.ReportAllocs()
	start := cpuTime()
	rows := 0
	for b.Loop() {
		err := v.Sends(b.Context(), &q, storage.Order{Limit: 2000, NewestFirst: true}, func(storage.Send, error) bool {
			rows++
			return true
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(rows/b.N), "rows")
}
