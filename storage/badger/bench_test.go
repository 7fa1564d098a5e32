package badger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var bg = context.Background()

// Shape of the campaign: what a send brings about, how far apart sends are, and how many a customer gets.
const (
	perSend   = 6
	sendEvery = 400 // ms
	each      = 4   // sends to a customer, in the end
)

// campaign is n events from the given one on, about in order of time: each send brings a manifest, three statuses,
// and an answer and a tag later.
func campaign(from, n int) []storage.Event {
	start, _ := storage.ParseInstant("2025-10-01T08:00:00Z")
	events := make([]storage.Event, n)
	for i := range events {
		events[i] = campaignEvent(start, from+i)
	}
	return events
}

// campaignEvent is the k-th: of its kind, the one of a send as many sends back as the kind takes to come.
func campaignEvent(start storage.Instant, k int) storage.Event {
	kind, send := k%perSend, k/perSend
	lag := [perSend]int{0, 0, 3, 150, 700, 1500}[kind]
	at := start + storage.Instant(send*sendEvery+kind)
	e := storage.Event{ID: fmt.Sprintf("event-%d", k), At: at, Channel: "WA", Line: "50422220000"}
	if send < lag { // at first nothing has had time to come
		e.Type, e.Contact = storage.ConversationClosed, fmt.Sprintf("5048%07d", k)
		return e
	}
	send -= lag
	contact := fmt.Sprintf("5049%07d", send*7919%(send/each+1000))
	message := fmt.Sprintf("wamid.HBgLNTA0OTk5OTAwMDEVAgARGBI%d", send)
	switch kind {
	case 0:
		e.Type, e.Send, e.Message, e.Contact = storage.SendRequested, fmt.Sprintf("send-%d", send), message, contact
		e.Origin, e.Campaign, e.Template = "template", fmt.Sprintf("Campaign %d", send/5000), "cart_reminder"
		e.Category = "marketing"
	case 1:
		e.Type, e.Message = storage.MessageSent, message
	case 2:
		e.Type, e.Message = storage.MessageDelivered, message
	case 3:
		e.Type, e.Message = storage.MessageRead, message
	case 4:
		e.Type, e.Contact, e.Kind, e.Text, e.ReplyTo = storage.MessageInbound, contact, "button", "Yes", message
	case 5:
		e.Type, e.Contact, e.Tag, e.TagType = storage.TagApplied, contact, "Interested", "follow_up"
	}
	return e
}

// BenchmarkAppend appends events that come in order of time, durably: each Append is synced to the disk.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 100, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			e := opened(b, b.TempDir(), badger.Options{})
			defer e.Close()
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				batch := campaign(n, size)
				b.StartTimer()
				r, err := e.Append(bg, batch)
				if err != nil || r.Accepted != size {
					b.Fatal(r, err)
				}
				n += size
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkImport imports a year: what an event costs in all, with making it up.
func BenchmarkImport(b *testing.B) {
	y := newYear(b, *deltaSends)
	var spent time.Duration
	events := 0
	for b.Loop() {
		from := cpu(b)
		_, n := imported(b, y, y.sends, nil)
		spent += cpu(b) - from
		events += n
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(events), "cpu-ns/event")
}

// BenchmarkTimeline asks for one contact after the other.
func BenchmarkTimeline(b *testing.B) {
	y := newYear(b, *deltaSends)
	e, _ := imported(b, y, y.sends, nil)
	k := 0
	b.ReportAllocs()
	for b.Loop() {
		contact := storage.Contact{ID: y.events(nil, k*7919%y.sends)[0].Contact}
		if events, err := e.Timeline(bg, storage.Scope{Contacts: true}, contact); err != nil || len(events) == 0 {
			b.Fatal(len(events), err)
		}
		k++
	}
}

// BenchmarkOpen opens a store, whose files the system has in memory, asks for the last 30 days and closes it.
func BenchmarkOpen(b *testing.B) {
	y := newYear(b, *deltaSends)
	dir := b.TempDir() + "/store"
	e := opened(b, dir, badger.Options{})
	fill(b, e, y, y.sends, nil)
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	q := y.questions()[0].q
	var answer time.Duration
	for b.Loop() {
		from := time.Now()
		e := opened(b, dir, badger.Options{})
		asked(b, e, q)
		answer += time.Since(from)
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(answer.Milliseconds())/float64(b.N), "ms-to-answer")
}
