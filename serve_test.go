package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"outboundbot/bot/bottest"
)

// served is a running serve.
type served struct {
	t      *testing.T
	dir    string
	web    string
	log    *bottest.Journal
	cancel context.CancelFunc
	ended  chan int
}

// world is what serve finds: both chat services, and a configuration that names them.
type world struct {
	slack   *bottest.Slack
	discord *bottest.Discord
	dir     string
	env     map[string]string
}

func newWorld(t *testing.T) *world {
	w := &world{slack: bottest.NewSlack(t), discord: bottest.NewDiscord(t), dir: t.TempDir(), env: map[string]string{
		"SLACK_BOT_TOKEN": bottest.SlackBotToken, "SLACK_APP_TOKEN": bottest.SlackAppToken,
		"DISCORD_TOKEN": bottest.DiscordToken, "INTAKE_SECRET": "hush",
	}}
	if code, _, errs := call(t, "", "import", "--data", w.data(), goldenEvents); code != exitDone {
		t.Fatal(errs)
	}
	return w
}

// data is the folder of the store: its path is longer than the system takes for a socket.
func (w *world) data() string { return filepath.Join(w.dir, strings.Repeat("long", 30), "data") }

// configure writes the configuration; extra is appended.
func (w *world) configure(t *testing.T, extra string) {
	text := fmt.Sprintf(`data: %s
timezone: America/Tegucigalpa
http: {listen: "127.0.0.1:0"}
access: {contacts: ["slack:U0PII"]}
intake: {sources: [{name: platform, kind: native, secret: "${INTAKE_SECRET}"}]}
slack: {bot_token: "${SLACK_BOT_TOKEN}", app_token: "${SLACK_APP_TOKEN}", api_url: %q}
discord: {token: "${DISCORD_TOKEN}", application_id: %q, guild_id: %q, api_url: %q}
%s`, w.data(), w.slack.APIURL(), bottest.DiscordApplication, bottest.DiscordGuild, w.discord.APIURL(), extra)
	if err := os.WriteFile(filepath.Join(w.dir, "config.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve starts serve with a clock and waits until both chat services are connected.
func (w *world) serve(t *testing.T, extra string, now func() time.Time) *served {
	t.Helper()
	w.configure(t, extra)
	s := &served{t: t, dir: w.dir, log: &bottest.Journal{}, ended: make(chan int, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	flags := &shared{std: streams{strings.NewReader(""), io.Discard, s.log}, getenv: func(k string) string { return w.env[k] }, config: filepath.Join(w.dir, "config.yaml")}
	c, _, err := flags.setup()
	if err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- exitCode(flags.serveWith(ctx, c, now)) }()
	t.Cleanup(s.stop)
	w.slack.Wait(w.slack.Connected)
	w.discord.Wait("the gateway", w.discord.Connected)
	if m := listening.FindStringSubmatch(s.log.String()); m != nil {
		s.web = m[1]
	}
	return s
}

// listening finds in the log where events are taken.
var listening = regexp.MustCompile(`msg=serving http=(\S+)`)

// stop ends serve as SIGTERM would.
func (s *served) stop() {
	s.cancel()
	select {
	case code := <-s.ended:
		s.ended <- code
		if code != exitDone {
			s.t.Errorf("serve ended with %d: %s", code, s.log)
		}
	case <-time.After(30 * time.Second):
		s.t.Errorf("serve does not end: %s", s.log)
	}
}

func fixed(text string) func() time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return at }
}

const goldenWeek = "date:2025-11-24..2025-11-30"

// TestSlackFromCommandToFile: typed, acknowledged, answered with the golden numbers, exported by a button, and the
// file that arrives opens with the right rows.
func TestSlackFromCommandToFile(t *testing.T) {
	w := newWorld(t)
	w.serve(t, "", fixed("2025-12-05T00:00:00Z"))
	trigger := w.slack.Slash(bottest.SlackChannel, bottest.SlackUser, "summary channel:WA "+goldenWeek)
	w.slack.Wait(func() bool { return len(w.slack.Ephemerals()) > 0 })
	if acks := w.slack.Acks(trigger); len(acks) != 1 || acks[0].After > 3*time.Second {
		t.Errorf("acknowledged as %+v", acks)
	}
	answer := w.slack.Ephemerals()[0]
	for _, part := range []string{"Outbound summary · WhatsApp", "Sales funnel", "24–30 Nov 2025", "2 sends are individual templates"} {
		if !strings.Contains(answer.Words, part) {
			t.Errorf("the answer lacks %q: %s", part, answer.Words)
		}
	}
	if !strings.Contains(answer.Text, "9 sends") || !strings.Contains(answer.Text, "2 sales (22.2 %)") {
		t.Errorf("text twin: %s", answer.Text)
	}
	w.slack.Redeliver(trigger)
	w.slack.Wait(func() bool { return len(w.slack.Acks(trigger)) == 2 })
	w.slack.Click(answer, bottest.SlackUser, "Audit")
	w.slack.Wait(func() bool { return len(w.slack.Ephemerals()) > 1 })
	if n := len(w.slack.Ephemerals()); n != 2 {
		t.Errorf("%d answers to one command, its retry and one click", n)
	}
	audit := w.slack.Ephemerals()[1]
	if strings.Contains(audit.Words, "50499990001") || !strings.Contains(audit.Words, "+504 ••• ••• 0001") {
		t.Errorf("contacts must be masked: %s", audit.Words)
	}
	w.slack.Click(audit, bottest.SlackUser, "Export xlsx")
	w.slack.Wait(func() bool { return len(w.slack.Files()) > 0 })
	file := w.slack.Files()[0]
	if file.Channel == bottest.SlackChannel {
		t.Error("a private answer's file went into the channel")
	}
	checkWorkbook(t, file.Data, 12, false)
}

// TestSlackShowsContactsToThoseListed: in private, and nowhere else.
func TestSlackShowsContactsToThoseListed(t *testing.T) {
	w := newWorld(t)
	w.serve(t, "", fixed("2025-12-05T00:00:00Z"))
	w.slack.Slash(bottest.SlackChannel, "U0PII", "audit channel:WA format:xlsx "+goldenWeek)
	w.slack.Wait(func() bool { return len(w.slack.Files()) > 0 })
	checkWorkbook(t, w.slack.Files()[0].Data, 12, true)
}

// checkWorkbook opens an audit and counts its rows; contacts are shown or replaced by tokens.
func checkWorkbook(t *testing.T, data []byte, rows int, contacts bool) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	got, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(got) != rows+1 {
		t.Fatalf("%d rows, want a heading and %d: %v", len(got), rows, err)
	}
	if got[0][0] != "Send" || got[1][0] != "S1" {
		t.Errorf("begins with %v, %v", got[0][:3], got[1][:3])
	}
	text := fmt.Sprint(got)
	if strings.Contains(text, "50499990001") != contacts {
		t.Errorf("contacts shown: %v, must be %v", !contacts, contacts)
	}
}

// TestDiscordFromCommandToFile: the same through sub-commands and options.
func TestDiscordFromCommandToFile(t *testing.T) {
	w := newWorld(t)
	w.serve(t, "", fixed("2025-12-05T00:00:00Z"))
	w.discord.Wait("the commands", func() bool { return len(w.discord.Commands()) > 0 })
	id := w.discord.Command(bottest.DiscordGuild, bottest.DiscordChannel, bottest.DiscordUser, "summary",
		map[string]string{"channel": "WA", "date": "2025-11-24..2025-11-30"})
	answer := w.discord.WaitAnswer(id)
	if answer.After > 3*time.Second || !answer.Private {
		t.Errorf("acknowledged after %s, private %v", answer.After, answer.Private)
	}
	for _, part := range []string{"Outbound summary", "Sales", "22.2", "individual templates"} {
		if !strings.Contains(answer.Message.Text, part) {
			t.Errorf("the answer lacks %q: %s", part, answer.Message.Text)
		}
	}
	w.discord.Redeliver(id)
	file := w.discord.Command(bottest.DiscordGuild, bottest.DiscordChannel, bottest.DiscordUser, "audit",
		map[string]string{"channel": "WA", "date": "2025-11-24..2025-11-30", "format": "xlsx"})
	w.discord.WaitAnswer(file)
	w.discord.Wait("the file", func() bool { return len(w.discord.Files()) > 0 })
	checkWorkbook(t, w.discord.Files()[0].Data, 12, false)
	press, ok := answer.Message.Buttons["Export xlsx"]
	if !ok {
		t.Fatalf("no export among %v", answer.Message.Buttons)
	}
	w.discord.WaitAnswer(w.discord.Click(bottest.DiscordGuild, bottest.DiscordChannel, bottest.DiscordUser, press))
	w.discord.Wait("the second file", func() bool { return len(w.discord.Files()) > 1 })
	if got := w.discord.Reply(id).Edits; got != 1 {
		t.Errorf("a redelivered interaction was answered again: %d edits", got)
	}
}

const bothDigests = `digests:
  - {name: to slack, at: "daily 09:00", post: "slack:#sales", command: "summary channel:WA date:2025-11-24..2025-11-30", format: csv}
  - {name: to discord, at: "daily 09:00", post: "discord:3000000000000000003", command: "summary channel:WA date:2025-11-24..2025-11-30"}
`

// TestDigestPostedOnce: at its time, on both services, and not again after a restart in the same slot.
func TestDigestPostedOnce(t *testing.T) {
	w := newWorld(t)
	begin := time.Now()
	due := time.Date(2025, 12, 5, 15, 0, 0, 0, time.UTC) // 09:00 in Tegucigalpa
	clock := func() time.Time { return due.Add(-1500 * time.Millisecond).Add(time.Since(begin)) }
	s := w.serve(t, bothDigests, clock)
	w.slack.Wait(func() bool { return len(w.slack.Messages()) > 0 && len(w.slack.Files()) > 0 })
	w.discord.Wait("the digest", func() bool { return len(w.discord.Messages(bottest.DiscordChannel)) > 0 })
	if clock().Before(due) {
		t.Error("posted too early")
	}
	s.stop()
	s = w.serve(t, bothDigests, clock)
	w.slack.Slash(bottest.SlackChannel, bottest.SlackUser, "help") // by its answer the new serve has settled
	w.slack.Wait(func() bool { return len(w.slack.Ephemerals()) > 0 })
	s.stop()
	posts := 0
	for _, m := range w.slack.Messages() {
		if strings.Contains(m.Text+m.Words, "9 sends") {
			posts++
		}
		if m.Channel != bottest.SlackChannel {
			t.Errorf("posted to %s", m.Channel)
		}
	}
	if posts != 1 || len(w.discord.Messages(bottest.DiscordChannel)) != 1 || len(w.slack.Files()) != 1 {
		t.Errorf("%d posts on one service, %d on the other, %d files", posts, len(w.discord.Messages(bottest.DiscordChannel)), len(w.slack.Files()))
	}
}

// TestCommandLineReachesServe: ask, import and digest run go through the socket; a second serve is refused.
func TestCommandLineReachesServe(t *testing.T) {
	w := newWorld(t)
	s := w.serve(t, bothDigests, fixed("2025-12-05T00:00:00Z"))
	config := []string{"--config", filepath.Join(w.dir, "config.yaml")}
	env := func(args ...string) (int, string, string) { return callEnv(t, w.env, append(args, config...)...) }

	code, out, errs := env("ask", "--json", "summary", goldenWeek)
	var got struct {
		Total struct{ Counts map[string]int }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitDone || got.Total.Counts["attempted"] != 13 {
		t.Errorf("ask: exit %d, %v: %s%s", code, err, out, errs)
	}
	if code, out, _ := env("ask", "summary", "chanel:WA"); code != exitInput || !strings.Contains(out, "channel") {
		t.Errorf("a wrong question: exit %d, %s", code, out)
	}
	file := filepath.Join(w.dir, "audit.xlsx")
	if code, _, errs := env("ask", "--out", file, "audit", "channel:WA", goldenWeek); code != exitDone {
		t.Errorf("a file: exit %d, %s", code, errs)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	checkWorkbook(t, data, 12, true)
	if code, out, errs := env("import", goldenEvents); code != exitDone || !strings.Contains(out, "84 known already") {
		t.Errorf("import: exit %d, %s%s", code, out, errs)
	}
	if code, out, errs := env("digest", "run", "to discord"); code != exitDone || len(w.discord.Messages(bottest.DiscordChannel)) != 1 {
		t.Errorf("digest run: exit %d, %s%s", code, out, errs)
	}
	for _, name := range []string{"nobody", "50% off?", "a/b"} {
		if code, _, errs := env("digest", "run", name); code == exitDone || !strings.Contains(errs, name) {
			t.Errorf("an unknown digest: exit %d, %s", code, errs)
		}
	}
	if code, _, errs := env("serve"); code != exitOwned || !strings.Contains(errs, fmt.Sprintf("another serve (process %d) owns", os.Getpid())) {
		t.Errorf("a second serve: exit %d, %s", code, errs)
	}
	for _, token := range []string{bottest.SlackBotToken, bottest.SlackAppToken, bottest.DiscordToken, "50499990001", "hush"} {
		if strings.Contains(s.log.String(), token) {
			t.Errorf("the log shows %s", token)
		}
	}
}

// callEnv is call with an environment.
func callEnv(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{strings.NewReader(""), &o, &e}, func(k string) string { return env[k] })
	return code, o.String(), e.String()
}

// TestHTTP: events in, health out.
func TestHTTP(t *testing.T) {
	w := newWorld(t)
	s := w.serve(t, "", fixed("2026-11-24T00:00:00Z"))
	post := func(secret, body string) (int, string) {
		req, err := http.NewRequest(http.MethodPost, "http://"+s.web+"/intake/platform", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(answer)
	}
	line := `{"id":"h1","type":"message.sent","at":"2026-11-23T10:00:00Z","send":"H1","channel":"WA","line":"1","contact":"573105550001"}`
	if code, answer := post("wrong", line); code != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %d %s", code, answer)
	}
	if code, answer := post("hush", line+"\nrubbish\n"); code != http.StatusOK || !strings.Contains(answer, `"accepted":1`) || !strings.Contains(answer, `"line":2`) {
		t.Errorf("two lines: %d %s", code, answer)
	}
	if _, answer := post("hush", line); !strings.Contains(answer, `"duplicates":1`) {
		t.Errorf("again: %s", answer)
	}
	w.slack.Slash(bottest.SlackChannel, bottest.SlackUser, "summary date:2026-11-23")
	w.slack.Wait(func() bool { return len(w.slack.Ephemerals()) > 0 })
	if !strings.Contains(w.slack.Ephemerals()[0].Text, "1 send,") {
		t.Errorf("the answer does not count it: %s", w.slack.Ephemerals()[0].Text)
	}
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/nothing": 404} {
		resp, err := http.Get("http://" + s.web + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}

// TestServeWithNothingConfigured says exactly what to set.
func TestServeWithNothingConfigured(t *testing.T) {
	w := newWorld(t)
	w.env = nil
	w.configure(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	log := &bottest.Journal{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--config", filepath.Join(w.dir, "config.yaml")}, streams{strings.NewReader(""), io.Discard, log}, func(string) string { return "" })
	}()
	w.slack.Wait(func() bool { return strings.Contains(log.String(), "serving") })
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("exit %d", code)
	}
	for _, part := range []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN", "slack.bot_token", "discord.guild_id"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("does not name %s: %s", part, log)
		}
	}
}

// TestBadCommandsOfDigests: a mistake is told at the start, not on Monday at nine.
func TestBadCommandsOfDigests(t *testing.T) {
	w := newWorld(t)
	w.configure(t, "digests: [{name: a, at: daily 09:00, post: \"slack:#sales\", command: \"sumary chanel:WA\"}]\nranges: {bad: 2026-11-40..2026-12-01}\n")
	code, _, errs := callEnv(t, w.env, "serve", "--config", filepath.Join(w.dir, "config.yaml"))
	if code != exitInput || !strings.Contains(errs, "digests[0].command") || !strings.Contains(errs, "ranges.bad") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestShippedConfigServes, whatever the day: a range of the configuration may lie ahead.
func TestShippedConfigServes(t *testing.T) {
	text, err := os.ReadFile("config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []string{"2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "config.yaml")
		local := strings.NewReplacer("127.0.0.1:8080", "127.0.0.1:0", "data: data", "data: "+filepath.Join(dir, "data")).Replace(string(text))
		if err := os.WriteFile(path, []byte(local), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		log, ended := &bottest.Journal{}, make(chan int, 1)
		go func() {
			ended <- run(ctx, []string{"serve", "--config", path, "--now", now}, streams{strings.NewReader(""), io.Discard, log}, func(string) string { return "" })
		}()
		for deadline := time.Now().Add(10 * time.Second); !strings.Contains(log.String(), "serving") && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
		if code := <-ended; code != exitDone || !strings.Contains(log.String(), "serving") {
			t.Errorf("on %s: exit %d: %s", now, code, log)
		}
	}
}

// TestBadTokens: one sentence that names the setting for each, an exit code, and no restart loop. While one platform
// works, serve goes on.
func TestBadTokens(t *testing.T) {
	w := newWorld(t)
	w.env["SLACK_BOT_TOKEN"], w.env["DISCORD_TOKEN"] = "xoxb-wrong", "wrong"
	w.configure(t, "")
	code, _, errs := callEnv(t, w.env, "serve", "--config", filepath.Join(w.dir, "config.yaml"))
	if code != exitInput || !strings.Contains(errs, "slack.bot_token") || !strings.Contains(errs, "discord.token") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if strings.Contains(errs, "xoxb-wrong") {
		t.Errorf("the token is shown: %s", errs)
	}
	w.env["DISCORD_TOKEN"] = bottest.DiscordToken
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--config", filepath.Join(w.dir, "config.yaml")}, streams{strings.NewReader(""), io.Discard, io.Discard}, func(k string) string { return w.env[k] })
	}()
	w.discord.Wait("the gateway", w.discord.Connected)
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("with one good token: exit %d", code)
	}
}
