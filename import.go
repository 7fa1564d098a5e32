package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"outboundbot/storage/intake"
)

// importGarbage is how much garbage, in per cent of what is in use, an import lets pile up: one of tens of millions of
// events keeps most of a gigabyte in use.
const importGarbage = 50

func (s *shared) importFiles() *cobra.Command {
	var format, rejects string
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Add events: native NDJSON or CSV, or WhatsApp webhook payloads",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage{errors.New("name the files to import, or - for standard input")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.checkInputs(args, rejects); err != nil {
				return err
			}
			if s.getenv("GOGC") == "" {
				debug.SetGCPercent(importGarbage)
			}
			return s.atOffice(cmd.Context(), func(o office) error {
				book := &rejectBook{path: rejects}
				defer book.close()
				var faults []error // of one file; the others go in all the same
				for _, path := range args {
					if rejects == "" {
						book = &rejectBook{again: true}
					}
					err := s.importFile(cmd.Context(), o, path, format, book)
					if cmd.Context().Err() != nil {
						return err
					}
					faults = append(faults, err)
				}
				return errors.Join(faults...)
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "native, csv or whatsapp (default: told by the file)")
	cmd.Flags().StringVar(&rejects, "rejects", "", "file for rejected lines (default: FILE.rejected)")
	return cmd
}

// checkInputs finds out before a store is made that there is nothing to import, and keeps --rejects from destroying
// a file.
func (s *shared) checkInputs(paths []string, rejects string) error {
	if _, err := os.Lstat(rejects); rejects != "" && err == nil {
		return usage{fmt.Errorf("%s is there already: name a new file for --rejects", rejects)}
	}
	var fault error
	for _, path := range paths {
		in, _, err := s.openInput(path)
		if err == nil {
			in.Close()
			return nil
		}
		fault = errors.Join(fault, err)
	}
	return fault
}

// importFile adds one file and says what became of its lines. Rejected ones go to a file of their own.
func (s *shared) importFile(ctx context.Context, o office, path, format string, book *rejectBook) error {
	in, name, err := s.openInput(path)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := s.progress(in)
	r := bufio.NewReaderSize(io.TeeReader(in, bar), 1<<16)
	if _, err := r.Peek(1); errors.Is(err, io.EOF) {
		fmt.Fprintf(s.std.out, "%s is empty: nothing to import\n", name)
		return nil
	}
	f, err := formatFor(format, name, r)
	if err != nil {
		return err
	}
	book.begin(name)
	sum, err := intake.Import(ctx, o.Intake(), r, f, intake.Watch{
		Reject: book.write,
		Notice: func(msg string) { fmt.Fprintf(s.std.err, "%s: %s\n", name, msg) },
	})
	bar.Finish()
	undone := errors.Is(err, intake.ErrUndone)
	if undone {
		_ = book.flush() // the error has more to tell
	} else {
		s.report(name, sum, book)
	}
	switch {
	case err == nil:
		return nil
	case undone && ctx.Err() != nil:
		return fmt.Errorf("%s: interrupted; nothing of it is stored, import the file again", name)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: interrupted; what is counted above is stored, import the file again to go on", name)
	case errors.Is(err, intake.ErrFormat):
		return usage{fmt.Errorf("%s: %w", name, err)}
	case undone:
		return fmt.Errorf("%s was not imported: %w; import the file again", name, err)
	default:
		return fmt.Errorf("%s was not imported whole: %w; what is counted above is stored, import the file again to go on", name, err)
	}
}

// report says what became of the lines of a file.
func (s *shared) report(name string, sum intake.Summary, book *rejectBook) {
	lines := "lines"
	if sum.Lines == 1 {
		lines = "line"
	}
	fmt.Fprintf(s.std.out, "%s: %d %s, %d new, %d known already, %d rejected\n", name, sum.Lines, lines, sum.Accepted, sum.Duplicates+sum.Conflicts, sum.Rejected)
	if sum.Conflicts > 0 {
		fmt.Fprintf(s.std.out, "%d of the known ids came with other content: the first stored stays.\n", sum.Conflicts)
	}
	if sum.Rejected == 0 {
		return
	}
	if err := book.flush(); err != nil {
		fmt.Fprintf(s.std.out, "The first rejected: %s. They could not be listed in %s: %v.\n", book.first, book.path, plainly(err))
		return
	}
	fmt.Fprintf(s.std.out, "The rejected lines and why: %s (first: %s)\n", book.path, book.first)
}

func (s *shared) openInput(path string) (io.ReadCloser, string, error) {
	if path == "-" {
		return io.NopCloser(s.std.in), "stdin", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", usage{fmt.Errorf("%s cannot be read: %w", path, plainly(err))}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, "", usage{fmt.Errorf("%s is a folder: name the files in it", path)}
	}
	return f, path, nil
}

// formatFor is the format that was named, or the one that the input looks like.
func formatFor(format, name string, r *bufio.Reader) (intake.Format, error) {
	if format != "" {
		f, ok := intake.Named(format)
		if !ok {
			return f, usage{fmt.Errorf("--format %q is not native, csv or whatsapp", format)}
		}
		return f, nil
	}
	head, _ := r.Peek(4096)
	f, ok := intake.Detect(name, head)
	if !ok {
		return f, usage{fmt.Errorf("%s is in no known format; say --format native, csv or whatsapp", name)}
	}
	return f, nil
}

// progress shows how far a file is read, on a terminal only.
func (s *shared) progress(in io.Reader) *progressbar.ProgressBar {
	size := int64(-1)
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	}
	return s.progressOf(size, true)
}

// progressOf shows how many of so many bytes or other things are done, on a terminal only; -1 if nobody knows how many
// there are.
func (s *shared) progressOf(size int64, bytes bool) *progressbar.ProgressBar {
	to, ok := s.std.err.(*os.File)
	if !ok || !term.IsTerminal(int(to.Fd())) {
		return progressbar.DefaultBytesSilent(size)
	}
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(to), progressbar.OptionShowBytes(bytes), progressbar.OptionClearOnFinish())
}

// rejectBook writes rejected lines to a file that exists only if there are any: one for each input, or with --rejects
// one for all.
type rejectBook struct {
	path  string
	again bool // an earlier import's may be replaced
	input string
	first string // of the input
	file  *os.File
	err   error
}

// begin turns to another input.
func (b *rejectBook) begin(input string) {
	if b.input, b.first = input, ""; b.again {
		b.path = input + ".rejected"
	}
}

func (b *rejectBook) write(r intake.Reject) {
	if b.first == "" {
		b.first = r.String()
	}
	if b.file == nil && b.err == nil {
		if b.again {
			os.Remove(b.path) // it may be readable by others
		}
		b.file, b.err = os.OpenFile(b.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	if b.err == nil {
		b.err = encode(b.file, map[string]any{"file": b.input, "line": r.Line, "where": r.Path, "reason": r.Reason, "sample": r.Sample})
	}
}

// flush makes what was written so far readable, and tells what went wrong.
func (b *rejectBook) flush() error {
	if b.again {
		return b.close()
	}
	return b.err
}

func (b *rejectBook) close() error {
	if b.file == nil {
		return b.err
	}
	err := b.file.Close()
	if b.file = nil; b.err == nil {
		b.err = err
	}
	return b.err
}
