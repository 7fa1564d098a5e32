package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"outboundbot/reports/chart"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (s *shared) digest() *cobra.Command {
	cmd := &cobra.Command{Use: "digest", Short: "Scheduled posts"}
	cmd.AddCommand(&cobra.Command{
		Use:   "run NAME",
		Short: "Post a digest of the configuration now",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage{errors.New("name one digest of the configuration")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.atOffice(func(o office) error {
				if err := o.RunDigest(cmd.Context(), args[0]); err != nil {
					return err
				}
				fmt.Fprintf(s.std.out, "Posted %s.\n", args[0])
				return nil
			})
		},
	})
	return cmd
}

// render draws a reply as a picture.
func (s *shared) render() *cobra.Command {
	var out string
	var dark, sample bool
	cmd := &cobra.Command{
		Use:   "render --out FILE.png COMMAND…",
		Short: "Draw the reply to a command as a picture",
		RunE: func(cmd *cobra.Command, args []string) error {
			if formatOf(out) != "png" {
				return usage{errors.New("say where to put the picture: --out FILE.png")}
			}
			spool, err := os.MkdirTemp("", "outboundbot-render-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(spool)
			l, err := s.renderOffice(cmd, sample, spool)
			if err != nil {
				return err
			}
			defer l.Close()
			reply := l.desk.Answer(cmd.Context(), l.request(asking{Command: sentenceOf(args)}), nil)
			if reply.Err != nil {
				fmt.Fprint(s.std.err, reply.Card.Text())
				return silent{exitCode(reply.Err)}
			}
			reply.Card.Footer.Elapsed = 0
			theme := chart.Light
			if dark {
				theme = chart.Dark
			}
			picture, err := chart.Card(reply.Card, theme)
			if err != nil {
				return err
			}
			return saveAs(out, func(w io.Writer) error {
				_, err := w.Write(picture.PNG)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the picture")
	cmd.Flags().BoolVar(&dark, "dark", false, "dark theme")
	cmd.Flags().BoolVar(&sample, "sample", false, "over the sample data of demo")
	return cmd
}

func (s *shared) renderOffice(cmd *cobra.Command, sample bool, spool string) (*local, error) {
	if sample {
		return sampleOffice(cmd.Context(), spool)
	}
	c, now, err := s.setup()
	if err != nil {
		return nil, err
	}
	store, err := c.open(now, s.log())
	if err != nil {
		return nil, err
	}
	return &local{store: store, desk: c.desk(store, s.log(), spool), now: now}, nil
}
