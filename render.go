package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"outboundbot/reports/chart"
)

func silence() *slog.Logger { return slog.New(slog.DiscardHandler) }

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
			return s.atStore(cmd.Context(), func(o office) error {
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
			a := asking{Picture: chart.Light.String()}
			if dark {
				a.Picture = chart.Dark.String()
			}
			ctx := cmd.Context()
			if sample {
				return withSample(ctx, func(l *local) error { return s.askWords(ctx, l, a, args, out) })
			}
			return s.atStore(ctx, func(o office) error { return s.askWords(ctx, o, a, args, out) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the picture")
	cmd.Flags().BoolVar(&dark, "dark", false, "dark theme")
	cmd.Flags().BoolVar(&sample, "sample", false, "over the sample data of demo")
	return cmd
}
