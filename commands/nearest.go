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

// likeness of two words: lower is nearer.
type likeness struct {
	name     string
	distance int
}

// nearest are the candidates that a mistyped word may have meant, best first: few slips away (a third of the
// letters), or having its letters in order. Nonsense has none.
func nearest(typed string, candidates []string) []string {
	word := storage.Fold(typed)
	length := utf8.RuneCountInString(word)
	if length == 0 || length > longest {
		return nil
	}
	var hits []likeness
	taken := map[string]bool{}
	folded := make([]string, len(candidates))
	for i, c := range candidates {
		folded[i] = storage.Fold(c)
		d := levenshtein.ComputeDistance(word, folded[i])
		if d <= max(1, length/3) && d < max(length, utf8.RuneCountInString(folded[i])) {
			hits = append(hits, likeness{c, d})
			taken[c] = true
		}
	}
	slices.SortStableFunc(hits, func(a, b likeness) int { return cmp.Compare(a.distance, b.distance) })
	names := make([]string, 0, len(hits))
	for _, h := range hits {
		names = append(names, h.name)
	}
	if length < 3 {
		return names
	}
	for _, m := range fuzzy.Find(word, folded) {
		if name := candidates[m.Index]; !taken[name] {
			names = append(names, name)
		}
	}
	return names
}

// threeNearest are the candidates nearest to a word, however far they are.
func threeNearest(typed string, candidates []string) []string {
	names := nearest(typed, candidates)
	if len(names) >= suggestions {
		return names[:suggestions]
	}
	word := []rune(storage.Fold(typed))
	word = word[:min(len(word), longest)]
	var rest []likeness
	for _, c := range candidates {
		if !slices.Contains(names, c) {
			rest = append(rest, likeness{c, levenshtein.ComputeDistance(string(word), storage.Fold(c))})
		}
	}
	slices.SortStableFunc(rest, func(a, b likeness) int { return cmp.Compare(a.distance, b.distance) })
	for _, r := range rest {
		if len(names) == suggestions {
			break
		}
		names = append(names, r.name)
	}
	return names
}
