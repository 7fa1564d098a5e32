package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/badger"
	"outboundbot/storage/badger/archive"
)

// keeper is a store that can be backed up and verified while it is in use.
type keeper interface {
	Backup(ctx context.Context, to io.Writer, now time.Time) error
	Verify(ctx context.Context) (archive.Info, archive.Contents, error)
}

func oneFile(what string) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return usage{errors.New("name " + what)}
		}
		return nil
	}
}

func (s *shared) backup() *cobra.Command {
	var quick bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the store into a file, also while serve runs, and prove that it can be restored",
		Args:  oneFile("the file to write the backup to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, _, err := s.setup()
			if err != nil {
				return err
			}
			if err := checkTarget(args[0]); err != nil {
				return err
			}
			return s.atStore(cmd.Context(), func(o office) error {
				return s.backUp(cmd.Context(), o, args[0], c.spool(), quick)
			})
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "do not prove it: restore it into a scratch folder and compare")
	return cmd
}

// checkTarget finds out before the work that a file cannot be written.
func checkTarget(path string) error {
	switch info, err := os.Stat(path); {
	case err != nil:
	case !info.Mode().IsRegular():
		return usage{fmt.Errorf("%s is no file: name one to write the backup to", path)}
	case info.Size() > 0 && !archive.Is(path):
		return usage{fmt.Errorf("%s is there and is no backup: name another file, since this one would be lost", path)}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return usage{fmt.Errorf("%s cannot be written: there is no folder %s", path, filepath.Dir(path))}
	}
	return nil
}

// backUp writes a backup beside its final name and moves it there when it is whole, durable and, unless quick, proved.
func (s *shared) backUp(ctx context.Context, o office, path, scratch string, quick bool) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".outboundbot-*")
	if err != nil {
		return usage{fmt.Errorf("%s cannot be written: %w", path, plainly(err))}
	}
	defer os.Remove(f.Name())
	bar := s.progress(nil)
	err = o.Backup(ctx, io.MultiWriter(f, bar))
	bar.Finish()
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s was not written: interrupted", path)
	case err != nil:
		return fmt.Errorf("%s was not written: %w", path, plainly(err))
	}
	said := "It was not proved: outboundbot verify " + path + " reads it whole."
	if !quick {
		info, contents, err := archive.Prove(ctx, f.Name(), scratch, nil)
		if err != nil {
			return fmt.Errorf("%s was not written: the backup was made but could not be proved: %w", path, err)
		}
		said = fmt.Sprintf("Restored into a scratch folder and compared, it is equal: %s, %s.", holds(info), contents)
	}
	if err := put(f.Name(), path); err != nil {
		return fmt.Errorf("%s was not written: %w", path, plainly(err))
	}
	fmt.Fprintf(s.std.out, "Backed up to %s. %s\n", path, said)
	return nil
}

// put moves a file to its final name, durably.
func put(made, path string) error {
	if err := os.Rename(made, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// holds says how much is in a backup or store.
func holds(info archive.Info) string {
	count := reports.LanguageFor("en").Int
	return fmt.Sprintf("%s events in %s sends", count(int64(info.Events)), count(int64(info.Sends)))
}

func (s *shared) verify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Read a backup, or without FILE the store, and check that every byte is what was written",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage{errors.New("name one backup, or none for the store")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return s.verifyFile(cmd.Context(), args[0])
			}
			return s.atStore(cmd.Context(), func(o office) error {
				said, err := o.Verify(cmd.Context())
				if err == nil {
					fmt.Fprintln(s.std.out, said)
				}
				return err
			})
		},
	}
}

func (s *shared) verifyFile(ctx context.Context, path string) error {
	size, err := backupSize(path)
	if err != nil {
		return err
	}
	see, done := s.watch(size)
	info, contents, err := archive.Check(ctx, path, see)
	done()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.std.out, "%s is whole: made %s, %s, %s.\n", path, info.Created.Format(time.RFC3339), holds(info), contents)
	return nil
}

// backupSize is the size of a file that must be there.
func backupSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, usage{fmt.Errorf("%s cannot be read: %w", path, plainly(err))}
	}
	if !info.Mode().IsRegular() {
		return 0, usage{fmt.Errorf("%s is no file: name a backup", path)}
	}
	return info.Size(), nil
}

// watch shows on a terminal how many bytes of so many were dealt with.
func (s *shared) watch(size int64) (see func(int), done func()) {
	bar := s.progressOf(size, true)
	return func(n int) { bar.Add(n) }, func() { bar.Finish() }
}

func (s *shared) restore() *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the store of a backup, which is checked whole before anything is touched",
		Args:  oneFile("the backup to restore"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, now, err := s.setup()
			if err != nil {
				return err
			}
			return s.restoreTo(cmd.Context(), c, args[0], replace, now())
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "move a store that is there aside")
	return cmd
}

func (s *shared) restoreTo(ctx context.Context, c *Config, path string, replace bool, now time.Time) error {
	size, err := backupSize(path)
	if err != nil {
		return err
	}
	see, done := s.watch(2 * size) // it is checked and then loaded
	got, err := whenFree(ctx, func() (archive.Restored, error) {
		if r, err := dial(c.Data); r != nil || err != nil {
			return archive.Restored{}, &ownedError{fmt.Sprintf("a serve%s owns the data folder %s: end it before its store is restored", c.owner(), c.Data), true}
		}
		mark, err := badger.KeyMark(c.storeFolder(), c.MasterKey)
		if err != nil {
			return archive.Restored{}, err
		}
		got, err := archive.Restore(ctx, archive.Order{
			Path: path, Dir: c.storeFolder(), Replace: replace, Format: badger.Format, Key: mark, Now: now, See: see,
		})
		switch {
		case errors.Is(err, storage.ErrLocked):
			err = c.inUse()
		case errors.Is(err, fs.ErrPermission):
			err = c.unwritable()
		}
		return got, err
	})
	done()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.std.out, "Restored %s into %s: %s, as of %s; the restored store was compared and is equal.\n", path, c.Data, holds(got.Info), got.Info.Created.Format(time.RFC3339))
	if got.Aside != "" {
		fmt.Fprintf(s.std.out, "The store that was there is now in %s.\n", got.Aside)
	}
	return nil
}

// Backup implements office.
func (l *local) Backup(ctx context.Context, to io.Writer) error {
	k, err := l.keeper()
	if err != nil {
		return err
	}
	return k.Backup(ctx, to, l.now())
}

// Verify implements office.
func (l *local) Verify(ctx context.Context) (string, error) {
	k, err := l.keeper()
	if err != nil {
		return "", err
	}
	info, contents, err := k.Verify(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("The store is whole: %s, %s.", holds(info), contents), nil
}

func (l *local) keeper() (keeper, error) {
	k, ok := l.store.(keeper)
	if !ok {
		return nil, usage{errors.New("this store is kept in memory: there is nothing to back up")}
	}
	return k, nil
}
