package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// must runs a command that has to go well and say something.
func must(t *testing.T, says string, args ...string) string {
	t.Helper()
	code, out, errs := call(t, "", args...)
	if code != exitDone || !strings.Contains(out, says) {
		t.Fatalf("%v: exit %d, want %q: %s%s", args, code, says, out, errs)
	}
	return out
}

// goldenFigures are the answers of a store to a few questions.
func goldenFigures(t *testing.T, data string) (all string) {
	t.Helper()
	for _, command := range []string{"summary by:campaign", "audit"} {
		all += must(t, "", "ask", "--json", "--data", data, "--now", "2025-12-05T00:00:00Z", command, goldenWeek)
	}
	return all
}

// giveKey puts the master key of a data folder into another one: a backup is worth nothing to who lacks it.
func giveKey(t *testing.T, from, to string) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(from, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "master.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBackupAndRestore: the store that comes back gives the same answers and knows the same events.
func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	data, file, other := filepath.Join(dir, "data"), filepath.Join(dir, "store.backup"), filepath.Join(dir, "other")
	must(t, "71 new", "import", "--data", data, goldenEvents)
	want := goldenFigures(t, data)
	must(t, "it is equal: 71 events", "backup", "--data", data, file)
	must(t, "It was not proved", "backup", "--quick", "--data", data, file) // replaces the other
	if left, _ := filepath.Glob(filepath.Join(dir, ".outboundbot-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup can be read by others: %v, %v", info.Mode(), err)
	}
	must(t, "is whole", "verify", file)
	must(t, "The store is whole: 71 events", "verify", "--data", data)
	if code, _, errs := call(t, "", "restore", "--data", other, file); code != exitInput || !strings.Contains(errs, "needs the master key") {
		t.Errorf("without the key: exit %d, %s", code, errs)
	}
	giveKey(t, data, other)
	must(t, "compared and is equal", "restore", "--data", other, file)
	if got := goldenFigures(t, other); got != want {
		t.Errorf("the restored store says\n%s\nnot\n%s", got, want)
	}
	must(t, "0 new, 84 known already", "import", "--data", other, goldenEvents)

	code, _, errs := call(t, "", "restore", "--data", other, file)
	if code != exitInput || !strings.Contains(errs, "--replace") {
		t.Errorf("over a store: exit %d, %s", code, errs)
	}
	must(t, "is now in "+filepath.Join(other, "store.before-20251205-000000"), "restore", "--replace", "--now", "2025-12-05T00:00:00Z", "--data", other, file)
	if got := goldenFigures(t, other); got != want {
		t.Error("restored again it says something else")
	}
}

// TestDamagedBackupIsRefused: with one sentence, and what is there stays.
func TestDamagedBackupIsRefused(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "store.backup")
	must(t, "71 new", "import", "--data", data, goldenEvents)
	must(t, "", "backup", "--data", data, file)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := func() string {
		entries, _ := os.ReadDir(data)
		return fmt.Sprint(entries)
	}
	before := list()
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 20 {
		b := bytes.Clone(whole)
		if at := rng.IntN(len(b)); i%2 == 0 {
			b = b[:at]
		} else {
			b[at] ^= 4
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"restore", "--replace", "--data", data, file}, {"verify", file}} {
			code, out, errs := call(t, "", args...)
			if code != exitInput || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, file) || out != "" {
				t.Errorf("%v: exit %d, %q %q", args, code, out, errs)
			}
		}
	}
	if after := list(); after != before {
		t.Errorf("the data folder had %s, now %s", before, after)
	}
}

func TestMistakesWithBackups(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	must(t, "71 new", "import", "--data", data, goldenEvents)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"backup", "--data", data}, exitInput, "name the file"},
		{[]string{"backup", "--data", data, "a", "b"}, exitInput, "name the file"},
		{[]string{"backup", "--data", data, dir}, exitInput, "is no file"},
		{[]string{"backup", "--data", data, filepath.Join(dir, "no", "b")}, exitInput, "there is no folder"},
		{[]string{"backup", "--data", filepath.Join(dir, "typo"), filepath.Join(dir, "b")}, exitInput, "there is no data"},
		{[]string{"verify", "--data", data, "a", "b"}, exitInput, "one backup"},
		{[]string{"verify", filepath.Join(dir, "typo")}, exitInput, "cannot be read"},
		{[]string{"verify", dir}, exitInput, "is no file"},
		{[]string{"verify", "--data", filepath.Join(dir, "typo")}, exitInput, "there is no data"},
		{[]string{"verify", goldenEvents}, exitInput, "is no backup"},
		{[]string{"restore", "--data", data}, exitInput, "name the backup"},
		{[]string{"restore", "--data", filepath.Join(dir, "new"), filepath.Join(dir, "typo")}, exitInput, "cannot be read"},
		{[]string{"restore", "--data", filepath.Join(dir, "new"), goldenEvents}, exitInput, "is no backup"},
	} {
		code, out, errs := call(t, "", c.args...)
		if code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%v: exit %d, want %d with %q, said: %s%s", c.args, code, c.code, c.says, out, errs)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("a mistake made a data folder")
	}
}

// TestBackupOfARunningServe: backup and verify reach it over its socket; restoring under it is refused.
func TestBackupOfARunningServe(t *testing.T) {
	w := newWorld(t)
	s := w.serve(t, "", fixed("2025-12-05T00:00:00Z"))
	config := []string{"--config", filepath.Join(w.dir, "config.yaml")}
	env := func(args ...string) (int, string, string) { return callEnv(t, w.env, append(args, config...)...) }
	file := filepath.Join(w.dir, "store.backup")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"backup", file}, exitDone, "it is equal: 71 events"},
		{[]string{"verify"}, exitDone, "The store is whole: 71 events"},
		{[]string{"restore", "--replace", file}, exitOwned, "end it before its store is restored"},
		{[]string{"ask", "summary"}, exitDone, ""},
	} {
		if code, out, errs := env(c.args...); code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%v: exit %d, %s%s", c.args, code, out, errs)
		}
	}
	s.stop()
	if code, out, errs := env("restore", "--replace", file); code != exitDone || !strings.Contains(out, "is now in") {
		t.Errorf("after its end: exit %d, %s%s", code, out, errs)
	}
	if code, out, errs := env("import", goldenEvents); code != exitDone || !strings.Contains(out, "84 known already") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}
