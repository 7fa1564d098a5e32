package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"outboundbot/bot"
	"outboundbot/bot/discord"
	"outboundbot/bot/slack"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage/intake"
)

func (s *shared) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answer in Slack and Discord, post digests, take events over HTTP",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, now, err := s.setup()
			if err != nil {
				return err
			}
			return s.serveWith(cmd.Context(), c, now)
		},
	}
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage{fmt.Errorf("%q: this command takes no arguments", args[0])}
	}
	return nil
}

// serveWith runs everything that the configuration turns on until ctx ends.
func (s *shared) serveWith(ctx context.Context, c *Config, now func() time.Time) error {
	log := s.log()
	store, err := c.open(now, log)
	if err != nil {
		return err
	}
	defer store.Close()
	state := store.State()
	desk := c.desk(store, log, filepath.Join(c.Data, "spool"))
	platforms, err := c.platforms(bot.Buttons{State: state}, desk, now, log)
	if err != nil {
		return err
	}
	if len(platforms) == 0 {
		fmt.Fprintln(s.std.err, c.nothingConfigured())
	}
	b := bot.New(bot.Config{
		Answer: desk.Answer, Discreet: desk.Discreet, State: state, Platforms: platforms, Digests: c.schedule, Now: now, Log: log,
		Lang: reports.LanguageFor(c.Language),
	})
	here := &local{store: store, desk: desk, bot: b, now: now}

	web, err := net.Listen("tcp", c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http.listen %s cannot be opened: %w", c.HTTP.Listen, errors.Unwrap(err))
	}
	socket, err := listenSocket(c.Data)
	if err != nil {
		web.Close()
		return err
	}
	log.Info("serving", "http", web.Addr().String(), "data", c.Data, "platforms", len(platforms), "digests", len(c.schedule))
	return serveAll(ctx, b, []*listener{
		{web, &http.Server{Handler: c.web(b, here, now, log), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}},
		{socket, &http.Server{Handler: counter(here), ReadHeaderTimeout: 10 * time.Second}},
	})
}

// listener is a server on its socket.
type listener struct {
	net.Listener
	server *http.Server
}

// serveAll runs the bot and the servers; the first that fails, or the end of ctx, ends all.
func serveAll(ctx context.Context, b *bot.Bot, servers []*listener) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for _, l := range servers {
		go func() {
			if err := l.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				stop(err)
			}
		}()
	}
	err := b.Run(ctx)
	if err == nil && ctx.Err() == nil {
		<-ctx.Done() // no platform, or all gave up: events and the command line are still served
	}
	for _, l := range servers {
		patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		if l.server.Shutdown(patience) != nil {
			l.server.Close()
		}
		cancel()
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// platforms are those that have tokens.
func (c *Config) platforms(buttons bot.Buttons, desk *commands.Desk, now func() time.Time, log *slog.Logger) ([]bot.Platform, error) {
	lang := reports.LanguageFor(c.Language)
	var list []bot.Platform
	if c.Slack.BotToken != "" {
		p, err := slack.New(c.Slack, slack.Deps{Buttons: buttons, Log: log, Now: now, Lang: lang})
		if err != nil {
			return nil, &ConfigError{[]string{c.path + ": slack: " + err.Error()}}
		}
		list = append(list, p)
	}
	suggest := func(ctx context.Context, req commands.Request, key, typed string) []string {
		return desk.Suggest(ctx, key, typed, c.access(req))
	}
	if c.Discord.Token != "" {
		p, err := discord.New(c.Discord, discord.Deps{Buttons: buttons, Log: log, Now: now, Lang: lang, Suggest: suggest, Formats: formatNames(), Spool: desk.Spool})
		if err != nil {
			return nil, &ConfigError{[]string{c.path + ": discord: " + err.Error()}}
		}
		list = append(list, p)
	}
	return list, nil
}

// nothingConfigured says exactly what to set for a chat platform.
func (c *Config) nothingConfigured() string {
	return "No chat platform has tokens, so nobody can ask in a chat yet.\n" +
		"  Slack:   set SLACK_BOT_TOKEN (xoxb-…) and SLACK_APP_TOKEN (xapp-…) in the environment, for slack.bot_token and slack.app_token in " + c.path + "\n" +
		"  Discord: set DISCORD_TOKEN, and discord.application_id and discord.guild_id in " + c.path + "\n" +
		"Until then events are taken over HTTP on " + c.HTTP.Listen + ", and outboundbot ask answers here."
}

// web is the HTTP listener: events, and what a supervisor asks.
func (c *Config) web(b *bot.Bot, here office, now func() time.Time, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	var sources []intake.Source
	for _, s := range c.Intake.Sources {
		sources = append(sources, intake.Source{Name: s.Name, Kind: s.Kind, Secret: s.Secret, Secret2: s.SecondSecret, Lines: s.Lines})
	}
	mux.Handle("/intake/", intake.Handler(sources, here.Append, now, log))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		if err := b.Alive(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeReady(w, b.Ready()) })
	return mux
}

// writeReady says for each part whether it is ready, 503 if any is not.
func writeReady(w http.ResponseWriter, parts map[string]error) {
	status, said := http.StatusOK, map[string]string{}
	for name, err := range parts {
		said[name] = "ok"
		if err != nil {
			status, said[name] = http.StatusServiceUnavailable, err.Error()
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(said)
}
