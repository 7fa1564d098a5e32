package commands

import (
	"context"
	"slices"

	"outboundbot/reports"
	"outboundbot/storage"
)

// explainEmpty says which filter left nothing: it counts again without each of them, one at a time, and offers the
// commands that would find something (CHAT 2).
func (d *Desk) explainEmpty(ctx context.Context, card *reports.Card, pl plan, stats storage.Stats) error {
	lang := pl.query.Lang
	if stats.Sends == 0 {
		d.insert(card, reports.Note{Text: lang.Say("commands.empty.store")})
		return nil
	}
	var notes []reports.Block
	var buttons []reports.Button
	outside, command, err := d.outside(ctx, pl)
	if err != nil {
		return err
	}
	if outside != "" {
		notes = append(notes, reports.Note{Text: outside})
		buttons = append(buttons, reports.Button{Label: lang.Say("commands.empty.days.button"), Command: command})
	}
	without, choices, err := d.withoutOne(ctx, pl)
	if err != nil {
		return err
	}
	notes, buttons = append(notes, without...), append(buttons, choices...)
	others := len(pl.query.Where)
	if pl.nobody != nil {
		others-- // who the report is about
	}
	if len(notes) == 0 && others > 0 {
		notes = append(notes, reports.Note{Text: lang.Say("commands.empty.several")})
	}
	if len(buttons) > 0 {
		buttons[0].Primary = true
		notes = append(notes, reports.Actions{Buttons: buttons})
	}
	d.insert(card, notes...)
	return nil
}

// insert puts blocks in front of the others.
func (d *Desk) insert(card *reports.Card, blocks ...reports.Block) {
	card.Blocks = append(blocks, card.Blocks...)
}

// withoutOne tells for each filter how many sends there are without it, where there are any.
func (d *Desk) withoutOne(ctx context.Context, pl plan) (notes []reports.Block, buttons []reports.Button, err error) {
	lang := pl.query.Lang
	for i, c := range pl.query.Where {
		if pl.nobody != nil && c.Field == "phone" && !c.Not {
			continue
		}
		less := pl
		less.query.Where = slices.Delete(slices.Clone(pl.query.Where), i, i+1)
		count, err := d.Store.Count(ctx, less.query.Question)
		if err != nil {
			return nil, nil, err
		}
		if n := count.Total.Sends(); n > 0 {
			filter := condition(c, pl.query.Matches)
			notes = append(notes, reports.Note{Text: lang.Say("commands.empty.filter", reports.Args{"Filter": filter, "N": n})})
			buttons = append(buttons, reports.Button{
				Label: lang.Say("commands.empty.filter.button", reports.Args{"Filter": shorten(filter, 40)}), Command: written(less, d),
			})
		}
	}
	return notes, buttons, nil
}

// outside finds the newest send that has everything but the dates, and the command for the days up to it.
func (d *Desk) outside(ctx context.Context, pl plan) (text, command string, err error) {
	lang := pl.query.Lang
	always := pl
	always.query.Range = storage.Range{}
	count, err := d.Store.Count(ctx, always.query.Question)
	n := count.Total.Sends()
	if err != nil || n == 0 {
		return "", "", err
	}
	for s, err := range d.Store.Sends(ctx, always.query.Question, storage.Order{Limit: 1}) {
		if err != nil {
			return "", "", err
		}
		last := storage.DayOf(s.Time, zoneOf(pl.query))
		always.query.Range = storage.Range{From: last - (defaultDays - 1), To: last}
		text = lang.Say("commands.empty.days", reports.Args{"N": n, "Day": lang.Days(storage.Range{From: last, To: last})})
	}
	return text, written(always, d), nil
}
