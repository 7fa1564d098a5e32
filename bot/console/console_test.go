package console

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk types lines at a console of a real bot and returns what was asked and what was printed.
func talk(t *testing.T, in io.Reader, options Options, answer commands.Answer) (asked []commands.Request, printed string) {
	t.Helper()
	var out strings.Builder
	b := bot.New(bot.Config{
		State:     memory.NewState(nil),
		Platforms: []bot.Platform{New(in, &out, options)},
		Now:       func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) },
		Answer: func(ctx context.Context, req commands.Request, progress func(commands.Reply)) commands.Reply {
			asked = append(asked, req)
			return answer(ctx, req, progress)
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.Run(ctx); err != nil {
		t.Error(err)
	}
	if ctx.Err() != nil {
		t.Error("the console did not end with its input")
	}
	return asked, out.String()
}

func card(title string, blocks ...reports.Block) reports.Card {
	return reports.Card{Title: title, Blocks: blocks, Footer: reports.Footer{Command: "/outbound " + title}}
}

func TestAnswersInOrderUntilTheInputEnds(t *testing.T) {
	answer := func(_ context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
		if req.Text == "slow" {
			time.Sleep(50 * time.Millisecond)
		}
		return commands.Reply{Card: card(req.Text)}
	}
	asked, printed := talk(t, strings.NewReader("slow\n\n  quick channel:WA  \r\nlast"), Options{}, answer)
	want := "slow\n\n/outbound slow\n\nquick channel:WA\n\n/outbound quick channel:WA\n\nlast\n\n/outbound last\n\n"
	if d := cmp.Diff(want, printed); d != "" {
		t.Error(d)
	}
	if len(asked) != 3 || asked[0].Trigger == asked[1].Trigger {
		t.Fatalf("asked %+v", asked)
	}
	r := asked[0]
	if r.Platform != "console" || !r.Local || !r.Place.Private || r.At.IsZero() {
		t.Errorf("request %+v", r)
	}
}

func TestNumbersPressButtons(t *testing.T) {
	answer := func(_ context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
		if req.Text != "summary" {
			return commands.Reply{Card: card(req.Text)}
		}
		return commands.Reply{Card: card("summary", reports.Actions{Buttons: []reports.Button{
			{Label: "Detailed", Command: "detailed channel:WA"}, {Label: "Export", Command: "summary format:xlsx"},
		}})}
	}
	asked, printed := talk(t, strings.NewReader("summary\n2\n1\n"), Options{}, answer)
	if !strings.Contains(printed, "  1  Detailed\n  2  Export\n") {
		t.Errorf("printed %s", printed)
	}
	var texts []string
	for _, r := range asked {
		texts = append(texts, r.Text)
	}
	// The second card has no buttons, so that 1 is no longer one of them.
	if d := cmp.Diff([]string{"summary", "summary format:xlsx", "1"}, texts); d != "" {
		t.Error(d)
	}
}

func TestFilesAreSavedBesideOthers(t *testing.T) {
	folder, spool := t.TempDir(), t.TempDir()
	answer := func(_ context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
		path := filepath.Join(spool, req.Trigger)
		if err := os.WriteFile(path, []byte(req.Text), 0o600); err != nil {
			t.Error(err)
		}
		file, err := commands.FileAt(path, "../audit.csv", "text/csv", 1)
		if err != nil {
			t.Error(err)
		}
		return commands.Reply{Card: card("audit"), File: file}
	}
	_, printed := talk(t, strings.NewReader("first\nsecond\n"), Options{Dir: folder}, answer)
	for name, want := range map[string]string{"audit.csv": "first", "audit-2.csv": "second"} {
		path := filepath.Join(folder, name)
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q, error %v", name, got, err)
		}
		if !strings.Contains(printed, "Saved as "+path+"\n") {
			t.Errorf("no word about %s: %s", name, printed)
		}
	}
	if left, err := os.ReadDir(spool); err != nil || len(left) != 0 {
		t.Errorf("left in the spool: %v %v", left, err)
	}
}

func TestAFileThatCannotBeSavedIsSaid(t *testing.T) {
	spool := filepath.Join(t.TempDir(), "x")
	answer := func(context.Context, commands.Request, func(commands.Reply)) commands.Reply {
		if err := os.WriteFile(spool, nil, 0o600); err != nil {
			t.Error(err)
		}
		file, err := commands.FileAt(spool, "audit.csv", "text/csv", 1)
		if err != nil {
			t.Error(err)
		}
		return commands.Reply{Card: card("audit"), File: file}
	}
	_, printed := talk(t, strings.NewReader("audit\n"), Options{Dir: filepath.Join(t.TempDir(), "missing")}, answer)
	if !strings.Contains(printed, "could not be saved: ") {
		t.Errorf("printed %s", printed)
	}
}

func TestAPanicStillAnswers(t *testing.T) {
	answer := func(context.Context, commands.Request, func(commands.Reply)) commands.Reply { panic("boom") }
	if _, printed := talk(t, strings.NewReader("summary\n"), Options{}, answer); !strings.Contains(printed, "reference") {
		t.Errorf("printed %s", printed)
	}
}

func TestColourSetsOffWithoutChangingWords(t *testing.T) {
	answer := func(context.Context, commands.Request, func(commands.Reply)) commands.Reply {
		return commands.Reply{Card: card("summary", reports.Note{Kind: reports.Warning, Text: "partial day"}, reports.Note{Text: "plain"})}
	}
	_, plain := talk(t, strings.NewReader("summary\n"), Options{}, answer)
	_, coloured := talk(t, strings.NewReader("summary\n"), Options{Color: true}, answer)
	if strings.Contains(plain, "\x1b[") {
		t.Errorf("colour without being asked for: %q", plain)
	}
	for _, want := range []string{"\x1b[1msummary\x1b[m", "\x1b[33m⚠ partial day\x1b[m", "\nplain\n", "\x1b[2m/outbound summary\x1b[m"} {
		if !strings.Contains(coloured, want) {
			t.Errorf("no %q in %q", want, coloured)
		}
	}
}

func TestAnUnreadableInputIsAFault(t *testing.T) {
	fault := errors.New("input/output error")
	err := New(iotest.ErrReader(fault), io.Discard, Options{}).Serve(t.Context(), nil)
	if !errors.Is(err, fault) {
		t.Errorf("error %v", err)
	}
}

func TestBusyIsSaid(t *testing.T) {
	var out strings.Builder
	take := func(context.Context, commands.Request) (bool, error) { return false, bot.ErrBusy }
	if err := New(strings.NewReader("summary\n"), &out, Options{}).Serve(t.Context(), take); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "Not taken: "+bot.ErrBusy.Error()) {
		t.Errorf("printed %s", out.String())
	}
}
