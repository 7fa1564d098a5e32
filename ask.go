package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"outboundbot/commands"
	"outboundbot/reports"
)

func (s *shared) ask() *cobra.Command {
	var a asking
	var out string
	cmd := &cobra.Command{
		Use:   "ask COMMAND…",
		Short: "Answer one command, such as: ask summary channel:WA campaign:BlackFriday",
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Command = sentenceOf(args)
			if s.now != "" {
				now, err := s.clock()
				if err != nil {
					return err
				}
				a.Now = now()
			}
			return s.atOffice(func(o office) error {
				if out != "" {
					return s.askFile(cmd.Context(), o, a, out)
				}
				return s.askHere(cmd.Context(), o, a)
			})
		},
	}
	cmd.Flags().BoolVar(&a.JSON, "json", false, "the machine form")
	cmd.Flags().StringVar(&a.Zone, "tz", "", "time zone of days and times (default: the configuration's)")
	cmd.Flags().StringVar(&out, "out", "", "write the answer as a file: .csv, .xlsx or .json")
	cmd.Flags().IntVar(&a.Repeat, "repeat", 0, "with --json: answer so many times more and add the median times")
	return cmd
}

func (s *shared) askHere(ctx context.Context, o office, a asking) error {
	done, err := o.Ask(ctx, a, s.std.out)
	if err != nil {
		return err
	}
	if done.Exit != exitDone {
		return silent{done.Exit}
	}
	return nil
}

// askFile writes the answer to a file; its ending gives the format unless the command does.
func (s *shared) askFile(ctx context.Context, o office, a asking, out string) error {
	if !strings.Contains(a.Command, "format:") && !strings.Contains(a.Command, "format=") {
		if !slices.Contains(formatNames(), formatOf(out)) {
			return usage{fmt.Errorf("--out %s must end in .%s", out, strings.Join(formatNames(), ", ."))}
		}
		a.Command += " format:" + formatOf(out)
	}
	a.File, a.JSON = true, false
	return saveAs(out, func(w io.Writer) error {
		var answer bytes.Buffer // what is no file is short: an error, or help
		sink := &firstByte{to: w, text: &answer}
		done, err := o.Ask(ctx, a, sink)
		if err != nil {
			return err
		}
		if done.File == "" {
			s.std.err.Write(answer.Bytes())
			return silent{max(done.Exit, exitInput)}
		}
		fmt.Fprintf(s.std.err, "Wrote %s.\n", out)
		return nil
	})
}

// firstByte keeps a short copy of what goes to a file, to be shown when it turns out to be no file.
type firstByte struct {
	to   io.Writer
	text *bytes.Buffer
}

func (f *firstByte) Write(p []byte) (int, error) {
	if f.text.Len() < 1<<16 {
		f.text.Write(p)
	}
	return f.to.Write(p)
}

// timing is what ask --repeat adds to the machine form: medians of the runs after the first.
type timing struct {
	Runs    int     `json:"runs"`
	WallMS  float64 `json:"wall_ms"`
	CPUMS   float64 `json:"cpu_ms"`
	FirstMS float64 `json:"first_ms"`
	RSSMiB  float64 `json:"rss_mib"`
}

// repeat answers the same question again and again, from its words to the bytes of the answer, and adds the times
// to the last answer.
func (l *local) repeat(ctx context.Context, a asking, out io.Writer) (answered, error) {
	if !a.JSON {
		return answered{}, usage{errors.New("--repeat needs --json")}
	}
	t := timing{Runs: a.Repeat}
	var wall, cpu []float64
	var reply commands.Reply
	for i := range a.Repeat + 1 {
		start, used := time.Now(), cpuTime()
		reply = l.desk.Answer(ctx, l.request(a), nil)
		if err := writeJSON(io.Discard, reply); err != nil {
			return answered{}, err
		}
		ms := float64(time.Since(start).Microseconds()) / 1000
		switch {
		case reply.Err != nil:
			return answered{Exit: exitCode(reply.Err)}, writeJSON(out, reply)
		case i == 0:
			t.FirstMS = ms
		default:
			wall = append(wall, ms)
			cpu = append(cpu, float64((cpuTime()-used).Microseconds())/1000)
		}
	}
	t.WallMS, t.CPUMS, t.RSSMiB = median(wall), median(cpu), peakRSS()
	added, err := json.Marshal(t)
	if err != nil {
		return answered{}, err
	}
	return answered{}, writeJSON(out, reply, reports.Member{Name: "timing", JSON: added})
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// cpuTime is user and system time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakRSS is the most memory that this process had, in MiB; 0 where the system does not tell.
func peakRSS() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
			if err == nil {
				return float64(kib) / 1024
			}
		}
	}
	return 0
}
