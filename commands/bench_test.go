package commands

import (
	"context"
	"fmt"
	"io"
	"iter"
	"testing"

	"github.com/shopspring/decimal"

	"outboundbot/storage"
)

// canned is a store that has its answers at hand, so that a benchmark measures all but the store.
type canned struct {
	storage.Store
	groups int
	sends  []storage.Send
	events []storage.Event
	names  []storage.Name
}

func (c *canned) Count(_ context.Context, q storage.Question) (storage.Count, error) {
	count := storage.Count{Total: cannedTally()}
	for _, by := range q.By {
		rows := make([]storage.Group, 5)
		if len(by) > 1 {
			rows = make([]storage.Group, c.groups)
		}
		for i := range rows {
			rows[i] = storage.Group{Key: []string{fmt.Sprintf("Campaign %d", i), "flow"}[:len(by)], Tally: cannedTallyShared}
		}
		count.Groups = append(count.Groups, rows)
	}
	return count, nil
}

var cannedTallyShared = cannedTally()

func cannedTally() (t storage.Tally) {
	for m := range t.N {
		t.N[m] = 100_000 / int64(m+1)
	}
	t.Value = map[string]decimal.Decimal{"USD": decimal.New(123456, -2), "HNL": decimal.New(99, 0)}
	t.AnswerTime = storage.AnswerTime{Median: 300_000, P90: 1_500_000, Known: true}
	for s := range t.Spread {
		t.Spread[s] = map[string]int64{"Interested": 900, "Closed purchase": 800, "untagged": 7000, "positive": 50, "No answer": 3}
	}
	return t
}

func (c *canned) Sends(_ context.Context, _ storage.Question, o storage.Order) iter.Seq2[storage.Send, error] {
	return func(yield func(storage.Send, error) bool) {
		for i := range c.sends {
			if !yield(c.sends[i], nil) {
				return
			}
		}
	}
}

func (c *canned) Timeline(context.Context, storage.Scope, storage.Contact) ([]storage.Event, error) {
	return append([]storage.Event(nil), c.events...), nil
}

func (c *canned) Names(context.Context, storage.Scope, string, string) ([]storage.Name, error) {
	return c.names, nil
}

func (c *canned) Stats(context.Context) (storage.Stats, error) {
	return storage.Stats{Events: 1, Sends: 1, Latest: storage.InstantOf(noon)}, nil
}

func cannedStore(groups, sends, events int) *canned {
	c := &canned{groups: groups}
	for i := range 600 {
		c.names = append(c.names, storage.Name{Name: fmt.Sprintf("Campaign %d", i), Sends: 600 - i})
	}
	at := storage.InstantOf(noon)
	for i := range sends {
		t := at - storage.Instant(i)*7919
		c.sends = append(c.sends, storage.Send{
			ID: fmt.Sprintf("S%07d", i), Time: t, Status: storage.Successful, Channel: "WA", Line: "576015550100", Contact: "573105550001",
			Origin: "flow", Campaign: "Black Friday", Template: "bf_2026", Category: "marketing", Flow: "bf_flow",
			RequestedAt: t - 900, SentAt: t, DeliveredAt: t + 1500, ReadAt: t + 90_000, AnsweredAt: t + 300_000, Answers: 2, AssignedAt: t + 400_000,
			Group: "Support", Agent: "Paula", Attended: true, Conversation: fmt.Sprintf("c%d", i), Started: true, FirstOption: "See offers",
			Tags:   []storage.Tag{{Name: "Interested", Type: "follow_up"}, {Name: "Closed purchase", Type: "positive", Sale: true, Value: "99.90", Currency: "USD"}},
			Labels: []string{"vip"}, LastNode: "Choose", LastText: "Choose your size", FlowEnd: "assigned", Token: "abcdefghij", Mask: "+57 ••• ••• 0001", ContactKind: "new",
		})
	}
	types := []storage.Type{storage.SendRequested, storage.MessageSent, storage.MessageDelivered, storage.MessageRead, storage.MessageInbound}
	for i := range events {
		c.events = append(c.events, storage.Event{
			ID: fmt.Sprintf("e%07d", i), Type: types[i%len(types)], At: at - storage.Instant(events-i)*60_000, Send: fmt.Sprintf("S%07d", i/5), Message: fmt.Sprintf("wamid.%d", i/5),
			Channel: "WA", Line: "576015550100", Contact: "573105550001", Conversation: "c1", Campaign: "Black Friday", Template: "bf_2026", Origin: "flow",
		})
	}
	return c
}

// BenchmarkAnswer measures a command from its words to the bytes of the machine form, and of the card as text, with a
// store that costs nothing.
func BenchmarkAnswer(b *testing.B) {
	for _, c := range []struct {
		name, text            string
		groups, sends, events int
	}{
		{"summary", "summary channel:WA date:2026-11-15..2026-11-21", 5, 0, 0},
		{"summary_campaign", `summary channel:WA campaign:"Campaign 7" last 7 days`, 5, 0, 0},
		{"detailed_600", "detailed last 90 days sort:sales", 600, 0, 0},
		{"audit_2000", "audit last 30 days", 5, 2000, 0},
		{"contact", "contact phone:+573105550001", 5, 20, 90},
	} {
		for _, machine := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/machine=%v", c.name, machine), func(b *testing.B) {
				d := desk(b)
				d.Store = cannedStore(c.groups, c.sends, c.events)
				req := ask(c.text)
				req.Machine, req.Local = machine, true
				b.ReportAllocs()
				for b.Loop() {
					reply := d.Answer(b.Context(), req, nil)
					if reply.Err != nil {
						b.Fatal(reply.Err)
					}
					if !machine {
						_ = reply.Card.Text()
						continue
					}
					if err := reply.Result.WriteJSON(io.Discard); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
