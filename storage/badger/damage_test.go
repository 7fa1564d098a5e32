package badger_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/badger"
)

var (
	damages = flag.Int("damages", 40, "cases of TestDamage")
	damaged = flag.String("damaged", "", "the one kind of file that TestDamage damages, such as .sst; empty for all in turn")
)

// image is the folder of a store and what lies beside it, by path. Files end in many zeros, which are not kept.
type image map[string]imageFile

type imageFile struct {
	data []byte
	size int64
}

func imageOf(t *testing.T, root string) image {
	t.Helper()
	im := image{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil // flushed or compacted meanwhile
		}
		name, _ := filepath.Rel(root, path)
		im[name] = imageFile{bytes.TrimRight(b, "\x00"), int64(len(b))}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func (im image) write(t *testing.T, root string) {
	t.Helper()
	for name, f := range im {
		path := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, f.data, 0o600)
		}
		if err == nil {
			err = os.Truncate(path, f.size)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// files are the paths of a kind, in order.
func (im image) files(kind string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(im)) {
		if strings.HasSuffix(name, kind) {
			names = append(names, name)
		}
	}
	return names
}

// damagedStore makes a store of several tables, runs and segments, with memory of the bot's, and gives what stood on
// disk when it was closed, and when it was in use later on.
func damagedStore(t *testing.T) (closed, inUse image) {
	t.Helper()
	const rounds = 9
	root := t.TempDir()
	dir := filepath.Join(root, "store")
	var e *badger.Engine
	for i := range rounds {
		e = opened(t, dir, badger.Options{Small: true})
		for k := range 3 {
			if _, err := e.Append(bg, campaign(i*1500+k*500, 500)); err != nil {
				t.Fatal(err)
			}
			remember(t, e, i*3+k)
		}
		for i == 6 && len(imageOf(t, root).files(".sst")) > 4 { // Badger compacts the first ones
			time.Sleep(10 * time.Millisecond)
		}
		if i < rounds-1 {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			closed = imageOf(t, root)
		}
	}
	if err := e.Merge(bg, false); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := e.Append(bg, campaign(rounds*1500+i*40, 40)); err != nil {
			t.Fatal(err)
		}
		remember(t, e, rounds*3+i)
	}
	inUse = imageOf(t, root)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return closed, inUse
}

// remember puts some values into the bot's memory, of which some replace others.
func remember(t *testing.T, e *badger.Engine, n int) {
	t.Helper()
	for _, key := range []string{"latest", fmt.Sprint("trigger/", n)} {
		if err := e.State().Put(bg, key, fmt.Appendf(nil, "value %d", n), 0, storage.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
	if n%4 == 3 {
		if err := e.State().Delete(bg, fmt.Sprint("trigger/", n-2)); err != nil {
			t.Fatal(err)
		}
	}
}

// answer is what a store says, or why it does not.
type answer struct {
	text string
	err  error
}

// answers are what a store says to a set of questions that reach all of it.
func answers(e *badger.Engine) map[string]answer {
	out := map[string]answer{}
	say := func(name string, v any, err error) {
		b, fault := json.Marshal(v)
		out[name] = answer{string(b), errors.Join(err, fault)}
	}
	first, _ := storage.ParseInstant("2025-10-01T00:00:00Z")
	day := storage.Day(int64(first) / (24 * 60 * 60 * 1000))
	for _, q := range []storage.Question{
		{By: []storage.Grouping{{"campaign"}, {"day", "contact_kind"}, {"final_tag"}}, Range: storage.Range{From: day}},
		{By: []storage.Grouping{{"hour"}}, Where: []storage.Condition{{Field: "first_option", Values: []string{"yes"}}}},
		{Where: []storage.Condition{{Field: "phone", Values: []string{contactNumber(0), contactNumber(40)}}}},
	} {
		c, err := e.Count(bg, q)
		say(fmt.Sprintf("count %+v", q), c, err)
	}
	for _, order := range []storage.Order{{}, {Limit: 50, NewestFirst: true}} {
		var sends []storage.Send
		var fault error
		for s, err := range e.Sends(bg, storage.Question{Scope: storage.Scope{Contacts: true}}, order) {
			fault = errors.Join(fault, err)
			sends = append(sends, s)
		}
		say(fmt.Sprintf("sends %+v", order), sends, fault)
	}
	for n := 0; n < 1200; n += 97 {
		list, err := e.Timeline(bg, storage.Scope{Contacts: true}, storage.Contact{ID: contactNumber(n)})
		say(fmt.Sprint("timeline ", n), list, err)
	}
	names, err := e.Names(bg, storage.Scope{}, "campaign", "")
	say("names", names, err)
	stats, err := e.Stats(bg)
	say("stats", stats, err)
	var values []storage.Value
	var fault error
	for v, err := range e.State().Scan(bg, "") {
		fault = errors.Join(fault, err)
		values = append(values, v)
	}
	say("memory", values, fault)
	v, err := e.State().Get(bg, "latest")
	say("latest", v, err)
	return out
}

func contactNumber(send int) string {
	return fmt.Sprintf("5049%07d", send*7919%(send/each+1000))
}

// harms are the ways to damage a file.
var harms = map[string]func(rng *rand.Rand, f imageFile) (imageFile, bool){
	"flip": func(rng *rand.Rand, f imageFile) (imageFile, bool) {
		if len(f.data) == 0 {
			return f, false
		}
		f.data = bytes.Clone(f.data)
		f.data[rng.IntN(len(f.data))] ^= byte(1 << rng.IntN(8))
		return f, true
	},
	"cut": func(rng *rand.Rand, f imageFile) (imageFile, bool) {
		if f.size == 0 {
			return f, false
		}
		f.size = int64(rng.IntN(max(1, len(f.data))))
		f.data = f.data[:f.size]
		return f, true
	},
	"zero": func(rng *rand.Rand, f imageFile) (imageFile, bool) {
		if len(f.data) == 0 {
			return f, false
		}
		f.data = bytes.Clone(f.data)
		at := rng.IntN(len(f.data))
		clear(f.data[at:min(len(f.data), at+1+rng.IntN(4096))])
		return f, true
	},
	"delete": func(*rand.Rand, imageFile) (imageFile, bool) { return imageFile{}, true },
}

// kinds of files, each of which is damaged as often as the others.
var fileKinds = []string{".sst", ".mem", ".vlog", "MANIFEST", "KEYREGISTRY", "DISCARD", "store.super", "master.key"}

// TestDamage damages every kind of file in every way: a store says what it said before, or refuses and says what to
// do, and never deletes a table.
func TestDamage(t *testing.T) {
	start := time.Now()
	closed, inUse := damagedStore(t)
	states := []image{closed, inUse}
	truths := make([]map[string]answer, 2)
	for i, im := range states {
		root := t.TempDir()
		im.write(t, root)
		e := opened(t, filepath.Join(root, "store"), badger.Options{Small: true})
		truths[i] = answers(e)
		e.Close()
		for q, a := range truths[i] {
			if a.err != nil {
				t.Fatalf("an undamaged store: %s: %v", q, a.err)
			}
		}
	}
	rng := rand.New(rand.NewPCG(*messySeed, 8))
	var whole, refused, partly, cases int
	tally := map[string]int{}
	for cases < *damages {
		i := rng.IntN(2)
		kind := cmp.Or(*damaged, fileKinds[cases%len(fileKinds)])
		names := states[i].files(kind)
		if len(names) == 0 {
			i = 1 - i
			if names = states[i].files(kind); len(names) == 0 {
				t.Fatalf("no file of kind %s", kind)
			}
		}
		name := names[rng.IntN(len(names))]
		how := []string{"flip", "flip", "flip", "cut", "cut", "zero", "zero", "delete"}[rng.IntN(8)]
		f, ok := harms[how](rng, states[i][name])
		if !ok {
			how = "delete"
		}
		cases++
		what := fmt.Sprintf("case %d of seed %d: %s of %s, %s", cases, *messySeed, how, name, []string{"closed", "in use"}[i])
		hurt := maps.Clone(states[i])
		if hurt[name] = f; how == "delete" {
			delete(hurt, name)
		}
		served, denied := damagedCase(t, what, hurt, rng.IntN(3) == 0, truths[i])
		switch {
		case denied == 0:
			whole++
		case served == 0:
			refused++
		default:
			partly++
		}
		tally[how]++
	}
	t.Logf("%d cases of damage: %d stores answered all as before, %d refused, %d answered some and refused the rest; %.0f s; %v",
		cases, whole, refused, partly, time.Since(start).Seconds(), tally)
}

// damagedCase opens a damaged store and compares what it says with the truth.
func damagedCase(t *testing.T, what string, hurt image, compact bool, truth map[string]answer) (served, denied int) {
	t.Helper()
	root, err := os.MkdirTemp("", "damage")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	var opening error
	hurt.write(t, root)
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: panic: %v", what, r)
		}
		for _, name := range hurt.files(".sst") {
			if opening == nil {
				break // Badger may have compacted it
			}
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s: the attempt deleted %s; opening said %v; there is %v", what, name, opening, imageOf(t, root).names())
			}
		}
	}()
	e, err := badger.Open(filepath.Join(root, "store"), badger.Options{Small: true})
	if err != nil {
		opening = err
		refusal(t, what+": opening", err)
		return 0, len(truth)
	}
	defer e.Close()
	if compact {
		if err := e.Flatten(); err != nil {
			t.Logf("%s: compaction: %v", what, err)
		}
	}
	for q, got := range answers(e) {
		switch want := truth[q]; {
		case got.err != nil:
			refusal(t, what+": "+q, got.err)
			denied++
		case got.text != want.text:
			t.Errorf("%s: %.200s: it says\n%.1000s\nand the truth is\n%.1000s", what, q, got.text, want.text)
		default:
			served++
		}
	}
	return served, denied
}

// refusal holds an error to what it must tell: what to do.
func refusal(t *testing.T, what string, err error) {
	t.Helper()
	text := err.Error()
	advice := []string{"outboundbot restore BACKUP", "put it back from its backup", "give the key that was used before"}
	if !slices.ContainsFunc(advice, func(what string) bool { return strings.Contains(text, what) }) {
		t.Errorf("%s: refused without saying what to do: %v", what, err)
	}
	if strings.Contains(text, "goroutine") || strings.Contains(text, "\n") {
		t.Errorf("%s: not one sentence: %v", what, err)
	}
}

func (im image) names() []string { return im.files("") }
