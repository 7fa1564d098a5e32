package columns

import (
	"maps"
	"slices"
	"strings"

	"outboundbot/storage"
)

// grouping is one of a question's, in a pass. Its groups are by folded key; a cell is in one of them, or in several
// if it has several tags or labels.
type grouping struct {
	fields []int        // of the pass's
	of     [][]uint32   // groups by cell
	own    []uint32     // the group of a cell that is in no other, else noGroup
	keys   [][][]string // by cell and group, the values as they are spelled
	number map[string]uint32
	groups []string // folded keys
}

const noGroup = ^uint32(0)

// extend puts cells that are new to the grouping into groups.
func (g *grouping) extend(p *pass) {
	if g.number == nil {
		g.number = map[string]uint32{}
	}
	for n := len(g.of); n < len(p.keys); n++ {
		keys := [][]string{nil}
		for _, k := range g.fields {
			var longer [][]string
			for _, key := range keys {
				for _, v := range p.fields[k].varieties[p.keys[n][k]] {
					longer = append(longer, append(slices.Clone(key), v))
				}
			}
			keys = longer
		}
		of := make([]uint32, len(keys))
		for i, key := range keys {
			of[i] = g.group(p, key)
		}
		own := noGroup
		if len(of) == 1 {
			own = of[0]
		}
		g.of, g.keys, g.own = append(g.of, of), append(g.keys, keys), append(g.own, own)
	}
}

func (g *grouping) group(p *pass, key []string) uint32 {
	folded := make([]string, len(key))
	for i, v := range key {
		folded[i] = p.fields[g.fields[i]].Key(v)
	}
	id := strings.Join(folded, "\x00")
	n, ok := g.number[id]
	if !ok {
		n = uint32(len(g.groups))
		g.number[id] = n
		g.groups = append(g.groups, id)
	}
	return n
}

// shown gives the keys of the groups in the spelling that most of their sends carry, of equals the first in byte
// order. rows is the sends of each cell.
func (g *grouping) shown(rows []int64) [][]string {
	shown := make([][]string, len(g.groups))
	mixed := map[uint32][]map[string]int64{} // votes by field, of groups that are not spelled alike
	for cell, groups := range g.of {
		for k, group := range groups {
			key := g.keys[cell][k]
			switch {
			case rows[cell] == 0:
			case shown[group] == nil:
				shown[group] = key
			case mixed[group] == nil && !slices.Equal(shown[group], key):
				mixed[group] = make([]map[string]int64, len(key))
			}
		}
	}
	if len(mixed) == 0 {
		return shown
	}
	for cell, groups := range g.of {
		for k, group := range groups {
			votes := mixed[group]
			for i := range votes {
				if votes[i] == nil {
					votes[i] = map[string]int64{}
				}
				votes[i][g.keys[cell][k][i]] += rows[cell]
			}
		}
	}
	for group, votes := range mixed {
		key := make([]string, len(votes))
		for i := range votes {
			key[i] = most(votes[i])
		}
		shown[group] = key
	}
	return shown
}

// most is the spelling with most sends; of equals the first in byte order.
func most(votes map[string]int64) string {
	best, n := "", int64(-1)
	for v, k := range votes {
		if k > n || (k == n && v < best) {
			best, n = v, k
		}
	}
	return best
}

// copied is a group whose maps are its own.
func copied(g storage.Group) storage.Group {
	g.Key = slices.Clone(g.Key)
	g.Tally.Value = maps.Clone(g.Tally.Value)
	for i := range g.Tally.Spread {
		g.Tally.Spread[i] = maps.Clone(g.Tally.Spread[i])
	}
	return g
}
