package badger_test

import (
	"container/heap"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var (
	storedSends = flag.Int("customers.stored", 100_000, "sends in the store before BenchmarkAppendCustomers")
	customersN  = flag.Int("customers.contacts", 250_000, "contacts that sends go to")
)

// customers are sends to contacts at random and what comes of them, in order of time: one send half a minute, its
// statuses within seconds, readings within minutes, answers and tags within hours, and a status now and then a week
// late.
type customers struct {
	rng     *rand.Rand
	at      storage.Instant // of the next send
	sent    int
	pending byInstant
}

type byInstant []storage.Event

func (q byInstant) Len() int           { return len(q) }
func (q byInstant) Less(i, j int) bool { return q[i].Before(&q[j]) }
func (q byInstant) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byInstant) Push(x any)        { *q = append(*q, x.(storage.Event)) }
func (q *byInstant) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

func newCustomers() *customers {
	start, _ := storage.ParseInstant(yearStart + "T08:00:00Z")
	return &customers{rng: rand.New(rand.NewPCG(1, 7)), at: start}
}

// next are the n events that come next.
func (c *customers) next(n int) []storage.Event {
	events := make([]storage.Event, 0, n)
	for len(events) < n {
		for len(c.pending) == 0 || c.pending[0].At >= c.at {
			c.send()
		}
		events = append(events, heap.Pop(&c.pending).(storage.Event))
	}
	return events
}

// send makes up a send and what comes of it.
func (c *customers) send() {
	k, at := c.sent, c.at
	c.sent++
	c.at += storage.Instant(1 + c.rng.IntN(60_000))
	send, message := fmt.Sprint(1_000_000_000+k), fmt.Sprintf("wamid.%016x", c.rng.Uint64())
	talk, contact := fmt.Sprint(7_000_000_000+k), fmt.Sprintf("52155%08d", c.rng.IntN(*customersN))
	line := fmt.Sprintf("521554000%04d", k%7)
	add := func(after int, e storage.Event) {
		e.At = at + storage.Instant(after)
		heap.Push(&c.pending, e)
	}
	add(0, storage.Event{
		ID: "r" + send, Type: storage.SendRequested, Send: send, Message: message, Conversation: talk, Channel: "WA", Line: line, Contact: contact,
		Origin: "template", Campaign: fmt.Sprintf("Back to school %d", k/2000), Template: fmt.Sprintf("promo_%d", k/2000%30), Category: "marketing",
	})
	add(1000+c.rng.IntN(2000), storage.Event{ID: message + ".sent", Type: storage.MessageSent, Message: message})
	if c.rng.IntN(12) == 0 {
		add(4000, storage.Event{ID: message + ".failed", Type: storage.MessageFailed, Message: message, Code: "131026"})
		return
	}
	late := 1
	if c.rng.IntN(100) == 0 {
		late = 100_000 // a week and more
	}
	add(3000+late*c.rng.IntN(8000), storage.Event{ID: message + ".delivered", Type: storage.MessageDelivered, Message: message})
	if c.rng.IntN(3) > 0 {
		add(20_000+c.rng.IntN(3_600_000), storage.Event{ID: message + ".read", Type: storage.MessageRead, Message: message})
	}
	if c.rng.IntN(4) == 0 {
		add(60_000+c.rng.IntN(4*3_600_000), storage.Event{
			ID: fmt.Sprintf("p1n%x", k), Type: storage.MessageInbound, Channel: "WA", Line: line, Contact: contact, Kind: "button", Text: "Yes please", ReplyTo: message,
		})
	}
	if c.rng.IntN(6) == 0 {
		add(3_600_000+c.rng.IntN(8*3_600_000), storage.Event{
			ID: fmt.Sprintf("p1t%x", k), Type: storage.TagApplied, Channel: "WA", Line: line, Contact: contact, Conversation: talk, Tag: "Interested", TagType: "follow_up",
		})
	}
}

// BenchmarkAppendCustomers appends what comes of sends to a store that has some already, durably.
func BenchmarkAppendCustomers(b *testing.B) {
	for _, size := range []int{1, 100, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			e := opened(b, b.TempDir()+"/store", badger.Options{})
			defer e.Close()
			c := newCustomers()
			imp, err := e.Import(bg)
			if err != nil {
				b.Fatal(err)
			}
			for c.sent < *storedSends {
				if _, err := imp.Add(bg, c.next(8192)); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := imp.Commit(bg); err != nil {
				b.Fatal(err)
			}
			n, spent := 0, time.Duration(0)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				batch := c.next(size)
				from := cpu(b)
				b.StartTimer()
				r, err := e.Append(bg, batch)
				if err != nil || r.Accepted != size {
					b.Fatal(r, err)
				}
				n += size
				spent += cpu(b) - from
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(spent.Nanoseconds())/float64(n), "cpu-ns/event")
			runs, segments, _ := e.Parts()
			b.ReportMetric(float64(runs), "runs")
			b.ReportMetric(float64(segments), "segments")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapSys>>20), "heap-MB")
		})
	}
}
