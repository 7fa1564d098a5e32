package storagetest

import (
	"fmt"
	"testing"
	"time"

	"outboundbot/storage"
)

// recurring: a contact is recurring from its first success on, and that follows the events: an earlier one that
// comes late, one that turns out to have failed, one that was only a test.
func recurring(t *testing.T, open Open) {
	s := opened(t, open, nil)
	const day = 24 * 60 * 60 * 1000
	start, _ := storage.ParseInstant("2025-11-01T12:00:00Z")
	sent := func(send string, days storage.Instant) storage.Event {
		return storage.Event{
			ID: "sent" + send, Type: storage.MessageSent, At: start + days*day, Send: send, Message: "m" + send,
			Channel: "WA", Line: "1", Contact: "50499990001",
		}
	}
	failed := func(send string, days storage.Instant) storage.Event {
		return storage.Event{
			ID: "failed" + send, Type: storage.MessageFailed, At: start + days*day, Send: send, Message: "m" + send,
		}
	}
	tested := sent("test", 1)
	tested.Test = true
	from := storage.DayOf(start+8*day, time.UTC)
	q := storage.Question{Range: storage.Range{From: from, To: from + 5}}
	for i, step := range []struct {
		what      string
		event     storage.Event
		recurring int64
	}{
		{"the first success lies in the range", sent("S10", 10), 0},
		{"a test before", tested, 0},
		{"a success before, come late", sent("S5", 5), 1},
		{"two before", sent("S3", 3), 1},
		{"the first of them failed", failed("S3", 4), 1},
		{"both failed", failed("S5", 6), 0},
		{"another line", func() storage.Event { e := sent("S7", 7); e.Line = "2"; return e }(), 1},
		{"delivered after all", storage.Event{ID: "late", Type: storage.MessageDelivered, At: start + 2*day, Send: "S5"}, 1},
		{"the last one before failed", failed("S7", 8), 1},
	} {
		appended(t, s, step.event)
		c := counted(t, s, q)
		checkSums(t, q, &c)
		if n := c.Total.N; n[storage.Recurring] != step.recurring || n[storage.Reached] != 1 {
			t.Errorf("%s: recurring %d, reached %d; want %d, 1", fmt.Sprint(i, " ", step.what), n[storage.Recurring], n[storage.Reached], step.recurring)
		}
	}
}
