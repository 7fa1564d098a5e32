package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// askMemory is from how many bytes on a process that answers one command collects its garbage sooner: the columns of a
// large store are hundreds of megabytes, and as much need not lie about beside them.
const askMemory = 600 << 20

func (s *shared) ask() *cobra.Command {
	var a asking
	var out string
	cmd := &cobra.Command{
		Use:   "ask COMMAND…",
		Short: "Answer one command, such as: ask summary channel:WA campaign:BlackFriday",
		RunE: func(cmd *cobra.Command, args []string) error {
			now, err := s.clock()
			if err != nil {
				return err
			}
			if s.now != "" {
				a.Now = now()
			}
			if out != "" {
				if a.Format = formatOf(out); !slices.Contains(formatNames(), a.Format) {
					return usage{fmt.Errorf("--out %s must end in .%s", out, strings.Join(formatNames(), ", ."))}
				}
			}
			if cmd.Flags().Changed("repeat") && (a.Repeat < 1 || !a.JSON) {
				return usage{errors.New("--repeat takes a number from 1 on, and needs --json")}
			}
			if s.getenv("GOMEMLIMIT") == "" {
				debug.SetMemoryLimit(askMemory)
			}
			return s.atStore(cmd.Context(), func(o office) error { return s.askWords(cmd.Context(), o, a, args, out) })
		},
	}
	cmd.Flags().BoolVar(&a.JSON, "json", false, "the machine form")
	cmd.Flags().StringVar(&a.Zone, "tz", "", "time zone of days and times (default: the configuration's)")
	cmd.Flags().StringVar(&out, "out", "", "write the answer as a file: .csv, .xlsx or .json")
	cmd.Flags().IntVar(&a.Repeat, "repeat", 0, "with --json: answer so many times more and add the median times")
	return cmd
}

// askWords puts the words of a shell as a command. Quotes that the shell took off a name with spaces are put back;
// where that makes no command, the words are taken as they are.
func (s *shared) askWords(ctx context.Context, o office, a asking, args []string, out string) error {
	a.Command = quoted(args)
	got, err := o.Ask(ctx, a)
	if err != nil {
		return err
	}
	if a.Command = joined(args); got.Exit != exitInput || a.Command == quoted(args) {
		return s.deliver(got, out)
	}
	second, err := o.Ask(ctx, a)
	switch {
	case err != nil:
		got.Body.Close()
		return err
	case second.Exit == exitInput: // the first reading is the likelier one
		second.Body.Close()
		return s.deliver(got, out)
	default:
		got.Body.Close()
		return s.deliver(second, out)
	}
}

// deliver prints an answer, or saves it when it is a file: under the name given, or its own in the current folder.
func (s *shared) deliver(got answered, out string) error {
	defer got.Body.Close()
	switch {
	case got.File != "" && out != "":
		if err := saveAs(out, got.Body); err != nil {
			return err
		}
		fmt.Fprintf(s.std.err, "Wrote %s.\n", out)
		return nil
	case got.File != "":
		name, err := saveNew(got.File, got.Body)
		if err == nil {
			fmt.Fprintf(s.std.out, "Saved as %s\n", name)
		}
		return err
	}
	to := s.std.out
	if out != "" {
		to = s.std.err
	}
	if _, err := io.Copy(to, got.Body); err != nil {
		return err
	}
	if got.Exit != exitDone {
		return silent{got.Exit}
	}
	if out != "" {
		return usage{errors.New("that answer is no file: leave --out away")}
	}
	return nil
}
