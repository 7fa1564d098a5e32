// Package slack is the Slack platform: Socket Mode in, Block Kit and files out.
//
// The way of one command: [Platform.Serve] reads an envelope, makes a request of it, has it recorded by take and
// only then acknowledges (Slack waits 3 s); the answer comes back through [Platform.Post], which renders the card
// within limits.go and falls down a ladder of looks (blocks with a native table, blocks, plain text) when Slack
// refuses one. wire.go holds what every HTTP call shares, errors.go says what Slack's refusals mean.
package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"outboundbot/bot"
	"outboundbot/reports"
	"outboundbot/storage"
)

// Config is the slack section of the configuration.
type Config struct {
	Mode          string         `yaml:"mode"` // socket, also when empty
	BotToken      storage.Secret `yaml:"bot_token"`
	AppToken      storage.Secret `yaml:"app_token"`
	SigningSecret storage.Secret `yaml:"signing_secret"`
	// APIURL ends in /api/ and replaces Slack's public hosts for every call, also those that Slack's answers name.
	APIURL string `yaml:"api_url"`
}

// Deps is what the platform is handed by main.
type Deps struct {
	Buttons bot.Buttons
	Log     *slog.Logger      // nil for none
	Now     func() time.Time  // the clock of questions; nil for the wall clock
	Lang    *reports.Language // of what the platform itself says; nil for the default
}

// Platform is a connection to one Slack workspace. It is safe for concurrent use.
type Platform struct {
	cfg        Config
	buttons    bot.Buttons
	log        *slog.Logger
	now        func() time.Time
	lang       *reports.Language
	api        *slackapi.Client
	http       *http.Client
	wire       *wire
	silence    time.Duration // a socket without a ping for so long is dead
	link       link
	self       identity
	people     people
	deliveries deliveries
}

var _ bot.Platform = (*Platform)(nil)

// pingSilence is how long the socket may go without a ping before it is replaced. Slack sends one every few seconds;
// a proxy in between may send none, and a link that lives must not be torn down every half minute.
const pingSilence = 85 * time.Second

// New checks the configuration; it does not yet call Slack.
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
	address, err := check(&cfg, deps.Lang)
	if err != nil {
		return nil, err
	}
	p := &Platform{
		cfg: cfg, buttons: deps.Buttons, log: deps.Log.With("platform", "slack"), now: deps.Now, lang: deps.Lang,
		silence: pingSilence,
	}
	p.link.now = deps.Now
	p.wire = newWire(address, cfg.APIURL != slackapi.APIURL)
	p.http = &http.Client{
		Transport:     p.wire,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p.api = slackapi.New(cfg.BotToken.Reveal(),
		slackapi.OptionAppLevelToken(cfg.AppToken.Reveal()),
		slackapi.OptionAPIURL(cfg.APIURL),
		slackapi.OptionHTTPClient(p.http))
	return p, nil
}

// check fills in defaults and says every fault at once, each with the setting to mend.
func check(cfg *Config, lang *reports.Language) (*url.URL, error) {
	var faults []error
	fault := func(id string) { faults = append(faults, errors.New(lang.Say(id))) }
	switch cfg.Mode {
	case "", "socket":
	case "http":
		fault("slack.config.http")
	default:
		fault("slack.config.mode")
	}
	if cfg.BotToken == "" {
		fault("slack.config.bot_token")
	}
	if cfg.AppToken == "" {
		fault("slack.config.app_token")
	}
	if strings.HasPrefix(cfg.BotToken.Reveal(), "xapp-") || strings.HasPrefix(cfg.AppToken.Reveal(), "xoxb-") {
		fault("slack.config.swapped")
	}
	if cfg.APIURL == "" {
		cfg.APIURL = slackapi.APIURL
	}
	address, err := url.Parse(cfg.APIURL)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") ||
		address.User != nil || !strings.HasSuffix(address.Path, "/api/") {
		fault("slack.config.api_url")
	}
	return address, errors.Join(faults...)
}

// Name is slack.
func (p *Platform) Name() string { return "slack" }

// Serve finds out who the token is, then keeps the socket up until ctx ends. It returns an error only for a token
// that Slack refuses: the sentence says which setting to mend.
func (p *Platform) Serve(ctx context.Context, take bot.Take) error {
	defer p.wire.close()
	defer p.link.down(errors.New(p.lang.Say("slack.stopped")))
	if err := p.identify(ctx); err != nil {
		return err
	}
	p.log.Info("slack: token accepted", "team", p.self.get().team)
	return p.listen(ctx, take)
}

// Ready says why no request can come in at the moment, or nil. It goes by the last byte from the socket, pings
// included, never by what people ask: a quiet workspace is healthy.
func (p *Platform) Ready() error {
	live, silent, why := p.link.state()
	switch {
	case live && silent <= quiet:
		return nil
	case live:
		return errors.New(p.lang.Say("slack.ready.silent", reports.Args{"Span": p.lang.Duration(silent.Milliseconds())}))
	case why != nil:
		return fmt.Errorf("%s: %w", p.lang.Say("slack.ready.down"), why)
	default:
		return errors.New(p.lang.Say("slack.ready.down"))
	}
}

// identify asks auth.test until it answers; only a refused token is an error.
func (p *Platform) identify(ctx context.Context) error {
	for tries := newPace(); ; {
		if err := tries.wait(ctx); err != nil {
			return nil
		}
		who, err := p.authTest(ctx)
		if err == nil {
			p.self.set(me{team: who.TeamID, user: who.UserID, bot: who.BotID, site: who.URL})
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		if code := slackCode(err); tokenRefused(code) || code == "missing_scope" {
			return p.badToken("slack.bad_bot_token", code)
		}
		p.link.down(bare(err))
		p.log.Warn("slack: cannot reach Slack", "err", bare(err))
	}
}

func (p *Platform) authTest(ctx context.Context) (*slackapi.AuthTestResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return p.api.AuthTestContext(ctx)
}

func (p *Platform) badToken(id, code string) error {
	err := errors.New(p.lang.Say(id, reports.Args{"Code": code}))
	p.link.down(err)
	return err
}

// callTime bounds one call of the Web API; uploads have their own.
const callTime = 20 * time.Second
