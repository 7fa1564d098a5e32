package badger_test

import (
	"bufio"
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var kills = flag.Int("kills", 5, "how often TestKill kills the process that takes events")

const (
	killsPerStore = 20 // until a new one, since the recount gets slow
	childFrom     = "STORE_TEST_FROM"
	childSeed     = "STORE_TEST_SEED"
)

// takeForEver takes events of the campaign in all ways at once: single ones from several sides, batches of which a
// fifth is known already, imports; meanwhile it merges without end and writes the bot's memory. It says what it
// begins and what the store acknowledged, a line each, on which the driver's ledger rests.
func takeForEver(dir string) int {
	e, err := badger.Open(dir, badger.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	from, _ := strconv.Atoi(os.Getenv(childFrom))
	seed, _ := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
	rng := rand.New(rand.NewPCG(seed, 1))
	c := &killed{e: e, rng: rng}
	go c.merge()
	go c.remember()
	for n := from; ; {
		switch rng.IntN(3) {
		case 0:
			n = c.single(n)
		case 1:
			n = c.batch(n)
		default:
			n = c.importOne(n)
		}
	}
}

// killed is the process that is killed.
type killed struct {
	e   *badger.Engine
	rng *rand.Rand
	out sync.Mutex
}

func (c *killed) say(format string, args ...any) {
	c.out.Lock()
	defer c.out.Unlock()
	fmt.Printf(format+"\n", args...)
}

func (c *killed) must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c *killed) merge() {
	for i := 0; ; i++ {
		c.must(c.e.Merge(bg, i%4 == 0))
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *killed) remember() {
	for n := 1; ; n++ {
		v, err := c.e.State().Get(bg, "counter")
		if n == 1 && err == nil {
			n, _ = strconv.Atoi(string(v.Data))
			n++
		}
		c.say("memory %d", n)
		c.must(c.e.State().Put(bg, "counter", []byte(strconv.Itoa(n)), 0, v.Version))
		c.say("remembered %d", n)
		c.must(c.e.State().Put(bg, fmt.Sprint("passing/", n), make([]byte, 200), time.Second, 0))
	}
}

// single appends events one by one, from four sides.
func (c *killed) single(n int) int {
	const sides, share = 4, 10
	c.say("begin single %d %d", n, n+sides*share)
	var all sync.WaitGroup
	for side := range sides {
		all.Go(func() {
			for i := range share {
				k := n + i*sides + side
				_, err := c.e.Append(bg, campaign(k, 1))
				c.must(err)
				c.say("taken %d %d", k, k+1)
			}
		})
	}
	all.Wait()
	return n + sides*share
}

// batch appends 500 events, 100 of them known or twice in it.
func (c *killed) batch(n int) int {
	const size, known = 500, 100
	events := campaign(n, size-known)
	for range known {
		events = append(events, campaign(c.rng.IntN(n+size-known), 1)...)
	}
	c.say("begin batch %d %d", n, n+size-known)
	_, err := c.e.Append(bg, events)
	c.must(err)
	c.say("taken %d %d", n, n+size-known)
	return n + size - known
}

func (c *killed) importOne(n int) int {
	size := 1 + c.rng.IntN(12_000)
	c.say("begin import %d %d", n, n+size)
	im, err := c.e.Import(bg)
	c.must(err)
	for at := n; at < n+size; at += 2000 {
		_, err := im.Add(bg, campaign(at, min(2000, n+size-at)))
		c.must(err)
	}
	_, err = im.Commit(bg)
	c.must(err)
	c.say("taken %d %d", n, n+size)
	return n + size
}

// ledger is what the driver knows of one store, on disk before it counts.
type ledger struct {
	file         *os.File
	done         int // events below it have all been taken and are in the truth
	begun        int // events below it may have been taken
	how          string
	taken        map[int]bool // of done..begun
	memory       int          // the counter may be so high
	acknowledged int          // and is so high at least
	truth        storage.Store
}

// note takes down a line of the child's.
func (l *ledger) note(t *testing.T, line string) {
	t.Helper()
	var a, b int
	var how string
	switch {
	case scan(line, "begin %s %d %d", &how, &a, &b):
		l.how, l.begun = how, b
	case scan(line, "taken %d %d", &a, &b):
		fmt.Fprintln(l.file, line)
		if err := l.file.Sync(); err != nil {
			t.Fatal(err)
		}
		for k := a; k < b; k++ {
			l.taken[k] = true
		}
	case scan(line, "memory %d", &a):
		l.memory = a
	case scan(line, "remembered %d", &a):
		l.acknowledged = a
	default:
		t.Fatalf("the child says %q", line)
	}
}

func scan(line, format string, to ...any) bool {
	n, err := fmt.Sscanf(line, format, to...)
	return err == nil && n == len(to)
}

// killFigures are what TestKill went through.
type killFigures struct {
	kills, acknowledged, unacknowledged, kept int
	during                                    map[string]int
	slowest, sum                              time.Duration
}

// TestKill kills a process that takes events, again and again: all that it acknowledged is there once, of an import or
// a batch all or nothing, and every total is that of the ledger.
func TestKill(t *testing.T) {
	start := time.Now()
	rng := rand.New(rand.NewPCG(*messySeed, 7))
	f := killFigures{during: map[string]int{}}
	var dir string
	var l *ledger
	for i := range *kills {
		if i%killsPerStore == 0 {
			root := t.TempDir()
			dir = filepath.Join(root, "store")
			file, err := os.Create(filepath.Join(root, "ledger"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			l = &ledger{file: file, taken: map[int]bool{}, truth: trusted(t, nil)}
		}
		killOnce(t, dir, l, rng)
		f.kills++
		verify(t, dir, l, &f)
		if t.Failed() {
			t.Fatalf("kill %d, seed %d, in a %s", i, *messySeed, l.how)
		}
	}
	if f.acknowledged == 0 {
		t.Error("nothing was acknowledged")
	}
	t.Logf("%d kills (%v): of %d acknowledged events 0 lost and 0 twice, of %d others %d were stored; opened in %s on average, %s at most; %.0f s",
		f.kills, f.during, f.acknowledged, f.unacknowledged, f.kept, f.sum/time.Duration(max(1, f.kills)), f.slowest, time.Since(start).Seconds())
}

// killOnce runs the child until it is killed: mostly at work, now and then while it opens the store.
func killOnce(t *testing.T, dir string, l *ledger, rng *rand.Rand) {
	t.Helper()
	cmd := child(t, "append", dir)
	cmd.Env = append(cmd.Env, fmt.Sprint(childFrom, "=", l.done), fmt.Sprint(childSeed, "=", rng.Uint64()))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	l.begun, l.how = l.done, "start"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func(after int) {
		time.AfterFunc(time.Duration(after)*time.Millisecond, func() { cmd.Process.Kill() })
	}
	early := rng.IntN(8) == 0
	if early {
		kill(rng.IntN(60))
	}
	lines := bufio.NewScanner(out)
	for first := true; lines.Scan(); first = false {
		if first && !early {
			kill(5 + rng.IntN(495))
		}
		l.note(t, lines.Text())
	}
	cmd.Wait() // says that it was killed
	if said.Len() > 0 {
		t.Errorf("the child failed: %s", said.String())
	}
}

// verify opens the store after a kill and compares all of it with the ledger.
func verify(t *testing.T, dir string, l *ledger, f *killFigures) {
	t.Helper()
	begin := time.Now()
	e := opened(t, dir, badger.Options{})
	took := time.Since(begin)
	f.sum, f.slowest = f.sum+took, max(f.slowest, took)
	f.during[l.how]++
	defer e.Close()
	before, err := e.Stats(bg)
	if err != nil {
		t.Fatal(err)
	}
	acknowledged, unsure := l.split()
	f.acknowledged, f.unacknowledged = f.acknowledged+len(acknowledged), f.unacknowledged+len(unsure)
	if r, err := e.Append(bg, acknowledged); err != nil || r.Duplicates != len(acknowledged) {
		t.Errorf("of %d acknowledged events %d are there; %+v, %v", len(acknowledged), r.Duplicates, r, err)
	}
	r, err := e.Append(bg, unsure) // as a client tries again
	if err != nil || r.Accepted+r.Duplicates != len(unsure) {
		t.Errorf("of %d events %+v, %v", len(unsure), r, err)
	}
	f.kept += r.Duplicates
	if l.how != "single" && r.Accepted > 0 && r.Duplicates > 0 {
		t.Errorf("a part of one %s is there: %+v", l.how, r)
	}
	if want := l.done + len(acknowledged) + r.Duplicates; before.Events != want {
		t.Errorf("%d events were stored, %d of them known", before.Events, want)
	}
	if _, err := l.truth.Append(bg, campaign(l.done, l.begun-l.done)); err != nil {
		t.Fatal(err)
	}
	l.done, l.taken = l.begun, map[int]bool{}
	recount(t, e, l.truth)
	counter(t, e, l)
}

// split gives the events begun since the last kill: those acknowledged, and those that may be there or not.
func (l *ledger) split() (acknowledged, unsure []storage.Event) {
	for k, ev := range campaign(l.done, l.begun-l.done) {
		if l.taken[l.done+k] {
			acknowledged = append(acknowledged, ev)
		} else {
			unsure = append(unsure, ev)
		}
	}
	return acknowledged, unsure
}

func counter(t *testing.T, e *badger.Engine, l *ledger) {
	t.Helper()
	v, err := e.State().Get(bg, "counter")
	n, _ := strconv.Atoi(cmp.Or(string(v.Data), "0"))
	if n < l.acknowledged || n > l.memory {
		t.Errorf("the bot remembers %d, %v; %d was acknowledged, %d begun", n, err, l.acknowledged, l.memory)
	}
}

// recount compares all totals.
func recount(t *testing.T, e, truth storage.Store) {
	t.Helper()
	first, _ := storage.ParseInstant("2025-10-01T00:00:00Z")
	day := storage.Day(int64(first) / (24 * 60 * 60 * 1000))
	for _, q := range []storage.Question{
		{}, {By: []storage.Grouping{{"campaign"}, {"hour", "contact_kind"}, {"final_tag"}}, Range: storage.Range{From: day}},
	} {
		want, _ := truth.Count(bg, q)
		got, err := e.Count(bg, q)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v: %.600s, %v; want %.600s", q.By, fmt.Sprint(got), err, fmt.Sprint(want))
		}
	}
	want, _ := truth.Stats(bg)
	if got, err := e.Stats(bg); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}
