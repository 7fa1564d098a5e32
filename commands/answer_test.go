package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// faulty is a store that breaks where it is told to.
type faulty struct {
	storage.Store
	count func() error
}

func (f faulty) Count(ctx context.Context, q storage.Question) (storage.Count, error) {
	if err := f.count(); err != nil {
		return storage.Count{}, err
	}
	return f.Store.Count(ctx, q)
}

func TestFaultsAreOurs(t *testing.T) {
	for name, count := range map[string]func() error{
		"error": func() error { return errors.New("disk on fire at /var/lib") },
		"panic": func() error { panic("index out of range [7]") },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			d := desk(t)
			d.Store, d.Log = faulty{d.Store, count}, slog.New(slog.NewTextHandler(&log, nil))
			reply := d.Answer(context.Background(), ask("summary phone:+573005550000"), nil)
			var fault *InternalError
			if !errors.As(reply.Err, &fault) || !reply.Private {
				t.Fatalf("err %v", reply.Err)
			}
			text := reply.Card.Text()
			if len(fault.ID) != 8 || !strings.Contains(text, fault.ID) || !strings.Contains(log.String(), fault.ID) {
				t.Errorf("reference %q is not in both\n%s\n%s", fault.ID, text, log.String())
			}
			for _, secret := range []string{"disk", "index", ".go", "goroutine"} {
				if strings.Contains(text, secret) {
					t.Errorf("the reader sees %q:\n%s", secret, text)
				}
			}
			if strings.Contains(log.String(), "3005550000") {
				t.Errorf("a phone in the log: %s", log.String())
			}
		})
	}
}

func TestStopped(t *testing.T) {
	d := desk(t)
	for want, stop := range map[error]func() (context.Context, context.CancelFunc){
		context.DeadlineExceeded: func() (context.Context, context.CancelFunc) {
			return context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		},
		context.Canceled: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		},
		ErrDenied: func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) },
	} {
		ctx, cancel := stop()
		defer cancel()
		d := *d
		d.Store = faulty{d.Store, func() error {
			if want == ErrDenied {
				return fmt.Errorf("count: %w", ErrDenied)
			}
			return ctx.Err()
		}}
		reply := d.Answer(ctx, ask("summary"), nil)
		if !errors.Is(reply.Err, want) || !reply.Private || lines(reply.Card) == "" {
			t.Errorf("%v: got %v\n%s", want, reply.Err, reply.Card.Text())
		}
	}
}

func TestExport(t *testing.T) {
	d := desk(t)
	d.Spool = filepath.Join(d.Spool, "files")
	var begun []Reply
	reply := d.Answer(context.Background(), ask("export audit channel:WA format:csv"), func(r Reply) { begun = append(begun, r) })
	if reply.Err != nil || reply.File == nil || reply.Result == nil {
		t.Fatalf("%v %+v", reply.Err, reply.File)
	}
	f := reply.File
	if f.Name != "outbound_audit_WA_2026-11-15_2026-11-21.csv" || f.Rows != 8 || f.Type != "text/csv" {
		t.Errorf("%+v", f)
	}
	if len(begun) != 0 {
		t.Errorf("a small file needs no progress: %d", len(begun))
	}
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	content, _ := io.ReadAll(r)
	r.Close()
	if int64(len(content)) != f.Size || bytes.Count(content, []byte("\n")) != 8 {
		t.Errorf("%d bytes, want %d:\n%s", len(content), f.Size, content)
	}
	folder, err := os.Stat(d.Spool)
	if err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("spool folder: %v %v", folder.Mode(), err)
	}
	spooled, _ := os.ReadDir(d.Spool)
	if info, err := spooled[0].Info(); err != nil || info.Mode().Perm() != 0o600 || strings.Contains(info.Name(), "WA") {
		t.Errorf("spool file: %v %v", info, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(d.Spool); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// many is a store that says it has many sends and streams a few.
type many struct{ storage.Store }

func (m many) Count(ctx context.Context, q storage.Question) (storage.Count, error) {
	c, err := m.Store.Count(ctx, q)
	c.Total.N[storage.Attempted] = 1_200_000
	return c, err
}

func TestLongExport(t *testing.T) {
	d := desk(t)
	d.Store = many{d.Store}
	var begun []Reply
	reply := d.Answer(context.Background(), ask("export"), func(r Reply) { begun = append(begun, r) })
	if reply.File == nil {
		t.Fatal(reply.Err)
	}
	defer reply.File.Close()
	if len(begun) != 1 || !strings.Contains(begun[0].Card.Text(), "1,200,000 sends") {
		t.Errorf("progress: %v", begun)
	}
	if !strings.Contains(lines(reply.Card), "newest 15 of 1,200,000") {
		t.Errorf("what is missing is not said:\n%s", lines(reply.Card))
	}
}

func TestFailedExport(t *testing.T) {
	d := desk(t)
	for name, c := range map[string]struct {
		err   error
		fixed string
	}{
		"limit": {&reports.LimitError{Text: "too many rows"}, "summary date:2026-11-15..2026-11-21 format:csv"},
		"fault": {errors.New("disk full"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := *d
			d.Formats = slices.Clone(d.Formats)
			d.Formats[1].Write = func(_ context.Context, w io.Writer, _ reports.Sheet) (int64, error) {
				_, _ = w.Write([]byte("half"))
				return 0, fmt.Errorf("row 3: %w", c.err)
			}
			reply := d.Answer(context.Background(), ask("summary format:xlsx"), nil)
			var input *InputError
			if isInput := errors.As(reply.Err, &input); isInput != (c.fixed != "") || isInput && input.Fixed != c.fixed {
				t.Errorf("%v %+v", reply.Err, input)
			}
			if left, _ := os.ReadDir(d.Spool); len(left) != 0 || reply.File != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A scope is part of the question before names are looked up: what one may not see is not suggested, counted or
// found.
func TestScope(t *testing.T) {
	d := desk(t)
	d.Access = func(Request) storage.Scope { return storage.Scope{Channels: []string{"SMS"}} }
	reply := d.Answer(context.Background(), ask("summary campaign:black"), nil)
	var input *InputError
	if !errors.As(reply.Err, &input) || slices.Contains(input.Suggest, "Black Friday") {
		t.Errorf("%v %+v", reply.Err, input)
	}
	if reply = d.Answer(context.Background(), ask("summary all"), nil); reply.Result.Total.N[storage.Attempted] != 4 {
		t.Errorf("counted %d", reply.Result.Total.N[storage.Attempted])
	}
	if got := d.Suggest(context.Background(), "campaign", "black", d.Access(Request{})); slices.Contains(got, "Black Friday") {
		t.Errorf("suggests %q", got)
	}
	if reply = d.Answer(context.Background(), ask("summary phone:+573005550000"), nil); !errors.As(reply.Err, &input) {
		t.Errorf("a contact on another channel is found: %v", reply.Err)
	}
}

// A phone is in no command, card or machine form (DESIGN 2).
func TestPhoneIsResolved(t *testing.T) {
	d := desk(t)
	reply := d.Answer(context.Background(), ask("audit phone:+57-300-555-0000"), nil)
	if reply.Err != nil || len(reply.Result.Records) != 1 {
		t.Fatal(reply.Err, reply.Result)
	}
	all := reply.Card.Text() + reply.Result.Query.Command + fmt.Sprint(reply.Result.Query.Where)
	if strings.Contains(all, "3005550000") || !strings.Contains(all, "contact:~") {
		t.Error(all)
	}
}

func TestEmptySaysSo(t *testing.T) {
	d := desk(t)
	for text, want := range map[string]bool{
		"summary channel:TG": true, "summary channel:TG empty:skip": true, "summary channel:TG empty:post": false, "summary": false,
		"export channel:TG": true,
	} {
		reply := d.Answer(context.Background(), ask(text), nil)
		if reply.Err != nil || reply.Empty != want || (want && reply.File != nil) {
			t.Errorf("%s: empty %v, file %v, err %v", text, reply.Empty, reply.File, reply.Err)
		}
	}
	d.Store = emptyStore{d.Store}
	if reply := d.Answer(context.Background(), ask("summary"), nil); !reply.Empty || !strings.Contains(lines(reply.Card), "no sends yet") {
		t.Error(reply.Err, lines(reply.Card))
	}
}

// emptyStore has nothing in it.
type emptyStore struct{ storage.Store }

func (emptyStore) Count(_ context.Context, q storage.Question) (storage.Count, error) {
	return storage.Count{Groups: make([][]storage.Group, len(q.By))}, nil
}
func (emptyStore) Stats(context.Context) (storage.Stats, error) { return storage.Stats{}, nil }
func (emptyStore) Names(context.Context, storage.Scope, string, string) ([]storage.Name, error) {
	return nil, nil
}

func (emptyStore) Sends(context.Context, storage.Question, storage.Order) iter.Seq2[storage.Send, error] {
	return func(func(storage.Send, error) bool) {}
}

// Every example that help and the lists of commands show can be run.
func TestExamplesRun(t *testing.T) {
	d := desk(t)
	d.Store = named{d.Store, plainNames([]string{"BlackFriday"})}
	for _, text := range examples() {
		reply := d.Answer(context.Background(), ask(text), nil)
		if reply.Err != nil {
			t.Errorf("%s: %v", text, reply.Err)
		}
		if reply.File != nil {
			reply.File.Close()
		}
	}
}

// Buttons of every card run: what a reply offers is understood.
func TestButtonsRun(t *testing.T) {
	d := desk(t)
	for _, text := range []string{"", "detailed sort:sales top:3 by:channel", "audit limit:5 columns:send,time", "summary channel:TG", "help", "help summary", "help date", "help tag", "help sort", "help format"} {
		reply := d.Answer(context.Background(), ask(text), nil)
		for _, b := range reply.Card.Blocks {
			actions, _ := b.(reports.Actions)
			for _, button := range actions.Buttons {
				if strings.Contains(button.Command, "BlackFriday") {
					continue // of the sample data
				}
				again := d.Answer(context.Background(), ask(button.Command), nil)
				if again.Err != nil {
					t.Errorf("%q offers %q: %v", text, button.Command, again.Err)
				}
				if again.File != nil {
					again.File.Close()
				}
			}
		}
	}
}

func TestSuggest(t *testing.T) {
	d := desk(t)
	for _, c := range []struct{ key, typed, first string }{
		{"campaign", "", "Black Friday"},
		{"campaign", "week", "Black Week"},
		{"campaign", "nandu", "Café Ñandú"},
		{"campaign", "cybr", "Cyber"},
		{"campaign", "it's", `«It's "new", ok»`},
		{"campaign", "Cyber,black w", `Cyber,"Black Week"`},
		{"channel", "what", "WA"},
		{"channel", "zz", ""},
		{"origin", "ind", "individual"},
		{"read", "y", "yes"},
		{"date", "last w", "last week"},
		{"by", "camp", "campaign"},
		{"sort", "sal", "sales"},
		{"format", "xl", "xlsx"},
		{"columns", "send,ti", "send,time"},
		{"intent", "ret", "retention"},
		{"phone", "57", ""},
		{"nothing", "x", ""},
	} {
		got := d.Suggest(context.Background(), c.key, c.typed, storage.Scope{})
		switch {
		case c.first == "" && len(got) == 0:
		case len(got) == 0 || got[0] != c.first:
			t.Errorf("%s %q: got %q, want %q first", c.key, c.typed, got, c.first)
		default:
			if reply := d.Answer(context.Background(), ask(Compose("audit", []Option{{c.key, got[0]}})), nil); reply.Err != nil && c.key != "sort" {
				t.Errorf("%s:%s is not understood: %v", c.key, got[0], reply.Err)
			} else if reply.File != nil {
				reply.File.Close()
			}
		}
	}
}

func TestVerbs(t *testing.T) {
	for _, v := range Verbs() {
		for _, lang := range reports.Languages() {
			for _, id := range []string{v.Label, v.Doc} {
				if !lang.Has(id) {
					t.Errorf("%s: no %s in %s", v.Name, id, lang.Tag)
				}
			}
			for _, key := range v.Options {
				if !lang.Has(OptionDoc(key)) {
					t.Errorf("%s: no %s in %s", v.Name, OptionDoc(key), lang.Tag)
				}
			}
		}
	}
}
