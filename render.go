package main

import (
	"errors"

	"github.com/spf13/cobra"

	"outboundbot/reports/chart"
)

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
