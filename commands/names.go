package commands

import (
	"context"
	"slices"
	"strings"

	"outboundbot/reports"
	"outboundbot/storage"
)

// namesOf are the values that sends have in a field, over all history, as the asker may see them. Intents and
// categories of failures are the configuration's too.
func (p *parser) namesOf(f *storage.Field) ([]storage.Name, error) {
	if names, ok := p.names[f.Name]; ok {
		return names, nil
	}
	names, err := p.desk.namesOf(p.ctx, p.scope, f, "")
	if err != nil {
		return nil, err
	}
	p.names[f.Name] = names
	return names, nil
}

// named finds names: folded equal, else those that begin so, else those that contain it (CHAT 2). All hits count,
// and the answer says so.
func (p *parser) named(f *storage.Field, w word) ([]string, error) {
	names, err := p.lookup(f, w)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, p.unknownName(f, w)
	}
	if len(names) > 1 || names[0] != w.text {
		p.plan.query.Matches = append(p.plan.query.Matches, reports.Matched{Field: f.Name, Value: p.pattern(w), Names: names})
	}
	return names, nil
}

// pattern is a value as it can be typed again.
func (p *parser) pattern(w word) string {
	var b strings.Builder
	if w.whole {
		b.WriteByte('=')
	}
	if w.before {
		b.WriteByte('*')
	}
	b.WriteString(Quote(w.text))
	if w.then {
		b.WriteByte('*')
	}
	return b.String()
}

// lookup gives the names that a word stands for, none if there are none.
func (p *parser) lookup(f *storage.Field, w word) ([]string, error) {
	all, err := p.namesOf(f)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(all))
	for i := range all {
		keys[i] = f.Key(all[i].Name)
	}
	absent := rows(f)
	pick := func(matches func(key string) bool) []string {
		var hits []string
		for i, n := range all {
			if matches(keys[i]) && !slices.Contains(absent, n.Name) {
				hits = append(hits, n.Name)
			}
		}
		slices.Sort(hits)
		return hits
	}
	typed, raw := f.Key(w.text), f.Key(w.raw)
	if f.Kind == storage.Address { // stored as written, or without + and separators
		typed = storage.Digits(typed)
	}
	prefix := func(key string) bool { return strings.HasPrefix(key, typed) }
	contains := func(key string) bool { return strings.Contains(key, typed) }
	switch {
	case w.before && w.then:
		return pick(contains), nil
	case w.before:
		return pick(func(key string) bool { return strings.HasSuffix(key, typed) }), nil
	case w.then:
		return pick(prefix), nil
	}
	hits := pick(func(key string) bool { return key == raw })
	if len(hits) == 0 {
		hits = pick(func(key string) bool { return key == typed })
	}
	if w.whole || f.Kind == storage.Code || len(hits) > 0 {
		return hits, nil
	}
	if hits = pick(prefix); len(hits) > 0 {
		return hits, nil
	}
	return pick(contains), nil
}

// unknownName offers the three nearest names, and the nearest as the correction if it is near.
func (p *parser) unknownName(f *storage.Field, w word) error {
	all, err := p.namesOf(f)
	if err != nil {
		return err
	}
	var candidates []string
	for _, n := range all {
		if !slices.Contains(rows(f), n.Name) {
			candidates = append(candidates, n.Name)
		}
	}
	id := "commands.unknown_name"
	switch {
	case len(candidates) == 0:
		id = "commands.no_names"
	case w.whole || w.before || w.then:
		id = "commands.no_match"
	}
	e := p.fault(w.off, w.end, id, reports.Args{"Key": f.Name, "Text": w.text})
	e.NotYet = true
	names, sure := threeNearest(w.text, candidates)
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = printed(f, name)
	}
	return p.offer(e, sure && !w.whole && !w.before && !w.then, names, quoted)
}

// namesOf asks the store for names, most sends first. Intents and failure categories depend on the configuration,
// which a store does not know.
func (d *Desk) namesOf(ctx context.Context, scope storage.Scope, f *storage.Field, prefix string) ([]storage.Name, error) {
	switch f.Name {
	case "intent":
		return configured(d.Rules, prefix), nil
	case "phone":
		return nil, nil // people are not listed
	}
	names, err := d.Store.Names(ctx, scope, f.Name, prefix)
	if err != nil || f.Name != "failure" || d.Rules == nil {
		return names, err
	}
	for _, category := range d.Rules.Failure {
		if !slices.ContainsFunc(names, func(n storage.Name) bool { return n.Name == category }) {
			names = append(names, storage.Name{Name: category})
		}
	}
	slices.SortStableFunc(names, func(a, b storage.Name) int { return b.Sends - a.Sends })
	return names, nil
}

// configured are the names of intents, in the configuration's order.
func configured(rules *storage.Rules, prefix string) []storage.Name {
	var names []storage.Name
	if rules == nil {
		return nil
	}
	for _, in := range rules.Intents {
		if strings.HasPrefix(storage.Fold(in.Name), prefix) {
			names = append(names, storage.Name{Name: in.Name})
		}
	}
	return names
}
