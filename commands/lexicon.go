package commands

import (
	"slices"
	"strings"

	"outboundbot/reports"
	"outboundbot/storage"
)

// Verbs beside the reports.
const (
	verbExport = "export"
	verbHelp   = "help"
)

// Keys that are not fields (CHAT 2).
const (
	keyDate    = "date"
	keyFrom    = "from"
	keyTo      = "to"
	keyZone    = "tz"
	keyTest    = "test"
	keyBy      = "by"
	keySort    = "sort"
	keyTop     = "top"
	keyLimit   = "limit"
	keyColumns = "columns"
	keyFormat  = "format"
	keyEmpty   = "empty"
	keyLang    = "lang"
)

// settings are the keys that are not filters, in the order in which a canonical command has them.
var settings = []string{
	keyDate, keyFrom, keyTo, keyZone, keyTest, keyBy, keySort, keyTop, keyLimit, keyColumns, keyFormat, keyEmpty, keyLang,
}

// elsewhere are keys of CHAT 2 that no report takes: they belong to digests, saved questions, pages and comparisons.
// They are known, so that nobody is told to mean something else, and refused with a sentence.
var elsewhere = []string{"compare", "page", "view", "share", "post", "at", "every", "name", "mention", "thread", "quiet"}

// later are the verbs of CHAT 1 that this version does not have: whoever types one is told so.
var later = []string{
	"flows", "templates", "webhooks", "individual", "tagging", "general", "failures", "trend", "heatmap",
	"compare", "campaigns", "explain", "digest", "alert", "save", "prefs", "status",
}

// lexicon has the words of all languages for what the tables of fields, metrics and reports have. Machine names win
// over words, and earlier entries over later ones.
type lexicon struct {
	verbs, topics, keys, groups, columns, metrics index
	values                                        map[string]index // by field
}

// index finds a machine name by a folded word.
type index map[string]string

var known = newLexicon(reports.Languages())

func newLexicon(languages []*reports.Language) lexicon {
	l := lexicon{verbs: index{}, topics: index{}, keys: index{}, groups: index{}, columns: index{}, metrics: index{}, values: map[string]index{}}
	filters, groups, columns := fieldNames()
	l.verbs.add(languages, "verb.", verbNames())
	l.topics.add(languages, "topic.", topics)
	l.keys.add(languages, "field.", filters)
	l.keys.add(languages, "key.", slices.Concat(settings, elsewhere))
	l.groups.add(languages, "field.", groups)
	l.columns.add(languages, "field.", columns)
	metrics := make([]string, len(storage.Metrics))
	for i, m := range storage.Metrics {
		metrics[i] = m.Name
	}
	l.metrics.add(languages, "metric.", metrics)
	for i := range storage.Fields {
		f := &storage.Fields[i]
		if f.Filter && len(f.Values) > 0 {
			values := index{}
			values.add(languages, valuePrefix(f), f.Values)
			l.values[f.Name] = values
		}
	}
	weekdays := index{}
	weekdays.add(languages, "weekday.", []string{"1", "2", "3", "4", "5", "6", "7"})
	l.values["weekday"] = weekdays
	return l
}

// add enters machine names first, then the labels and words that the languages have under prefix+name.
func (x index) add(languages []*reports.Language, prefix string, names []string) {
	for _, name := range names {
		x.enter(name, name)
	}
	for _, lang := range languages {
		for _, name := range names {
			id := prefix + name
			for _, w := range lang.Words(id + ".words") {
				x.enter(w, name)
			}
			for _, label := range []string{id, id + ".short"} {
				if lang.Has(label) {
					x.enter(lang.Say(label), name)
				}
			}
		}
	}
}

func (x index) enter(word, name string) {
	if _, taken := x[storage.Fold(word)]; !taken {
		x[storage.Fold(word)] = name
	}
}

// find gives the machine name of a word.
func (x index) find(word string) (string, bool) {
	name, ok := x[storage.Fold(word)]
	return name, ok
}

// begin tells whether one of a name's words begins so.
func (x index) begin(prefix, name string) bool {
	for w, n := range x {
		if n == name && strings.HasPrefix(w, prefix) {
			return true
		}
	}
	return false
}

// words are all words of the index, in order.
func (x index) words() []string {
	words := make([]string, 0, len(x))
	for w := range x {
		words = append(words, w)
	}
	slices.Sort(words)
	return words
}

// like are the machine names whose words are nearest to a mistyped one, best first.
func (x index) like(typed string) (names []string, sure bool) {
	var list []candidate
	for _, w := range x.words() {
		list = append(list, candidate{w, x[w]})
	}
	return nearest(typed, list)
}

func verbNames() []string {
	var names []string
	for _, r := range reports.All() {
		names = append(names, r.Name)
	}
	return append(names, verbExport, verbHelp)
}

func fieldNames() (filters, groups, columns []string) {
	for i := range storage.Fields {
		f := &storage.Fields[i]
		if f.Filter {
			filters = append(filters, f.Name)
		}
		if f.Group {
			groups = append(groups, f.Name)
		}
		if f.Cell != nil {
			columns = append(columns, f.Name)
		}
	}
	return filters, groups, columns
}

// valuePrefix is where the catalogue has the labels of a field's values.
func valuePrefix(f *storage.Field) string {
	if f.Kind == storage.YesNo {
		return "value."
	}
	return "value." + f.Name + "."
}

// yesNoField tells whether a word names a yes or no field, so that "answered" alone can stand for answered:yes.
func yesNoField(word string) (string, bool) {
	name, ok := known.keys.find(word)
	if !ok {
		return "", false
	}
	f, ok := storage.FieldNamed(name)
	return name, ok && f.Kind == storage.YesNo && strings.EqualFold(name, storage.Fold(word))
}
