package commands

import (
	"slices"
	"strings"
)

// Option is one key with a value, as a platform's own command options have them.
type Option struct{ Key, Value string }

// Compose writes a command from a verb and options. A value that is a list, an exclusion or a pattern of the grammar
// stands as typed, so that an option takes whatever the text form takes; any other is quoted, so that it is one value
// whatever it holds.
func Compose(verb string, options []Option) string {
	parts := make([]string, 0, len(options)+1)
	if verb != "" {
		parts = append(parts, verb)
	}
	for _, o := range options {
		v := strings.TrimFunc(clean(o.Value), isSpace)
		if v == "" {
			continue
		}
		if !isOneTerm(o.Key, v) {
			v = Quote(v)
		}
		parts = append(parts, o.Key+":"+v)
	}
	return strings.Join(parts, " ")
}

// isOneTerm tells whether the grammar reads key:value as one filter with nothing left over.
func isOneTerm(key, typed string) bool {
	s, err := grammar.ParseString("", key+":"+typed)
	if err != nil || len(s.Terms) != 1 {
		return false
	}
	return !slices.ContainsFunc(s.Terms[0].Values, func(v *value) bool {
		_, quoted, open := unquote(v.Text)
		head, _, colon := strings.Cut(v.Text, ":")
		_, isKey := known.keys.find(head)
		return v.Text == "" && !v.Before || quoted && open || colon && isKey && !quoted
	})
}

// Quote writes a value so that the grammar reads it back as it is: as such if it is one plain word, else in quotes.
func Quote(value string) string {
	if isPlain(value) {
		return value
	}
	// A mark that the text does not have needs no doubling; «» has no twin that phones write instead.
	switch {
	case !strings.ContainsAny(value, "\"“”„‟"):
		return `"` + value + `"`
	default:
		return "«" + strings.ReplaceAll(value, "»", "»»") + "»"
	}
}
