package badger_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var (
	deltaSends = flag.Int("delta.sends", 100_000, "sends of BenchmarkDelta")
	deltaPart  = flag.Int("delta.part", 20, "one of how many rows lies in the delta of BenchmarkDelta; 20 is 5 %")
	deltaBatch = flag.Int("delta.batch", 1000, "events of an Append in BenchmarkDelta")
)

// yearStart is the day of the first send of a year.
const yearStart = "2024-12-01"

// year is a year of sends over several channels and campaigns, and what became of them.
type year struct {
	start storage.Instant
	sends int // by the end of the year
}

func newYear(b *testing.B, sends int) year {
	start, err := storage.ParseInstant(yearStart + "T00:00:00Z")
	if err != nil {
		b.Fatal(err)
	}
	return year{start, sends}
}

// events are those of a send, the k-th of the year.
func (y year) events(to []storage.Event, k int) []storage.Event {
	rng := rand.New(rand.NewPCG(uint64(k), 7))
	at := y.start + storage.Instant(int64(k)*(365*86_400_000/int64(y.sends)))
	channel, line, contact := "WA", "50422220000", fmt.Sprintf("5049%07d", rng.IntN(y.sends/3+1))
	if k%5 == 0 {
		channel, line = "FB", "page-1"
	}
	send, message := fmt.Sprintf("send-%d", k), fmt.Sprintf("wamid.HBgLNTA0OTk5OTAwMDEVAgARGBI%d", k)
	event := func(t storage.Type, after int) *storage.Event {
		to = append(to, storage.Event{ID: fmt.Sprintf("%s-%s", send, t), Type: t, At: at + storage.Instant(after), Channel: channel, Line: line})
		return &to[len(to)-1]
	}
	e := event(storage.SendRequested, 0)
	e.Send, e.Message, e.Contact, e.Origin, e.Template, e.Category = send, message, contact, "template", "cart_reminder", "marketing"
	if e.Campaign = fmt.Sprintf("Campaign %d", rng.IntN(60)); rng.IntN(4) == 0 {
		e.Origin = "flow"
	}
	event(storage.MessageSent, 300).Message = message
	if rng.IntN(20) == 0 {
		e := event(storage.MessageFailed, 900)
		e.Message, e.Code = message, "131026"
		return to
	}
	event(storage.MessageDelivered, 1500).Message = message
	if k%2 == 0 { // the others are read later; see late
		event(storage.MessageRead, 60_000).Message = message
	}
	if rng.IntN(5) == 0 {
		e := event(storage.MessageInbound, 90_000)
		e.Contact, e.Kind, e.ReplyTo = contact, "button", message
	}
	if rng.IntN(8) == 0 {
		e := event(storage.TagApplied, 600_000)
		e.Contact, e.Tag, e.TagType = contact, fmt.Sprintf("Tag %d", rng.IntN(12)), "follow_up"
	}
	return to
}

// late is a status that comes to the k-th send, an odd one, in the end.
func (y year) late(k int) storage.Event {
	first := y.events(nil, k)[0]
	return storage.Event{
		ID: first.Send + "-late", Type: storage.MessageRead, At: first.At + 3_600_000, Channel: first.Channel, Line: first.Line, Message: first.Message,
	}
}

// delta are the events of which rows lie in the delta: the last sends of the year, and late statuses of earlier ones.
func (y year) delta() (events []storage.Event) {
	n := y.rows()
	gap := (y.sends - n) / n
	for i := range n {
		events = y.events(events, y.sends-n+i)
		events = append(events, y.late((i*gap)|1))
	}
	return events
}

// rows is how many new sends lie in the delta; as many earlier ones are changed.
func (y year) rows() int { return y.sends / *deltaPart / 2 }

// imported is a store with the first sends of a year and more events.
func imported(b *testing.B, y year, sends int, more []storage.Event) (e *badger.Engine, events int) {
	e = opened(b, b.TempDir()+"/store", badger.Options{})
	b.Cleanup(func() { e.Close() })
	return e, fill(b, e, y, sends, more)
}

// fill imports the first sends of a year and more events.
func fill(b *testing.B, e *badger.Engine, y year, sends int, more []storage.Event) (events int) {
	imp, err := e.Import(bg)
	if err != nil {
		b.Fatal(err)
	}
	defer imp.Close()
	add := func(some []storage.Event) {
		events += len(some)
		if _, err := imp.Add(bg, some); err != nil {
			b.Fatal(err)
		}
	}
	var some []storage.Event
	for k := range sends {
		if some = y.events(some, k); len(some) > 4000 {
			add(some)
			some = some[:0]
		}
	}
	add(some)
	add(more)
	if r, err := imp.Commit(bg); err != nil || r.Accepted != events {
		b.Fatal(r, err)
	}
	return events
}

// asking is a question by name.
type asking struct {
	name string
	q    storage.Question
}

// questions are those that answers are measured by (reference/performance.md).
func (y year) questions() []asking {
	last := storage.DayOf(y.start, time.UTC) + 364
	by := []storage.Grouping{{"origin"}, {"final_tag"}}
	days := func(n int) storage.Range { return storage.Range{From: last - storage.Day(n) + 1, To: last} }
	is := func(field, value string) []storage.Condition {
		return []storage.Condition{{Field: field, Values: []string{value}}}
	}
	return []asking{
		{"Q1-channel-30-days", storage.Question{Range: days(30), Where: is("channel", "WA"), By: by}},
		{"Q2-year", storage.Question{Range: days(365), By: by}},
		{"Q3-by-campaign-90-days", storage.Question{Range: days(90), By: []storage.Grouping{{"campaign"}}}},
		{"Q4-one-campaign", storage.Question{Range: days(365), Where: is("campaign", "Campaign 7"), By: by}},
		{"Q7-contact-kind-30-days", storage.Question{Range: days(30), By: []storage.Grouping{{"contact_kind"}}}},
	}
}

// cpu is the processor time of the process so far.
func cpu(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkDelta compares what answers cost with some rows not merged into the others, half of them new, half sealed
// ones to which a status came late, with what they cost if all are sealed: with no merge at all since the import, and
// with as many merges as the merger makes. The goal is twice as much at most.
func BenchmarkDelta(b *testing.B) {
	y := newYear(b, *deltaSends)
	late := y.delta()
	sealed, _ := imported(b, y, y.sends-y.rows(), late)
	e, _ := imported(b, y, y.sends-y.rows(), nil)
	release := e.HoldMerges()
	for batch := range slices.Chunk(late, *deltaBatch) {
		if r, err := e.Append(bg, batch); err != nil || r.Accepted != len(batch) {
			b.Fatal(r, err)
		}
	}
	b.Run("unmerged", func(b *testing.B) { y.compare(b, sealed, e) })
	release()
	if err := e.Merge(bg, false); err != nil {
		b.Fatal(err)
	}
	b.Run("merged", func(b *testing.B) { y.compare(b, sealed, e) })
}

// compare asks two stores with the same sends.
func (y year) compare(b *testing.B, sealed, e *badger.Engine) {
	_, segments, dead := e.Parts()
	for _, a := range y.questions() {
		b.Run(a.name, func(b *testing.B) {
			if asked(b, e, a.q) != asked(b, sealed, a.q) {
				b.Fatal("the two stores give different figures")
			}
			var spent [2]time.Duration
			n := 0
			for b.Loop() { // by turns, so that both meet the same noise
				for i, of := range []*badger.Engine{sealed, e} {
					from := cpu(b)
					asked(b, of, a.q)
					spent[i] += cpu(b) - from
				}
				n++
			}
			b.ReportMetric(float64(spent[0].Microseconds())/float64(n), "sealed-cpu-µs")
			b.ReportMetric(float64(spent[1].Microseconds())/float64(n), "delta-cpu-µs")
			b.ReportMetric(float64(spent[1])/float64(spent[0]), "delta/sealed")
			b.ReportMetric(float64(segments), "segments")
			b.ReportMetric(float64(dead), "dead")
		})
	}
}

// asked gives the number of sends, of which a question must find some.
func asked(b *testing.B, e *badger.Engine, q storage.Question) [2]int64 {
	c, err := e.Count(bg, q)
	if err != nil || c.Total.N[storage.Attempted] == 0 {
		b.Fatal(c.Total.N, err)
	}
	return [2]int64{c.Total.N[storage.Attempted], c.Total.N[storage.Read]}
}
