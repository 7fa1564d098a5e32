package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (s *shared) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which build this is",
		Args:  noArguments,
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(s.std.out, buildVersion())
		},
	}
}

func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "outboundbot (unknown build)"
	}
	version, revision := info.Main.Version, ""
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = " " + setting.Value
		}
	}
	return fmt.Sprintf("outboundbot %s%s %s", version, revision, info.GoVersion)
}
