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

func (w *worth) add(cells []uint32, n int, c *shared) {
	for len(w.sums) < len(c.count.worthKeys) {
		w.sums = append(w.sums, sums{})
	}
	for i := range w.sums {
		if s := &w.sums[i]; len(s.sum) < n {
			s.sum = append(s.sum, make([]int64, n-len(s.sum))...)
			s.some = append(s.some, make([]bool, n-len(s.some))...)
		}
	}
	for _, a := range c.amounts {
		cell, s := cells[a.row], &w.sums[a.key]
		s.sum[cell] += a.n
		s.some[cell] = true
	}
	for _, a := range c.exact {
		if w.exact == nil {
			w.exact = map[exactKey]decimal.Decimal{}
		}
		k := exactKey{cells[a.row], a.currency}
		w.exact[k] = w.exact[k].Add(a.amount)
	}
}

// each gives the sums.
func (w *worth) each(keys []worthKey, f func(cell int, currency string, sum decimal.Decimal)) {
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
