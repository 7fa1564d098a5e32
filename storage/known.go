package storage

import (
	"fmt"
	"sort"
	"strings"
)

// Names gathers the values that sends have in a field, for suggestions. Engines feed it every row.
type Names struct {
	field  *Field
	prefix string // folded
	match  *Matcher
	q      *Question
	byKey  map[string]*volume
}

type volume struct {
	spelling    spelling
	sends       int
	first, last Instant
}

// NewNames starts a list of the values of a field that begin with prefix.
func NewNames(q *Question, field, prefix string) (*Names, error) {
	f, ok := FieldNamed(field)
	if !ok || !f.Group {
		return nil, fmt.Errorf("%q has no names", field)
	}
	if prefix != "" {
		prefix = f.Key(prefix)
	}
	return &Names{field: f, prefix: prefix, match: NewMatcher(q), q: q, byKey: map[string]*volume{}}, nil
}

// Add notes the values of a send that the scope shows.
func (n *Names) Add(s *Send, firstSuccess Instant) {
	if !n.match.Match(s, firstSuccess) {
		return
	}
	for _, v := range n.field.of(s, n.q) {
		key := n.field.Key(v)
		if v == None || !n.begins(key) {
			continue
		}
		k := n.byKey[key]
		if k == nil {
			k = &volume{spelling: spelling{}}
			n.byKey[key] = k
		}
		k.spelling[v]++
		k.sends++
		k.first, k.last = k.first.earlier(s.Time), max(k.last, s.Time)
	}
}

// begins tells whether a key begins with the prefix; a line also if only its digits do.
func (n *Names) begins(key string) bool {
	return strings.HasPrefix(key, n.prefix) || n.field.Kind == Address && strings.HasPrefix(key, Digits(n.prefix))
}

// Result lists the names, those with most sends first, then by name.
func (n *Names) Result() []Name {
	list := make([]Name, 0, len(n.byKey))
	for _, k := range n.byKey {
		list = append(list, Name{Name: k.spelling.shown(), Sends: k.sends, First: k.first, Last: k.last})
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Sends != list[j].Sends {
			return list[i].Sends > list[j].Sends
		}
		return list[i].Name < list[j].Name
	})
	return list
}
