package badger_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var fillIt = flag.Bool("disk", false, "let TestDisk fill a small disk, which it mounts")

// wordy are n events with texts that do not compress, so that a disk fills up soon.
func wordy(from, n int) []storage.Event {
	start, _ := storage.ParseInstant("2025-11-24T10:00:00Z")
	events := make([]storage.Event, n)
	for i := range events {
		k := from + i
		rng := rand.New(rand.NewPCG(uint64(k), 5))
		text := make([]byte, 120)
		for j := range text {
			text[j] = byte('!' + rng.IntN(90))
		}
		events[i] = storage.Event{
			ID: fmt.Sprint("wordy-", k), Type: storage.MessageInbound, At: start + storage.Instant(k), Channel: "FB", Line: "page",
			Contact: fmt.Sprint("u", k), Kind: "button", Text: string(text),
		}
		if k%10 == 0 {
			events[i].Type, events[i].Send, events[i].Text, events[i].Kind = storage.MessageSent, fmt.Sprint("send-", k), "", ""
		}
	}
	return events
}

// fillDisk takes events by Append and import until it is refused, asks a question, and goes on trying.
func fillDisk(dir string) int {
	e, err := badger.Open(dir, badger.Options{})
	if err != nil {
		fmt.Println("refused", err)
		return 1
	}
	n, full := 0, false
	for {
		size := 4000
		take := func() error {
			_, err := e.Append(bg, wordy(n, size))
			return err
		}
		switch n / 4000 % 8 {
		case 3:
			size = 12_000
			take = func() error { return importWordy(e, n, size) }
		case 7:
			size = 80_000 // more than the disk has room for, in the end
			take = func() error { return importWordy(e, n, size) }
		}
		err := take()
		switch {
		case err == nil && full:
			fmt.Println("again", n+size)
			if err := e.Close(); err != nil {
				fmt.Println("closing", err)
			}
			return 0
		case err == nil:
			n += size
			fmt.Println("taken", n)
			continue
		case !errors.Is(err, syscall.ENOSPC):
			fmt.Println("wrong", err)
			return 1
		case !full:
			full = true
			c, err2 := e.Count(bg, storage.Question{})
			if want := int64((n + 9) / 10); err2 != nil || c.Total.N[storage.Attempted] != want {
				fmt.Println("wrong count", c.Total.N[storage.Attempted], "of", want, err2)
			}
			fmt.Println("full", strings.ReplaceAll(err.Error(), "\n", " "))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func importWordy(e *badger.Engine, from, n int) error {
	im, err := e.Import(bg)
	if err != nil {
		return err
	}
	for at := from; at < from+n; at += 2000 {
		if _, err := im.Add(bg, wordy(at, 2000)); err != nil {
			return errors.Join(err, im.Close())
		}
	}
	if _, err := im.Commit(bg); err != nil {
		return errors.Join(err, im.Close())
	}
	return im.Close()
}

// TestDisk fills a small disk: events are refused in one sentence before Badger dies of it, questions are answered,
// and once there is room again events are taken and none is lost. On a full disk a store does not start, and says so.
func TestDisk(t *testing.T) {
	if !*fillIt {
		t.Skip("TestFullDisk is the short version")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=420m,mode=0700"); err != nil {
		t.Skipf("no disk of our own: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 235<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(disk, "bot", "store")
	cmd := child(t, "fill", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n, again := 0, 0
	var refusal string
	var freed time.Time
	var resumed time.Duration
	for lines := bufio.NewScanner(out); lines.Scan(); {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		switch verb {
		case "taken":
			n, _ = strconv.Atoi(rest)
		case "full":
			refusal = rest
			time.Sleep(200 * time.Millisecond) // what goes on in the background shall not die of it either
			freed = time.Now()
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		case "again":
			again, _ = strconv.Atoi(rest)
			resumed = time.Since(freed)
		default:
			t.Errorf("the child says %q", lines.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("after %d events: %v", n, err)
	}
	if !strings.Contains(refusal, "MiB are needed: free some space") || again == 0 || resumed > 10*time.Second {
		t.Errorf("refused with %q, again after %s with %d events", refusal, resumed, again)
	}
	e := opened(t, dir, badger.Options{})
	stats, err := e.Stats(bg)
	if err != nil || stats.Events != again {
		t.Errorf("%d events of %d, %v", stats.Events, again, err)
	}
	if r, err := e.Append(bg, wordy(n-4000, 4000)); err != nil || r.Duplicates != 4000 {
		t.Errorf("the last events before the disk was full: %+v, %v", r, err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("a disk with 185 MB: %d events taken, then %q; with room again after %s, 0 of %d events lost", n, refusal, resumed.Round(time.Millisecond), again)
	startFull(t, disk, dir)
}

// startFull tries to open a store on a disk that is full.
func startFull(t *testing.T, disk, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 1<<20))
	}
	f.Close()
	var exit *exec.ExitError
	out, err := child(t, "fill", dir).Output()
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "free some space") {
		t.Errorf("opening on a full disk: %v, %s", err, out)
	}
}
