package slack

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	slackapi "github.com/slack-go/slack"

	"outboundbot/bot"
	"outboundbot/bot/bottest"
	"outboundbot/commands"
)

// TestRequests: what becomes of a command, a mention and a direct message, and of what is not for the bot.
func TestRequests(t *testing.T) {
	r := newRig(t)
	r.fake.SetLocale(bottest.SlackUser, "es-ES")
	r.fake.SetGuest("U0GUEST")
	var notes notebook
	r.listen(notes.take)
	slash := r.fake.Slash("C0OTHER", "U0GUEST", `campaign:"A & B"`)
	r.fake.Wait(func() bool { return len(r.fake.Acks(slash)) == 1 })
	mention := r.fake.Mention(bottest.SlackChannel, bottest.SlackUser, "summary channel:WA")
	r.fake.Wait(func() bool { return len(r.fake.Acks(mention)) == 1 })
	direct := r.fake.Direct(bottest.SlackUser, "audit")
	r.fake.Wait(func() bool { return len(r.fake.Acks(direct)) == 1 })
	for _, event := range []map[string]any{
		{"type": "message", "channel_type": "im", "channel": "D0ANA", "user": bottest.SlackBotUser, "text": "mine"},
		{"type": "message", "channel_type": "im", "channel": "D0ANA", "user": "U1", "bot_id": "B1", "text": "of a bot"},
		{"type": "message", "channel_type": "im", "channel": "D0ANA", "subtype": "message_changed", "text": "edited"},
		{"type": "message", "channel_type": "channel", "channel": bottest.SlackChannel, "user": "U1", "text": "not to the bot"},
		{"type": "app_mention", "channel": bottest.SlackChannel, "user": "U1", "bot_id": "B1", "text": "of a bot"},
		{"type": "team_join", "user": map[string]string{"id": "U1"}},
		{"type": "an_event_of_tomorrow"},
	} {
		id := r.fake.Event(event)
		r.fake.Wait(func() bool { return len(r.fake.Acks(id)) == 1 })
	}
	got := notes.list()
	want := []commands.Request{
		{
			Trigger: slash, User: "U0GUEST", External: true, Locale: "en-US", Text: `campaign:"A & B"`,
			Place: commands.Place{ID: "C0OTHER", Private: true},
		},
		{
			Trigger: mention, User: bottest.SlackUser, Locale: "es-ES", Text: "summary channel:WA",
			Place: commands.Place{ID: bottest.SlackChannel},
		},
		{
			Trigger: direct, User: bottest.SlackUser, Locale: "es-ES", Text: "audit",
			Place: commands.Place{ID: "D0ANA", Private: true},
		},
	}
	for i := range want {
		want[i].Platform, want[i].Tenant = "slack", bottest.SlackTeam
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(commands.Request{}, "At", "Place.Respond")); diff != "" {
		t.Error(diff)
	}
	if to, err := respondOf(got[1].Place); err != nil || to.Thread == "" || to.User != bottest.SlackUser {
		t.Errorf("a mention is answered at %+v (%v)", to, err)
	}
	if n := r.fake.Calls("users.info"); n != 2 {
		t.Errorf("%d questions about 2 people", n)
	}
}

// TestMention: a mention is answered in its thread, for everybody; a private answer for the asker alone.
func TestMention(t *testing.T) {
	r := newRig(t)
	r.serve(r.desk)
	r.fake.Mention(bottest.SlackChannel, bottest.SlackUser, "summary format:csv")
	r.fake.Wait(func() bool { return len(r.fake.Files()) == 1 })
	m := r.fake.Messages()[0]
	if m.Channel != bottest.SlackChannel || m.Thread == "" {
		t.Errorf("answered in %q, thread %q", m.Channel, m.Thread)
	}
	if f := r.fake.Files()[0]; f.Channel != bottest.SlackChannel || f.Thread != m.Thread {
		t.Errorf("the file is in %q, thread %q, not %q", f.Channel, f.Thread, m.Thread)
	}
}

func TestMentionAnsweredPrivately(t *testing.T) {
	r := newRig(t)
	r.serve(func(ctx context.Context, req commands.Request, progress func(commands.Reply)) commands.Reply {
		reply := r.desk(ctx, req, progress)
		reply.Private = true
		return reply
	})
	r.fake.Mention(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 1 })
	if m := r.fake.Ephemerals()[0]; m.User != bottest.SlackUser || m.Thread == "" || len(r.fake.Messages()) > 0 {
		t.Errorf("answered for %q in thread %q, and %d public messages", m.User, m.Thread, len(r.fake.Messages()))
	}
}

func TestOtherWorkspace(t *testing.T) {
	r := newRig(t)
	var notes notebook
	r.listen(notes.take)
	trigger := r.fake.SlashIn("T0OTHER", "C0THEIRS", "U0THEIRS", "summary")
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 1 && len(r.fake.Acks(trigger)) == 1 })
	if m := r.fake.Ephemerals()[0]; !strings.Contains(m.Words, "another workspace") || len(notes.list()) > 0 {
		t.Errorf("said %q, took %d requests", m.Words, len(notes.list()))
	}
	if !strings.Contains(r.log.String(), "T0OTHER") {
		t.Error("not logged")
	}
}

// TestSharedChannel: somebody of another workspace hears one sentence and is not answered, in a channel that both
// share, in a direct message and at a button.
func TestSharedChannel(t *testing.T) {
	r := newRig(t)
	id, err := bot.Buttons{State: r.state}.Remember(t.Context(), "summary")
	must(t, err)
	var notes notebook
	r.listen(notes.take)
	own := bottest.SlackMessage{Channel: bottest.SlackChannel, TS: "1.1", Buttons: []bottest.SlackButton{{Label: "Go", ActionID: "run-1", Value: id}}}
	for i, ask := range []func() string{
		func() string { return r.fake.MentionIn("T0OTHER", bottest.SlackChannel, "U0THEIRS", "summary") },
		func() string { return r.fake.ClickIn("T0OTHER", own, "U0THEIRS", "Go") },
	} {
		event := ask()
		r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == i+1 && len(r.fake.Acks(event)) == 1 })
		if m := r.fake.Ephemerals()[i]; m.User != "U0THEIRS" || !strings.Contains(m.Words, "another workspace") {
			t.Errorf("said %q to %s", m.Words, m.User)
		}
	}
	r.fake.AddChannel("D0THEIRS", "theirs", true, false)
	direct := r.fake.Event(map[string]any{
		"type": "message", "channel_type": "im", "channel": "D0THEIRS", "user": "U0THEIRS", "user_team": "T0OTHER", "text": "audit",
	})
	r.fake.Wait(func() bool { return len(r.fake.Messages()) == 1 && len(r.fake.Acks(direct)) == 1 })
	if n := len(notes.list()); n > 0 || r.fake.Calls("users.info") > 0 {
		t.Errorf("took %d requests of a stranger", n)
	}
	if !strings.Contains(r.log.String(), "T0OTHER") {
		t.Error("not logged")
	}
	mine := r.fake.Mention(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return len(r.fake.Acks(mine)) == 1 && len(notes.list()) == 1 })
}

// TestPressed: a button says what it carries, with and without a block that it names.
func TestPressed(t *testing.T) {
	for payload, want := range map[string]string{
		`{"type":"block_actions","actions":[{"action_id":"run-1","block_id":"b","type":"button","value":"k3","action_ts":"1.2"}]}`: "k3",
		`{"type":"block_actions","actions":[{"action_id":"run-1","type":"button","value":"k4","action_ts":"1.2"}]}`:                "k4",
		`{"type":"block_actions","actions":[{"action_id":"go","block_id":"b","type":"button","url":"x","action_ts":"1.2"}]}`:       "",
		`{"type":"block_actions","actions":[]}`: "",
	} {
		var c slackapi.InteractionCallback
		if err := json.Unmarshal([]byte(payload), &c); err != nil {
			t.Fatal(err)
		}
		if id, _ := pressed(c); id != want {
			t.Errorf("%s carries %q, want %q", payload, id, want)
		}
	}
}
