package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"testing"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// benchSheet is n rows of a whole audit.
func benchSheet(n int) reports.Sheet {
	at := noon
	send := storage.Send{
		ID: "01JDGQ4Z6V9T3K8R5W2X7Y1N0P", Time: at, SentAt: at, RequestedAt: at - 5000, DeliveredAt: at + 3000, ReadAt: at + 120_000, AnsweredAt: at + 300_000,
		Status: storage.Successful, Channel: "WA", Line: "50422220000", Origin: "flow", Campaign: "Día de la Madre", Template: "promo_mayo", Category: "marketing",
		Flow: "BF flow", Sender: "ana", Conversation: "c-8812736", Started: true, Answers: 2, AssignedAt: at + 600_000, Group: "Ventas", Agent: "ana",
		Tags:        []storage.Tag{{Name: "Interested", Type: "follow_up"}, {Name: "Closed purchase", Type: "positive", Sale: true, Value: "1500.50", Currency: "HNL"}},
		FirstOption: "Yes", LastNode: "n7", FlowEnd: storage.EndAssigned, ContactKind: "new", Token: "8f2c6d1e",
	}
	q := reports.Query{Report: "audit"}
	return reports.AuditSheet(func(yield func(storage.Send, error) bool) {
		for range n {
			if !yield(send, nil) {
				return
			}
		}
	}, q)
}

func rowsPerSecond(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s") }

// One iteration is one row of 44 columns.
func BenchmarkFormats(b *testing.B) {
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			if _, err := f.Write(b.Context(), io.Discard, benchSheet(b.N)); err != nil {
				b.Fatal(err)
			}
			rowsPerSecond(b)
		})
	}
}

// What the same rows cost with the standard library's encoders.
func BenchmarkStandardLibrary(b *testing.B) {
	b.Run("csv", func(b *testing.B) {
		b.ReportAllocs()
		w := csv.NewWriter(io.Discard)
		for row := range benchSheet(b.N).Rows {
			fields := make([]string, len(row))
			for i, c := range row {
				fields[i] = string(appendCSV(nil, c, time.UTC))
			}
			if err := w.Write(fields); err != nil {
				b.Fatal(err)
			}
		}
		rowsPerSecond(b)
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		e := json.NewEncoder(io.Discard)
		s := benchSheet(b.N)
		for row := range s.Rows {
			record := make(map[string]any, len(row))
			for i, c := range row {
				switch c.Kind {
				case storage.CellText:
					record[s.Columns[i].Name] = c.Text
				case storage.CellTime:
					record[s.Columns[i].Name] = storage.Instant(c.N)
				case storage.CellList, storage.CellAmounts:
					record[s.Columns[i].Name] = c.List
				case storage.CellNone:
					record[s.Columns[i].Name] = nil
				default:
					record[s.Columns[i].Name] = c.N
				}
			}
			if err := e.Encode(record); err != nil {
				b.Fatal(err)
			}
		}
		rowsPerSecond(b)
	})
}
