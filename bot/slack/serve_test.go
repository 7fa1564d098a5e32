package slack

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"outboundbot/bot"
	"outboundbot/bot/bottest"
	"outboundbot/commands"
	"outboundbot/reports"
)

// TestCommandToFile is the main path: command → acknowledged → blocks → export button → file in the direct messages.
func TestCommandToFile(t *testing.T) {
	r := newRig(t)
	r.serve(r.desk)
	trigger := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary channel:WA")
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 1 && len(r.fake.Acks(trigger)) == 1 })
	if ack := r.fake.Acks(trigger)[0]; ack.After > 3*time.Second || len(ack.Payload) > 0 {
		t.Errorf("acknowledged after %s with %s", ack.After, ack.Payload)
	}
	m := r.fake.Ephemerals()[0]
	if m.Channel != bottest.SlackChannel || m.User != bottest.SlackUser {
		t.Errorf("answered in %s for %s", m.Channel, m.User)
	}
	for _, want := range []string{"summary channel:WA", "*Sales*\n418 · 3.3 %", "Individual template", "step 79.1 %", "data to 21 Nov 14:32"} {
		if !strings.Contains(m.Words, want) {
			t.Errorf("the answer lacks %q:\n%s", want, m.Words)
		}
	}
	if !strings.HasPrefix(m.Text, "Outbound summary, Black Friday, WhatsApp") {
		t.Errorf("notification: %q", m.Text)
	}
	click := r.fake.Click(m, bottest.SlackUser, "Export")
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 2 && len(r.fake.Acks(click)) == 1 })
	files := r.fake.Files()
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	f := files[0]
	f.Comment = ""
	want := bottest.SlackFile{
		Name: "outbound_summary.csv", Title: "outbound_summary.csv", Channel: "D0ANA", Data: []byte("origin,sends\nflow,3640\n"),
	}
	if diff := cmp.Diff(want, f, cmpopts.IgnoreFields(f, "ID"), cmpopts.IgnoreUnexported(f)); diff != "" {
		t.Error(diff)
	}
	answer := r.fake.Ephemerals()[1]
	if !strings.Contains(answer.Words, "https://fake.slack.com/archives/D0ANA") || !strings.Contains(answer.Words, "format:xlsx") {
		t.Errorf("the answer does not point to the file:\n%s", answer.Words)
	}
}

// TestRedelivery: one answer to a trigger, whatever Slack delivers again, also after a restart.
func TestRedelivery(t *testing.T) {
	r := newRig(t)
	stop := r.serve(r.desk)
	trigger := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 1 })
	r.fake.Redeliver(trigger)
	r.fake.Wait(func() bool { return len(r.fake.Acks(trigger)) == 2 })
	stop()
	r.fake.Wait(func() bool { return !r.fake.Connected() })
	r.platform = r.connect()
	r.serve(r.desk)
	r.fake.Redeliver(trigger)
	r.fake.Wait(func() bool { return len(r.fake.Acks(trigger)) == 3 })
	last := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "audit") // what comes after is answered
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 2 && len(r.fake.Acks(last)) == 1 })
	if m := r.fake.Ephemerals()[1]; !strings.Contains(m.Words, "audit") {
		t.Errorf("a second answer to the first trigger:\n%s", m.Words)
	}
}

// TestBusy: what could not be recorded is said, or left to Slack to deliver again.
func TestBusy(t *testing.T) {
	for name, fault := range map[string]struct {
		err  error
		says string
	}{
		"busy":   {bot.ErrBusy, "Too many questions are waiting"},
		"broken": {errors.New("disk full"), "could not be recorded"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id, err := bot.Buttons{State: r.state}.Remember(t.Context(), "summary")
			must(t, err)
			notes := notebook{err: fault.err}
			r.listen(notes.take)
			slash := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
			r.fake.Wait(func() bool { return len(r.fake.Acks(slash)) == 1 })
			r.fake.Click(bottest.SlackMessage{
				Channel: bottest.SlackChannel, TS: "1.1", Buttons: []bottest.SlackButton{{Label: "Go", ActionID: "run-1", Value: id}},
			}, bottest.SlackUser, "Go")
			r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 2 })
			for _, m := range r.fake.Ephemerals() {
				if !strings.Contains(m.Words, fault.says) {
					t.Errorf("said %q", m.Words)
				}
			}
			event := r.fake.Direct(bottest.SlackUser, "summary")
			slash = r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
			r.fake.Wait(func() bool { return len(r.fake.Acks(slash)) == 1 })
			if len(r.fake.Acks(event)) != 0 {
				t.Error("an event was acknowledged and not recorded")
			}
		})
	}
}

// TestRecordedBeforeAcknowledged: the order that keeps questions through a crash.
func TestRecordedBeforeAcknowledged(t *testing.T) {
	r := newRig(t)
	var early atomic.Bool
	var trigger atomic.Value
	release := make(chan struct{})
	r.listen(func(ctx context.Context, req commands.Request) (bool, error) {
		trigger.Store(req.Trigger)
		<-release
		early.Store(len(r.fake.Acks(req.Trigger)) > 0)
		return true, nil
	})
	id := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return trigger.Load() != nil })
	close(release)
	r.fake.Wait(func() bool { return len(r.fake.Acks(id)) == 1 })
	if early.Load() {
		t.Error("acknowledged before it was recorded")
	}
}

// TestManyAtOnce: fifty commands in a moment are all acknowledged in time.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t)
	r.serve(r.desk)
	var triggers []string
	for range 50 {
		triggers = append(triggers, r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary"))
	}
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 50 })
	for _, trigger := range triggers {
		acks := r.fake.Acks(trigger)
		if len(acks) != 1 || acks[0].After > 2500*time.Millisecond {
			t.Errorf("acknowledged %d times: %v", len(acks), acks)
		}
	}
}

// TestNoHandLeft: while every hand records, one more command is told to come again.
func TestNoHandLeft(t *testing.T) {
	r := newRig(t)
	release := make(chan struct{})
	r.listen(func(context.Context, commands.Request) (bool, error) { <-release; return true, nil })
	for range hands {
		r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
	}
	late := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return len(r.fake.Acks(late)) == 1 })
	if m := r.fake.Ephemerals(); len(m) != 1 || !strings.Contains(m[0].Words, "Too many questions") {
		t.Errorf("%+v", m)
	}
	close(release)
}

func TestForgottenButton(t *testing.T) {
	r := newRig(t)
	var notes notebook
	r.listen(notes.take)
	click := r.fake.Click(bottest.SlackMessage{
		Channel: bottest.SlackChannel, TS: "1.1", Buttons: []bottest.SlackButton{{Label: "Old", ActionID: "run-1", Value: "gonegone"}},
	}, bottest.SlackUser, "Old")
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 1 && len(r.fake.Acks(click)) == 1 })
	if m := r.fake.Ephemerals()[0]; !strings.Contains(m.Words, "Copy the command at the foot") {
		t.Errorf("said %q", m.Words)
	}
	if len(notes.list()) > 0 {
		t.Error("a forgotten button was taken")
	}
}

// TestBadTokens: Serve ends with a sentence that names the setting.
func TestBadTokens(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*bottest.Slack)
		says  string
	}{
		"bot token":      {func(s *bottest.Slack) { s.RevokeTokens(true, false) }, "slack.bot_token"},
		"app token":      {func(s *bottest.Slack) { s.RevokeTokens(false, true) }, "slack.app_token"},
		"scope of app":   {func(s *bottest.Slack) { s.Withdraw("connections:write") }, "connections:write"},
		"revoked by now": {func(s *bottest.Slack) { s.Fail(bottest.SlackFault{Method: "auth.test", Error: "token_revoked"}) }, "token_revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			c.spoil(r.fake)
			_, ended := r.listen((&notebook{}).take)
			select {
			case err := <-ended:
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("Serve returned %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("Serve goes on")
			}
			if r.platform.Ready() == nil {
				t.Error("ready without a token")
			}
		})
	}
}

// TestReconnect: after Slack's own wish, a broken link and a silent one.
func TestReconnect(t *testing.T) {
	for name, c := range map[string]struct{ disturb func(*bottest.Slack) }{
		"refresh": {func(s *bottest.Slack) { s.Disconnect("refresh_requested") }},
		"broken":  {(*bottest.Slack).Drop},
		"silent":  {(*bottest.Slack).Silence},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.fake.PingEvery(20 * time.Millisecond)
			r.platform.silence = 200 * time.Millisecond
			var notes notebook
			r.listen(notes.take)
			r.fake.Wait(func() bool { return r.platform.Ready() == nil && r.fake.Connected() })
			c.disturb(r.fake)
			r.fake.Wait(func() bool { return r.fake.Calls("socket") == 2 && r.platform.Ready() == nil })
			r.fake.Wait(r.fake.Connected)
			trigger := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
			r.fake.Wait(func() bool { return len(r.fake.Acks(trigger)) == 1 })
		})
	}
}

// TestStorm: a Slack that says hello and then goodbye is not asked without end.
func TestStorm(t *testing.T) {
	r := newRig(t)
	r.fake.Greet(func(c *bottest.SlackConnection) { c.Disconnect("warning") })
	r.listen((&notebook{}).take)
	r.fake.Wait(func() bool { return r.fake.Calls("socket") == openBurst })
	again := time.NewTimer(500 * time.Millisecond)
	defer again.Stop()
	<-again.C
	if n := r.fake.Calls(methodOpen); n > openBurst {
		t.Errorf("%d sockets asked for in a moment", n)
	}
}

// TestUnreachable: a Slack that is out of order is no fault of the token.
func TestUnreachable(t *testing.T) {
	r := newRig(t)
	r.fake.Fail(bottest.SlackFault{Method: "auth.test", Status: 503, Times: 1})
	r.fake.Fail(bottest.SlackFault{Method: methodOpen, Hang: true, Times: 1})
	var notes notebook
	r.listen(notes.take)
	trigger := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return len(r.fake.Acks(trigger)) == 1 })
	if err := r.platform.Ready(); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	good := Config{BotToken: "xoxb-1", AppToken: "xapp-1"}
	for name, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"complete":       {func(*Config) {}, ""},
		"socket":         {func(c *Config) { c.Mode = "socket" }, ""},
		"local server":   {func(c *Config) { c.APIURL = "http://127.0.0.1:1/slack/api/" }, ""},
		"http":           {func(c *Config) { c.Mode = "http" }, "slack.mode"},
		"unknown mode":   {func(c *Config) { c.Mode = "rtm" }, "slack.mode"},
		"no bot token":   {func(c *Config) { c.BotToken = "" }, "slack.bot_token"},
		"no app token":   {func(c *Config) { c.AppToken = "" }, "slack.app_token"},
		"swapped":        {func(c *Config) { c.BotToken, c.AppToken = c.AppToken, c.BotToken }, "swapped"},
		"no slash":       {func(c *Config) { c.APIURL = "https://slack.com/api" }, "slack.api_url"},
		"no scheme":      {func(c *Config) { c.APIURL = "slack.com/api/" }, "slack.api_url"},
		"another scheme": {func(c *Config) { c.APIURL = "ftp://slack.com/api/" }, "slack.api_url"},
	} {
		cfg := good
		c.change(&cfg)
		_, err := New(cfg, Deps{Log: discard(), Now: time.Now, Lang: reports.Languages()[0]})
		if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
