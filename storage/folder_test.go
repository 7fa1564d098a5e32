package storage_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/storagetest"
)

// naiveRows joins and folds in the plain way, with a map for everything.
func naiveRows(events []storage.Event, w storage.Windows) (rows []storage.Send, keys []storage.TimelineKey, orphans int) {
	joined := naiveJoin(events)
	for _, t := range joined.timelines {
		rows = append(rows, t.fold(w)...)
		keys = append(keys, t.Key)
	}
	return rows, keys, joined.orphans
}

// checkFold compares Folder, Join and Timeline.Fold with the plain way.
func checkFold(t *testing.T, f *storage.Folder, events []storage.Event, w storage.Windows) {
	t.Helper()
	want, keys, orphans := naiveRows(events, w)
	got, n := f.Fold(events, w)
	if n != orphans || len(got) != len(want) {
		t.Fatalf("%d rows, %d orphans, want %d and %d", len(got), n, len(want), orphans)
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("row %d\n%+v, want\n%+v", i, got[i], want[i])
		}
	}
	joined := storage.Join(events)
	if joined.Orphans != orphans || len(joined.Timelines) != len(keys) {
		t.Fatalf("%d timelines, %d orphans, want %d and %d", len(joined.Timelines), joined.Orphans, len(keys), orphans)
	}
	var rows []storage.Send
	for i, timeline := range joined.Timelines {
		if timeline.Key != keys[i] {
			t.Fatalf("timeline %d is %+v, want %+v", i, timeline.Key, keys[i])
		}
		rows = append(rows, timeline.Fold(w)...)
	}
	if len(rows)+len(want) > 0 && !reflect.DeepEqual(rows, want) {
		t.Fatal("Join and Timeline.Fold give other rows than Folder")
	}
}

// TestFolderLikeNaive folds messy sets of events, most of the size of a customer's, some so large that the tables
// turn into maps, in order and in disorder, all in the memory of one Folder.
func TestFolderLikeNaive(t *testing.T) {
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	var f storage.Folder
	windows := []storage.Windows{nil, {"WA": time.Hour, "FB": 0}}
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		size, worlds := 1+rng.IntN(40), 1
		switch {
		case seed%500 == 0:
			size, worlds = 600, 1+rng.IntN(40)
		case seed%10 == 0:
			size, worlds = 120, 1+rng.IntN(6)
		}
		mess := storagetest.NewMess(rng, worlds)
		mess.Batch(size)
		checkFold(t, &f, normal(mess.Events(), rng), windows[seed%2])
		if t.Failed() {
			t.Fatal("seed", seed)
		}
	}
}

// normal normalizes events, and half of the time puts them in order.
func normal(events []storage.Event, rng *rand.Rand) []storage.Event {
	var good []storage.Event
	for _, e := range events {
		if e.Normalize() == nil {
			good = append(good, e)
		}
	}
	if rng.IntN(2) == 0 {
		sortEvents(good)
	}
	return good
}

func sortEvents(events []storage.Event) {
	for i := range events {
		for j := i; j > 0 && events[j].Before(&events[j-1]); j-- {
			events[j], events[j-1] = events[j-1], events[j]
		}
	}
}

// TestFolderKeepsRows: what was copied from the rows of one call is as it was after many others.
func TestFolderKeepsRows(t *testing.T) {
	var f storage.Folder
	rng := rand.New(rand.NewPCG(1, 2))
	var kept, want []storage.Send
	for range 300 {
		mess := storagetest.NewMess(rng, 1)
		mess.Batch(30)
		events := normal(mess.Events(), rng)
		rows, _ := f.Fold(events, nil)
		for _, row := range rows {
			kept = append(kept, row)
			_ = append(row.Tags, storage.Tag{Name: "not yours"})
			_ = append(row.Labels, "not yours")
		}
		again, _, _ := naiveRows(events, nil)
		want = append(want, again...)
	}
	if !reflect.DeepEqual(kept, want) {
		t.Error("a later call changed rows that were copied")
	}
}

// TestFolderHuge: a set that outgrows all lists, in disorder; after it the same Folder is as good as new.
func TestFolderHuge(t *testing.T) {
	var f storage.Folder
	rng := rand.New(rand.NewPCG(5, 6))
	events := hugeSet(42_000)
	rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	checkFold(t, &f, events, nil)
	for range 50 {
		mess := storagetest.NewMess(rng, 1)
		mess.Batch(60)
		checkFold(t, &f, normal(mess.Events(), rng), nil)
	}
}

// TestFolderConversations: many conversations, places, lines and messages in one set, where the index of each
// answers what a look at all of them would.
func TestFolderConversations(t *testing.T) {
	var f storage.Folder
	for seed := range 300 {
		rng := rand.New(rand.NewPCG(uint64(seed), 9))
		var events []storage.Event
		for i := range 40 + rng.IntN(160) {
			pick := func(prefix string, n int) string {
				if k := rng.IntN(n + n/3 + 1); k < n {
					return fmt.Sprint(prefix, k)
				}
				return ""
			}
			e := storage.Event{
				ID: fmt.Sprint(i), At: storage.Instant(1 + rng.IntN(90)), Send: pick("s", 60), Message: pick("m", 90),
				Conversation: pick("c", 1+rng.IntN(30)), Channel: pick("", 0), Line: pick("+50 ", 30), Contact: pick("+1 ", 40),
				Tag: pick("Tag ", 30), Label: pick("l-", 30), ReplyTo: pick("m", 300),
			}
			e.Channel = []string{"", "WA", "FB", "SMS"}[rng.IntN(4)]
			e.Type = []storage.Type{
				storage.SendRequested, storage.MessageSent, storage.MessageFailed, storage.TagApplied, storage.TagRemoved,
				storage.LabelAdded, storage.LabelRemoved, storage.MessageInbound, storage.ConversationClosed,
				storage.AgentReplied, storage.Assigned, storage.WatermarkRead, storage.WatermarkDelivered,
			}[rng.IntN(13)]
			e.UpTo = storage.Instant(1 + rng.IntN(90))
			if rng.IntN(3) == 0 {
				e.Line, e.Contact, e.Channel = "50", "1", "WA" // a timeline of many conversations
			}
			if e.Normalize() == nil {
				events = append(events, e)
			}
		}
		checkFold(t, &f, events, nil)
	}
}
