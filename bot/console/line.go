package console

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"golang.org/x/term"
)

// typed is a line of input, or why there is none.
type typed struct {
	text string
	err  error
}

// read hands over one line for each ask. A read of a terminal cannot be broken off, so when ctx ends it is left
// alone and ends with the process.
func (c *Console) read(ctx context.Context, lines lineReader, ask <-chan struct{}, to chan<- typed) {
	for range ask {
		text, err := lines.next()
		select {
		case to <- typed{text, err}:
		case <-ctx.Done():
			return
		}
	}
}

// lineReader gives lines without their end, then io.EOF.
type lineReader interface {
	next() (string, error)
	close()
}

// lines prompts if a person sits at both ends, else it reads what is piped in.
func (c *Console) lines() lineReader {
	fd, in := isTerminal(c.in)
	if _, out := isTerminal(c.out); !in || !out {
		return piped{bufio.NewReader(c.in)}
	}
	return &prompted{fd: fd, terminal: term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{c.in, c.out}, c.options.Lang.Say("console.prompt")+" ")}
}

type piped struct{ *bufio.Reader }

func (p piped) next() (string, error) {
	text, err := p.ReadString('\n')
	if errors.Is(err, io.EOF) && text != "" {
		err = nil // the last line has no end
	}
	return strings.TrimRight(text, "\r\n"), err
}

func (piped) close() {}

// prompted edits lines at a terminal, which is in raw mode only while a line is typed: what is printed between looks
// as ever, and an interrupt then reaches the process.
type prompted struct {
	fd       int
	terminal *term.Terminal
	mu       sync.Mutex
	before   *term.State // of the terminal, while it is in raw mode
}

func (p *prompted) next() (string, error) {
	if width, height, err := term.GetSize(p.fd); err == nil && width > 0 {
		if err := p.terminal.SetSize(width, height); err != nil {
			return "", err
		}
	}
	p.mu.Lock()
	before, err := term.MakeRaw(p.fd)
	p.before = before
	p.mu.Unlock()
	if err != nil {
		return "", err
	}
	defer p.close()
	return p.terminal.ReadLine()
}

func (p *prompted) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.before != nil {
		_ = term.Restore(p.fd, p.before) // nothing else can be done about it
		p.before = nil
	}
}

// isTerminal tells whether a stream is a terminal, and which.
func isTerminal(stream any) (fd int, ok bool) {
	f, isFile := stream.(interface{ Fd() uintptr })
	if !isFile {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}
