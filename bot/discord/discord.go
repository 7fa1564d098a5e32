// Package discord connects the bot to one Discord server: a native /outbound command whose sub-commands and options
// derive from the reports and fields, buttons, and answers as Components V2 messages with their files.
//
// Interactions arrive over the gateway, which needs no public address and no intents. Each is recorded through
// [bot.Take], acknowledged with a deferred private response within 3 seconds, and answered by editing that response
// (Post). When its token has run out the asker gets the answer as a direct message. render draws a card, limits.go
// has every limit, link.go keeps the gateway up, and retries belong to the bot's outbox.
package discord

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

// name of the platform in requests, destinations and logs.
const name = "discord"

// Config is the section discord of the configuration.
type Config struct {
	Token         storage.Secret `yaml:"token"`
	ApplicationID string         `yaml:"application_id"`
	GuildID       string         `yaml:"guild_id"` // the only server that is answered
	PublicKey     string         `yaml:"public_key"`
	// APIURL ends in / and replaces https://discord.com/ and the gateway's host, for proxies and tests; "" for Discord.
	APIURL string `yaml:"api_url"`
}

// Deps are what the platform needs of the rest of the bot.
type Deps struct {
	Buttons bot.Buttons
	// Suggest gives names that continue what was typed for a key, best first, as far as the asker may see them.
	Suggest func(ctx context.Context, req commands.Request, key, typed string) []string
	Formats []string          // names of the file formats that may be asked for
	Log     *slog.Logger      // nil for none
	Now     func() time.Time  // the clock of questions; nil for the wall clock
	Lang    *reports.Language // the workspace's; nil for the default
	Spool   string            // folder for zipped files; "" is the system's
}

// Platform is a Discord server. It is safe for concurrent use.
type Platform struct {
	cfg    Config
	deps   Deps
	api    *api
	timing timing

	mu   sync.Mutex
	down error                    // why the link is not up; nil when it is
	acks map[string]chan struct{} // by interaction token: closed when the first response is through
}

var (
	_ bot.Platform   = (*Platform)(nil)
	_ bot.Finder     = (*Platform)(nil)
	_ bot.Progresser = (*Platform)(nil)
	_ bot.Readier    = (*Platform)(nil)
	_ bot.Lifetimer  = (*Platform)(nil)
)

// New checks the configuration; it connects to nothing.
func New(cfg Config, deps Deps) (*Platform, error) {
	if deps.Lang == nil {
		deps.Lang = reports.Languages()[0]
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	for _, setting := range []struct{ name, value string }{
		{"token", cfg.Token.Reveal()}, {"application_id", cfg.ApplicationID}, {"guild_id", cfg.GuildID},
	} {
		if setting.value == "" {
			return nil, errors.New(deps.Lang.Say("discord.missing", reports.Args{"Setting": "discord." + setting.name}))
		}
	}
	if cfg.APIURL != "" {
		u, err := url.Parse(cfg.APIURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || !strings.HasSuffix(cfg.APIURL, "/") {
			return nil, errors.New(deps.Lang.Say("discord.api_url", reports.Args{"URL": cfg.APIURL}))
		}
	}
	api, err := newAPI(cfg)
	if err != nil {
		return nil, fmt.Errorf("discord: %w", err)
	}
	p := &Platform{cfg: cfg, deps: deps, api: api, timing: usual, acks: map[string]chan struct{}{}}
	p.down = errors.New(deps.Lang.Say("discord.connecting"))
	return p, nil
}

// Name is discord.
func (p *Platform) Name() string { return name }

// Lifetime is that of an interaction's token.
func (p *Platform) Lifetime() time.Duration { return tokenLife }

// Ready tells whether the gateway is connected.
func (p *Platform) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down
}

func (p *Platform) setDown(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = err
}
