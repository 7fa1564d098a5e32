package intake

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"outboundbot/storage"
)

// campaign writes lines of 187 bytes on average, as a campaign's sender and its webhooks do.
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
func (n *nobody) Import(context.Context) (storage.Import, error) { return n, nil }
func (n *nobody) Add(_ context.Context, events []storage.Event) ([]storage.Reject, error) {
	n.events += len(events)
	return nil, nil
}
func (n *nobody) Commit(context.Context) (storage.Receipt, error) { return storage.Receipt{}, nil }
func (n *nobody) Close() error                                    { return nil }

// BenchmarkRead reads lines into a batch and drops them.
func BenchmarkRead(b *testing.B) {
	for _, format := range []Format{Native} {
		measure(b, campaign(20_000), func(in string, n *nobody) error {
			to := &batch{to: n, size: addSize}
			if err := format.read(strings.NewReader(in), to); err != nil {
				return err
			}
			return to.flush()
		})
	}
}

// BenchmarkImport is a whole import into a store that does nothing.
func BenchmarkImport(b *testing.B) {
	measure(b, campaign(20_000), func(in string, n *nobody) error {
		_, err := Import(context.Background(), n, strings.NewReader(in), Native, Watch{})
		return err
	})
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
