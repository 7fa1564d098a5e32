package discord

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"outboundbot/bot/bottest"
	"outboundbot/commands"
)

func TestReconnects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		greet []bottest.DiscordGreeting
		upset func(*bottest.Discord)
	}{
		"op 7":   {nil, (*bottest.Discord).Reconnect},
		"closed": {nil, func(f *bottest.Discord) { f.HangUp(4000) }},
		// Shorter than the five heartbeats after which the library itself would notice.
		"no acknowledgements": {nil, func(f *bottest.Discord) { f.Mute(true); time.Sleep(900 * time.Millisecond); f.Mute(false) }},
		"silent at first":     {[]bottest.DiscordGreeting{{Silent: true}}, nil},
		"op 7 at first":       {[]bottest.DiscordGreeting{{Reconnect: true}}, nil},
		"invalid session":     {[]bottest.DiscordGreeting{{Invalid: true}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := bottest.NewDiscord(t)
			fake.SetBeat(250 * time.Millisecond)
			fake.Greet(c.greet...)
			serve(t, newPlatform(t, fake, nil), summaryReply)
			fake.Wait("a link", fake.Connected)
			before := fake.Identifies()
			if c.upset != nil {
				c.upset(fake)
				fake.Wait("another Identify", func() bool { return fake.Identifies() > before })
			} else if before < 2 {
				t.Errorf("%d Identifies", before)
			}
			fake.WaitAnswer(command(fake, "summary", nil))
			if n := fake.Identifies(); n > before+8 {
				t.Errorf("%d Identifies: a storm", n)
			}
		})
	}
}

// TestWire: no read lasts for ever, neither before READY nor after it.
func TestWire(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, ready := range []bool{false, true} {
		w := &wire{timing: timing{open: 50 * time.Millisecond, silence: 150 * time.Millisecond}}
		conn, err := w.dial(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		w.ready.Store(ready)
		begun := time.Now()
		_, err = conn.Read(make([]byte, 1))
		if took := time.Since(begun); !errors.Is(err, os.ErrDeadlineExceeded) || (took > 120*time.Millisecond) != ready {
			t.Errorf("ready %t: %v after %s", ready, err, took)
		}
		w.close()
	}
}

func TestFatalSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mend  func(*Config, *Deps)
		greet bottest.DiscordGreeting
		want  string
	}{
		"token":       {func(c *Config, _ *Deps) { c.Token = "wrong" }, bottest.DiscordGreeting{}, "discord.token"},
		"guild":       {func(c *Config, _ *Deps) { c.GuildID = "1" }, bottest.DiscordGreeting{}, "discord.guild_id"},
		"token later": {nil, bottest.DiscordGreeting{Close: 4004}, "discord.token"},
		"intents":     {nil, bottest.DiscordGreeting{Close: 4014}, "intents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := bottest.NewDiscord(t)
			fake.Greet(c.greet)
			p := newPlatform(t, fake, c.mend)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := p.Serve(ctx, func(context.Context, commands.Request) (bool, error) { return false, nil })
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), bottest.DiscordToken) {
				t.Errorf("Serve: %v", err)
			}
			if p.Ready() == nil {
				t.Error("ready")
			}
		})
	}
}

func TestPacer(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	p := pacer{timing: usual}
	for range 2 {
		if w := p.next(now); w > 0 {
			t.Errorf("one of the first two waits %s", w)
		}
		p.identified(now)
	}
	if w := p.next(now); w != usual.gap {
		t.Errorf("the third waits %s", w)
	}
	for want := usual.gap; want < 2*usual.longest; want *= 2 {
		p.ended(time.Second, now)
		most := min(want, usual.longest)
		if w := p.next(now); w < most/2 && w < usual.gap || w > most*3/2 {
			t.Errorf("a wait of %s, wanted about %s", w, most)
		}
	}
	now = now.Add(time.Hour)
	p.ended(time.Hour, now)
	if w := p.next(now); w > 0 {
		t.Errorf("after a good link: %s", w)
	}
	for len(p.day) < identifiesADay {
		p.identified(now)
	}
	if w := p.next(now); w != 23*time.Hour {
		t.Errorf("a spent day waits %s", w)
	}
}
