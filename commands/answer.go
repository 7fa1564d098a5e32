package commands

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// botName stands in front of a command wherever one is shown.
const botName = "/outbound "

// Answer gives the reply to a request. It never fails and never panics: a reply says what is wrong. The deadline is
// the context's.
func (d *Desk) Answer(ctx context.Context, req Request, progress func(Reply)) (reply Reply) {
	begin := time.Now()
	lang := d.language(req)
	defer func() {
		if r := recover(); r != nil {
			reply = d.broken(req, lang, fmt.Errorf("panic: %v", r), slog.String("stack", string(debug.Stack())))
		}
	}()
	if progress == nil {
		progress = func(Reply) {}
	}
	reply, err := d.answer(ctx, req, progress)
	if err != nil {
		return d.failed(req, lang, d.discreetButtons(ctx, req, err))
	}
	reply.Card.Footer.Elapsed = time.Since(begin)
	return reply
}

// answer is the life of a command (DESIGN 3): words, access, question, report, reply.
func (d *Desk) answer(ctx context.Context, req Request, progress func(Reply)) (Reply, error) {
	scope := d.scope(req)
	pl, err := d.parse(ctx, req, scope)
	if err != nil {
		return Reply{}, pl.noticed(err)
	}
	if pl.verb == verbHelp {
		return d.help(ctx, req, scope, pl)
	}
	report, ok := reports.Named(pl.query.Report)
	if !ok {
		return Reply{}, fmt.Errorf("no report %q", pl.query.Report)
	}
	result, err := report.Run(ctx, d.Store, pl.query)
	if errors.Is(err, reports.ErrNobody) && pl.nobody != nil {
		return Reply{}, pl.noticed(pl.nobody)
	}
	if err != nil {
		return Reply{}, d.limited(req, pl, err)
	}
	pl.query = result.Query // a report puts tokens for phones
	none := result.Total.Sends() == 0
	reply := Reply{Card: result.Card, Result: &result, Private: req.Place.Private, Empty: none && pl.empty != "post"}
	if req.Machine {
		return reply, nil
	}
	reply.Card.Lang = pl.query.Lang
	d.remark(&reply.Card, pl)
	if none {
		if err := d.explainEmpty(ctx, &reply.Card, pl, result.Stats); err != nil {
			return Reply{}, err
		}
	}
	if pl.format != nil && (!none || req.Format != "") { // who asks for a file beside the text gets one in any case
		if reply.File, err = d.export(ctx, &reply, pl, progress); err != nil {
			return Reply{}, d.limited(req, pl, err)
		}
	}
	reply.Card.Footer = footer(pl, result.Stats)
	return reply, nil
}

// noticed adds to a mistake what was understood in spite of the typing.
func (pl plan) noticed(err error) error {
	var input *InputError
	if errors.As(err, &input) {
		input.remarks = pl.remarks
	}
	return err
}

// Check says what is wrong with a command that is to be answered later, such as a digest's. Names that the store does
// not have and days that have not begun are no mistake.
func (d *Desk) Check(ctx context.Context, req Request) error {
	_, err := d.parse(ctx, req, d.scope(req))
	var input *InputError
	if errors.As(err, &input) && input.NotYet {
		return nil
	}
	return err
}

// footer is the canonical command and how fresh the data is.
func footer(pl plan, stats storage.Stats) reports.Footer {
	return reports.Footer{Command: botName + pl.query.Command, DataTo: stats.Latest, Zone: zoneOf(pl.query)}
}

// scope is what the asker may see; a desk without access rules shows all sends and no contact.
func (d *Desk) scope(req Request) storage.Scope {
	if d.Access == nil {
		return storage.Scope{}
	}
	return d.Access(req)
}

// remark puts what was understood in spite of the typing in front of the figures.
func (d *Desk) remark(card *reports.Card, pl plan) {
	var notes []reports.Block
	for _, text := range pl.remarks {
		notes = append(notes, reports.Note{Kind: reports.Warning, Text: text})
	}
	card.Blocks = append(notes, card.Blocks...)
}

// limited turns a limit of a format into advice to the asker: what does not fit a workbook fits a text file.
func (d *Desk) limited(req Request, pl plan, err error) error {
	var limit *reports.LimitError
	if !errors.As(err, &limit) {
		return err
	}
	text := clean(req.Text)
	e := &InputError{Input: text, Len: len(text), Msg: limit.Text}
	if pl.format != nil && pl.format.Name != textFormat {
		for i := range d.Formats {
			if d.Formats[i].Name == textFormat {
				pl.format = &d.Formats[i]
				e.Fixed = written(pl, d)
			}
		}
	}
	return e
}

// discreetButtons keeps phones out of the commands that a mistake offers: buttons are stored.
func (d *Desk) discreetButtons(ctx context.Context, req Request, err error) error {
	var input *InputError
	if !errors.As(err, &input) {
		return err
	}
	fit := func(command string) string {
		safe := d.discreetText(ctx, req, command)
		if strings.Contains(safe, hidden) && !strings.Contains(command, hidden) {
			return "" // something is left out: it would run another question
		}
		return safe
	}
	input.Fixed = fit(input.Fixed)
	for i, command := range input.commands {
		input.commands[i] = fit(command)
	}
	return err
}

// failed is the reply to what went wrong: the asker's mistake is shown to them, ours is logged.
func (d *Desk) failed(req Request, lang *reports.Language, err error) Reply {
	var input *InputError
	switch {
	case errors.As(err, &input):
		return Reply{Card: input.card(lang), Private: true, Err: input}
	case errors.Is(err, ErrDenied):
		return plainReply(lang, reports.Wrong, "commands.denied.title", "commands.denied", err)
	case errors.Is(err, context.DeadlineExceeded):
		return plainReply(lang, reports.Wrong, "commands.slow.title", "commands.slow", err)
	case errors.Is(err, context.Canceled):
		return plainReply(lang, reports.Wrong, "commands.stopped.title", "commands.stopped", err)
	}
	return d.broken(req, lang, err)
}

func plainReply(lang *reports.Language, kind reports.NoteKind, title, text string, err error) Reply {
	say := lang.Say(text)
	return Reply{Private: true, Err: err, Card: reports.Card{
		Title: lang.Say(title), Lead: say, Lang: lang, Blocks: []reports.Block{reports.Note{Kind: kind, Text: say}},
	}}
}

// broken is the reply to our own fault. The reader gets an id, the log the rest; the text of the command is not
// logged, since it may hold a phone.
func (d *Desk) broken(req Request, lang *reports.Language, err error, more ...any) Reply {
	id := make([]byte, 4)
	_, _ = rand.Read(id) // never fails (crypto/rand)
	fault := &InternalError{ID: hex.EncodeToString(id), Err: err}
	if d.Log != nil {
		d.Log.Error("command failed", append([]any{"id", fault.ID, "platform", req.Platform, "trigger", req.Trigger, "err", err}, more...)...)
	}
	say := lang.Say("commands.broken", reports.Args{"ID": fault.ID})
	return Reply{Private: true, Err: fault, Card: reports.Card{
		Title: lang.Say("commands.broken.title"), Lead: say, Lang: lang,
		Blocks: []reports.Block{reports.Note{Kind: reports.Fault, Text: say}},
	}}
}
