package badger

import "strings"

// lexicon numbers the names that events and rows of an import have in common, so that what is set aside is short and
// names are kept once. Number 0 is for what it does not take: long texts, and names beyond a million.
type lexicon struct {
	numbers map[string]uint32
	names   []string
	last    [64][recalls]recall // by field: names come in stretches, and most fields have few
}

type recall struct {
	name   string
	number uint32
}

// recalls is how many names of a field are found without a hash table.
const recalls = 16

const (
	longestName = 128
	mostNames   = 1 << 20
)

func newLexicon() *lexicon {
	return &lexicon{numbers: map[string]uint32{}, names: []string{""}}
}

// number is that of a name that is not empty; 0 if it has none. The lexicon keeps a copy of its own.
func (l *lexicon) number(field int, name string) uint32 {
	last := &l.last[field][(len(name)+7*int(name[len(name)-1])+int(name[len(name)/2]))%recalls]
	if last.name == name {
		return last.number
	}
	n, ok := l.numbers[name]
	if !ok {
		if len(name) > longestName || len(l.names) >= mostNames {
			return 0
		}
		name = strings.Clone(name)
		n = uint32(len(l.names))
		l.names = append(l.names, name)
		l.numbers[name] = n
	} else {
		name = l.names[n]
	}
	*last = recall{name, n}
	return n
}
