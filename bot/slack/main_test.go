package slack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"outboundbot/bot"
	"outboundbot/bot/bottest"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a platform before a fake Slack.
type rig struct {
	*testing.T
	fake     *bottest.Slack
	platform *Platform
	state    storage.State
	log      *bottest.Journal
}

func config(fake *bottest.Slack) Config {
	return Config{BotToken: bottest.SlackBotToken, AppToken: bottest.SlackAppToken, APIURL: fake.APIURL()}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, fake: bottest.NewSlack(t), state: memory.NewState(time.Now), log: &bottest.Journal{}}
	r.platform = r.connect()
	t.Cleanup(r.checkLog)
	return r
}

// connect makes a platform on the rig's State, as after a restart.
func (r *rig) connect() *Platform {
	r.Helper()
	p, err := New(config(r.fake), Deps{
		Buttons: bot.Buttons{State: r.state}, Now: time.Now, Lang: reports.Languages()[0],
		Log: r.log.Logger(),
	})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(p.wire.close)
	return p
}

// checkLog: whatever happened, no secret is in the log.
func (r *rig) checkLog() {
	for _, secret := range []string{bottest.SlackBotToken, bottest.SlackAppToken, "ticket", "/commands/R", "/upload/v1"} {
		if strings.Contains(r.log.String(), secret) {
			r.Errorf("the log contains %q:\n%s", secret, r.log)
		}
	}
}

// serve runs a whole bot on the platform until the returned function is called or the test ends.
func (r *rig) serve(answer commands.Answer) (stop func()) {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	b := bot.New(bot.Config{
		Answer: answer, State: r.state, Platforms: []bot.Platform{r.platform}, Log: r.log.Logger(),
	})
	go func() {
		defer close(ended)
		if err := b.Run(ctx); err != nil {
			r.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	r.Cleanup(stop)
	return stop
}

// listen runs the platform alone; the returned channel has what Serve returned.
func (r *rig) listen(take bot.Take) (stop func(), ended chan error) {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	var done sync.WaitGroup
	done.Go(func() { ended <- r.platform.Serve(ctx, take) })
	stop = func() { cancel(); done.Wait() }
	r.Cleanup(stop)
	return stop, ended
}

// export is a finished file.
func (r *rig) export(content string) *commands.File {
	r.Helper()
	path := filepath.Join(r.TempDir(), "export")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.Fatal(err)
	}
	f, err := commands.FileAt(path, "outbound_summary.csv", "text/csv", 1)
	if err != nil {
		r.Fatal(err)
	}
	return f
}

// desk answers with the summary card, with a file when a format is asked for.
func (r *rig) desk(ctx context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
	reply := commands.Reply{Card: summaryCard(), Private: req.Place.Private}
	reply.Card.Scope = []string{req.Text}
	if strings.Contains(req.Text, "format:") {
		reply.File = r.export("origin,sends\nflow,3640\n")
	}
	return reply
}

// notebook is a Take that notes requests and answers fresh for new triggers.
type notebook struct {
	mu       sync.Mutex
	requests []commands.Request
	err      error
}

func (n *notebook) take(_ context.Context, req commands.Request) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return false, n.err
	}
	n.requests = append(n.requests, req)
	return true, nil
}

func (n *notebook) list() []commands.Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]commands.Request(nil), n.requests...)
}

// retryOf and refusedOf read an error of Post.
func retryOf(err error) *bot.Retry {
	var e *bot.Retry
	errors.As(err, &e)
	return e
}

func refusedOf(err error) *bot.Refused {
	var e *bot.Refused
	errors.As(err, &e)
	return e
}

func (r *rig) post(place commands.Place, reply commands.Reply) (bot.Posted, error) {
	r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return r.platform.Post(ctx, place, reply)
}

func say(s string) commands.Reply {
	return commands.Reply{Card: reports.Card{Title: s, Lead: s}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("unexpected: %w", err))
	}
}
