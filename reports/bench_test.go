package reports_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/shopspring/decimal"

	"outboundbot/reports"
	"outboundbot/storage"
)

// soldSend is a send with nearly every field; one in ten has a sale.
func soldSend(i int) storage.Send {
	t := storage.Instant(1_764_000_000_000 + int64(i)*7919)
	return storage.Send{
		ID: fmt.Sprintf("S%07d", i), Time: t, Status: storage.Successful, Channel: "WA", Line: "576015550100", Contact: "573105550001",
		Origin: "flow", Campaign: "Día de la Madre", Template: "dm_2026", Category: "marketing", Flow: "dm_flow",
		RequestedAt: t - 900, SentAt: t, DeliveredAt: t + 1500, ReadAt: t + 90_000, AnsweredAt: t + 300_000, Answers: 2, AssignedAt: t + 400_000,
		Group: "Support", Agent: "Paula", Attended: true, Conversation: fmt.Sprintf("c%d", i), Started: true, FirstOption: "See offers",
		Tags:   []storage.Tag{{Name: "Interested", Type: "follow_up"}, {Name: "Closed purchase", Type: "positive", Sale: i%10 == 0, Value: "99.90", Currency: "USD"}},
		Labels: []string{"vip"}, LastNode: "Choose", LastText: "Choose your size", FlowEnd: "assigned", Token: "abcdefghij", ContactKind: "new",
	}
}

// benchmarkJSON writes the machine form again and again, and tells how long one of its parts takes.
func benchmarkJSON(b *testing.B, r *reports.Result, parts int, unit string) {
	b.ReportAllocs()
	for b.Loop() {
		if err := r.WriteJSON(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(parts), "ns/"+unit)
}

// BenchmarkRecords is the machine form of the audit on screen.
func BenchmarkRecords(b *testing.B) {
	r := reports.Result{Query: reports.Query{Report: "audit", Machine: true}}
	r.Query.Scope.Contacts = true
	for i := range reports.ScreenRows {
		r.Records = append(r.Records, soldSend(i))
	}
	benchmarkJSON(b, &r, len(r.Records), "record")
}

// BenchmarkGroups is the machine form of a year's campaigns in detail.
func BenchmarkGroups(b *testing.B) {
	r := reports.Result{Query: reports.Query{Report: "detailed", Machine: true}}
	var t storage.Tally
	for m := range t.N {
		t.N[m] = 100_000 / int64(m+1)
	}
	t.Value = map[string]decimal.Decimal{"USD": decimal.New(123456, -2)}
	t.AnswerTime = storage.AnswerTime{Median: 300_000, P90: 1_500_000, Known: true}
	for s := range t.Spread {
		t.Spread[s] = map[string]int64{"Interested": 900, "Closed purchase": 800, "untagged": 7000, "No answer": 3}
	}
	rows := make([]storage.Group, 600)
	for i := range rows {
		rows[i] = storage.Group{Key: []string{fmt.Sprintf("Campaign %d", i), "flow"}, Tally: t}
	}
	r.Groups = []reports.Breakdown{{By: storage.Grouping{"campaign", "origin"}, Rows: rows}}
	benchmarkJSON(b, &r, len(rows), "row")
}

// BenchmarkEvents is the machine form of a customer with a long history.
func BenchmarkEvents(b *testing.B) {
	r := reports.Result{Query: reports.Query{Report: "contact", Machine: true}}
	for i := range 90 {
		r.Events = append(r.Events, storage.Event{
			ID: fmt.Sprintf("e%07d", i), Type: storage.MessageDelivered, At: storage.Instant(1_764_000_000_000 + i), Send: "S0000001", Message: "wamid.1",
			Channel: "WA", Line: "576015550100", Contact: "573105550001", Conversation: "c1", Campaign: "Black Friday", Template: "bf_2026", Origin: "flow",
		})
	}
	benchmarkJSON(b, &r, len(r.Events), "event")
}

// BenchmarkWriteRecords streams an audit from its sheet, as a file in JSON does.
func BenchmarkWriteRecords(b *testing.B) {
	send := soldSend(1)
	sheet := reports.AuditSheet(func(yield func(storage.Send, error) bool) {
		for range b.N {
			if !yield(send, nil) {
				return
			}
		}
	}, reports.Query{Report: "audit"})
	b.ReportAllocs()
	if _, err := reports.WriteRecords(io.Discard, sheet.Columns, sheet.Rows); err != nil {
		b.Fatal(err)
	}
}
