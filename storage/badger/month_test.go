package badger_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var monthDays = flag.Int("month.days", 3, "days of TestMonth")

// onDiskNow is how many bytes the files of a folder take on the disk, and those among them of the value log.
func onDiskNow(t *testing.T, dir string) (all, log int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // compacted away meanwhile
		}
		n := info.Sys().(*syscall.Stat_t).Blocks * 512
		all += n
		if strings.HasSuffix(e.Name(), ".vlog") {
			log += n
		}
	}
	return all, log
}

// TestMonth lives through days of steady events, and of a memory in which as much is forgotten as is remembered: in
// the end the folder holds little more than one that was made of the same events at once.
func TestMonth(t *testing.T) {
	const perDay, batch, values, size = 6_000, 300, 250, 16 << 10
	clock := time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC)
	dir := filepath.Join(t.TempDir(), "store")
	opts := badger.Options{Small: true, Now: func() time.Time { return clock }}
	e := opened(t, dir, opts)
	var most int64
	var sizes []string
	for day := range *monthDays {
		for at := 0; at < perDay; at += batch {
			if _, err := e.Append(bg, campaign(day*perDay+at, batch)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range values {
			clock = clock.Add(24 * time.Hour / values)
			if err := e.State().Put(bg, fmt.Sprintf("seen/%d/%d", day, i), make([]byte, size), 12*time.Hour, 0); err != nil {
				t.Fatal(err)
			}
			if err := e.State().Put(bg, "slot", make([]byte, size), 0, storage.AnyVersion); err != nil {
				t.Fatal(err)
			}
		}
		if day == 20 {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = opened(t, dir, opts)
		}
		all, _ := onDiskNow(t, dir)
		most = max(most, all)
		sizes = append(sizes, fmt.Sprint(all>>20))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	all, log := onDiskNow(t, dir)
	once := filepath.Join(t.TempDir(), "store")
	other := opened(t, once, opts)
	if _, err := other.Append(bg, campaign(0, *monthDays*perDay)); err != nil {
		t.Fatal(err)
	}
	if err := other.Merge(bg, true); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	bare, _ := onDiskNow(t, once)
	written := int64(*monthDays) * values * 2 * size
	t.Logf("%d days, %d events, %d MB of memory written and forgotten: MB on disk by day %s; %d at most, %d when closed (%d of value log), %d of the same events at once",
		*monthDays, *monthDays*perDay, written>>20, strings.Join(sizes, " "), most>>20, all>>20, log>>20, bare>>20)
	const churn = 64 << 20 // Badger compacts when so much has come together
	if all > 2*bare+churn || most > 2*bare+3*churn {
		t.Errorf("the folder has grown to %d MB (%d at most) for %d MB of events", all>>20, most>>20, bare>>20)
	}
}
