package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

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
