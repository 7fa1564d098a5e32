package discord

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"outboundbot/bot"
	"outboundbot/bot/bottest"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage/memory"
)

func TestMain(m *testing.M) {
	code := m.Run()
	time.Sleep(1200 * time.Millisecond) // the library takes a second to close a session
	// A session that deadlocks in the library's Open cannot be ended from outside; one test provokes it.
	err := goleak.Find(goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).Open"),
		goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).CloseWithCode"))
	if code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, "goroutines were left behind:", err)
		code = 1
	}
	os.Exit(code)
}

// desk stands in for the bot: it records triggers and has each fresh request answered and posted once.
type desk struct {
	t      *testing.T
	p      *Platform
	answer func(commands.Request) commands.Reply

	mu   sync.Mutex
	busy error
	seen map[string]bool
	got  []commands.Request
	errs []error
	work sync.WaitGroup
}

func (d *desk) take(ctx context.Context, req commands.Request) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy != nil {
		return false, d.busy
	}
	if d.seen[req.Trigger] {
		return false, nil
	}
	d.seen[req.Trigger] = true
	d.got = append(d.got, req)
	d.work.Go(func() {
		_, err := d.p.Post(context.WithoutCancel(ctx), req.Place, d.answer(req))
		d.mu.Lock()
		defer d.mu.Unlock()
		d.errs = append(d.errs, err)
	})
	return true, nil
}

func (d *desk) requests() []commands.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

// quick makes the link impatient.
var quick = timing{
	open: 600 * time.Millisecond, silence: 700 * time.Millisecond, close: 20 * time.Millisecond, check: 20 * time.Millisecond,
	gap: 10 * time.Millisecond, longest: 100 * time.Millisecond, steady: time.Minute,
}

func newPlatform(t *testing.T, fake *bottest.Discord, mend func(*Config, *Deps)) *Platform {
	t.Helper()
	cfg := Config{
		Token: bottest.DiscordToken, ApplicationID: bottest.DiscordApplication, GuildID: bottest.DiscordGuild, APIURL: fake.APIURL(),
	}
	deps := Deps{
		Buttons: bot.Buttons{State: memory.NewState(time.Now)}, Formats: []string{"csv", "xlsx", "json"}, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Lang: reports.Languages()[0], Spool: t.TempDir(),
	}
	if mend != nil {
		mend(&cfg, &deps)
	}
	p, err := New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	p.timing = quick
	t.Cleanup(p.api.transport.CloseIdleConnections)
	return p
}

// serve runs a platform until the test ends and checks how it ends.
func serve(t *testing.T, p *Platform, answer func(commands.Request) commands.Reply) *desk {
	t.Helper()
	d := &desk{t: t, p: p, answer: answer, seen: map[string]bool{}}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx, d.take) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		d.work.Wait()
	})
	return d
}

func summaryReply(commands.Request) commands.Reply { return commands.Reply{Card: summaryCard()} }

func command(fake *bottest.Discord, sub string, options map[string]string) string {
	return fake.Command(bottest.DiscordGuild, bottest.DiscordChannel, bottest.DiscordUser, sub, options)
}

func TestCommandAnswered(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, nil)
	p.timing.close = usual.close
	d := serve(t, p, summaryReply)
	id := command(fake, "summary", map[string]string{"channel": "WA", "campaign": "Black Friday", "more": "sale:yes -origin:flow"})
	got := fake.WaitAnswer(id)
	if got.Callback != 5 || !got.Private || got.After > 3*time.Second {
		t.Errorf("first response: type %d, private %t, after %s", got.Callback, got.Private, got.After)
	}
	for _, want := range []string{"**12,480** Successful sends", "**418** Sales 3.3 %", "Answered  4,105", "640 sends are individual templates", "`/outbound summary"} {
		if !strings.Contains(got.Message.Text, want) {
			t.Errorf("the answer lacks %q:\n%s", want, got.Message.Text)
		}
	}
	if got.Message.Flags&(1<<15) == 0 {
		t.Error("the answer is not of the newer components")
	}
	req := d.requests()[0]
	if want := `summary campaign:"Black Friday" channel:WA sale:yes -origin:flow`; req.Text != want {
		t.Errorf("text %q, want %q", req.Text, want)
	}
	if req.Platform != "discord" || req.Tenant != bottest.DiscordGuild || req.User != bottest.DiscordUser || req.Trigger != id || !req.Place.Private {
		t.Errorf("request %+v", req)
	}
	if fake.Intents() != 0 {
		t.Errorf("intents %d", fake.Intents())
	}
	if err := p.Ready(); err != nil {
		t.Errorf("not ready: %v", err)
	}

	fake.Redeliver(id)
	fake.Wait("the second acknowledgement", func() bool { return fake.Requests("POST /api/v9/interactions/"+id) == 2 })
	time.Sleep(50 * time.Millisecond)
	if n, edits := len(d.requests()), fake.Reply(id).Edits; n != 1 || edits != 1 {
		t.Errorf("a redelivered interaction: %d requests, %d answers", n, edits)
	}
}

// TestAnswerWaitsForAcknowledgement: an answer that is ready before its acknowledgement arrived comes after it.
func TestAnswerWaitsForAcknowledgement(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	fake.SlowDown(300 * time.Millisecond)
	serve(t, newPlatform(t, fake, nil), summaryReply)
	fake.WaitAnswer(command(fake, "summary", nil))
	if n := fake.Requests("POST /api/v9/users/@me/channels"); n != 0 {
		t.Error("the answer went elsewhere")
	}
}

func TestButtonBringsFile(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, nil)
	d := serve(t, p, func(req commands.Request) commands.Reply {
		r := commands.Reply{Card: summaryCard()}
		if strings.Contains(req.Text, "format:") {
			r.File = file(t, "outbound summary.csv", "send,status\nS1,successful\nS2,failed\n")
		}
		return r
	})
	first := fake.WaitAnswer(command(fake, "summary", nil))
	click := fake.Click(bottest.DiscordGuild, bottest.DiscordChannel, bottest.DiscordUser, first.Message.Buttons["Export"])
	got := fake.WaitAnswer(click)
	if !got.Private || got.Callback != 5 {
		t.Errorf("a click is answered by type %d, private %t", got.Callback, got.Private)
	}
	if text := d.requests()[1].Text; text != "summary channel:WA format:xlsx" {
		t.Errorf("the button ran %q", text)
	}
	files := fake.Files()
	if len(files) != 1 || files[0].Name != "outbound_summary.csv" {
		t.Fatalf("files %v", files)
	}
	rows, err := csv.NewReader(bytes.NewReader(files[0].Data)).ReadAll()
	if err != nil || len(rows) != 3 || rows[2][1] != "failed" {
		t.Errorf("rows %v, %v", rows, err)
	}
	gone := fake.Click(bottest.DiscordGuild, bottest.DiscordChannel, bottest.DiscordUser, "run:abcdefgh")
	fake.Wait("a sentence", func() bool { return fake.Reply(gone).Callback == 4 })
	if text := fake.Reply(gone).Message.Text; !strings.Contains(text, "expired") || !fake.Reply(gone).Private {
		t.Errorf("a button that is gone says %q", text)
	}
}

func TestRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, nil)
	d := serve(t, p, summaryReply)
	for _, c := range []struct{ guild, want string }{{"99", "own server"}, {"", "direct messages"}} {
		id := fake.Command(c.guild, "5", bottest.DiscordUser, "summary", nil)
		fake.Wait("a sentence", func() bool { return fake.Reply(id).Callback != 0 })
		got := fake.Reply(id)
		if got.Callback != 4 || !got.Private || !strings.Contains(got.Message.Text, c.want) {
			t.Errorf("guild %q: type %d, private %t, %q", c.guild, got.Callback, got.Private, got.Message.Text)
		}
	}
	other := fake.Autocomplete("99", "5", bottest.DiscordUser, "summary", "campaign", "b")
	fake.Wait("an empty list", func() bool { return fake.Reply(other).Callback == 8 })
	for _, busy := range []error{bot.ErrBusy, errors.New("disk full")} {
		d.mu.Lock()
		d.busy = busy
		d.mu.Unlock()
		id := command(fake, "summary", nil)
		fake.Wait("a sentence", func() bool { return fake.Reply(id).Callback != 0 })
		if got := fake.Reply(id); got.Callback != 4 || !got.Private || !strings.Contains(got.Message.Text, "ask again") {
			t.Errorf("%v: type %d, %q", busy, got.Callback, got.Message.Text)
		}
	}
	if n := len(d.requests()); n != 0 {
		t.Errorf("%d requests were taken", n)
	}
}

func TestAutocomplete(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Black Friday ", 20)
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, func(_ *Config, d *Deps) {
		d.Suggest = func(_ context.Context, req commands.Request, key, typed string) []string {
			if req.User != bottest.DiscordUser || key != "campaign" || typed != "bl" {
				t.Errorf("asked for %s %q by %s", key, typed, req.User)
			}
			return append([]string{"Black Friday", long}, slices.Repeat([]string{"x"}, 40)...)
		}
	})
	serve(t, p, summaryReply)
	id := fake.Autocomplete(bottest.DiscordGuild, bottest.DiscordChannel, bottest.DiscordUser, "summary", "campaign", "bl")
	fake.Wait("suggestions", func() bool { return fake.Reply(id).Callback == 8 })
	got := fake.Reply(id).Choices
	if len(got) != 25 || got[0] != "Black Friday" || !strings.HasPrefix(long, strings.TrimSuffix(got[1], "*")) || !strings.HasSuffix(got[1], "*") {
		t.Errorf("%d choices, %q", len(got), got)
	}
}

func TestMissingSettings(t *testing.T) {
	whole := Config{Token: "t", ApplicationID: "1", GuildID: "2", APIURL: "http://127.0.0.1/"}
	for want, mend := range map[string]func(*Config){
		"discord.token":          func(c *Config) { c.Token = "" },
		"discord.application_id": func(c *Config) { c.ApplicationID = "" },
		"discord.guild_id":       func(c *Config) { c.GuildID = "" },
		"discord.api_url":        func(c *Config) { c.APIURL = "http://127.0.0.1" },
	} {
		cfg := whole
		mend(&cfg)
		if _, err := New(cfg, Deps{Lang: reports.Languages()[0]}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := New(whole, Deps{}); err != nil { // what is not given has a default
		t.Error(err)
	}
	if _, err := New(Config{}, Deps{}); err == nil {
		t.Error("nothing is set and nothing is said")
	}
}

// file is a finished export on disk.
func file(t *testing.T, name, content string) *commands.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spooled")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := commands.FileAt(path, name, "text/csv", int64(strings.Count(content, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
