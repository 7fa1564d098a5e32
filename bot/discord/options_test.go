package discord

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"outboundbot/bot/bottest"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

func TestRegistersOnce(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	for range 2 {
		done := false
		if err := newPlatform(t, fake, nil).register(t.Context(), &done); err != nil || !done {
			t.Fatal(err)
		}
	}
	const posts = "POST /api/v9/applications/"
	if n := fake.Requests(posts); n != 1 {
		t.Errorf("the same command was written %d times", n)
	}
	done := false
	if err := newPlatform(t, fake, func(_ *Config, d *Deps) { d.Formats = []string{"csv"} }).register(t.Context(), &done); err != nil {
		t.Fatal(err)
	}
	if n := fake.Requests(posts); n != 2 {
		t.Errorf("a changed command was written %d times", n-1)
	}
}

// TestRegistersBehindProxy: one that cannot list commands, or knows only the bulk form, is no wrong setting.
func TestRegistersBehindProxy(t *testing.T) {
	t.Parallel()
	fake := bottest.NewDiscord(t)
	for _, method := range []string{"GET", "POST"} {
		fake.Fail(bottest.DiscordFault{Method: method, Path: "/commands", Status: 405, Times: 1})
	}
	done := false
	if err := newPlatform(t, fake, nil).register(t.Context(), &done); err != nil || !done {
		t.Fatal(err)
	}
	if len(fake.Commands()) != 1 {
		t.Errorf("%d commands", len(fake.Commands()))
	}
	fake.Fail(bottest.DiscordFault{Method: "GET", Path: "/commands", Status: 404, Code: 10004, Times: 1})
	done = false
	var wrong *fatal
	if err := newPlatform(t, fake, nil).register(t.Context(), &done); !errors.As(err, &wrong) {
		t.Errorf("an unknown server: %v", err)
	}
}

func TestDefinition(t *testing.T) {
	c := definition(reports.Languages()[0], []string{"csv", "xlsx", "json"})
	if n := definitionSize(c); n > maxCommandSize || n < 500 {
		t.Errorf("%d characters", n)
	}
	subs := map[string][]string{}
	for _, sub := range c.Options {
		if len(sub.Options) > maxOptions {
			t.Errorf("%s has %d options", sub.Name, len(sub.Options))
		}
		for _, o := range sub.Options {
			subs[sub.Name] = append(subs[sub.Name], o.Name)
			if o.Description == "" || reports.Units(o.Description) > maxDescribe || strings.Contains(o.Description, "discord.") {
				t.Errorf("%s %s: description %q", sub.Name, o.Name, o.Description)
			}
			if f, ok := storage.FieldNamed(o.Name); ok && !f.Filter {
				t.Errorf("%s is no filter", o.Name)
			}
		}
	}
	for _, v := range commands.Verbs() {
		wanted := []string{"more"}
		if len(v.Options) > 0 {
			wanted = []string{"campaign", "channel", "date", "origin", "format", "more"}
		}
		for _, want := range wanted {
			if !slices.Contains(subs[v.Name], want) {
				t.Errorf("%s has no option %s: %v", v.Name, want, subs[v.Name])
			}
		}
	}
}
