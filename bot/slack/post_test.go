package slack

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"outboundbot/bot/bottest"
	"outboundbot/commands"
	"outboundbot/reports"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

var sales = commands.Place{ID: "#" + bottest.SlackName}

// TestVerdicts: what Post makes of each way in which a message can fail.
func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		fault    bottest.SlackFault
		after    time.Duration
		doubtful bool
		fix      string // of a refusal
	}{
		"rate limit":       {fault: bottest.SlackFault{Status: 429, RetryAfter: 7 * time.Second}, after: 7 * time.Second},
		"ratelimited":      {fault: bottest.SlackFault{Error: "ratelimited"}},
		"server error":     {fault: bottest.SlackFault{Status: 500}, doubtful: true},
		"broken link":      {fault: bottest.SlackFault{Hang: true}, doubtful: true},
		"fatal error":      {fault: bottest.SlackFault{Error: "fatal_error"}, doubtful: true},
		"not in channel":   {fault: bottest.SlackFault{Error: "not_in_channel"}, fix: "/invite @outbound"},
		"missing scope":    {fault: bottest.SlackFault{Error: "missing_scope", Needed: "chat:write"}, fix: "add the scope chat:write"},
		"bad token":        {fault: bottest.SlackFault{Error: "token_revoked"}, fix: "slack.bot_token"},
		"archived":         {fault: bottest.SlackFault{Error: "is_archived"}, fix: "archived"},
		"restricted":       {fault: bottest.SlackFault{Error: "restricted_action"}, fix: "workspace admin"},
		"unheard-of error": {fault: bottest.SlackFault{Error: "strange_news"}, fix: "strange_news"},
		"teapot":           {fault: bottest.SlackFault{Status: 418}, fix: "418"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			c.fault.Method = "chat.postMessage"
			r.fake.Fail(c.fault)
			_, err := r.post(sales, say("hello"))
			if c.fix != "" {
				if no := refusedOf(err); no == nil || !strings.Contains(no.Fix, c.fix) {
					t.Errorf("%v", err)
				}
				return
			}
			later := retryOf(err)
			if later == nil || later.After != c.after || later.Doubtful != c.doubtful {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestPlacesThatRefuse(t *testing.T) {
	r := newRig(t)
	r.fake.AddChannel("C0CLOSED", "closed", false, false)
	r.fake.AddChannel("C0OLD", "old", true, true)
	for place, fix := range map[string]string{"#closed": "/invite", "#old": "archived", "#nowhere": "does not exist"} {
		_, err := r.post(commands.Place{ID: place}, say("hello"))
		if no := refusedOf(err); no == nil || !strings.Contains(no.Fix, fix) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// TestUnreachableIsNotDoubtful: a request that never left may be repeated.
func TestUnreachableIsNotDoubtful(t *testing.T) {
	p, err := New(Config{BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: "http://127.0.0.1:1/api/"}, Deps{Log: discard(), Now: time.Now, Lang: reports.Languages()[0]})
	must(t, err)
	_, err = p.Post(t.Context(), sales, say("hello"))
	if later := retryOf(err); later == nil || later.Doubtful {
		t.Errorf("%#v", err)
	}
}

// TestLadder: a refused block costs looks, never the answer.
func TestLadder(t *testing.T) {
	for name, c := range map[string]struct {
		refuse []string
		tries  int
		kinds  string
	}{
		"all is well":     {nil, 1, "header context section context rich_text rich_text table rich_text context actions context"},
		"no native table": {[]string{"table"}, 2, "header context section context rich_text rich_text rich_text context actions context"},
		"no blocks":       {[]string{"header"}, 3, ""},
	} {
		for place, method := range map[commands.Place]string{
			sales: "chat.postMessage",
			{ID: bottest.SlackChannel, Private: true, Respond: "url"}: "response_url",
		} {
			t.Run(name+" "+method, func(t *testing.T) {
				r := newRig(t)
				r.fake.RefuseBlocks(c.refuse...)
				messages := r.fake.Messages
				if place.Respond != "" {
					place.Respond = respond{URL: r.address(), User: bottest.SlackUser}.String()
					messages = r.fake.Ephemerals
				}
				_, err := r.post(place, commands.Reply{Card: summaryCard()})
				must(t, err)
				got := messages()
				if len(got) != 1 || r.fake.Calls(method) != c.tries {
					t.Fatalf("%d messages after %d calls", len(got), r.fake.Calls(method))
				}
				if kinds := strings.Join(got[0].Kinds, " "); kinds != c.kinds {
					t.Errorf("looks: %s", kinds)
				}
				if !strings.Contains(got[0].Words, "Individual template") || !strings.Contains(got[0].Words, "9,871") {
					t.Errorf("the answer lost its figures:\n%s", got[0].Words)
				}
			})
		}
	}
}

// address is a fresh response address, from a command that nobody answers.
func (r *rig) address() string {
	r.Helper()
	var notes notebook
	stop, _ := r.listen(notes.take)
	trigger := r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return len(r.fake.Acks(trigger)) == 1 })
	stop()
	to, err := respondOf(notes.list()[0].Place)
	must(r.T, err)
	return to.URL
}

// TestHostileCard: a card whose every text attacks makes no mention and no link at Slack.
func TestHostileCard(t *testing.T) {
	r := newRig(t)
	bad := "<!channel> <@U1> <https://evil.example|WA> & `x` @here"
	card := reports.Card{
		Title: bad, Scope: []string{bad}, Lead: bad, Footer: reports.Footer{Command: bad},
		Blocks: []reports.Block{
			reports.Metrics{Base: bad, Items: []reports.Figure{{Label: bad, Value: bad, Share: bad}}},
			reports.Funnel{Title: bad, Steps: []reports.Step{{Label: bad, N: 1}}},
			reports.Table{Title: bad, Columns: []reports.Heading{{Label: bad}}, Rows: [][]reports.Entry{row(bad)}},
			reports.Note{Text: bad},
			reports.Note{Kind: reports.Wrong, Text: bad},
			reports.Code{Text: bad},
			reports.Actions{Buttons: []reports.Button{{Label: bad, Command: bad}}},
		},
	}
	for _, refuse := range []string{"", "table", "header"} {
		r.fake.RefuseBlocks(refuse)
		_, err := r.post(sales, commands.Reply{Card: card})
		must(t, err)
	}
	for i, m := range r.fake.Messages() {
		if len(m.Links) > 0 {
			t.Errorf("look %d: %q", i, m.Links)
		}
	}
	if n := len(r.fake.Messages()); n != 3 {
		t.Errorf("%d messages", n)
	}
}

// TestSpentAddress: an answer whose address has run out goes into the direct messages.
func TestSpentAddress(t *testing.T) {
	r := newRig(t)
	place := commands.Place{ID: "C0ANY", Private: true, Respond: respond{URL: r.address(), User: bottest.SlackUser}.String()}
	r.fake.ExpireResponses()
	late := say("late")
	late.File = r.export("such as takes longer than the address lives")
	_, err := r.post(place, late)
	must(t, err)
	if m := r.fake.Messages(); len(m) != 1 || m[0].Channel != "D0ANA" || len(r.fake.Ephemerals()) > 0 {
		t.Errorf("%+v", m)
	}
	if f := r.fake.Files(); len(f) != 1 || f[0].Channel != "D0ANA" {
		t.Errorf("%+v", f)
	}
}

// TestPublicFile: the file of a digest stands in the thread of its message.
func TestPublicFile(t *testing.T) {
	r := newRig(t)
	posted, err := r.post(sales, commands.Reply{Card: summaryCard(), File: r.export("x")})
	must(t, err)
	files := r.fake.Files()
	if len(files) != 1 || files[0].Channel != bottest.SlackChannel || files[0].Thread != posted.ID || posted.Place.ID != bottest.SlackChannel {
		t.Errorf("%+v at %+v", files, posted)
	}
}

// TestFileTries: a Post that is repeated goes on where it failed, and shows nothing twice.
func TestFileTries(t *testing.T) {
	for _, step := range []string{"conversations.open", "files.getUploadURLExternal", "upload", "files.completeUploadExternal", "response_url"} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t)
			place := commands.Place{ID: bottest.SlackChannel, Private: true, Respond: respond{URL: r.address(), User: bottest.SlackUser}.String()}
			reply := commands.Reply{Card: summaryCard(), File: r.export("content"), Private: true}
			r.fake.Fail(bottest.SlackFault{Method: step, Status: 429, RetryAfter: time.Second, Times: 2})
			for try := range 3 {
				_, err := r.post(place, reply)
				if later := retryOf(err); (try < 2) != (later != nil) {
					t.Fatalf("try %d: %v", try, err)
				}
			}
			files := r.fake.Files()
			if len(files) != 1 || string(files[0].Data) != "content" || len(r.fake.Ephemerals()) != 1 {
				t.Errorf("%d files, %d messages", len(files), len(r.fake.Ephemerals()))
			}
			if len(r.platform.deliveries.open) > 0 {
				t.Error("a finished delivery is remembered")
			}
		})
	}
}

func TestFileRefused(t *testing.T) {
	r := newRig(t)
	r.fake.Fail(bottest.SlackFault{Method: "files.getUploadURLExternal", Error: "file_uploads_disabled"})
	_, err := r.post(sales, commands.Reply{Card: summaryCard(), File: r.export("x")})
	if no := refusedOf(err); no == nil || !strings.Contains(no.Fix, "switched off") {
		t.Errorf("%v", err)
	}
}

// TestFileInDoubt: a link that breaks in the step that shows the file leaves a doubt, one before it does not.
func TestFileInDoubt(t *testing.T) {
	for step, doubtful := range map[string]bool{"upload": false, "files.completeUploadExternal": true} {
		r := newRig(t)
		r.fake.Fail(bottest.SlackFault{Method: step, Hang: true})
		_, err := r.post(sales, commands.Reply{Card: summaryCard(), File: r.export("x")})
		if later := retryOf(err); later == nil || later.Doubtful != doubtful {
			t.Errorf("%s: %#v", step, err)
		}
	}
}

// TestOutbox: the bot's outbox waits as long as Slack asks, and posts once.
func TestOutbox(t *testing.T) {
	r := newRig(t)
	r.serve(r.desk)
	r.fake.Fail(bottest.SlackFault{Method: "response_url", Status: 429, RetryAfter: time.Second, Times: 1})
	r.fake.Fail(bottest.SlackFault{Method: "response_url", Status: 503, Times: 1})
	begun := time.Now()
	r.fake.Slash(bottest.SlackChannel, bottest.SlackUser, "summary")
	r.fake.Wait(func() bool { return len(r.fake.Ephemerals()) == 1 })
	if waited := time.Since(begun); waited < time.Second || r.fake.Calls("response_url") != 3 {
		t.Errorf("%d calls within %s", r.fake.Calls("response_url"), waited)
	}
}

// TestDirect: what only one person may read is never posted to a channel.
func TestDirect(t *testing.T) {
	r := newRig(t)
	private := say("for you")
	private.Private = true
	_, err := r.post(commands.Place{User: bottest.SlackUser, Private: true}, private)
	must(t, err)
	_, err = r.post(commands.Place{Private: true, Respond: respond{User: bottest.SlackUser, Thread: "1.1"}.String()}, private)
	must(t, err)
	_, err = r.post(commands.Place{ID: bottest.SlackChannel, Private: true, Respond: respond{User: bottest.SlackUser}.String()}, private)
	must(t, err)
	if len(r.fake.Ephemerals()) != 1 {
		t.Error("a private answer in a channel is not for its asker alone")
	}
	for _, place := range []commands.Place{sales, {ID: bottest.SlackChannel, Private: true}} {
		if _, err := r.post(place, private); refusedOf(err) == nil {
			t.Errorf("private to a channel: %v", err)
		}
	}
	m := r.fake.Messages()
	if len(m) != 2 || m[0].Channel != "D0ANA" || m[1].Channel != "D0ANA" || m[1].Thread != "" {
		t.Errorf("%+v", m)
	}
}

func TestEdit(t *testing.T) {
	r := newRig(t)
	posted, err := r.post(sales, say("before"))
	must(t, err)
	must(t, r.platform.Edit(t.Context(), posted, say("after")))
	if m := r.fake.Messages(); len(m) != 1 || m[0].Edits != 1 || m[0].Words != "after" {
		t.Errorf("%+v", m)
	}
	posted.ID = "1.000001"
	if no := refusedOf(r.platform.Edit(t.Context(), posted, say("x"))); no == nil || !strings.Contains(no.Fix, "deleted") {
		t.Error("a message that is gone was changed")
	}
}

func TestForeignAddressIsRefused(t *testing.T) {
	r := newRig(t)
	_, err := r.post(commands.Place{ID: "C1", Private: true, Respond: respond{URL: "http://127.0.0.1:1/", User: "U1"}.String()}, say("x"))
	if refusedOf(err) == nil {
		t.Errorf("%v", err)
	}
}
