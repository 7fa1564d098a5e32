package badger_test

import (
	"bufio"
	"flag"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var restartEvents = flag.Int("restart.events", 60_000, "events in the store of TestRestart")

// TestRestart kills a process that has imported many events and is appending more: opening the store again, up to the
// first answer, takes at most three seconds.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	e := opened(t, dir, badger.Options{})
	im, err := e.Import(bg)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < *restartEvents; at += 10_000 {
		if _, err := im.Add(bg, campaign(at, 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := im.Commit(bg); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := child(t, "append", dir)
	cmd.Env = append(cmd.Env, fmt.Sprint(childFrom, "=", *restartEvents))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if f := strings.Fields(lines.Text()); f[0] == "taken" && taken == 0 {
			taken, _ = strconv.Atoi(f[2])
			time.AfterFunc(2*time.Second, func() { cmd.Process.Kill() })
		}
	}
	cmd.Wait() // says that it was killed
	begin := time.Now()
	e = opened(t, dir, badger.Options{})
	c, err := e.Count(bg, storage.Question{})
	took := time.Since(begin)
	if err != nil || c.Total.N[storage.Attempted] == 0 || took > 3*time.Second {
		t.Errorf("%d sends after %s, %v", c.Total.N[storage.Attempted], took, err)
	}
	stats, err := e.Stats(bg)
	if err != nil || stats.Events < *restartEvents {
		t.Errorf("%+v, %v", stats, err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("killed while it appended to %d events: %s until the first answer", stats.Events, took.Round(time.Millisecond))
}
