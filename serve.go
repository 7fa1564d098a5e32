package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"outboundbot/bot"
	"outboundbot/bot/discord"
	"outboundbot/bot/slack"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage/badger"
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
	store, err := s.own(ctx, c, now, log)
	if err != nil {
		return err
	}
	defer store.Close()
	state := store.State()
	desk := c.desk(store, log, c.spool())
	if err := c.checkCommands(ctx, desk, now()); err != nil {
		return err
	}
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
		return usage{fmt.Errorf("http.listen %s cannot be opened (%w): end what uses it, or set another address", c.HTTP.Listen, errors.Unwrap(err))}
	}
	socket, err := listenSocket(c.Data)
	if err != nil {
		web.Close()
		return err
	}
	log.Info("serving", "http", web.Addr().String(), "data", c.Data, "platforms", len(platforms), "digests", len(c.schedule))
	return serveAll(ctx, b, []*listener{
		{web, &http.Server{Handler: c.web(b, here, now, log), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}},
		{socket, &http.Server{Handler: desktop(here), ReadHeaderTimeout: 10 * time.Second}},
	})
}

// own opens the store for serve. A second serve is refused at once; a command that is using the store is waited for.
func (s *shared) own(ctx context.Context, c *Config, now func() time.Time, log *slog.Logger) (*badger.Engine, error) {
	return whenFree(ctx, func() (*badger.Engine, error) {
		if r, err := dial(c.Data); r != nil || err != nil {
			return nil, &ownedError{fmt.Sprintf("another serve%s owns the data folder %s: end it, or give another --data", c.owner(), c.Data), true}
		}
		return c.open(badger.Options{Windows: c.windows, Now: now, Log: log, Progress: logged(log), Context: ctx})
	})
}

// checkCommands finds mistakes in the commands and ranges of the configuration before their time comes.
func (c *Config) checkCommands(ctx context.Context, desk *commands.Desk, at time.Time) error {
	var faults []string
	for i, d := range c.Digests {
		req := commands.Request{Text: d.Command, At: at, Format: d.Format}
		if err := desk.Check(ctx, req); err != nil {
			faults = append(faults, fmt.Sprintf("%s: digests[%d].command: %v", c.path, i, err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Ranges)) {
		if err := desk.Check(ctx, commands.Request{Text: "summary date:" + commands.Quote(c.Ranges[name]), At: at}); err != nil {
			faults = append(faults, fmt.Sprintf("%s: ranges.%s: %v", c.path, name, err))
		}
	}
	if len(faults) > 0 {
		return &ConfigError{faults}
	}
	return nil
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
	leave, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var closing sync.WaitGroup
	for _, l := range servers {
		closing.Go(func() {
			if l.server.Shutdown(leave) != nil {
				l.server.Close()
			}
		})
	}
	closing.Wait()
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
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeReady(w, b.Ready(), b.Digests()) })
	return mux
}

// writeReady says for each part whether it is ready, 503 if any is not. A digest that cannot be posted is told as
// well, but keeps nobody else from being served.
func writeReady(w http.ResponseWriter, parts, digests map[string]error) {
	status, said := http.StatusOK, map[string]string{}
	tell := func(name string, err error) {
		if said[name] = "ok"; err != nil {
			said[name] = err.Error()
		}
	}
	for name, err := range parts {
		tell(name, err)
		if err != nil {
			status = http.StatusServiceUnavailable
		}
	}
	for name, err := range digests {
		tell("digest "+name, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(said)
}
