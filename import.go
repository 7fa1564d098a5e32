package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"outboundbot/storage/intake"
)

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
			return s.atOffice(cmd.Context(), func(o office) error {
				var faults []error // of one file; the others go in all the same
				for _, path := range args {
					err := s.importFile(cmd.Context(), o, path, format, rejects)
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

// importFile adds one file and says what became of its lines. Rejected ones go to a file of their own.
func (s *shared) importFile(ctx context.Context, o office, path, format, rejects string) error {
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
	if rejects == "" {
		rejects = name + ".rejected"
	}
	book := &rejectBook{path: rejects}
	sum, err := intake.Import(ctx, o.Append, r, f, intake.Watch{
		Reject: book.write,
		Notice: func(msg string) { fmt.Fprintf(s.std.err, "%s: %s\n", name, msg) },
	})
	bar.Finish()
	s.report(name, sum, book)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: interrupted; what is counted above is stored, import the file again to go on", name)
	case errors.Is(err, intake.ErrFormat):
		return usage{fmt.Errorf("%s: %w", name, err)}
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
	if err := book.close(); err != nil {
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
	to, ok := s.std.err.(*os.File)
	if !ok || !term.IsTerminal(int(to.Fd())) {
		return progressbar.DefaultBytesSilent(size)
	}
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(to), progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish())
}

// rejectBook writes rejected lines to a file that exists only if there are any.
type rejectBook struct {
	path  string
	first string
	file  *os.File
	err   error
}

func (b *rejectBook) write(r intake.Reject) {
	if b.first == "" {
		b.first = r.String()
		os.Remove(b.path) // one from an earlier import, perhaps readable by others
		b.file, b.err = os.OpenFile(b.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	if b.err == nil {
		b.err = json.NewEncoder(b.file).Encode(map[string]any{"line": r.Line, "where": r.Path, "reason": r.Reason, "sample": r.Sample})
	}
}

func (b *rejectBook) close() error {
	if b.file == nil {
		return b.err
	}
	if err := b.file.Close(); b.err == nil {
		b.err = err
	}
	return b.err
}
