package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"outboundbot/bot"
	"outboundbot/bot/console"
	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/memory"
)

// cardCommand is the question that the product began with.
const cardCommand = "summary channel:WA campaign:BlackFriday"

func (s *shared) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo [COMMAND…]",
		Short: "Try it on made-up sample data: no tokens, nothing stored",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return withSample(ctx, func(l *local) error {
				if err := s.introduce(ctx, l); err != nil {
					return err
				}
				if len(args) > 0 {
					return s.askWords(ctx, l, asking{}, args, "")
				}
				fmt.Fprintf(s.std.out, "> /outbound %s\n\n", cardCommand)
				if err := s.askWords(ctx, l, asking{}, []string{cardCommand}, ""); err != nil {
					return err
				}
				return s.chat(ctx, l)
			})
		},
	}
}

// withSample does some work over the sample data.
func withSample(ctx context.Context, work func(l *local) error) error {
	spool, err := os.MkdirTemp("", "outboundbot-sample-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(spool)
	l, err := sampleOffice(ctx, spool)
	if err != nil {
		return err
	}
	return work(l)
}

// introduce says that the data is made up, and when it is.
func (s *shared) introduce(ctx context.Context, l *local) error {
	stats, err := l.store.Stats(ctx)
	if err != nil {
		return err
	}
	count := reports.LanguageFor("en").Int
	fmt.Fprintf(s.std.out, "SAMPLE DATA, made up: %s sends from %s events over %d days of a shop that does not exist.\n"+
		"The clock stands at %s (%s).\n\n", count(int64(stats.Sends)), count(int64(stats.Events)), sampleDays,
		sampleNow.Format("Monday 2 January 2006, 15:04"), sampleZone)
	return nil
}

// sampleOffice answers over the sample data, kept in memory.
func sampleOffice(ctx context.Context, spool string) (*local, error) {
	store := memory.New(nil)
	receipt, err := store.Append(ctx, sampleEvents())
	if err != nil {
		return nil, err
	}
	if len(receipt.Rejected) > 0 {
		return nil, fmt.Errorf("sample data: %s", receipt.Rejected[0].Reason)
	}
	zone, err := time.LoadLocation(sampleZone)
	if err != nil {
		return nil, err
	}
	c := &Config{Language: "en", zone: zone, path: "config.yaml", rules: storage.Rules{Intents: []storage.Intent{
		{Name: "sales", Campaigns: []string{"black friday*", "halloween", "cart*"}},
		{Name: "retention", Campaigns: []string{"win back"}},
		{Name: "after-sales", Campaigns: []string{"*paid", "*survey", "warranty"}},
	}}}
	now := func() time.Time { return sampleNow }
	return &local{store: store, desk: c.desk(store, silence(), filepath.Join(spool, "spool")), now: now}, nil
}

// chat opens the console until the end of input.
func (s *shared) chat(ctx context.Context, l *local) error {
	fmt.Fprint(s.std.out, "\nAsk on: detailed · audit status:failed · summary last month by:group · summary format:xlsx · help\n")
	c := console.New(s.std.in, s.std.out, console.Options{Color: s.colourful()})
	b := bot.New(bot.Config{
		Answer: l.desk.Answer, State: memory.NewState(time.Now), Platforms: []bot.Platform{c}, Now: l.now, Log: silence(),
		Lang: reports.LanguageFor("en"), Workers: 1,
	})
	return b.Run(ctx)
}

// colourful: on a terminal whose owner did not ask for plain text.
func (s *shared) colourful() bool {
	f, ok := s.std.out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && s.getenv("NO_COLOR") == ""
}

// silence is the log of a chat that would only be disturbed by one.
func silence() *slog.Logger { return slog.New(slog.DiscardHandler) }
