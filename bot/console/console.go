// Package console is the platform of a terminal: it reads commands line by line, waits for each answer and prints
// its text twin. Files are saved where the person works. It ends at the end of its input.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
)

// Options say how a console looks and where it saves files. The zero value is a plain console.
type Options struct {
	Color bool              // set titles and notes off by colour; meaning never hangs on it
	Dir   string            // folder for files; "" is the current one
	Lang  *reports.Language // of the console's own words; nil for the default
}

// Console is a [bot.Platform] of one person at this machine, who may see contacts.
type Console struct {
	in      io.Reader
	out     io.Writer
	options Options
	asked   string // distinguishes this console's triggers from those of earlier runs

	mu       sync.Mutex
	answered chan struct{} // closed when the answer that Serve waits for is printed
	buttons  []string      // commands of the buttons printed last, number 1 first
}

// New makes a console over an input and an output. If both are terminals it prompts and keeps a history of lines.
func New(in io.Reader, out io.Writer, options Options) *Console {
	if options.Lang == nil {
		options.Lang = reports.Languages()[0]
	}
	return &Console{in: in, out: out, options: options, asked: strconv.FormatInt(time.Now().UnixNano(), 36)}
}

// Name is console.
func (c *Console) Name() string { return "console" }

// Lifetime is 0: nobody waits at a console that has ended.
func (c *Console) Lifetime() time.Duration { return 0 }

// Serve asks what is typed until the input or ctx ends. It returns nil at the end of the input.
func (c *Console) Serve(ctx context.Context, take bot.Take) error {
	reader := c.lines()
	defer reader.close()
	lines := make(chan typed)
	ask := make(chan struct{})
	defer close(ask)
	go c.read(ctx, reader, ask, lines)
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case ask <- struct{}{}:
		}
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if errors.Is(line.err, io.EOF) || slices.Contains(c.options.Lang.Words("console.end.words"), strings.TrimSpace(line.text)) {
				return nil
			}
			if line.err != nil {
				return fmt.Errorf("console: %w", line.err)
			}
			if err := c.ask(ctx, take, n, line.text); err != nil {
				return err
			}
		}
	}
}

// ask has one line answered and waits for it.
func (c *Console) ask(ctx context.Context, take bot.Take, n int, line string) error {
	text, ok := c.meant(line)
	if !ok {
		return nil
	}
	answered := make(chan struct{})
	c.mu.Lock()
	c.answered = answered
	c.mu.Unlock()
	_, err := take(ctx, commands.Request{
		Trigger: c.asked + "-" + strconv.Itoa(n), Text: text, Local: true,
		Place: commands.Place{Private: true, Respond: c.asked},
	})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		_, err = fmt.Fprintln(c.out, c.options.Lang.Say("console.busy", reports.Args{"Fault": err.Error()}))
		return err
	}
	select {
	case <-answered:
	case <-ctx.Done():
	}
	return nil
}

// meant is the command of a line: the line itself, or that of the button whose number was typed.
func (c *Console) meant(line string) (text string, ok bool) {
	line = strings.TrimSpace(line)
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := strconv.Atoi(line)
	if err == nil && n >= 1 && n <= len(c.buttons) {
		return c.buttons[n-1], true
	}
	return line, line != ""
}

// Post prints a reply and saves its file.
func (c *Console) Post(_ context.Context, place commands.Place, reply commands.Reply) (bot.Posted, error) {
	var saved string
	var saveErr error
	if reply.File != nil {
		saved, saveErr = save(reply.File, c.options.Dir)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var text strings.Builder
	text.WriteString(c.paint(reply.Card))
	switch {
	case saveErr != nil:
		text.WriteString(c.options.Lang.Say("console.not_saved", reports.Args{"Fault": saveErr.Error()}) + "\n")
	case saved != "":
		text.WriteString(c.options.Lang.Say("console.saved", reports.Args{"Path": saved}) + "\n")
	}
	c.buttons = nil
	for _, b := range actions(reply.Card) {
		c.buttons = append(c.buttons, b.Command)
		fmt.Fprintf(&text, "  %d  %s\n", len(c.buttons), b.Label)
	}
	_, err := io.WriteString(c.out, text.String()+"\n")
	if place.Respond == c.asked && c.answered != nil {
		close(c.answered)
		c.answered = nil
	}
	if err != nil {
		return bot.Posted{}, &bot.Refused{Fix: c.options.Lang.Say("console.closed"), Err: err}
	}
	return bot.Posted{Place: place}, nil
}

// Edit prints the reply again: what a terminal has printed stays.
func (c *Console) Edit(ctx context.Context, posted bot.Posted, reply commands.Reply) error {
	_, err := c.Post(ctx, posted.Place, reply)
	return err
}

func actions(card reports.Card) (buttons []reports.Button) {
	for _, block := range card.Blocks {
		if a, ok := block.(reports.Actions); ok {
			buttons = append(buttons, a.Buttons...)
		}
	}
	return buttons
}
