// Outboundbot answers questions about outbound messaging campaigns where teams already talk: in Slack, in Discord
// and on the command line.
//
// This package is the command line and the only one that names concrete types: it reads the configuration, opens
// the store, and wires platforms, commands, reports and storage together (DESIGN 1).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // machines and containers without zone data

	"github.com/spf13/cobra"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/storage"
	"outboundbot/storage/badger/archive"
)

// Exit codes (CHAT 7).
const (
	exitDone   = 0
	exitFault  = 1 // ours
	exitInput  = 2 // wrong input or configuration
	exitDenied = 3
	exitOwned  = 4 // the data folder is owned by another serve
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}, os.Getenv))
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the whole program: it never exits and prints at most one sentence about what went wrong.
func run(ctx context.Context, args []string, std streams, getenv func(string) string) int {
	root := rootCommand(std, getenv)
	args = protect(args)
	root.SetArgs(args)
	root.SuggestionsMinimumDistance = 2
	cmd, err := root, unknownCommand(root, args)
	if err == nil {
		cmd, err = root.ExecuteContextC(ctx)
	}
	asked := cmd.Flags().Lookup("json")
	msg := sentence(err)
	switch {
	case msg == "":
	case asked != nil && asked.Value.String() == "true":
		writeError(std.out, err)
	default:
		fmt.Fprintln(std.err, msg)
	}
	return exitCode(err)
}

// silent ends a command whose answer was printed already.
type silent struct{ code int }

func (silent) Error() string { return "" }

// usage is a mistake on the command line.
type usage struct{ error }

// sentence is what to tell of an error: nothing of one that was told already, or of a plain interruption.
func sentence(err error) string {
	if err == nil || err == context.Canceled { // one that is wrapped has more to tell
		return ""
	}
	return err.Error()
}

func exitCode(err error) int {
	var quiet silent
	var input *commands.InputError
	var config *ConfigError
	var wrong usage
	var there *remoteError
	var off *bot.OffError
	var fault *archive.Fault
	var occupied *archive.OccupiedError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &there):
		return there.code
	case errors.As(err, &quiet):
		return quiet.code
	case errors.As(err, &input), errors.As(err, &config), errors.As(err, &wrong), errors.As(err, &off):
		return exitInput
	case errors.As(err, &fault), errors.As(err, &occupied):
		return exitInput
	case errors.Is(err, commands.ErrDenied):
		return exitDenied
	case errors.Is(err, storage.ErrLocked):
		return exitOwned
	default:
		return exitFault
	}
}

// shared are the flags that every command takes.
type shared struct {
	std        streams
	getenv     func(string) string
	config     string
	data       string
	now        string
	debug      bool
	acceptLoss bool
}

func rootCommand(std streams, getenv func(string) string) *cobra.Command {
	s := &shared{std: std, getenv: getenv}
	root := &cobra.Command{
		Use:           "outboundbot",
		Short:         "Answers questions about outbound messaging campaigns in Slack, in Discord and here.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&s.config, "config", "", "configuration (default config.yaml, if it is there)")
	flags.StringVar(&s.data, "data", "", "folder of the store (default: the configuration's)")
	flags.StringVar(&s.now, "now", "", "fix the clock, such as 2026-11-28T18:00:00-05:00, for reproducible answers")
	flags.BoolVar(&s.acceptLoss, "accept-loss", false, "open a store that has lost some of what it acknowledged, as its refusal says")
	flags.BoolVar(&s.debug, "debug", false, "log more")
	root.AddCommand(s.demo(), s.serve(), s.ask(), s.importFiles(), s.digest(), s.backup(), s.verify(), s.restore(), s.migrate(), s.render(), s.version())
	return root
}

// setup reads the configuration, whose folder --data overrides, and the clock.
func (s *shared) setup() (*Config, func() time.Time, error) {
	c, err := loadConfig(s.config, s.getenv)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range c.warnings {
		fmt.Fprintln(s.std.err, w)
	}
	if s.data != "" {
		c.Data = s.data
	}
	c.acceptLoss = s.acceptLoss
	now, err := s.clock()
	return c, now, err
}

// atStore does some work at the office of a data folder that exists.
func (s *shared) atStore(ctx context.Context, work func(o office) error) error {
	c, _, err := s.setup()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Data); errors.Is(err, fs.ErrNotExist) {
		return usage{fmt.Errorf("there is no data in %s: import events into it first, or give another --data", c.Data)}
	}
	return s.atOffice(ctx, work)
}

// atOffice does some work at the office of the data folder, which is made if need be.
func (s *shared) atOffice(ctx context.Context, work func(o office) error) error {
	c, now, err := s.setup()
	if err != nil {
		return err
	}
	o, err := s.openOffice(ctx, c, now)
	if err != nil {
		return err
	}
	defer o.Close()
	return work(o)
}

// clock is the time, or the one that --now fixes.
func (s *shared) clock() (func() time.Time, error) {
	if s.now == "" {
		return time.Now, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s.now)
	if err != nil {
		return nil, usage{fmt.Errorf("--now %q is not a time such as 2026-11-28T18:00:00-05:00", s.now)}
	}
	return func() time.Time { return t }, nil
}

func (s *shared) log() *slog.Logger {
	level := slog.LevelInfo
	if s.debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(s.std.err, &slog.HandlerOptions{Level: level}))
}
