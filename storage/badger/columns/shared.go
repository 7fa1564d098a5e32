package columns

import (
	"slices"

	"outboundbot/storage"
)

// shared is what all passes need of a segment.
type shared struct {
	tags, codes, options valued
	running              []uint16 // rows whose flow is in progress
	amounts              []amount
	exact                []exactAmount
	count                *counting
	waited               []uint16 // answered rows
}

// valued is a coded column whose texts stand for values of a distribution.
type valued struct {
	*codes
	values  *values
	table   []uint32 // value by code
	covered []bool   // facts of rows that the distribution is over
}

// values numbers what sends have in a distribution.
type values struct {
	byText map[string]uint32
	number map[storage.Tag]uint32 // of final tags, of which many lists have the same
	keys   []storage.Send         // by number, a send that has nothing but this; the first has nothing
}

func newValues() *values {
	return &values{byText: map[string]uint32{}, number: map[storage.Tag]uint32{}, keys: make([]storage.Send, 1)}
}

func (v *values) of(text string, proto func(string) storage.Send) uint32 {
	n, ok := v.byText[text]
	if ok {
		return n
	}
	s := proto(text)
	if len(s.Tags) > 0 {
		n, ok = v.number[s.Tags[0]]
	}
	if !ok {
		n = uint32(len(v.keys))
		v.keys = append(v.keys, s)
	}
	if len(s.Tags) > 0 {
		v.number[s.Tags[0]] = n
	}
	v.byText[text] = n
	return n
}

// share reads what the passes need of a segment.
func (c *counting) share(s *selection) (*shared, error) {
	out := shared{count: c}
	var err error
	for _, x := range []struct {
		column  int
		to      *valued
		values  *values
		covered []bool
		proto   func(text string) storage.Send
	}{
		{columnTags, &out.tags, c.tags, c.successes, finalTag},
		{columnCode, &out.codes, c.codes, c.failures, func(text string) storage.Send {
			return storage.Send{Status: storage.Failed, Code: text}
		}},
		{columnFirstOption, &out.options, c.options, c.answers, func(text string) storage.Send {
			return storage.Send{FirstOption: text}
		}},
	} {
		x.to.values, x.to.covered = x.values, x.covered
		if x.to.codes, err = s.codes(x.column); err != nil {
			return nil, err
		}
		if x.to.codes == nil {
			continue
		}
		x.to.table = make([]uint32, len(x.to.texts))
		for code, text := range x.to.texts[1:] {
			x.to.table[code+1] = x.values.of(text, x.proto)
		}
	}
	if err := out.wait(c, s); err != nil {
		return nil, err
	}
	running, err := s.running()
	if err != nil {
		return nil, err
	}
	for _, x := range s.stretches() {
		lo, _ := slices.BinarySearch(running, uint16(x.lo))
		for k := lo; k < len(running) && int(running[k]) < x.hi; k++ {
			if x.whole || s.mask[running[k]] {
				out.running = append(out.running, running[k])
			}
		}
	}
	return &out, out.value(c, s)
}

// finalTag is a send with the last tagging of a list.
func finalTag(text string) storage.Send {
	tags, _ := parseTags(text)
	last := tags[len(tags)-1]
	return storage.Send{Tags: []storage.Tag{{Name: last.Name, Type: last.Type}}}
}

// wait notes how long answers took.
func (out *shared) wait(c *counting, s *selection) error {
	answered, err := s.numbers(columnAnswered)
	if err != nil || answered == nil {
		return err
	}
	out.waited = c.plan.scratch.waited[:0]
	for _, x := range s.stretches() {
		lo := answered.from(x.lo)
		for k, off := range answered.off[lo:answered.from(x.hi)] {
			i := answered.row(lo + k)
			if off != noNumber && (x.whole || s.mask[i]) && c.answers[s.facts[i]] {
				out.waited = append(out.waited, uint16(i))
				c.waits = append(c.waits, max(0, off))
			}
		}
	}
	c.plan.scratch.waited = out.waited
	return nil
}

// value notes the amounts of sale taggings.
func (out *shared) value(c *counting, s *selection) error {
	a, err := s.amounts()
	if err != nil || a == nil {
		return err
	}
	of := make([][]saleTag, len(out.tags.texts))
	for code, text := range out.tags.texts {
		list, ok := c.sales[text]
		if !ok {
			list = saleTags(text)
			c.sales[text] = list
		}
		of[code] = list
	}
	out.amounts = c.plan.scratch.amounts[:0]
	for _, x := range s.stretches() {
		lo, _ := slices.BinarySearch(a.rows, uint16(x.lo))
		for k := lo; k < len(a.rows) && int(a.rows[k]) < x.hi; k++ {
			i := a.rows[k]
			if (!x.whole && !s.mask[i]) || !c.successes[s.facts[i]] {
				continue
			}
			list := of[a.codes[k]]
			for t := range list {
				out.amount(a, i, int(a.first[k]), &list[t])
			}
		}
	}
	c.plan.scratch.amounts = out.amounts
	return nil
}

// saleTag is a sale tagging with an amount.
type saleTag struct {
	storage.Tag
	place int        // among the taggings with amounts
	keys  [19]uint16 // the key of its currency by scale, +1 once it is known
}

func saleTags(text string) (list []saleTag) {
	tags, _ := parseTags(text)
	place := 0
	for _, t := range tags {
		if t.Value == "" {
			continue
		}
		if t.Sale {
			list = append(list, saleTag{Tag: t, place: place})
		}
		place++
	}
	return list
}

// safeAmount is the greatest number of which billions can be added up.
const safeAmount = 1e9

func (out *shared) amount(a *amounts, row uint16, from int, t *saleTag) {
	k := from + t.place
	n, scale := a.numbers[k], a.scales[k]
	if scale != exactly && -safeAmount <= n && n <= safeAmount {
		if t.keys[scale] == 0 {
			if key, ok := out.count.worthKey(t.Currency, scale); ok {
				t.keys[scale] = key + 1
			}
		}
		if t.keys[scale] != 0 {
			out.amounts = append(out.amounts, amount{row, t.keys[scale] - 1, n})
			return
		}
	}
	tag := t.Tag
	tag.Value = a.text(k)
	s := storage.Send{Tags: []storage.Tag{tag}}
	for currency, exact := range s.Amounts() {
		out.exact = append(out.exact, exactAmount{row, currency, exact})
	}
}

// manyKeys is up to how many currencies and scales are told apart by looking at all.
const manyKeys = 64

func (c *counting) worthKey(currency string, scale byte) (key uint16, ok bool) {
	if currency == "" {
		currency = storage.None
	}
	for i, k := range c.worthKeys {
		if k.scale == scale && k.currency == currency {
			return uint16(i), true
		}
	}
	if len(c.worthKeys) == manyKeys {
		return 0, false
	}
	c.worthKeys = append(c.worthKeys, worthKey{currency, scale})
	return uint16(len(c.worthKeys) - 1), true
}
