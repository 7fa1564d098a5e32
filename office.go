package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/reports/chart"
	"outboundbot/reports/export"
	"outboundbot/storage"
	"outboundbot/storage/badger"
	"outboundbot/storage/badger/guard"
	"outboundbot/storage/intake"
)

// office does the work of the command line: here, with a store of its own, or in a running serve that owns the
// folder, reached through its socket.
type office interface {
	// Ask answers a command. A wrong command is an answer with an exit code, no error.
	Ask(ctx context.Context, a asking) (answered, error)
	// Append makes events durable.
	Append(ctx context.Context, events []storage.Event) (storage.Receipt, error)
	// Intake is where files are imported to.
	Intake() intake.Target
	// RunDigest posts a digest now.
	RunDigest(ctx context.Context, name string) error
	// Backup writes a backup of the store.
	Backup(ctx context.Context, to io.Writer) error
	// Verify reads the whole store and says in a sentence that all is well.
	Verify(ctx context.Context) (string, error)
	Close() error
}

// asking is a command as the command line puts it.
type asking struct {
	Command string    `json:"command"`
	JSON    bool      `json:"json,omitempty"`
	Format  string    `json:"format,omitempty"`  // of a file, unless the command has format:
	Picture string    `json:"picture,omitempty"` // light or dark: the reply as a picture
	Now     time.Time `json:"now"`               // zero for the clock
	Zone    string    `json:"tz,omitempty"`
	Repeat  int       `json:"repeat,omitempty"`
}

// answered is an answer: the text to show, or a file. The receiver closes the body.
type answered struct {
	Exit int
	File string // the name of the file that the body is; "" for text
	Body io.ReadCloser
}

func text(exit int, s []byte) answered {
	return answered{Exit: exit, Body: io.NopCloser(bytes.NewReader(s))}
}

// desk wires what answers questions over a store.
func (c *Config) desk(store storage.Store, log *slog.Logger, spool string) *commands.Desk {
	return &commands.Desk{
		Store: store, Formats: export.Formats(), Rules: &c.rules, Zone: c.zone, Lang: reports.LanguageFor(c.Language),
		Ranges: c.Ranges, Access: c.access, Spool: spool, Log: log,
	}
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

// patience is how long a command waits for another one that has the store open. A serve answers on its socket.
const patience = 10 * time.Second

// ownedError is storage.ErrLocked in words that say what to do. By a serve it does not end by itself.
type ownedError struct {
	msg     string
	byServe bool
}

func (e *ownedError) Error() string        { return e.msg }
func (e *ownedError) Is(target error) bool { return target == storage.ErrLocked }

// whenFree tries to get at a data folder until the command that is using it has ended, or patience has.
func whenFree[T any](ctx context.Context, try func() (T, error)) (T, error) {
	for deadline := time.Now().Add(patience); ; {
		got, err := try()
		var owned *ownedError
		if !errors.As(err, &owned) || owned.byServe || time.Now().After(deadline) {
			return got, err
		}
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// openOffice reaches the serve that owns the data folder, or else opens the store here.
func (s *shared) openOffice(ctx context.Context, c *Config, now func() time.Time) (office, error) {
	return whenFree(ctx, func() (office, error) {
		if r, err := dial(c.Data); r != nil || err != nil {
			return r, err
		}
		store, err := c.open(badger.Options{Windows: c.windows, Now: now, Log: s.log(), Progress: s.bar(), Context: ctx})
		if err != nil {
			return nil, err
		}
		return &local{store: store, desk: c.desk(store, s.log(), c.spool()), now: now}, nil
	})
}

func (c *Config) spool() string { return filepath.Join(c.Data, "spool") }

func (c *Config) storeFolder() string { return filepath.Join(c.Data, "store") }

// inUse is the error of a store that another command has open.
func (c *Config) inUse() error {
	return &ownedError{fmt.Sprintf("another command%s is using the data folder %s: wait until it has ended, or let outboundbot serve run, which all commands share", c.owner(), c.Data), false}
}

// owner names the process that has the store open, if that is known.
func (c *Config) owner() string {
	pid := guard.Owner(c.storeFolder())
	if pid == 0 {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

// unwritable is the error of a data folder that we may not write to.
func (c *Config) unwritable() error {
	return usage{fmt.Errorf("the data folder %s cannot be written: make it writable, or give another --data", c.Data)}
}

// open opens the store. Files that a crash left in the spool folder are nobody's any more.
func (c *Config) open(opts badger.Options) (*badger.Engine, error) {
	opts.Windows, opts.Key, opts.Small, opts.AcceptLoss = c.windows, c.MasterKey, c.Memory == "small", c.acceptLoss
	store, err := badger.Open(c.storeFolder(), opts)
	switch {
	case errors.Is(err, storage.ErrLocked):
		return nil, c.inUse()
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return nil, c.unwritable()
	case err != nil:
		return nil, err
	}
	if err := os.RemoveAll(c.spool()); err != nil {
		store.Close()
		return nil, fmt.Errorf("the spool folder %s cannot be emptied: %w", c.spool(), err)
	}
	return store, nil
}

// Ask implements office.
func (l *local) Ask(ctx context.Context, a asking) (answered, error) {
	if a.Repeat != 0 {
		return l.repeat(ctx, a)
	}
	reply := l.desk.Answer(ctx, l.request(a), nil)
	exit := exitCode(reply.Err)
	if reply.File != nil && a.Picture == "" && (!a.JSON || a.Format != "") {
		return handOver(reply.File)
	}
	discard(reply)
	switch {
	case a.Picture != "" && exit == exitDone:
		return draw(reply, a.Picture)
	case a.JSON:
		return machineForm(reply)
	default:
		return text(exit, []byte(reply.Card.Text())), nil
	}
}

// discard removes the file of a reply that nobody asked to have.
func discard(reply commands.Reply) {
	if reply.File != nil {
		reply.File.Close()
	}
}

// machineForm is a reply as JSON.
func machineForm(reply commands.Reply, more ...reports.Member) (answered, error) {
	var b bytes.Buffer
	err := writeJSON(&b, reply, more...)
	return text(exitCode(reply.Err), b.Bytes()), err
}

func (l *local) request(a asking) commands.Request {
	at := a.Now
	if at.IsZero() {
		at = l.now()
	}
	return commands.Request{
		Platform: "cli", Trigger: fmt.Sprintf("cli-%d", time.Now().UnixNano()), Place: commands.Place{Private: true},
		Text: a.Command, At: at, Zone: a.Zone, Format: a.Format, Local: true, Machine: a.JSON && a.Format == "" && a.Picture == "",
	}
}

// handOver gives a file away; closing it removes it.
func handOver(f *commands.File) (answered, error) {
	r, err := f.Open()
	if err != nil {
		f.Close()
		return answered{}, err
	}
	return answered{File: f.Name, Body: struct {
		io.Reader
		io.Closer
	}{r, closers{r, f}}}, nil
}

type closers []io.Closer

func (cs closers) Close() (err error) {
	for _, c := range cs {
		err = errors.Join(err, c.Close())
	}
	return err
}

// draw makes a picture of a reply. It leaves the time taken out, so that equal replies give equal pictures.
func draw(reply commands.Reply, theme string) (answered, error) {
	reply.Card.Footer.Elapsed = 0
	for _, t := range chart.Themes() {
		if t.String() != theme {
			continue
		}
		picture, err := chart.Card(reply.Card, t)
		return answered{File: "card.png", Body: io.NopCloser(bytes.NewReader(picture.PNG))}, err
	}
	return answered{}, usage{fmt.Errorf("no theme is called %q", theme)}
}

// writeJSON is the machine form of a reply (CHAT 7).
func writeJSON(w io.Writer, reply commands.Reply, more ...reports.Member) error {
	switch {
	case reply.Result != nil:
		return reply.Result.WriteJSON(w, more...)
	case reply.Err != nil:
		return writeError(w, reply.Err)
	}
	return encode(w, map[string]string{"text": reply.Card.Text()})
}

// writeError is the machine form of what went wrong.
func writeError(w io.Writer, err error) error {
	fault := struct {
		Message string   `json:"message"`
		Offset  int      `json:"offset"`
		Suggest []string `json:"suggest"`
	}{Message: err.Error(), Suggest: []string{}}
	var input *commands.InputError
	if errors.As(err, &input) {
		fault.Offset = input.Off
		fault.Suggest = append(fault.Suggest, input.Suggest...)
	}
	return encode(w, map[string]any{"error": fault})
}

func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Append implements office.
func (l *local) Append(ctx context.Context, events []storage.Event) (storage.Receipt, error) {
	return l.store.Append(ctx, events)
}

// Intake implements office. A store that takes much at once gets a file as a whole.
func (l *local) Intake() intake.Target { return l.store }

// RunDigest implements office.
func (l *local) RunDigest(ctx context.Context, name string) error {
	if l.bot == nil {
		return usage{errors.New("digests are posted by a running serve: start outboundbot serve first")}
	}
	err := l.bot.RunDigest(ctx, name)
	if _, known := l.bot.Digests()[name]; err != nil && !known {
		return usage{err}
	}
	return err
}

// Close implements office.
func (l *local) Close() error { return l.store.Close() }
