package slack

import (
	"context"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

// TestRespondURL: answers go to Slack or behind api_url, nowhere else.
func TestRespondURL(t *testing.T) {
	public, _ := url.Parse("https://slack.com/api/")
	local, _ := url.Parse("http://127.0.0.1:8080/api/")
	for _, c := range []struct {
		api           *url.URL
		address, want string // "" for refused
	}{
		{public, "https://hooks.slack.com/commands/T/1/x", "https://hooks.slack.com/commands/T/1/x"},
		{public, "http://hooks.slack.com/commands/T/1/x", ""},
		{public, "https://hooks.slack.com:443/commands", ""},
		{public, "https://hooks.slack.com.evil.example/", ""},
		{public, "https://user@hooks.slack.com/commands", ""},
		{public, "https://hooks.slack.com@evil.example/", ""},
		{public, "https://slack.com/api/chat.postMessage", ""},
		{public, "http://169.254.169.254/latest", ""},
		{public, "http://127.0.0.1/", ""},
		{public, "http://[::1]/", ""},
		{public, "//hooks.slack.com/x", ""},
		{public, "", ""},
		{public, "%", ""},
		{local, "https://hooks.slack.com/commands/T/1/x?y=1", "http://127.0.0.1:8080/commands/T/1/x?y=1"},
		{local, "http://127.0.0.1:8080/commands/1", "http://127.0.0.1:8080/commands/1"},
		{local, "http://127.0.0.1:8081/commands/1", ""},
		{local, "http://localhost:8080/commands/1", "http://localhost:8080/commands/1"},
		{local, "https://127.0.0.1:8080/commands/1", ""},
		{local, "http://127.0.0.1/commands/1", ""},
	} {
		got, err := newWire(c.api, c.api == local).respondURL(c.address)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s behind %s: %q, %v", c.address, c.api, got, err)
		}
	}
}

func TestMove(t *testing.T) {
	for api, addresses := range map[string]map[string]string{
		"http://127.0.0.1:9/api/":  {"wss://wss.slack.com/link/?ticket=1": "ws://127.0.0.1:9/link/?ticket=1", "https://files.slack.com/upload/v1/A": "http://127.0.0.1:9/upload/v1/A", "ws://127.0.0.1:10/socket": "ws://127.0.0.1:10/socket", "ws://10.0.0.1:10/socket": "ws://127.0.0.1:9/socket"},
		"https://proxy.lan/s/api/": {"wss://wss.slack.com/link/?ticket=1": "wss://proxy.lan/link/?ticket=1", "https://files.slack.com/upload/v1/A": "https://proxy.lan/upload/v1/A"},
	} {
		u, _ := url.Parse(api)
		for from, want := range addresses {
			if got, err := newWire(u, true).move(from); err != nil || got != want {
				t.Errorf("%s behind %s: %s, %v", from, api, got, err)
			}
		}
	}
}

// TestPace: three sockets at once, then no more than one in five seconds, and none before Slack allows it.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, begun := newPace(), time.Now()
		for i := range 13 {
			must(t, p.wait(t.Context()))
			elapsed := time.Since(begun)
			if least := time.Duration(max(0, i-openBurst+1)) * openEvery; elapsed < least || elapsed > least+openJitter {
				t.Fatalf("socket %d after %s", i+1, elapsed)
			}
		}
		p.hold(90 * time.Second)
		held := time.Now()
		must(t, p.wait(t.Context()))
		if time.Since(held) < 90*time.Second {
			t.Errorf("asked %s into Slack's Retry-After", time.Since(held))
		}
		p.hold(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if p.wait(ctx) == nil {
			t.Error("waited beyond its context")
		}
	})
}
