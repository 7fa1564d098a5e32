package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"outboundbot/reports"
	"outboundbot/storage/badger"
)

func (s *shared) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Convert a store of an earlier version, as every command does that opens one",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.atStore(cmd.Context(), s.reportMigration)
		},
	}
}

// reportMigration says what opening the store has done.
func (s *shared) reportMigration(o office) error {
	here, ok := o.(*local)
	if !ok {
		fmt.Fprintln(s.std.out, "Nothing to migrate: a serve has the store open, and converts it when it starts.")
		return nil
	}
	store, ok := here.store.(*badger.Engine)
	if !ok {
		return usage{errors.New("this store is kept in memory: there is nothing to migrate")}
	}
	m, ok := store.Migrated()
	if !ok {
		fmt.Fprintf(s.std.out, "Nothing to migrate: the store is of format %d.\n", badger.Format)
		return nil
	}
	count := reports.LanguageFor("en").Int
	fmt.Fprintf(s.std.out, "Converted the store from format %d to %d: %s events in %s sends, compared and equal. The old store was removed; make a new backup.\n", m.From, badger.Format, count(int64(m.Events)), count(int64(m.Sends)))
	return nil
}

// bar shows on a terminal how far a long opening of the store is.
func (s *shared) bar() func(done, all int) {
	var bar *progressbar.ProgressBar
	return func(done, all int) {
		if bar == nil {
			bar = s.progressOf(int64(all), false)
		}
		_ = bar.Set(done)
		if done == all {
			_ = bar.Finish()
			bar = nil
		}
	}
}

// logged tells a log how far a long opening of the store is, with each tenth.
func logged(log *slog.Logger) func(done, all int) {
	told := 0
	return func(done, all int) {
		if tenth := 10 * done / max(1, all); tenth != told {
			told = tenth
			log.Info("bringing the store up to date", "done", done, "of", all)
		}
	}
}
