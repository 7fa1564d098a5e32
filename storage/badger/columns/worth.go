package columns

import "github.com/shopspring/decimal"

// amount is the worth of a tagging.
type amount struct {
	row uint16
	key uint16 // of the currency and scale
	n   int64
}

// exactAmount is one that does not fit.
type exactAmount struct {
	row      uint16
	currency string
	amount   decimal.Decimal
}

type worthKey struct {
	currency string
	scale    byte
}

// worthKeys numbers currencies and scales.
type worthKeys []worthKey

// manyKeys is up to how many currencies and scales are told apart by looking at all.
const manyKeys = 64

func (list *worthKeys) number(of worthKey) (key uint16, ok bool) {
	for i, k := range *list {
		if k == of {
			return uint16(i), true
		}
	}
	if len(*list) == manyKeys {
		return 0, false
	}
	*list = append(*list, of)
	return uint16(len(*list) - 1), true
}

// worth sums amounts by cell.
type worth struct {
	sums  []sums // by key
	exact map[exactKey]decimal.Decimal
}

type sums struct {
	sum  []int64
	some []bool
}

type exactKey struct {
	cell     uint32
	currency string
}

// reserve makes room for cells and keys.
func (w *worth) reserve(cells, keys int) {
	for len(w.sums) < keys {
		w.sums = append(w.sums, sums{})
	}
	for i := range w.sums {
		if s := &w.sums[i]; len(s.sum) < cells {
			s.sum = append(s.sum, make([]int64, cells-len(s.sum))...)
			s.some = append(s.some, make([]bool, cells-len(s.some))...)
		}
	}
}

func (w *worth) add(cell uint32, key uint16, n int64) {
	s := &w.sums[key]
	s.sum[cell] += n
	s.some[cell] = true
}

func (w *worth) addExact(cell uint32, currency string, amount decimal.Decimal) {
	if w.exact == nil {
		w.exact = map[exactKey]decimal.Decimal{}
	}
	k := exactKey{cell, currency}
	w.exact[k] = w.exact[k].Add(amount)
}

// addRows adds the amounts of rows that have a cell.
func (w *worth) addRows(cells []uint32, found *found) {
	for _, a := range found.amounts {
		if cell := cells[a.row]; cell != noCell {
			w.add(cell, a.key, a.n)
		}
	}
	for _, a := range found.exact {
		if cell := cells[a.row]; cell != noCell {
			w.addExact(cell, a.currency, a.amount)
		}
	}
}

// each gives the sums.
func (w *worth) each(keys worthKeys, f func(cell int, currency string, sum decimal.Decimal)) {
	for k := range w.sums {
		for cell, some := range w.sums[k].some {
			if some {
				f(cell, keys[k].currency, decimal.New(w.sums[k].sum[cell], -int32(keys[k].scale)))
			}
		}
	}
	for k, sum := range w.exact {
		f(int(k.cell), k.currency, sum)
	}
}
