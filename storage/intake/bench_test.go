package intake

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"outboundbot/storage"
)

// campaign writes lines of 200 bytes on average, as a campaign's sender and its webhooks do.
func campaign(sends int) string {
	var in strings.Builder
	for i := range sends {
		at, id := fmt.Sprintf("2025-11-24T16:%02d:%02d", i/60%60, i%60), fmt.Sprintf("wamid.HBgLNTA0OTk5%08d", i*7919%99999999)
		to := fmt.Sprintf(`"channel":"WA","line":"50422220000","contact":"504999%05d"`, i*31%99999)
		fmt.Fprintf(&in, `{"id":"r%07d","type":"send.requested","at":"%sZ","send":"S%07d","message":"%s","origin":"flow","campaign":"BlackFriday","template":"bf_teaser",%s,"flow":"BF flow","category":"marketing"}`+"\n", i, at, i, id, to)
		for n, what := range []string{"sent", "delivered", "read"} {
			fmt.Fprintf(&in, `{"id":"%[1]s:%[2]s","type":"message.%[2]s","at":"%[3]s.%[4]d50Z","message":"%[1]s","send":"S%07[5]d"}`+"\n", id, what, at, n, i)
		}
		fmt.Fprintf(&in, `{"id":"in%07d","type":"message.inbound","at":"%s.000-00:00","conversation":"c-%07d",%s,"kind":"button","text":"See offers","reply_to":"%s"}`+"\n", i, at, i, to, id)
	}
	return in.String()
}

// nobody takes events and forgets them; it also stands for a store that imports.
type nobody struct{ events int }

func (n *nobody) take(events []storage.Event, _ []Place) error { n.events += len(events); return nil }

func (n *nobody) refuse(it Item) error { return fmt.Errorf("%s: %s", it.Place, it.Reason) }

func (n *nobody) Append(context.Context, []storage.Event) (storage.Receipt, error) {
	panic("an importer gets no Append")
}

func (n *nobody) keep(_ context.Context, events []storage.Event) (storage.Receipt, error) {
	n.events += len(events)
	return storage.Receipt{Accepted: len(events)}, nil
}
func (n *nobody) Import(context.Context) (storage.Import, error) { return n, nil }
func (n *nobody) Add(_ context.Context, events []storage.Event) ([]storage.Reject, error) {
	n.events += len(events)
	return nil, nil
}
func (n *nobody) Commit(context.Context) (storage.Receipt, error) { return storage.Receipt{}, nil }
func (n *nobody) Close() error                                    { return nil }

// BenchmarkRead reads lines into a batch and drops them.
func BenchmarkRead(b *testing.B) {
	lines := campaign(20_000)
	for _, c := range []struct{ name, in string }{
		{"usual", lines},
		{"spaced", strings.NewReplacer(`":"`, `": "`, `","`, `", "`).Replace(lines)},
		{"escapes", strings.ReplaceAll(lines, `"S0`, `"S\u00f10`)},
		{"accents", strings.ReplaceAll(lines, `"S0`, `"Sñ0`)},
		{"nested", strings.ReplaceAll(lines, `"}`, `","x":{"y":[1]}}`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			measure(b, c.in, func(in string, n *nobody) error {
				to := &batch{to: n, size: addSize}
				if err := Native.read(strings.NewReader(in), to); err != nil {
					return err
				}
				return to.flush()
			})
		})
	}
}

// BenchmarkImport is a whole import into a store that does nothing: as one, and by Append of events that it may keep.
func BenchmarkImport(b *testing.B) {
	lines := campaign(20_000)
	for _, c := range []struct {
		name   string
		format Format
		in     string
		to     func(*nobody) Target
	}{
		{"native", Native, lines, func(n *nobody) Target { return n }},
		{"native by Append", Native, lines, func(n *nobody) Target { return Append(n.keep) }},
		{"csv", CSV, table(20_000), func(n *nobody) Target { return n }},
		{"csv by Append", CSV, table(20_000), func(n *nobody) Target { return Append(n.keep) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			measure(b, c.in, func(in string, n *nobody) error {
				sum, err := Import(context.Background(), c.to(n), strings.NewReader(in), c.format, Watch{})
				if sum.Rejected > 0 {
					return fmt.Errorf("%+v", sum)
				}
				return err
			})
		})
	}
}

// table is a sheet of statuses as a person exports it.
func table(rows int) string {
	var in strings.Builder
	in.WriteString("id,type,at,message,send,campaign,channel,contact\n")
	for i := range rows {
		fmt.Fprintf(&in, "e%07d,message.delivered,2025-11-24T16:%02d:07Z,wamid.HBgLNTA0OTk5%08d,S%07d,\"Black Friday, first\",WA,504999%05d\n", i, i%60, i, i, i%99999)
	}
	return in.String()
}

// measure reports the processor's time for each event, which other programs on the machine change little.
func measure(b *testing.B, in string, run func(in string, n *nobody) error) {
	var n nobody
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		if err := run(in, &n); err != nil {
			b.Fatal(err)
		}
	}
	spent := cpu() - start
	b.ReportMetric(spent/float64(n.events), "cpu-ns/event")
	b.ReportMetric(float64(n.events)/spent*1e9, "events/cpu-s")
	b.ReportMetric(float64(len(in))*float64(b.N)/float64(n.events), "B/event")
}

// cpu is what the process has used so far, in nanoseconds.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano() + u.Stime.Nano())
}
