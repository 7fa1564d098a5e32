package badger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
)

// foldVersion grows when storage.Join or the fold give other rows for the same events.
const foldVersion = 2

// foldOf names what rows were made by: the version of the fold and the windows.
func foldOf(w storage.Windows) string {
	b, err := json.Marshal(w) // in order of the channels
	if err != nil {
		panic(err) // cannot be: durations by name
	}
	return fmt.Sprintf("%d %s", foldVersion, b)
}

// refold makes all rows anew if they were made by other windows or another version of the fold.
func (e *Engine) refold(progress func(done, all int)) error {
	fold := foldOf(e.windows)
	v := e.view
	if v.cat.Fold == fold {
		return nil
	}
	next := &view{cat: v.cat.clone(), runs: v.runs, members: v.members, firsts: slices.Clone(v.firsts), blocks: v.blocks}
	next.cat.Fold = fold
	if v.cat.Events == 0 {
		return e.exchange(&pen{e: e}, next, nil)
	}
	return e.foldAgain(v, next, progress)
}

// foldAgain folds every component and replaces all segments.
func (e *Engine) foldAgain(v, next *view, progress func(done, all int)) error {
	m := (&bulk{e: e}).newMaking(context.Background())
	defer m.rows.close()
	m.persons = (v.cat.Persons + personsPerPage - 1) / personsPerPage * personsPerPage
	components, err := e.componentsIn(v, v.runs)
	if err != nil {
		return err
	}
	w := m.newWorker(0)
	for i, component := range components {
		src, err := v.source(e, component)
		if err != nil {
			return err
		}
		if err := w.refold(src); err != nil {
			return err
		}
		if progress != nil && i%1000 == 0 {
			progress(i, len(components))
		}
	}
	if progress != nil {
		progress(len(components), len(components))
	}
	if err := w.finish(); err != nil {
		return err
	}
	return e.exchangeRows(m, v, next)
}

// refold folds a component as it is stored; all its rows are new.
func (w *worker) refold(src source) error {
	rows, orphans := w.settler.folder.Fold(src.events, w.settler.windows)
	w.orphans += orphans
	w.settler.begin()
	for _, p := range src.persons {
		channel, contact, err := w.m.e.persons.Contact(p)
		if err != nil {
			return err
		}
		w.settler.contacts = append(w.settler.contacts, contactOf{channel: channel, contact: contact, person: p})
	}
	w.settler.out.firsts = w.settler.out.firsts[:0]
	for i := range rows {
		r := columns.Row{Send: rows[i]}
		if err := w.settler.meet(&r); err != nil {
			return err
		}
		if r.Contact == "" {
			person, err := w.enter("", "")
			if err != nil {
				return err
			}
			r.Person = person
			w.settler.success(person, &r.Send)
		}
		r.Contact = ""
		w.sends++
		if err := w.set(&r); err != nil {
			return err
		}
	}
	w.firsts = append(w.firsts, w.settler.out.firsts...)
	for _, c := range w.settler.contacts {
		w.firsts = append(w.firsts, first{c.person, c.first})
	}
	return nil
}

// exchangeRows replaces all segments by those that were made.
func (e *Engine) exchangeRows(m *making, v, next *view) error {
	entries, err := m.segments()
	if err != nil {
		return err
	}
	next.cat.Sends, next.cat.Orphans = m.sends, m.orphans
	next.cat.Persons = max(next.cat.Persons, m.used)
	next.firsts = withFirsts(next.firsts, int(next.cat.Persons), m.firsts)
	next.blocks = blocksOf(next.firsts, nil, nil, nil)
	retired, err := e.writeFirsts(m.pen.write, next, pagesFrom(0, len(next.firsts)))
	if err != nil {
		return err
	}
	if err := m.pen.flush(); err != nil {
		return err
	}
	next.cat.Segments = entries
	for _, entry := range entries {
		part, err := e.openSegment(entry)
		if err != nil {
			return err
		}
		next.parts = append(next.parts, part)
	}
	for _, s := range v.cat.Segments {
		retired = append(retired, part{Kind: ofColumn, ID: s.ID})
		if s.DeadID != 0 {
			retired = append(retired, part{Kind: ofDead, ID: s.DeadID})
		}
	}
	return e.exchange(m.pen, next, retired)
}
