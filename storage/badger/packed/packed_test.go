package packed

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"outboundbot/storage"
	"outboundbot/storage/storagetest"
)

// ring is a set of keys for tests: persons are places in a list of contacts.
type ring struct{ contacts []string }

var errGone = errors.New("the key is gone")

func (r *ring) Key(person uint32) (key [16]byte, err error) {
	if int(person) >= len(r.contacts) {
		return key, errGone
	}
	binary.LittleEndian.PutUint32(key[:], person+1)
	return key, nil
}

func (r *ring) Loose(component uint32) (key [16]byte) {
	binary.LittleEndian.PutUint32(key[12:], component+1)
	return key
}

func (r *ring) Contact(person uint32) (channel, id string, err error) {
	if int(person) >= len(r.contacts) {
		return "", "", errGone
	}
	return "WA", r.contacts[person], nil
}

// grouped makes bundles of events: by contact as it is written without +, else a few of those without.
func grouped(rng *rand.Rand, events []storage.Event) ([]Bundle, *ring) {
	keys := &ring{}
	persons := map[string]int{}
	var bundles []Bundle
	sets := map[string]int{}
	for _, e := range events {
		key := fmt.Sprint(rng.IntN(50))
		contact := storage.Digits(e.Contact)
		if contact != "" {
			key = fmt.Sprint(len(contact), contact[:len(contact)-1]) // several contacts in one
		}
		i, ok := sets[key]
		if !ok {
			i = len(bundles)
			sets[key] = i
			bundles = append(bundles, Bundle{Component: uint32(3 * i)})
		}
		b := &bundles[i]
		b.Events = append(b.Events, e)
		if _, ok := persons[contact]; !ok && contact != "" {
			persons[contact] = len(keys.contacts)
			b.Persons = append(b.Persons, uint32(len(keys.contacts)))
			keys.contacts = append(keys.contacts, contact)
		}
		if rng.IntN(5) == 0 {
			b.State = append(b.State, byte(rng.Uint32()))
		}
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

func built(t testing.TB, run uint64, keys Keys, bundles []Bundle) []byte {
	t.Helper()
	b := NewBuilder(run, keys)
	n := 0
	for _, x := range bundles {
		if err := b.Add(x); err != nil {
			t.Fatalf("Add(%d): %v", x.Component, err)
		}
		n += len(x.Events)
	}
	block, first, last, events, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if first != bundles[0].Component || last != bundles[len(bundles)-1].Component || events != n {
		t.Errorf("Finish: %d to %d, %d events", first, last, events)
	}
	return block
}

// diff is quick where there is no difference.
func diff(want, got Bundle) string {
	if want.Component == got.Component && slices.Equal(want.Persons, got.Persons) && slices.Equal(want.Events, got.Events) && bytes.Equal(want.State, got.State) {
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// same opens a block and compares all that it gives with what went in.
func same(t testing.TB, block []byte, run uint64, keys Keys, want []Bundle) {
	t.Helper()
	b, err := Open(block, run, keys)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	err = b.Each(func(got Bundle) error {
		if d := diff(want[i], got); d != "" {
			t.Fatalf("Each, component %d: %s", want[i].Component, d)
		}
		i++
		return nil
	})
	if err != nil || i != len(want) {
		t.Fatalf("Each: %d of %d components, %v", i, len(want), err)
	}
	for _, w := range want {
		got, ok, err := b.Find(w.Component)
		if err != nil || !ok {
			t.Fatalf("Find(%d): %v, %v", w.Component, ok, err)
		}
		if d := diff(w, got); d != "" {
			t.Fatalf("Find(%d): %s", w.Component, d)
		}
		if _, ok, _ := b.Find(w.Component + 1); ok && !slices.Contains(b.Components(), w.Component+1) {
			t.Fatalf("Find(%d) finds what is not there", w.Component+1)
		}
	}
}

func normal(events []storage.Event) []storage.Event {
	var good []storage.Event
	seen := map[string]bool{}
	for _, e := range events {
		if e.Normalize() == nil && !seen[e.ID] {
			seen[e.ID] = true
			good = append(good, e)
		}
	}
	return good
}

func TestMessyEventsComeBackAsTheyWere(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 7))
		mess := storagetest.NewMess(rng, 1+int(seed)*3)
		mess.Batch(30 + int(seed)*40)
		bundles, keys := grouped(rng, normal(mess.Events()))
		same(t, built(t, seed, keys, bundles), seed, keys, bundles)
	}
}

func TestManyReadersOfABlock(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 7))
	bundles, keys := grouped(rng, odd(rng, 300))
	b, err := Open(built(t, 1, keys, bundles), 1, keys)
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for k := range 4 {
		readers.Go(func() {
			for i := range bundles {
				w := bundles[(i+k*7)%len(bundles)]
				if got, ok, err := b.Find(w.Component); !ok || err != nil || diff(w, got) != "" {
					t.Errorf("Find(%d): %v, %v", w.Component, ok, err)
				}
			}
		})
	}
	readers.Wait()
}

// odd makes events with every field at random from strange texts.
func odd(rng *rand.Rand, n int) []storage.Event {
	texts := []string{
		"", "", "0", "007", "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "-5", "é", "日本", "a",
		"wamid.HBgLNTIxNTU1MDAwMDAwFQIAERgSQkY=", "wa:wamid.abc_-x==:read", "+50499990001", "50499990001", "zz9", "0zz", "deadbeef00",
		"DEADBEEF", "1.5e3", "1e18", wamid(rng, "5215551234567"), wamid(rng, "5215551234568"), wamid(rng, "1") + "=", "-0.50", "0.00", ".5", "5.", strings.Repeat("x", 1024), "a=b=", "==", "=", "x@y.example", "c:50499990001",
		"3f2504e0-4f89-11d3-9a0c-0305e82c3301", "A+/z", "S-000123", "S-000124", "p1njchs", "\u202e\x01", strings.Repeat("ü", 4096),
	}
	var events []storage.Event
	for i := range n {
		e := storage.Event{ID: fmt.Sprint(texts[rng.IntN(len(texts)-1)], i), Type: storage.Type("t" + texts[rng.IntN(len(texts)-1)])}
		e.At = storage.Instant(1 + rng.Int64N(1<<rng.IntN(50)))
		if rng.IntN(3) == 0 {
			e.Seq, e.UpTo = rng.Int64()-1<<62, storage.Instant(rng.Int64N(1<<50))
		}
		e.Test, e.Sale = rng.IntN(2) == 0, rng.IntN(2) == 0
		for _, s := range []*string{
			&e.Send, &e.Message, &e.Conversation, &e.Contact, &e.ReplyTo, &e.Value,
		} {
			if *s = texts[rng.IntN(len(texts)-1)]; len(*s) > 0 && rng.IntN(3) == 0 {
				*s += fmt.Sprint(rng.IntN(1000))
			}
		}
		if rng.IntN(4) == 0 {
			e.ID = "x." + e.Message + e.Send + ":" + fmt.Sprint(i)
		}
		for f := lineField; f < fields; f++ {
			if rng.IntN(3) == 0 {
				*f.at(&e) = texts[rng.IntN(len(texts))]
			}
		}
		events = append(events, e)
	}
	return events
}

func TestOddEventsComeBackAsTheyWere(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8))
		bundles, keys := grouped(rng, odd(rng, 200))
		keys.contacts = append(keys.contacts, "")
		same(t, built(t, 1<<60+seed, keys, bundles), 1<<60+seed, keys, bundles)
	}
}

// wamid makes a message id as WhatsApp does: base64 of bytes with the phone and hex digits in them.
func wamid(rng *rand.Rand, phone string) string {
	b := append([]byte{0x1c, 0x18, byte(len(phone))}, phone...)
	b = append(b, 0x15, 2, 0, 0x11, 0x18, 0x12)
	return "wamid." + base64.StdEncoding.EncodeToString(fmt.Appendf(b, "%018X\x00", rng.Uint64()))
}

func TestWhatsAppIDsTakeLittleRoom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	keys := &ring{contacts: []string{"5215551234567"}}
	b := Bundle{Persons: []uint32{0}}
	for i := range 100 {
		id := wamid(rng, keys.contacts[0])
		for k, kind := range []string{"sent", "delivered"} {
			b.Events = append(b.Events, storage.Event{ID: "wa:" + id + ":" + kind, Type: storage.Type("message." + kind), At: storage.Instant(i*2 + k + 1), Message: id})
		}
	}
	block := built(t, 1, keys, []Bundle{b})
	same(t, block, 1, keys, []Bundle{b})
	opened, _ := Open(block, 1, keys)
	if n := len(opened.sealed); n > 1500 {
		t.Errorf("100 message ids take %d bytes", n)
	}
}

func TestOneEvent(t *testing.T) {
	keys := &ring{}
	bundles := []Bundle{{Component: 1<<32 - 1, Events: []storage.Event{{ID: "e1", Type: "message.sent", At: 1, Message: "m1"}}}}
	block := built(t, 5, keys, bundles)
	t.Logf("%d bytes", len(block))
	same(t, block, 5, keys, bundles)
	empty := []Bundle{{Component: 0}, {Component: 7, Events: bundles[0].Events}}
	same(t, built(t, 5, keys, empty), 5, keys, empty)
}

func TestRefusals(t *testing.T) {
	keys := &ring{contacts: []string{"1"}}
	b := NewBuilder(1, keys)
	e := []storage.Event{{ID: "a", Type: "x", At: 2}, {ID: "b", Type: "x", At: 1}}
	for name, bundle := range map[string]Bundle{
		"order": {Events: e}, "key": {Persons: []uint32{1}, Events: e[:1]}, "contact": {Persons: []uint32{0, 1}, Events: e[:1]},
		"long": {Events: []storage.Event{{ID: strings.Repeat("x", 1<<16), Type: "x", At: 1}}}, "id": {Events: []storage.Event{{Type: "x", At: 1}}},
	} {
		if b.Add(bundle) == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, _, _, _, err := b.Finish(); err == nil {
		t.Error("an empty block was made")
	}
	good := Bundle{Component: 4, Persons: []uint32{0}, Events: e[:1]}
	if err := b.Add(good); err != nil {
		t.Error(err)
	}
	if b.Add(good) == nil {
		t.Error("the same component twice")
	}
	block, _, _, _, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	same(t, block, 1, keys, []Bundle{good})
	opened, err := Open(block, 1, &ring{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := opened.Find(4); !errors.Is(err, errGone) {
		t.Errorf("without its key: %v", err)
	}
	bad := errors.New("enough")
	if opened, _ = Open(block, 1, keys); opened.Each(func(Bundle) error { return bad }) != bad {
		t.Error("Each hides the caller's error")
	}
}

func TestNothingThatTellsAPersonStandsInTheBlock(t *testing.T) {
	keys := &ring{contacts: []string{"50499990001", "maria.lopez@example.com"}}
	at := storage.Instant(1_760_000_000_000)
	event := func(e storage.Event) storage.Event {
		at++
		e.At = at
		return e
	}
	events := []storage.Event{
		event(storage.Event{ID: "wa:wamid.HBgLNTA0OTk5:sent", Type: storage.MessageSent, Message: "wamid.HBgLNTA0OTk5", Contact: "50499990001"}),
		event(storage.Event{ID: "evt-20251124-77881", Type: storage.SendRequested, Send: "wamid.SELFNAMED1", Message: "wamid.SELFNAMED1", Contact: "+504 9999-0001"}),
		event(storage.Event{ID: "maria.lopez-1", Type: storage.SendRequested, Send: "SMaabbccdd", Message: "SMaabbccdd", Contact: "maria.lopez@example.com"}),
		event(storage.Event{ID: "evt-3", Type: storage.MessageInbound, ReplyTo: "SMzzzz9999", Kind: "button", Text: "I am 50499990001", Conversation: "c:50499990001:7"}),
		event(storage.Event{ID: "maria.lopez", Type: storage.Answered, Send: "public-send-1", Label: "maria.lopez@example.com", Contact: "MARIA.LOPEZ@example.com"}),
		event(storage.Event{ID: "public-send-1.maria.lopez", Type: storage.OptOut, Send: "public-send-1"}),
	}
	bundles := []Bundle{{Component: 1, Persons: []uint32{0, 1}, Events: events, State: []byte("state 50499990001")}}
	block := built(t, 1, keys, bundles)
	same(t, block, 1, keys, bundles)
	opened, err := Open(block, 1, keys)
	if err != nil {
		t.Fatal(err)
	}
	clear := append(bytes.Join(opened.columns[:], nil), block...)
	for _, secret := range []string{
		"HBgLNTA0", "SELFNAMED", "aabbccdd", "77881", "zzzz9999", "9999-0001", "50499990001", "99990001", "maria", "lopez", "MARIA",
	} {
		if bytes.Contains(clear, []byte(secret)) {
			t.Errorf("%q stands in clear", secret)
		}
	}
	if !bytes.Contains(clear, []byte("send.requested")) {
		t.Error("the test looks at the wrong bytes")
	}
}

// TestManyCustomersInOneComponent has what producers make who write the same conversation everywhere.
func TestManyCustomersInOneComponent(t *testing.T) {
	keys := &ring{}
	b := Bundle{Component: 9}
	for i := range 20_000 {
		keys.contacts = append(keys.contacts, fmt.Sprint(5_215_500_000_000+i))
		b.Persons = append(b.Persons, uint32(i))
		b.Events = append(b.Events, storage.Event{
			ID: fmt.Sprint("e", i), Type: storage.MessageSent, At: storage.Instant(i + 1), Send: fmt.Sprint("send-", i), Message: fmt.Sprint("m.", i),
			Conversation: "none", Contact: keys.contacts[i], Campaign: fmt.Sprint("c", i), Label: "of " + keys.contacts[i],
		})
	}
	start := time.Now()
	block := built(t, 1, keys, []Bundle{b})
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	same(t, block, 1, keys, []Bundle{b})
	if opened, _ := Open(block, 1, keys); bytes.Contains(bytes.Join(opened.columns[:], nil), []byte("52155000")) {
		t.Error("a contact stands in clear")
	}
}

// TestEmptyingCompression has events that shrink to next to nothing, which a reader must not take for damage.
func TestEmptyingCompression(t *testing.T) {
	b := Bundle{}
	for i := range 1500 {
		b.Events = append(b.Events, storage.Event{ID: "m", Type: storage.FlowStep, At: 1, Text: strings.Repeat("a", 8000) + fmt.Sprint(i)})
	}
	keys := &ring{}
	block := built(t, 1, keys, []Bundle{b})
	same(t, block, 1, keys, []Bundle{b})
}
