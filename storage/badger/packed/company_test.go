package packed

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"outboundbot/storage"
)

// eventsFile names a file of native events, whole contacts, that tests and benchmarks use instead of made ones.
const eventsFile = "OUTBOUND_EVENTS"

// company is the events of many customers, grouped by customer as the engine does it.
func company(t testing.TB) ([]Bundle, *ring) {
	t.Helper()
	name := os.Getenv(eventsFile)
	if name == "" {
		return customers(made(rand.New(rand.NewPCG(1, 5)), 2500))
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []storage.Event
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var line struct {
			storage.Event
			Value json.Number `json:"value"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		e := line.Event
		e.Value = line.Value.String()
		if err := e.Normalize(); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return customers(events)
}

// made are the events of n customers over a year, about four sends each.
func made(rng *rand.Rand, n int) (events []storage.Event) {
	const start, year = storage.Instant(1_733_000_000_000), 365 * 86_400_000
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	serial := 0
	for c := range n {
		contact := fmt.Sprint(5_215_500_000_000 + rng.Int64N(100_000_000))
		line := fmt.Sprint(52_155_400_000 + 1313*(c%24))
		for range 1 + rng.IntN(7) {
			day := rng.Int64N(year)
			at, campaign := start+storage.Instant(day), int(400*math.Pow(rng.Float64(), 3))
			id := make([]byte, 16)
			for i := range id {
				id[i] = letters[rng.IntN(len(letters))]
			}
			send, message := fmt.Sprint(1_000_000_000+day/10_000+rng.Int64N(3)), "wamid."+string(id)
			talk := fmt.Sprint(7_000_000_000 + day/12_000 + rng.Int64N(3))
			add := func(wait int64, e storage.Event) {
				at += storage.Instant(1 + rng.Int64N(wait))
				e.At = at
				if e.ID == "" {
					serial += 1 + rng.IntN(4)
					e.ID = "p" + strconv.FormatInt(int64(100_000_000+serial), 36)
				}
				events = append(events, e)
			}
			add(1000, storage.Event{
				ID: "r" + send, Type: storage.SendRequested, Send: send, Message: message, Conversation: talk, Channel: "WA", Line: line, Contact: contact,
				Origin: []string{"flow", "template"}[campaign%2], Campaign: fmt.Sprintf("Cart recovery %03d", campaign),
				Template: fmt.Sprintf("promo_template_%02d", (campaign+rng.IntN(3))%60), Category: []string{"marketing", "utility"}[campaign%7/5],
			})
			for i, wait := range []int64{2000, 9000, 80_000_000}[:1+rng.IntN(3)] {
				kind := []storage.Type{storage.MessageSent, storage.MessageDelivered, storage.MessageRead}[i]
				add(wait, storage.Event{ID: message + string(kind[7:]), Type: kind, Message: message})
			}
			if rng.IntN(4) == 0 {
				add(20_000_000, storage.Event{Type: storage.MessageInbound, Kind: "button", Text: []string{"Yes", "No", "Prices"}[rng.IntN(3)], ReplyTo: message, Channel: "WA", Line: line, Contact: contact})
				agent := fmt.Sprintf("Agent %03d", rng.IntN(300))
				add(600_000, storage.Event{Type: storage.Assigned, Conversation: talk, Send: send, Group: fmt.Sprint("Group ", rng.IntN(25)), Agent: agent})
				add(900_000, storage.Event{Type: storage.TagApplied, Conversation: talk, Tag: fmt.Sprint("Tag ", rng.IntN(40)), TagType: "positive", Sale: true, Value: fmt.Sprintf("%d.%02d", rng.IntN(5000), rng.IntN(100)), Currency: "USD", By: "agent"})
			}
		}
	}
	return events
}

// customers groups events that lead to a contact by send, message or conversation.
func customers(events []storage.Event) ([]Bundle, *ring) {
	links := map[string]string{}
	for i := range events {
		if e := &events[i]; e.Contact != "" {
			for _, id := range []string{"s" + e.Send, "m" + e.Message, "c" + e.Conversation} {
				if len(id) > 1 {
					links[id] = e.Contact
				}
			}
		}
	}
	keys := &ring{}
	numbers := map[string]int{}
	var bundles []Bundle
	for i := range events {
		e := &events[i]
		contact := e.Contact
		for _, id := range []string{"s" + e.Send, "m" + e.Message, "c" + e.Conversation} {
			if contact == "" {
				contact = links[id]
			}
		}
		n, ok := numbers[contact]
		if !ok {
			n = len(bundles)
			numbers[contact] = n
			bundles = append(bundles, Bundle{Component: uint32(n), Persons: []uint32{uint32(n)}})
			keys.contacts = append(keys.contacts, contact)
		}
		bundles[n].Events = append(bundles[n].Events, *e)
	}
	for i := range bundles {
		slices.SortFunc(bundles[i].Events, func(x, y storage.Event) int {
			if x.Before(&y) {
				return -1
			}
			return 1
		})
	}
	return bundles, keys
}

// blocks packs bundles into blocks of about that size.
func blocks(t testing.TB, keys Keys, bundles []Bundle, size int) (done [][]byte) {
	t.Helper()
	b := NewBuilder(1, keys)
	for i := range bundles {
		if err := b.Add(bundles[i]); err != nil {
			t.Fatal(err)
		}
		if b.Size() >= size || i == len(bundles)-1 {
			block, _, _, _, err := b.Finish()
			if err != nil {
				t.Fatal(err)
			}
			done = append(done, block)
		}
	}
	return done
}

func TestCompanyComesBackAsItWas(t *testing.T) {
	bundles, keys := company(t)
	done := blocks(t, keys, bundles, 128<<10)
	i := 0
	for _, block := range done {
		b, err := Open(block, 1, keys)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Each(func(got Bundle) error {
			if d := diff(bundles[i], got); d != "" {
				t.Fatal(d)
			}
			i++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if i != len(bundles) {
		t.Errorf("%d of %d", i, len(bundles))
	}
}

func columnName(k int) string {
	switch {
	case k < stepColumn:
		return []string{"form", "first", "seq", "up_to", "reply", "person", "spelling", "send making", "send", "talk making", "talk", "message making", "message"}[k]
	case k < shapeColumn:
		return fmt.Sprint("step ", k-stepColumn)
	case k < startColumn:
		return fmt.Sprint("shape ", k-shapeColumn)
	case k < deltaColumn:
		return fmt.Sprint("start ", k-startColumn)
	case k < fieldColumn:
		return fmt.Sprint("delta ", k-deltaColumn)
	case k < eventColumns:
		return []string{"type", "line", "channel", "campaign", "origin", "template", "category", "flow", "webhook", "variant", "sender", "code", "reason", "kind", "node", "text", "option", "how", "group", "agent", "tag", "tagtype", "by", "currency", "label"}[k-fieldColumn]
	}
	return []string{"numbers", "persons", "events", "who", "sealed", "states", "marks", "forms", "shapes", "children", "values", "lengths", "names"}[k-eventColumns]
}

// TestRoom holds blocks to the room that a send may take, and prints where it goes.
func TestRoom(t *testing.T) {
	bundles, keys := company(t)
	sends, events := 0, 0
	for _, b := range bundles {
		events += len(b.Events)
		for i := range b.Events {
			if b.Events[i].Type == storage.SendRequested {
				sends++
			}
		}
	}
	for _, size := range []int{64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20} {
		done := blocks(t, keys, bundles, size)
		var raw, packedSize [columns]int
		bits, sealed, total := 0, 0, 0
		for _, block := range done {
			b, err := Open(block, 1, keys)
			if err != nil {
				t.Fatal(err)
			}
			bits += len(b.bits) + len(b.numbers)
			sealed += len(b.sealed)
			total += len(block)
			for k, c := range b.columns {
				raw[k] += len(c)
				packedSize[k] += len(appendFrame(nil, c, true))
			}
		}
		per := func(n int) string { return fmt.Sprintf("%.2f", float64(n)/float64(sends)) }
		t.Logf("size %d: %d blocks, %d events, %d sends; a send: %s bytes, public %s, bits %s, sealed %s", size, len(done), events, sends, per(total), per(total-sealed), per(bits), per(sealed))
		if size == 256<<10 && (total-sealed > 24*sends || sealed > 22*sends) {
			t.Errorf("a send takes %s bytes and %s sealed ones", per(total-sealed), per(sealed))
		}
		if size != 256<<10 {
			continue
		}
		for k := range raw {
			if raw[k] > 0 {
				t.Logf("%-12s raw %s packed %s", columnName(k), per(raw[k]), per(packedSize[k]))
			}
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	bundles, keys := company(b)
	n := 0
	for _, x := range bundles {
		n += len(x.Events)
	}
	b.ReportAllocs()
	for b.Loop() {
		blocks(b, keys, bundles, 128<<10)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// BenchmarkMerge takes blocks apart and packs them again, as merging runs does.
func BenchmarkMerge(b *testing.B) {
	bundles, keys := company(b)
	done := blocks(b, keys, bundles, 256<<10)
	builder := NewBuilder(2, keys)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, block := range done {
			opened, err := Open(block, 1, keys)
			if err == nil {
				err = opened.Each(func(x Bundle) error { n += len(x.Events); return builder.Add(x) })
			}
			if err == nil {
				_, _, _, _, err = builder.Finish()
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

func BenchmarkEach(b *testing.B) {
	bundles, keys := company(b)
	done := blocks(b, keys, bundles, 128<<10)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, block := range done {
			opened, err := Open(block, 1, keys)
			if err != nil {
				b.Fatal(err)
			}
			if err := opened.Each(func(x Bundle) error { n += len(x.Events); return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

func BenchmarkOpen(b *testing.B) {
	bundles, keys := company(b)
	done := blocks(b, keys, bundles, 128<<10)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := Open(done[i%len(done)], 1, keys); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	bundles, keys := company(b)
	done := blocks(b, keys, bundles, 128<<10)
	opened, err := Open(done[0], 1, keys)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i += 17 {
		if _, ok, err := opened.Find(opened.components[i%len(opened.components)]); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
