package discord

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"outboundbot/bot"
	"outboundbot/bot/bottest"
	"outboundbot/commands"
	"outboundbot/reports"
)

var inChannel = commands.Place{ID: bottest.DiscordChannel}

func TestPostsToChannel(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, nil)
	posted, err := p.Post(t.Context(), inChannel, commands.Reply{Card: summaryCard(), File: file(t, "week.csv", "a\n1\n")})
	if err != nil {
		t.Fatal(err)
	}
	got := fake.Messages(bottest.DiscordChannel)
	if len(got) != 1 || got[0].ID != posted.ID || !strings.Contains(got[0].Text, "**12,480**") || len(got[0].Files) != 1 {
		t.Fatalf("messages %+v", got)
	}
	if err := p.Edit(t.Context(), posted, commands.Reply{Card: errorCard()}); err != nil {
		t.Fatal(err)
	}
	if got = fake.Messages(bottest.DiscordChannel); len(got) != 1 || !strings.Contains(got[0].Text, "no filter chanel") {
		t.Errorf("edited to %+v", got)
	}
}

func TestLadder(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	fake.RefuseV2()
	p := newPlatform(t, fake, nil)
	if _, err := p.Post(t.Context(), inChannel, commands.Reply{Card: summaryCard()}); err != nil {
		t.Fatal(err)
	}
	fake.Fail(bottest.DiscordFault{Method: "POST", Path: "/messages", Status: 400, Code: 50035, Times: 2})
	if _, err := p.Post(t.Context(), inChannel, commands.Reply{Card: errorCard()}); err != nil {
		t.Fatal(err)
	}
	got := fake.Messages(bottest.DiscordChannel)
	if len(got) != 2 || got[0].Content != "" || !strings.Contains(got[0].Text, "**12,480**") || got[0].Buttons["Detailed"] == "" {
		t.Errorf("the classic rung: %+v", got)
	}
	if !strings.Contains(got[1].Content, "no filter chanel") {
		t.Errorf("the plain rung: %+v", got[1])
	}
}

// unheard: it is not known whether Discord acted.
const unheard = -1

// TestFailures: what the outbox is told about each kind of failure.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault bottest.DiscordFault
		after time.Duration // of a Retry; unheard for one that leaves a doubt
		fix   string        // of a Refused
	}{
		"rate limit": {bottest.DiscordFault{Status: 429, After: 1500 * time.Millisecond}, 1500 * time.Millisecond, ""},
		"server":     {bottest.DiscordFault{Status: 500}, unheard, ""},
		"gateway":    {bottest.DiscordFault{Status: 502}, unheard, ""},
		"link":       {bottest.DiscordFault{Hang: true}, unheard, ""},
		"token":      {bottest.DiscordFault{Status: 401}, 0, "discord.token"},
		"access":     {bottest.DiscordFault{Status: 403, Code: 50001}, 0, "View Channel"},
		"permission": {bottest.DiscordFault{Status: 403, Code: 50013}, 0, "Attach Files"},
		"channel":    {bottest.DiscordFault{Status: 404, Code: 10003}, 0, "does not exist"},
		"too large":  {bottest.DiscordFault{Status: 413, Code: 40005}, 0, "10 MiB"},
		"unknown":    {bottest.DiscordFault{Status: 403, Code: 12345}, 0, "12345"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := bottest.NewDiscord(t)
			c.fault.Path, c.fault.Times = "/messages", 1
			fake.Fail(c.fault)
			p := newPlatform(t, fake, nil)
			reply := commands.Reply{Card: summaryCard(), File: file(t, "week.csv", "a\n1\n")}
			_, err := p.Post(t.Context(), inChannel, reply)
			var again *bot.Retry
			var no *bot.Refused
			switch {
			case c.fix == "" && (!errors.As(err, &again) || again.Doubtful != (c.after == unheard) || (again.Once > 0) != again.Doubtful):
				t.Errorf("wanted a retry, in doubt %t, got %#v", c.after == unheard, err)
			case c.fix == "" && again.After != max(0, c.after):
				t.Errorf("wanted a retry after %s, got %v", c.after, err)
			case c.fix != "" && (!errors.As(err, &no) || !strings.Contains(no.Fix, c.fix)):
				t.Errorf("wanted a fix with %q, got %v", c.fix, err)
			}
			if n := len(fake.Messages(bottest.DiscordChannel)); n != 0 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// TestNoDouble: an answer lost after Discord took the message leads to another try, not to another message.
func TestNoDouble(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	fake.Fail(bottest.DiscordFault{Method: "POST", Path: "/messages", Status: 500, Times: 1, Posted: true})
	p := newPlatform(t, fake, nil)
	reply := commands.Reply{Card: summaryCard(), Mark: "slot/weekly/2026-11-16T09:00"}
	var again *bot.Retry
	if _, err := p.Post(t.Context(), inChannel, reply); !errors.As(err, &again) || !again.Doubtful {
		t.Fatalf("wanted a retry in doubt, got %v", err)
	}
	if _, err := p.Post(t.Context(), inChannel, reply); err != nil {
		t.Fatal(err)
	}
	if n := len(fake.Messages(bottest.DiscordChannel)); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// TestUnreachableIsNotDoubtful: a request that never left may be repeated, and so may the edit of an answer.
func TestUnreachableIsNotDoubtful(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	fake.Fail(bottest.DiscordFault{Method: "PATCH", Status: 502})
	p := newPlatform(t, fake, nil)
	nowhere := newPlatform(t, fake, func(c *Config, _ *Deps) { c.APIURL = "http://127.0.0.1:1/" })
	respond := address{Application: bottest.DiscordApplication, Token: "t", At: time.Now(), User: bottest.DiscordUser}.encode()
	for _, try := range []func() (bot.Posted, error){
		func() (bot.Posted, error) {
			return nowhere.Post(t.Context(), inChannel, commands.Reply{Card: summaryCard()})
		},
		func() (bot.Posted, error) {
			return p.Post(t.Context(), commands.Place{ID: bottest.DiscordChannel, Respond: respond}, commands.Reply{Card: summaryCard()})
		},
	} {
		var again *bot.Retry
		if _, err := try(); !errors.As(err, &again) || again.Doubtful {
			t.Errorf("%#v", err)
		}
	}
}

// TestFind: a marked message is found below hundreds of others, as far back as it can be, and an empty channel
// proves nothing.
func TestFind(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, nil)
	mark, since := "slot/weekly/2026-11-16T09:00", time.Now()
	var no *bot.Refused
	if _, err := p.Find(t.Context(), inChannel, mark, since); !errors.As(err, &no) || !strings.Contains(no.Fix, "Read Message History") {
		t.Errorf("an empty channel: %v", err)
	}
	if _, err := p.Post(t.Context(), inChannel, commands.Reply{Card: summaryCard(), Mark: mark}); err != nil {
		t.Fatal(err)
	}
	fake.Chatter(bottest.DiscordChannel, 250)
	fake.RefuseV2()
	if _, err := p.Post(t.Context(), inChannel, commands.Reply{Card: summaryCard(), Mark: "classic look"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mark  string
		since time.Time
		want  bool
	}{
		{mark, since, true},
		{"classic look", since, true},
		{"slot/weekly/2026-11-23T09:00", since, false},
		{mark, since.Add(time.Hour), false},
	} {
		if found, err := p.Find(t.Context(), inChannel, c.mark, c.since); err != nil || found != c.want {
			t.Errorf("%s since %s: found %t, %v", c.mark, c.since, found, err)
		}
	}
	fake.Chatter(bottest.DiscordChannel, historyPages*historyPage)
	if _, err := p.Find(t.Context(), inChannel, "another", since); err == nil {
		t.Error("sure of a channel that was not read whole")
	}
	fake.HideHistory()
	if _, err := p.Find(t.Context(), inChannel, mark, since); !errors.As(err, &no) || !strings.Contains(no.Fix, "Read Message History") {
		t.Errorf("without the permission: %v", err)
	}
}

// TestDirect: what only one person may read is never posted to a channel.
func TestDirect(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, nil)
	if _, err := p.Post(t.Context(), commands.Place{User: bottest.DiscordUser, Private: true}, commands.Reply{Card: summaryCard(), Private: true}); err != nil {
		t.Fatal(err)
	}
	var no *bot.Refused
	for _, reply := range []commands.Reply{{Card: summaryCard()}, {Card: summaryCard(), Private: true}} {
		place := commands.Place{ID: bottest.DiscordChannel, Private: !reply.Private}
		if _, err := p.Post(t.Context(), place, reply); !errors.As(err, &no) {
			t.Errorf("private to a channel: %v", err)
		}
	}
	if direct, public := fake.Messages("dm"+bottest.DiscordUser), fake.Messages(bottest.DiscordChannel); len(direct) != 1 || len(public) != 0 {
		t.Errorf("%d direct and %d public messages", len(direct), len(public))
	}
}

func TestLateAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		closed, old bool
	}{"token unknown": {}, "15 minutes": {old: true}, "no direct messages": {closed: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := bottest.NewDiscord(t)
			p := newPlatform(t, fake, nil)
			if c.closed {
				fake.Fail(bottest.DiscordFault{Path: "/channels/dm", Status: 403, Code: 50007})
			}
			at := time.Now()
			if c.old {
				at = at.Add(-16 * time.Minute)
			}
			place := commands.Place{ID: bottest.DiscordChannel, Private: true, Respond: address{
				Application: bottest.DiscordApplication, Token: "unknown", At: at, User: bottest.DiscordUser,
			}.encode()}
			export := file(t, "year.csv", "a\n1\n") // such as takes longer than the token lives
			if _, err := p.Post(t.Context(), place, commands.Reply{Card: summaryCard(), File: export}); err != nil {
				t.Fatal(err)
			}
			direct, public := fake.Messages("dm"+bottest.DiscordUser), fake.Messages(bottest.DiscordChannel)
			if !c.closed {
				if len(direct) != 1 || len(public) != 0 || !strings.Contains(direct[0].Text, "12,480") || len(direct[0].Files) != 1 {
					t.Errorf("direct %v, public %v", direct, public)
				}
			} else if len(direct) != 0 || len(public) != 1 || len(public[0].Files) > 0 || strings.Contains(public[0].Text, "12,480") || !strings.Contains(public[0].Text, "too late") {
				t.Errorf("direct %v, public %v", direct, public)
			}
			if n := fake.Requests(http.MethodPatch + " /api/v9/webhooks/"); c.old && n != 0 {
				t.Errorf("%d tries with a token that had run out", n)
			}
		})
	}
}

func TestLargeFiles(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 600<<10)
	_, _ = rand.Read(noise)
	for name, c := range map[string]struct {
		file, content string
		want          string // name of the attachment; "" for a refusal
	}{
		"fits":       {"a.csv", "a,b\n", "a.csv"},
		"zipped":     {"a.csv", strings.Repeat("S1,successful,2026-11-15\n", 50_000), "a.csv.zip"},
		"noise":      {"a.csv", hex.EncodeToString(noise), ""},
		"no zip use": {"a.xlsx", string(noise) + string(noise), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const limit = 512 << 10
			fake := bottest.NewDiscord(t)
			fake.SetFileLimit(limit)
			var spool string
			p := newPlatform(t, fake, func(_ *Config, d *Deps) { spool = d.Spool })
			d := serve(t, p, func(commands.Request) commands.Reply {
				return commands.Reply{Card: summaryCard(), File: file(t, c.file, c.content)}
			})
			id := command(fake, "summary", nil)
			fake.Wait("the end of the try", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return len(d.errs) == 1 })
			var no *bot.Refused
			if c.want == "" {
				if !errors.As(d.errs[0], &no) || !strings.Contains(no.Fix, "512 KiB") || !strings.Contains(no.Fix, "narrow") {
					t.Errorf("wanted a refusal that says the limit, got %v", d.errs[0])
				}
			} else if got := fake.Reply(id).Message.Files; len(got) != 1 || got[0].Name != c.want || content(t, got[0]) != c.content {
				t.Errorf("files %d", len(got))
			}
			if left, _ := os.ReadDir(spool); len(left) != 0 {
				t.Errorf("left in the spool: %v", left)
			}
		})
	}
}

func content(t *testing.T, f bottest.DiscordFile) string {
	t.Helper()
	if !strings.HasSuffix(f.Name, ".zip") {
		return string(f.Data)
	}
	z, err := zip.NewReader(bytes.NewReader(f.Data), int64(len(f.Data)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "a.csv" {
		t.Fatalf("zip of %v, %v", z.File, err)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestProgressThenAnswer(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	p := newPlatform(t, fake, nil)
	serve(t, p, func(req commands.Request) commands.Reply {
		card := reports.Card{Title: "Working", Lang: reports.Languages()[0]}
		if err := p.Progress(t.Context(), req.Place, commands.Reply{Card: card}); err != nil {
			t.Error(err)
		}
		return commands.Reply{Card: summaryCard()}
	})
	id := command(fake, "summary", nil)
	fake.Wait("the answer", func() bool { return fake.Reply(id).Edits == 2 })
	if got := fake.Reply(id).Message.Text; strings.Contains(got, "Working") || !strings.Contains(got, "12,480") {
		t.Errorf("the answer is %q", got)
	}
}
