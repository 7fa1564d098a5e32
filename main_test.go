package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage/storagetest"
)

// call runs the program as a shell would, with an empty environment.
func call(t *testing.T, stdin string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{strings.NewReader(stdin), &o, &e}, func(string) string { return "" })
	return code, o.String(), e.String()
}

const goldenEvents = "storage/storagetest/testdata/events.ndjson"

// golden is a question of the golden set, and its answer.
type golden struct{ storagetest.GoldenQuestion }

// command writes the question as people type it.
func (g golden) command() string {
	words := []string{"summary"}
	if g.Ask.Audit {
		words[0] = "audit"
	}
	words = append(words, "date:"+g.Ask.From+".."+g.Ask.To)
	for _, sign := range []string{"", "-"} {
		filters := g.Ask.Where
		if sign == "-" {
			filters = g.Ask.Not
		}
		for key, values := range filters {
			words = append(words, sign+key+":"+strings.Join(values, ","))
		}
	}
	if g.Ask.By != nil {
		words = append(words, "by:"+strings.Join(g.Ask.By, ","))
	}
	if g.Ask.Test {
		words = append(words, "test:include")
	}
	return strings.Join(words, " ")
}

// config writes the intents of the question into a configuration.
func (g golden) config(t *testing.T) string {
	text := "timezone: America/Tegucigalpa\n"
	if g.Ask.Intents != nil {
		text += "intents:\n"
		for name, campaigns := range g.Ask.Intents {
			list, _ := json.Marshal(campaigns)
			text += "  - name: " + name + "\n    campaigns: " + string(list) + "\n"
		}
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestGoldenThroughTheCommandLine imports the golden events and gets every figure of expected.json back; importing
// them again changes nothing.
func TestGoldenThroughTheCommandLine(t *testing.T) {
	data := t.TempDir()
	for round, says := range []string{"84 lines, 71 new, 13 known already, 0 rejected", "84 lines, 0 new, 84 known already, 0 rejected"} {
		code, out, errs := call(t, "", "import", "--data", data, goldenEvents)
		if code != exitDone || !strings.Contains(out, says) {
			t.Fatalf("import %d: exit %d, %q %q, want %q", round+1, code, out, errs, says)
		}
		for _, question := range storagetest.Golden(t).Questions {
			g := golden{question}
			t.Run(g.Name, func(t *testing.T) {
				code, out, errs := call(t, "", "ask", "--json", "--data", data, "--config", g.config(t), "--now", g.Ask.Now.String(), g.command())
				if code != exitDone {
					t.Fatalf("%s: exit %d: %s%s", g.command(), code, out, errs)
				}
				checkGolden(t, g, out)
			})
		}
	}
}

func checkGolden(t *testing.T, g golden, out string) {
	t.Helper()
	var got struct {
		Total  map[string]any
		Groups []struct {
			By   []string
			Rows []map[string]any
		}
		Records []map[string]any
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	var total map[string]any
	var rows, audit []map[string]any
	for from, into := range map[*json.RawMessage]any{&g.Total: &total, &g.Rows: &rows, &g.Audit: &audit} {
		if *from == nil {
			continue
		}
		if err := json.Unmarshal(*from, into); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(total, got.Total); d != "" {
		t.Errorf("total (-want +got):\n%s", d)
	}
	if rows != nil {
		i := slices.IndexFunc(got.Groups, func(b struct {
			By   []string
			Rows []map[string]any
		},
		) bool {
			return slices.Equal(b.By, []string(g.Ask.By))
		})
		if i < 0 {
			t.Fatalf("no group by %v", g.Ask.By)
		}
		if d := cmp.Diff(rows, got.Groups[i].Rows); d != "" {
			t.Errorf("rows (-want +got):\n%s", d)
		}
	}
	if g.Ask.Audit {
		if d := cmp.Diff(audit, got.Records); d != "" {
			t.Errorf("records (-want +got):\n%s", d)
		}
	}
}

// TestMistakesOnTheCommandLine: one clear sentence and the right exit code, never a stack trace.
func TestMistakesOnTheCommandLine(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(t.TempDir(), "unreadable.yaml")
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"ask", "--data", data, "summary", "chanel:WA"}, exitInput, "channel"},
		{[]string{"ask", "--data", data, "--json", "sumary"}, exitInput, `"suggest":["summary"`},
		{[]string{"ask", "--data", data, "--now", "yesterday", "summary"}, exitInput, "--now"},
		{[]string{"ask", "--data", data, "--tz", "Mars/Base", "summary"}, exitInput, "Mars/Base"},
		{[]string{"ask", "--data", data, "--out", "x.pdf", "summary"}, exitInput, ".csv, .xlsx, .json"},
		{[]string{"ask", "--data", data, "--config", "missing.yaml", "summary"}, exitInput, "missing.yaml"},
		{[]string{"ask", "--data", data, "--config", file, "summary"}, exitInput, "cannot be read"},
		{[]string{"ask", "--nonsense"}, exitInput, "nonsense"},
		{[]string{"ask", "--data", filepath.Join(data, "typo"), "summary"}, exitInput, "there is no data"},
		{[]string{"ask", "--data", data, "--repeat", "3", "summary"}, exitInput, "--repeat"},
		{[]string{"ask", "--data", data, "--json", "--repeat", "-3", "summary"}, exitInput, "--repeat"},
		{[]string{"ask", "--data", data, "--json", "--now", "x", "summary"}, exitInput, `{"error":{"message"`},
		{[]string{"ask", "--data", data, "--out", filepath.Join(data, "no", "x.csv"), "audit"}, exitInput, "there is no folder"},
		{[]string{"ask", "--data", goldenEvents, "summary"}, exitInput, "cannot be written"},
		{[]string{"import", "--data", data, data}, exitInput, "is a folder"},
		{[]string{"import", "--data", data, "missing.ndjson", goldenEvents}, exitInput, "71 new"},
		{[]string{"import", "--data", data, "--format", "csv", "LICENSE"}, exitInput, "name the columns"},
		{[]string{"import", "--data", data, "/dev/null"}, exitDone, "is empty"},
		{[]string{"import", "--data", data}, exitInput, "name the files"},
		{[]string{"import", "--data", data, "missing.ndjson"}, exitInput, "missing.ndjson"},
		{[]string{"import", "--data", data, "--format", "pdf", goldenEvents}, exitInput, "pdf"},
		{[]string{"serve", "now"}, exitInput, "no arguments"},
		{[]string{"digest", "run", "--data", data, "Sales"}, exitInput, "serve"},
		{[]string{"sevre"}, exitInput, "serve"},
		{[]string{"--data", data, "asc", "summary"}, exitInput, "did you mean ask"},
		{[]string{"ask", "--data", filepath.Join(data, "typo"), "--json=true", "summary"}, exitInput, `{"error":{"message"`},
		{[]string{"render", "summary"}, exitInput, "--out"},
	} {
		code, out, errs := call(t, "", c.args...)
		said := out + errs
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%v: exit %d, want %d with %q, said: %s", c.args, code, c.code, c.says, said)
		}
		if strings.Contains(said, "goroutine ") || strings.Contains(said, "panic") {
			t.Errorf("%v shows a stack trace: %s", c.args, said)
		}
	}
}

// TestEmptyStore: a question to a store without data is answered, not refused.
func TestEmptyStore(t *testing.T) {
	code, out, errs := call(t, "", "ask", "--data", t.TempDir(), "summary")
	if code != exitDone || !strings.Contains(out, "No sends") && !strings.Contains(out, "no sends") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestBadLinesAreRejected: with number and reason, and the rest goes in.
func TestBadLinesAreRejected(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mixed.ndjson")
	text := `{"id":"1","type":"message.sent","at":"2026-11-23T10:00:00Z","send":"S1"}` + "\n{broken\n" +
		`{"id":"2","type":"message.read","at":"yesterday","send":"S1"}` + "\n" +
		`{"id":"3","type":"message.read","at":"2026-11-23T10:05:00Z","send":"S1"}` + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(t, "", "import", "--data", filepath.Join(dir, "data"), file)
	if code != exitDone || !strings.Contains(out, "2 new, 0 known already, 2 rejected") || !strings.Contains(out, "line 2") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	rejected, err := os.ReadFile(file + ".rejected")
	if err != nil || strings.Count(string(rejected), "\n") != 2 || !strings.Contains(string(rejected), `"line":3`) {
		t.Errorf("rejected lines: %s %v", rejected, err)
	}
}

// TestFilesOfAsk: --out writes each format, and a wrong command leaves no file.
func TestFilesOfAsk(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if code, _, errs := call(t, "", "import", "--data", data, goldenEvents); code != exitDone {
		t.Fatal(errs)
	}
	for _, format := range formatNames() {
		file := filepath.Join(dir, "audit."+format)
		code, out, errs := call(t, "", "ask", "--data", data, "--now", "2025-12-05T00:00:00Z", "--out", file, "audit", "2025-11")
		info, err := os.Stat(file)
		if code != exitDone || err != nil || info.Size() < 1000 {
			t.Errorf("%s: exit %d, %v: %s%s", format, code, err, out, errs)
		}
	}
	file := filepath.Join(dir, "wrong.csv")
	if code, _, errs := call(t, "", "ask", "--data", data, "--out", file, "audit", "chanel:WA"); code != exitInput || !strings.Contains(errs, "channel") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a wrong command left a file")
	}
}

// TestRepeat: the machine form with the times of the runs.
func TestRepeat(t *testing.T) {
	data := t.TempDir()
	code, out, errs := call(t, "", "ask", "--data", data, "--json", "--repeat", "3", "summary")
	var got struct {
		Report string
		Timing map[string]float64
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	for _, name := range []string{"wall_ms", "cpu_ms", "first_ms", "rss_mib"} {
		if _, ok := got.Timing[name]; !ok {
			t.Errorf("timing lacks %s", name)
		}
	}
	if got.Timing["runs"] != 3 || got.Report != "summary" {
		t.Errorf("got %+v", got)
	}
}

// TestDemo: the same answer every time, said to be sample data, and a chat that ends at the end of input.
func TestDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	code, first, errs := call(t, "detailed top:3\nsumary\n", "demo")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, part := range []string{"SAMPLE DATA", "28 November 2026", "Outbound summary · BlackFriday · WhatsApp", "Sales funnel", "Campaigns", "summary"} {
		if !strings.Contains(first, part) {
			t.Errorf("demo does not show %q:\n%s", part, first)
		}
	}
	_, a, _ := call(t, "", "demo", "summary", "--", "campaign:BlackFriday", "by:day")
	_, b, _ := call(t, "", "demo", "summary", "--", "campaign:BlackFriday", "by:day")
	if cut(a) != cut(b) || !strings.Contains(a, "BlackFriday") {
		t.Errorf("two demos differ:\n%s\n%s", a, b)
	}
}

// cut leaves out the last line, which has the time taken.
func cut(s string) string { return s[:max(0, strings.LastIndex(strings.TrimSpace(s), "\n"))] }

// TestSampleData: what the demo promises of its data.
func TestSampleData(t *testing.T) {
	l, err := sampleOffice(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stats, err := l.store.Stats(context.Background())
	if err != nil || stats.Sends < 20_000 || stats.Orphans != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	if days := (stats.Latest - stats.First) / (24 * 3600_000); days < 58 || days > 60 {
		t.Errorf("the sends span %d days", days)
	}
	got, err := l.Ask(context.Background(), asking{Command: "summary date:2026-09-01..2026-11-28 by:channel", JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"WA"`, `"IG"`, `"FB"`, `"WEB"`, `"SMS"`, `"flow"`, `"template"`, `"webhook"`, `"individual"`, `"131049"`, `"Closed purchase"`} {
		if !strings.Contains(string(out), part) {
			t.Errorf("the sample data has no %s", part)
		}
	}
}

// TestWordsOfTheShell: quotes that the shell took, and filters that look like flags.
func TestWordsOfTheShell(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"summary", "campaign:Black Friday", "last week"}, `summary campaign:"Black Friday" last week`},
		{[]string{`summary campaign:Black Friday`}, `summary campaign:Black Friday`},
		{[]string{"summary", `campaign:"Black Friday"`}, `summary campaign:"Black Friday"`},
		{[]string{"summary", `campaign:“Black Friday”`}, `summary campaign:“Black Friday”`},
		{[]string{"summary", "campaign:=Black Friday,Cart"}, `summary campaign:="Black Friday",Cart`},
		{[]string{"summary", "campaign:!*ack Fri*"}, `summary campaign:!*"ack Fri"*`},
		{[]string{"summary", "-channel:SMS"}, "summary -channel:SMS"},
	} {
		if got := quoted(protect(c.args)); got != c.want {
			t.Errorf("%q is %q, want %q", c.args, got, c.want)
		}
	}
	for _, args := range [][]string{
		{"summary", "-channel:SMS", "-campaign:Black Friday"},
		{"summary channel:WA", "campaign:BlackFriday last week"}, // no name, but a name and a date
		{"summary", "campaign:“Black Friday”"},
	} {
		code, out, errs := call(t, "", append([]string{"demo"}, args...)...)
		if code != exitDone || !strings.Contains(out, "BlackFriday") {
			t.Errorf("%q: exit %d: %s%s", args, code, out, errs)
		}
	}
}

// TestFilesWithoutAName: a command for a file saves it where the person works, and never over another.
func TestFilesWithoutAName(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, want := range []string{"Saved as outbound_summary_2026-11-22_2026-11-28.csv", "Saved as outbound_summary_2026-11-22_2026-11-28-2.csv"} {
		code, out, errs := call(t, "", "demo", "summary", "format:csv")
		if code != exitDone || !strings.Contains(out, want) {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		name := strings.TrimPrefix(want, "Saved as ")
		if content, err := os.ReadFile(name); err != nil || !strings.Contains(string(content), "Successful sends") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFileOfNothing: a nightly export of a quiet day is a file with headings only, not yesterday's.
func TestFileOfNothing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "quiet.csv")
	if err := os.WriteFile(file, []byte("stale"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "", "import", "--data", filepath.Join(dir, "data"), goldenEvents); code != exitDone {
		t.Fatal(errs)
	}
	code, out, errs := call(t, "", "ask", "--data", filepath.Join(dir, "data"), "--out", file, "audit", "date:2025-06-01")
	content, err := os.ReadFile(file)
	if code != exitDone || err != nil || !strings.Contains(string(content), "Send") || strings.Count(string(content), "\n") != 1 {
		t.Errorf("exit %d, %v: %q %s%s", code, err, content, out, errs)
	}
}

// TestCommandsShareTheFolder: commands at the same time wait for each other.
func TestCommandsShareTheFolder(t *testing.T) {
	data := t.TempDir()
	codes := make(chan int)
	for range 4 {
		go func() {
			var out, errs bytes.Buffer
			codes <- run(context.Background(), []string{"ask", "--data", data, "--json", "summary"}, streams{strings.NewReader(""), &out, &errs}, func(string) string { return "" })
		}()
	}
	for range 4 {
		if code := <-codes; code != exitDone {
			t.Errorf("exit %d", code)
		}
	}
}

// TestZoneBesideTheCommand: --tz is the default, tz: in the command decides, and neither is taken for a word.
func TestZoneBesideTheCommand(t *testing.T) {
	for _, c := range []struct {
		command, says string
	}{
		{"summary", `"tz":"Asia/Kolkata"`},
		{"summary tz=Europe/Madrid", `"tz":"Europe/Madrid"`},
		{"help", "What you can ask"},
		{`summary campaign:"nobody`, `“nobody”`},
	} {
		_, out, errs := call(t, "", "ask", "--data", t.TempDir(), "--json", "--tz", "Asia/Kolkata", c.command)
		if !strings.Contains(out, c.says) {
			t.Errorf("%s: %s%s", c.command, out, errs)
		}
	}
}

// TestSpoolIsEmptied: what a crash left there is gone with the next command.
func TestSpoolIsEmptied(t *testing.T) {
	data := t.TempDir()
	left := filepath.Join(data, "spool", "export-1.csv")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("50499990001"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "", "ask", "--data", data, "summary"); code != exitDone {
		t.Fatal(errs)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("it is still there")
	}
}

// TestRejectsOfSeveralFiles: --rejects has those of all inputs, and never replaces a file.
func TestRejectsOfSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a, b, list := write("a.ndjson", "{broken a\n"), write("b.ndjson", "{broken b\n"), filepath.Join(dir, "list")
	data := filepath.Join(dir, "data")
	if code, out, errs := call(t, "", "import", "--data", data, "--rejects", list, a, b); code != exitDone {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	rejected, err := os.ReadFile(list)
	if err != nil || !strings.Contains(string(rejected), "a.ndjson") || !strings.Contains(string(rejected), "b.ndjson") {
		t.Errorf("listed: %s %v", rejected, err)
	}
	code, _, errs := call(t, "", "import", "--data", data, "--rejects", a, b)
	if kept, err := os.ReadFile(a); code != exitInput || err != nil || !strings.Contains(string(kept), "broken a") {
		t.Errorf("exit %d, %q: %s", code, kept, errs)
	}
}

// TestMistypedImportMakesNothing: no store comes of a file that is not there.
func TestMistypedImportMakesNothing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if code, _, _ := call(t, "", "import", "--data", data, "missing.ndjson"); code != exitInput {
		t.Errorf("exit %d", code)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a store was made")
	}
}

// TestNothingStaysInTheSpool, whatever was done with an answer that has a file.
func TestNothingStaysInTheSpool(t *testing.T) {
	spool := t.TempDir()
	l, err := sampleOffice(t.Context(), spool)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []asking{
		{Command: "detailed format:csv"},
		{Command: "detailed format:csv", JSON: true},
		{Command: "detailed format:csv", Picture: "light"},
		{Command: "detailed format:csv", JSON: true, Repeat: 2},
		{Command: "detailed", Format: "xlsx", JSON: true},
	} {
		got, err := l.Ask(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Body.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(spool, "spool", "*")); len(left) > 0 {
			t.Errorf("%+v leaves %v", a, left)
		}
	}
}
