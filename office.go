package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/reports/export"
	"outboundbot/storage"
	"outboundbot/storage/badger"
)

// office does the work of the command line: here, with a store of its own, or in a running serve that owns the
// folder, reached through its socket.
type office interface {
	// Ask answers a command and writes the answer, or the file that was asked for, to out.
	Ask(ctx context.Context, a asking, out io.Writer) (answered, error)
	// Append makes events durable.
	Append(ctx context.Context, events []storage.Event) (storage.Receipt, error)
	// RunDigest posts a digest now.
	RunDigest(ctx context.Context, name string) error
	Close() error
}

// asking is a command as the command line puts it.
type asking struct {
	Command string    `json:"command"`
	JSON    bool      `json:"json,omitempty"`
	File    bool      `json:"file,omitempty"` // the file itself, not a sentence about it
	Now     time.Time `json:"now"`            // zero for the clock
	Zone    string    `json:"tz,omitempty"`
	Repeat  int       `json:"repeat,omitempty"`
}

// answered says what was written.
type answered struct {
	Exit int    `json:"exit"`
	File string `json:"file,omitempty"` // the name of the file that was written instead of text
}

// desk wires what answers questions over a store.
func (c *Config) desk(store storage.Store, log *slog.Logger, spool string) *commands.Desk {
	return &commands.Desk{
		Store: store, Formats: export.Formats(), Rules: &c.rules, Zone: c.zone, Lang: reports.LanguageFor(c.Language),
		Ranges: c.Ranges, Access: c.access, Spool: spool, Log: log,
	}
}

// access says what an asker may see: the machine's own command line sees contacts, and so do the people that the
// configuration lists, where nobody else reads along.
func (c *Config) access(req commands.Request) storage.Scope {
	if req.Local {
		return storage.Scope{Contacts: true}
	}
	for _, who := range c.Access.Contacts {
		if req.Place.Private && !req.External && who == req.Platform+":"+req.User {
			return storage.Scope{Contacts: true}
		}
	}
	return storage.Scope{}
}

func formatNames() (names []string) {
	for _, f := range export.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// local is an office with a store of its own.
type local struct {
	store storage.Store
	desk  *commands.Desk
	bot   *bot.Bot // nil unless serve runs here
	now   func() time.Time
}

// openOffice reaches the serve that owns the data folder, or else opens the store here.
func (s *shared) openOffice(c *Config, now func() time.Time) (office, error) {
	if r, ok := dial(c.Data); ok {
		return r, nil
	}
	store, err := c.open(now, s.log())
	if err != nil {
		return nil, err
	}
	return &local{store: store, desk: c.desk(store, s.log(), filepath.Join(c.Data, "spool")), now: now}, nil
}

func (c *Config) open(now func() time.Time, log *slog.Logger) (*badger.Engine, error) {
	store, err := badger.Open(filepath.Join(c.Data, "store"), badger.Options{Windows: c.windows, Now: now, Log: log})
	if errors.Is(err, storage.ErrLocked) {
		return nil, fmt.Errorf("another process owns %s, and it does not answer on its socket: end it, or give another --data: %w", c.Data, err)
	}
	return store, err
}

// Ask implements office.
func (l *local) Ask(ctx context.Context, a asking, out io.Writer) (answered, error) {
	if a.Repeat > 0 {
		return l.repeat(ctx, a, out)
	}
	return l.once(ctx, a, out)
}

// once puts a question to the desk and writes the answer as it was asked for.
func (l *local) once(ctx context.Context, a asking, out io.Writer) (answered, error) {
	reply := l.desk.Answer(ctx, l.request(a), nil)
	if reply.File != nil {
		defer reply.File.Close()
		if a.File {
			return l.copyFile(reply.File, out)
		}
	}
	done := answered{Exit: exitCode(reply.Err)}
	if a.JSON {
		return done, writeJSON(out, reply)
	}
	_, err := io.WriteString(out, reply.Card.Text())
	return done, err
}

func (l *local) request(a asking) commands.Request {
	at := a.Now
	if at.IsZero() {
		at = l.now()
	}
	text := a.Command
	if a.Zone != "" && !strings.Contains(text, "tz:") {
		text += " tz:" + commands.Quote(a.Zone)
	}
	return commands.Request{
		Platform: "cli", Trigger: fmt.Sprintf("cli-%d", time.Now().UnixNano()), Place: commands.Place{Private: true},
		Text: text, At: at, Local: true,
	}
}

func (l *local) copyFile(f *commands.File, out io.Writer) (answered, error) {
	r, err := f.Open()
	if err != nil {
		return answered{}, err
	}
	defer r.Close()
	_, err = io.Copy(out, r)
	return answered{File: f.Name}, err
}

// writeJSON is the machine form of a reply (CHAT 7).
func writeJSON(w io.Writer, reply commands.Reply, more ...reports.Member) error {
	if reply.Result != nil {
		return reply.Result.WriteJSON(w, more...)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if reply.Err == nil {
		return enc.Encode(map[string]string{"text": reply.Card.Text()})
	}
	fault := struct {
		Message string   `json:"message"`
		Offset  int      `json:"offset"`
		Suggest []string `json:"suggest"`
	}{Message: reply.Err.Error(), Suggest: []string{}}
	var input *commands.InputError
	if errors.As(reply.Err, &input) {
		fault.Offset = input.Off
		fault.Suggest = append(fault.Suggest, input.Suggest...)
	}
	return enc.Encode(map[string]any{"error": fault})
}

// Append implements office.
func (l *local) Append(ctx context.Context, events []storage.Event) (storage.Receipt, error) {
	return l.store.Append(ctx, events)
}

// RunDigest implements office.
func (l *local) RunDigest(ctx context.Context, name string) error {
	if l.bot == nil {
		return usage{errors.New("digests are posted by a running serve: start outboundbot serve first")}
	}
	return l.bot.RunDigest(ctx, name)
}

// Close implements office.
func (l *local) Close() error { return l.store.Close() }

// saveAs writes what fill gives to a file beside its final name and moves it there when it is whole.
func saveAs(path string, fill func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	defer os.Remove(f.Name())
	err = fill(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// formatOf is the export format that a file's name ends in.
func formatOf(path string) string {
	return strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
}
