package storage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"outboundbot/storage"
)

// customer makes the events of one customer's year as producers write them, in order: a manifest, statuses that name
// only the message, an answer, an assignment and a tagging now and then.
func customer(rng *rand.Rand, number, sends int) []storage.Event {
	var events []storage.Event
	at := storage.Instant(1_733_000_000_000)
	serial := 0
	for i := range sends {
		at += storage.Instant(100*3_600_000 + rng.IntN(400*3_600_000))
		id := fmt.Sprint(1_000_000_000 + number*100 + i)
		message := fmt.Sprintf("wamid.%016x", rng.Uint64())
		talk := fmt.Sprint(7_000_000_000 + number*100 + i)
		line, contact := fmt.Sprint(5215540000000+number%24), fmt.Sprint(5215519900000+number)
		add := func(typ storage.Type, after int, e storage.Event) {
			serial++
			e.ID, e.Type, e.At = fmt.Sprintf("%s.%d", message, serial), typ, at+storage.Instant(after)
			events = append(events, e)
		}
		add(storage.SendRequested, 0, storage.Event{
			Send: id, Message: message, Conversation: talk, Channel: "WA", Line: line, Contact: contact, Origin: "flow",
			Campaign: fmt.Sprintf("Back to school %03d", rng.IntN(300)), Template: "promo_template_29", Category: "marketing", Flow: "welcome flow 12",
		})
		add(storage.MessageSent, 700, storage.Event{Message: message})
		if rng.IntN(20) == 0 {
			add(storage.MessageFailed, 1500, storage.Event{Message: message, Code: "131026", Reason: "Message undeliverable"})
			continue
		}
		add(storage.MessageDelivered, 3000, storage.Event{Message: message})
		if rng.IntN(3) > 0 {
			add(storage.MessageRead, 60_000, storage.Event{Message: message})
		}
		if rng.IntN(3) > 0 {
			continue
		}
		who := storage.Event{Channel: "WA", Line: line, Contact: contact}
		heard := who
		heard.Kind, heard.Text, heard.ReplyTo = "button", "Track order", []string{"", message}[rng.IntN(2)]
		add(storage.MessageInbound, 90_000, heard)
		add(storage.FlowOption, 90_010, storage.Event{Send: id, Node: "start", Option: "Track order"})
		if rng.IntN(2) == 0 {
			who.Conversation, who.Group, who.Agent = talk, "Ventas", "ana"
			add(storage.Assigned, 200_000, who)
			add(storage.TagApplied, 900_000, storage.Event{Send: id, Tag: "Interested", TagType: "positive", By: "agent"})
		}
	}
	return events
}

// BenchmarkFolder folds customers of one to six sends, then one whose only conversation has 100,000 events.
func BenchmarkFolder(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var customers [][]storage.Event
	events := 0
	for i := range 400 {
		customers = append(customers, customer(rng, i, 1+rng.IntN(6)))
		events += len(customers[i])
	}
	run := func(name string, sets [][]storage.Event) {
		b.Run(name, func(b *testing.B) {
			var f storage.Folder
			b.ReportAllocs()
			n := 0
			for i := 0; b.Loop(); i++ {
				set := sets[i%len(sets)]
				f.Fold(set, nil)
				n += len(set)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
			b.ReportMetric(float64(n)/float64(b.N), "events")
		})
	}
	run("customers", customers)
	shuffled := make([][]storage.Event, len(customers))
	for i := range customers {
		shuffled[i] = slices.Clone(customers[i])
		rng.Shuffle(len(shuffled[i]), func(x, y int) { shuffled[i][x], shuffled[i][y] = shuffled[i][y], shuffled[i][x] })
	}
	run("shuffled", shuffled)
	run("huge", [][]storage.Event{hugeSet(100_000)})
	b.Run("join", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for i := 0; b.Loop(); i++ {
			set := customers[i%len(customers)]
			for _, t := range storage.Join(set).Timelines {
				t.Fold(nil)
			}
			n += len(set)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
	})
	b.Run("naive", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for i := 0; b.Loop(); i++ {
			set := customers[i%len(customers)]
			naiveRows(set, nil)
			n += len(set)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
	})
}

// hugeSet is one customer with everything in excess: sends, conversations, places of conversations, retractions,
// watermarks, failures; all of it in one set.
func hugeSet(n int) []storage.Event {
	var events []storage.Event
	for i := range n {
		e := storage.Event{
			ID: fmt.Sprintf("e%07d", i), At: storage.Instant(1_733_000_000_000 + i*1000),
			Channel: "WA", Line: "50422220000", Contact: "50499990001",
		}
		switch k := fmt.Sprint(i / 10); i % 10 {
		case 0:
			e.Type, e.Send, e.Message = storage.SendRequested, "s"+k, "m"+k
		case 1:
			e.Type, e.Send, e.Message = storage.MessageSent, "s"+k, "m"+k
		case 2:
			e.Type, e.UpTo = storage.WatermarkRead, e.At
		case 3:
			e.Type, e.Conversation = storage.MessageInbound, "c"+k
		case 4:
			e.Type, e.Tag = storage.TagApplied, "tag "+k
		case 5:
			e.Type, e.Tag = storage.TagRemoved, "tag "+k
		case 6:
			e.Type, e.Send, e.Message = storage.MessageFailed, "s0", "x"+k
		case 7:
			e.Type, e.Send, e.Message = storage.MessageSent, "s0", "x"+k
		case 8: // another place of a conversation that all know
			e.Type, e.Conversation, e.Contact = storage.Answered, "all", "5049998"+k
		case 9: // which of them is it?
			e.Type, e.Conversation, e.Line, e.Contact = storage.Answered, "all", "", "+504999-8"+k
		}
		events = append(events, e)
	}
	return events
}
