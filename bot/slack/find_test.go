package slack

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"outboundbot/bot/bottest"
	"outboundbot/commands"
)

// TestFind: a post that Slack took and then denied is found again below hundreds of others, given the scope.
func TestFind(t *testing.T) {
	r := newRig(t)
	r.fake.Fail(bottest.SlackFault{Method: "chat.postMessage", Status: 500, Acted: true, Times: 1})
	reply := say("digest")
	reply.Mark = "sales weekly/2026-11-16T09:00"
	place, since := commands.Place{ID: bottest.SlackChannel}, time.Now()
	_, err := r.post(place, reply)
	if later := retryOf(err); later == nil || !later.Doubtful {
		t.Fatalf("%#v", err)
	}
	_, err = r.platform.Find(t.Context(), place, reply.Mark, since)
	if no := refusedOf(err); no == nil || !strings.Contains(no.Fix, "channels:history") {
		t.Errorf("without the scope: %v", err)
	}
	r.fake.Grant("channels:history")
	r.fake.Chatter(bottest.SlackChannel, 2*historyPage+1)
	for _, c := range []struct {
		mark  string
		since time.Time
		want  bool
	}{
		{reply.Mark, since, true}, {"another", since, false}, {reply.Mark, since.Add(time.Hour), false},
	} {
		if found, err := r.platform.Find(t.Context(), place, c.mark, c.since); err != nil || found != c.want {
			t.Errorf("%s since %s: %v, %v", c.mark, c.since, found, err)
		}
	}
	r.fake.Chatter(bottest.SlackChannel, historyPage*historyPages)
	if _, err := r.platform.Find(t.Context(), place, "another", since); err == nil || refusedOf(err) != nil {
		t.Errorf("sure of a channel that was not read whole: %v", err)
	}
}

// TestFindByName: the id of a #name is known from an earlier post, or asked for, or the operator hears what to do.
func TestFindByName(t *testing.T) {
	for name, c := range map[string]struct {
		before bool // a post went well, in an earlier run
		scopes []string
		place  string
		fix    string // of a refusal
	}{
		"posted before":  {before: true, place: "#sales"},
		"without #":      {before: true, place: "sales"},
		"may list":       {scopes: []string{"channels:read"}, place: "#sales"},
		"may not list":   {place: "#sales", fix: "channel's id"},
		"private or not": {scopes: []string{"channels:read"}, place: "#hidden", fix: "channel's id"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			for i := range channelPage { // the channel is on the second page
				r.fake.AddChannel(fmt.Sprintf("C00%05d", i), fmt.Sprintf("channel-%d", i), false, false)
			}
			r.fake.Grant(append(c.scopes, "channels:history")...)
			place, since := commands.Place{ID: c.place}, time.Now()
			if c.before {
				_, err := r.post(place, say("last week"))
				must(t, err)
				r.platform = r.connect()
			}
			r.fake.Fail(bottest.SlackFault{Method: "chat.postMessage", Hang: true, Acted: true, Times: 1})
			reply := say("digest")
			reply.Mark = "slot"
			if _, err := r.post(place, reply); c.place != "#hidden" && !retryOf(err).Doubtful {
				t.Fatalf("%v", err)
			}
			found, err := r.platform.Find(t.Context(), place, reply.Mark, since)
			if no := refusedOf(err); c.fix != "" && (no == nil || !strings.Contains(no.Fix, c.fix) || !strings.Contains(no.Fix, c.place)) {
				t.Errorf("%v", err)
			} else if c.fix == "" && (!found || err != nil) {
				t.Errorf("found %t, %v", found, err)
			}
		})
	}
}
