package commands

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"outboundbot/reports"
	"outboundbot/storage"
)

// Choices is how many values Suggest gives at most.
const Choices = 25

// Verb is a command for platforms that list commands and options by themselves. Label and Doc are ids of the
// catalogue.
type Verb struct {
	Name, Label, Doc string
	Options          []string // keys in the order in which people reach for them
}

// firstOptions are the keys that people reach for first; platforms that bound the number of options show these.
var firstOptions = []string{
	keyDate, "channel", "campaign", "origin", "status", "answered", "tag", "final_tag", "group", "agent", "template", "flow",
	"label", "sale", keyBy, keySort, keyTop, keyLimit, keyColumns, keyFormat, keyZone,
}

// Verbs lists the commands with their options.
func Verbs() []Verb {
	var list []Verb
	for _, r := range reports.All() {
		list = append(list, Verb{Name: r.Name, Label: "report." + r.Name, Doc: "report." + r.Name + ".doc", Options: optionsOf(r.Name)})
	}
	return append(list,
		Verb{Name: verbExport, Label: "verb.export", Doc: "verb.export.doc", Options: optionsOf(exported)},
		Verb{Name: verbHelp, Label: "verb.help", Doc: "verb.help.doc"},
	)
}

// optionsOf are the keys that a report takes: common ones first, then all other filters and settings.
func optionsOf(report string) []string {
	filters, _, _ := fieldNames()
	refused := notFor(report)
	var keys []string
	if r, _ := reports.Named(report); r.OneOf {
		keys = append(keys, "phone") // it must be given
	}
	for _, key := range slices.Concat(firstOptions, filters, settings) {
		if !slices.Contains(keys, key) && !slices.Contains(refused, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// OptionDoc is the id of an option's definition in the catalogue.
func OptionDoc(key string) string {
	if f, ok := storage.FieldNamed(key); ok && f.Filter {
		return "field." + key + ".doc"
	}
	return "key." + key + ".doc"
}

// Suggest gives values that complete what was typed so far for a key, best first: names by how well they match and
// then by how recently they were used. Of a list with commas it completes the last value. Each suggestion is a whole
// value for [Compose].
func (d *Desk) Suggest(ctx context.Context, key, typed string, scope storage.Scope) []string {
	before, last := "", typed
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before, last = typed[:i+1], typed[i+1:]
	}
	last = strings.TrimFunc(last, isSpace)
	var found []string
	for _, value := range d.candidates(ctx, key, last, scope) {
		if before != "" && strings.ContainsFunc(value, isSpace) && isPlainName(value) {
			value = Quote(value)
		}
		found = append(found, before+value)
		if len(found) == Choices {
			break
		}
	}
	return found
}

func (d *Desk) candidates(ctx context.Context, key, typed string, scope storage.Scope) []string {
	lang := d.Lang
	if lang == nil {
		lang = reports.Languages()[0]
	}
	_, groups, columns := fieldNames()
	switch key {
	case keyDate, keyFrom, keyTo:
		return ranked(typed, plainNames(presetWords(lang)), nil)
	case keyBy:
		return ranked(typed, plainNames(groups), known.groups)
	case keyColumns:
		return ranked(typed, plainNames(columns), known.columns)
	case keySort:
		return ranked(typed, plainNames(metricNames()), known.metrics)
	case keyTest:
		return ranked(typed, plainNames([]string{"include", "exclude"}), nil)
	case keyEmpty:
		return ranked(typed, plainNames([]string{"post", "skip", "note"}), nil)
	case keyFormat:
		var names []string
		for _, f := range d.Formats {
			names = append(names, f.Name)
		}
		return ranked(typed, plainNames(names), nil)
	}
	f, ok := storage.FieldNamed(key)
	switch {
	case !ok || !f.Filter:
		return nil
	case len(f.Values) > 0:
		return ranked(typed, plainNames(f.Values), known.values[f.Name])
	case f.Kind == storage.Period:
		return nil
	}
	names, err := d.namesOf(ctx, scope, f, "")
	if err != nil {
		return nil
	}
	slices.SortStableFunc(names, func(a, b storage.Name) int { return cmp.Compare(b.Last, a.Last) })
	list := ranked(typed, names, nil)
	for i := range list {
		if !isPlainName(list[i]) {
			list[i] = printed(f, list[i])
		}
	}
	return list
}

// isPlainName tells whether a name can stand in an option as it is: it does not read like a list or a pattern.
func isPlainName(name string) bool {
	return !strings.ContainsAny(name, ",，、*!=\"“”„‟«»'‘’‚<")
}

func metricNames() []string {
	names := make([]string, len(storage.Metrics))
	for i, m := range storage.Metrics {
		names[i] = m.Name
	}
	return names
}

func plainNames(list []string) []storage.Name {
	names := make([]storage.Name, len(list))
	for i, s := range list {
		names[i].Name = s
	}
	return names
}

// ranked keeps the names that fit what was typed: equal, known by that word, beginning so, containing it, having its
// letters. Within one of these the order stays.
func ranked(typed string, names []storage.Name, words index) []string {
	word := storage.Fold(typed)
	var equal, begin, contain, rest []string
	for _, n := range names {
		name := storage.Fold(n.Name)
		switch {
		case typed == "" || name == word || words[word] == n.Name:
			equal = append(equal, n.Name)
		case strings.HasPrefix(name, word), words.begin(word, n.Name):
			begin = append(begin, n.Name)
		case strings.Contains(name, word):
			contain = append(contain, n.Name)
		default:
			rest = append(rest, n.Name)
		}
	}
	near, _ := nearest(typed, themselves(rest))
	return slices.Concat(equal, begin, contain, near)
}
