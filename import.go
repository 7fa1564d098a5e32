package main

import (
	"bufio"
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
			return s.atOffice(func(o office) error {
				for _, path := range args {
					if err := s.importFile(cmd, o, path, format, rejects); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "native, csv or whatsapp (default: told by the file)")
	cmd.Flags().StringVar(&rejects, "rejects", "", "file for rejected lines (default: FILE.rejected)")
	return cmd
}

// importFile adds one file and says what became of its lines. Rejected ones go to a file of their own.
func (s *shared) importFile(cmd *cobra.Command, o office, path, format, rejects string) error {
	in, name, err := s.openInput(path)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := s.progress(in)
	r := bufio.NewReaderSize(io.TeeReader(in, bar), 1<<16)
	f, err := formatFor(format, name, r)
	if err != nil {
		return err
	}
	if rejects == "" {
		rejects = name + ".rejected"
	}
	book := &rejectBook{path: rejects}
	sum, err := intake.Import(cmd.Context(), o.Append, r, f, intake.Watch{
		Reject: book.write,
		Notice: func(msg string) { fmt.Fprintf(s.std.err, "%s: %s\n", name, msg) },
	})
	bar.Finish()
	if closed := book.close(); err == nil {
		err = closed
	}
	fmt.Fprintf(s.std.out, "%s: %d lines, %d new, %d known already, %d rejected\n", name, sum.Lines, sum.Accepted, sum.Duplicates+sum.Conflicts, sum.Rejected)
	if sum.Conflicts > 0 {
		fmt.Fprintf(s.std.out, "%d of the known ids came with other content: the first stored stays.\n", sum.Conflicts)
	}
	if sum.Rejected > 0 {
		fmt.Fprintf(s.std.out, "The rejected lines and why: %s (first: %s)\n", rejects, book.first)
	}
	if err != nil {
		return fmt.Errorf("%s was not imported whole: %w; what is counted above is stored, import the file again to go on", name, err)
	}
	return nil
}

func (s *shared) openInput(path string) (io.ReadCloser, string, error) {
	if path == "-" {
		return io.NopCloser(s.std.in), "stdin", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", usage{fmt.Errorf("%s cannot be read: %w", path, errors.Unwrap(err))}
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
		b.file, b.err = os.OpenFile(b.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
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
