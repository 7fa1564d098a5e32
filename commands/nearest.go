package commands

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/sahilm/fuzzy"

	"outboundbot/storage"
)

// suggestions is how many nearest words an error shows (CHAT 2).
const suggestions = 3

// longest word, in characters, that is compared with others: a longer one is no slip of the finger.
const longest = 80

// shortest word, in characters, whose letters are looked for inside others: shorter ones are in anything.
const shortest = 4

// candidate is a word that may have been meant, and what to write for it.
type candidate struct{ word, write string }

// themselves are candidates that stand for themselves.
func themselves(words []string) []candidate {
	list := make([]candidate, len(words))
	for i, w := range words {
		list[i] = candidate{w, w}
	}
	return list
}

// nearest lists what a mistyped word may have meant, best first and at most three: what is few slips away (a third
// of the letters), then what has its letters in order. Nonsense has none. sure tells that one is few slips away
// and nearer than all others, so that it can be offered as the correction.
func nearest(typed string, candidates []candidate) (writes []string, sure bool) {
	word := storage.Fold(typed)
	length := utf8.RuneCountInString(word)
	if length == 0 || length > longest {
		return nil, false
	}
	folded := make([]string, len(candidates))
	for i, c := range candidates {
		folded[i] = storage.Fold(c.word)
	}
	near, distance := slips(word, length, folded)
	if length >= shortest {
		for _, m := range fuzzy.Find(word, folded) {
			if !slices.Contains(near, m.Index) {
				near, distance = append(near, m.Index), append(distance, longest)
			}
		}
	}
	var first, second int
	for k, i := range near {
		if slices.Contains(writes, candidates[i].write) {
			continue
		}
		if writes = append(writes, candidates[i].write); len(writes) == 1 {
			first = distance[k]
		} else if len(writes) == 2 {
			second = distance[k]
		}
	}
	sure = len(writes) > 0 && first < longest && (len(writes) == 1 || first < second)
	return writes[:min(len(writes), suggestions)], sure
}

// slips are the indexes of the folded words that a few slips of the finger make of another, and how many it takes.
func slips(word string, length int, folded []string) (indexes, distance []int) {
	most := max(1, (length+1)/3)
	all := make([]int, len(folded))
	for i, f := range folded {
		all[i] = levenshtein.ComputeDistance(word, f)
		if all[i] <= most && all[i] < max(length, utf8.RuneCountInString(f)) {
			indexes = append(indexes, i)
		}
	}
	slices.SortStableFunc(indexes, func(a, b int) int { return cmp.Compare(all[a], all[b]) })
	for _, i := range indexes {
		distance = append(distance, all[i])
	}
	return indexes, distance
}

// threeNearest are the names nearest to a word, however far they are.
func threeNearest(typed string, names []string) (three []string, sure bool) {
	three, sure = nearest(typed, themselves(names))
	word := []rune(storage.Fold(typed))
	far := string(word[:min(len(word), longest)])
	rest := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(three, n) })
	distance := make(map[string]int, len(rest))
	for _, n := range rest {
		distance[n] = levenshtein.ComputeDistance(far, storage.Fold(n))
	}
	slices.SortStableFunc(rest, func(a, b string) int { return cmp.Compare(distance[a], distance[b]) })
	return append(three, rest[:min(len(rest), suggestions-len(three))]...), sure
}
