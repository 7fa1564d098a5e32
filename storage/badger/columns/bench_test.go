package columns

import (
	"bufio"
	"cmp"
	"encoding/gob"
	"fmt"
	"iter"
	"math/rand/v2"
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

// benchSends are the rows of the data set in order of time.
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

func BenchmarkEncode(b *testing.B) {
	e := loadedSet(b).Parts[7]
	s, err := Open(func(column int) ([]byte, error) { return e.Values[column], nil }, NewCache(1<<30))
	if err != nil {
		b.Fatal(err)
	}
	var rows []Row
	_ = s.All(nil, func(_ int, r *Row) error {
		rows = append(rows, *r)
		return nil
	})
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		if _, err := Encode(rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/(cpuTime()-start).Seconds(), "rows/cpu-s")
}

func BenchmarkAll(b *testing.B) {
	e := loadedSet(b).Parts[7]
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		s, err := Open(func(column int) ([]byte, error) { return e.Values[column], nil }, NewCache(1<<30))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.All(nil, func(int, *Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*e.Rows)/(cpuTime()-start).Seconds(), "rows/cpu-s")
}

// BenchmarkSize prints the bytes a row of each column.
func BenchmarkSize(b *testing.B) {
	var size [columnCount]int
	rows, sum := 0, 0
	for _, e := range loadedSet(b).Parts {
		for column, v := range e.Values {
			size[column] += len(v)
			sum += len(v)
		}
		rows += e.Rows
	}
	for column, n := range size {
		b.Logf("column %2d: %.3f", column, float64(n)/float64(rows))
	}
	for b.Loop() { // nothing: sizes are all there is to tell
	}
	b.ReportMetric(float64(sum)/float64(rows), "B/row")
}

// benchSet is a view as it is kept in a file, so that benchmarks need no rows in memory.
type benchSet struct {
	Parts []Encoded
	First []storage.Instant
}

// benchCopies is how often the rows of the data set are repeated, with other persons and ids.
const benchCopies = dataFolder + "_COPIES"

var loadSet = sync.OnceValues(func() (set benchSet, err error) {
	copies, err := strconv.Atoi(cmp.Or(os.Getenv(benchCopies), "1"))
	if err != nil {
		return set, err
	}
	name := filepath.Join(os.Getenv(dataFolder), fmt.Sprint("set-", copies))
	if f, err := os.Open(name); err == nil {
		defer f.Close()
		return set, gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&set)
	}
	if set, err = makeSet(copies); err != nil {
		return set, err
	}
	f, err := os.Create(name)
	if err != nil {
		return set, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := gob.NewEncoder(w).Encode(set); err != nil {
		return set, err
	}
	return set, w.Flush()
})

func makeSet(copies int) (set benchSet, err error) {
	sends, err := benchSends()
	if err != nil {
		return set, err
	}
	w := worldOf(nil, sends)
	number := make([]uint32, len(w.first)*copies) // persons get their numbers as they turn up
	for rows := range slices.Chunk(w.rows, MaxRows/copies) {
		var more []Row
		for _, r := range rows {
			for k := range copies {
				c := r
				id, _ := strconv.Atoi(r.ID)
				talk, _ := strconv.Atoi(r.Conversation)
				at := int(r.Person)*copies + k
				if number[at] == 0 {
					set.First = append(set.First, w.first[r.Person])
					number[at] = uint32(len(set.First))
				}
				c.ID, c.Person, c.Time = strconv.Itoa(id*copies+k), number[at]-1, r.Time+storage.Instant(k*(at%997))
				if talk != 0 {
					c.Conversation = strconv.Itoa(talk*copies + k)
				}
				more = append(more, c)
			}
		}
		e, err := Encode(more)
		if err != nil {
			return set, err
		}
		set.Parts = append(set.Parts, e)
	}
	return set, nil
}

func benchView(b *testing.B) *View {
	set := loadedSet(b)
	return set.view(b)
}

func (set *benchSet) view(b testing.TB) *View {
	v := &View{First: set.First, Contact: func(uint32) (string, error) { return "50499990000", nil }, Secret: []byte("secret")}
	for block := range slices.Chunk(v.First, 64) {
		v.Blocks = append(v.Blocks, BlockOf(block))
	}
	cache := NewCache(4 << 30)
	for _, e := range set.Parts {
		s, err := Open(func(column int) ([]byte, error) { return e.Values[column], nil }, cache)
		if err != nil {
			b.Fatal(err)
		}
		v.Parts = append(v.Parts, Part{Segment: s})
	}
	return v
}

func loadedSet(b *testing.B) benchSet {
	b.Helper()
	if os.Getenv(dataFolder) == "" {
		b.Skip(dataFolder + " is not set")
	}
	set, err := loadSet()
	if err != nil {
		b.Fatal(err)
	}
	return set
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

// benchQuestions are what the reports ask about a year, 90 and 30 days, one campaign and one tagging, and some
// groupings by what rows differ in.
func benchQuestions(t testing.TB) iter.Seq2[string, storage.Question] {
	now, err := storage.ParseInstant("2025-12-10T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	one := func(field string, values ...string) []storage.Condition {
		return []storage.Condition{{Field: field, Values: values}}
	}
	return func(yield func(string, storage.Question) bool) {
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
			{"campaign", "2024-12-01", nil, []storage.Grouping{{"campaign"}}},
			{"agent", "2024-12-01", nil, []storage.Grouping{{"agent"}}},
			{"hour", "2024-12-01", nil, []storage.Grouping{{"weekday", "hour"}}},
			{"day", "2024-12-01", nil, []storage.Grouping{{"day"}}},
			{"tag", "2024-12-01", nil, []storage.Grouping{{"tag"}}},
			{"status", "2024-12-01", nil, []storage.Grouping{{"status"}}},
			{"final", "2024-12-01", nil, []storage.Grouping{{"final_tag"}}},
		} {
			q := storage.Question{Range: storage.Range{From: day(t, x.from), To: day(t, "2025-11-30")}, Where: x.where, By: x.by, Now: now}
			if !yield(x.name, q) {
				return
			}
		}
	}
}

func BenchmarkCount(b *testing.B) {
	v := benchView(b)
	for name, q := range benchQuestions(b) {
		b.Run(name, func(b *testing.B) {
			c, err := v.Count(b.Context(), &q)
			if err != nil {
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
	v := benchView(b)
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

func BenchmarkExport(b *testing.B) {
	v := benchView(b)
	q := storage.Question{}
	b.ReportAllocs()
	start := cpuTime()
	rows := 0
	for b.Loop() {
		err := v.Sends(b.Context(), &q, storage.Order{}, func(storage.Send, error) bool {
			rows++
			return true
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)/(cpuTime()-start).Seconds(), "rows/cpu-s")
}

func BenchmarkNames(b *testing.B) {
	v := benchView(b)
	for _, field := range []string{"campaign", "agent", "final_tag"} {
		b.Run(field, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Names(b.Context(), storage.Scope{}, field, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCold opens all segments and asks the first question with nothing in the cache.
func BenchmarkCold(b *testing.B) {
	set := loadedSet(b)
	for name, q := range benchQuestions(b) {
		if name != "Q1" && name != "Q2" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			start := cpuTime()
			for b.Loop() {
				if _, err := set.view(b).Count(b.Context(), &q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
