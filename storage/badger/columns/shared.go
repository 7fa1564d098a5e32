package columns

import (
	"slices"

	"outboundbot/storage"
)

// shared is what all passes need of a segment.
type shared struct {
	tags, codes, options valued
	running              []uint16 // rows whose flow is in progress
	found                found
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
	by     []uint32               // by the cache's number of the text, +1
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

// table gives the values of texts, by code.
func (v *values) table(texts []string, proto func(string) storage.Send) []uint32 {
	table := make([]uint32, len(texts))
	for code := 1; code < len(texts); code++ {
		table[code] = v.of(texts[code], proto)
	}
	return table
}

// known gives the values of texts that the cache has numbered, by code.
func (v *values) known(of *texts, proto func(string) storage.Send) []uint32 {
	table := make([]uint32, len(of.text))
	for code := 1; code < len(table); code++ {
		number := int(of.numbers[code])
		if number >= len(v.by) {
			v.by = append(v.by, make([]uint32, number+1-len(v.by))...)
		}
		if v.by[number] == 0 {
			v.by[number] = v.of(of.text[code], proto) + 1
		}
		table[code] = v.by[number] - 1
	}
	return table
}

func failed(text string) storage.Send { return storage.Send{Status: storage.Failed, Code: text} }

func option(text string) storage.Send { return storage.Send{FirstOption: text} }

// share reads what the passes need of a segment.
func (c *counting) share(s *selection) (*shared, error) {
	out := shared{found: found{keys: &c.worthKeys, amounts: c.plan.scratch.amounts[:0]}}
	var err error
	for _, x := range []struct {
		column  int
		to      *valued
		values  *values
		covered []bool
		proto   func(text string) storage.Send
	}{
		{columnTags, &out.tags, c.tags, c.successes, finalTag},
		{columnCode, &out.codes, c.codes, c.failures, failed},
		{columnFirstOption, &out.options, c.options, c.answers, option},
	} {
		x.to.values, x.to.covered = x.values, x.covered
		if x.to.codes, err = s.codes(x.column); err != nil {
			return nil, err
		}
		if x.to.codes == nil {
			continue
		}
		x.to.table = x.values.table(x.to.texts, x.proto)
	}
	if err := out.wait(c, s); err != nil {
		return nil, err
	}
	running, err := s.running()
	if err != nil {
		return nil, err
	}
	for _, x := range s.stretches() {
		eachOf(running, x.lo, x.hi, x.list, func(i uint16) { out.running = append(out.running, i) })
	}
	return &out, out.value(c, s)
}

// eachOf gives the rows of an ordered list that lie in [lo, hi) and, if it is not nil, in another one.
func eachOf(rows []uint16, lo, hi int, in []uint16, f func(i uint16)) {
	k, _ := slices.BinarySearch(rows, uint16(lo))
	for ; k < len(rows) && int(rows[k]) < hi; k++ {
		if in != nil {
			if _, ok := slices.BinarySearch(in, rows[k]); !ok {
				continue
			}
		}
		f(rows[k])
	}
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
	one := func(k, i int) {
		if off := answered.off[k]; off != noNumber && c.answers[s.facts[i]] {
			out.waited = append(out.waited, uint16(i))
			c.waits = append(c.waits, max(0, off))
		}
	}
	for _, x := range s.stretches() {
		answered.each(&x, one)
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
	out.found.look(a, s, s.stretches(), of, c.successes)
	c.plan.scratch.amounts = out.found.amounts
	return nil
}

// found is amounts of sale taggings.
type found struct {
	keys    *worthKeys
	amounts []amount
	exact   []exactAmount
}

// look finds the amounts of rows with certain facts; of has the sale taggings by code of the tags.
func (out *found) look(a *amounts, s *selection, in []stretch, of [][]saleTag, covered []bool) {
	one := func(k int) {
		if i := a.rows[k]; covered[s.facts[i]] {
			list := of[a.codes[k]]
			for t := range list {
				out.amount(a, i, int(a.first[k]), &list[t])
			}
		}
	}
	for _, x := range in {
		k, _ := slices.BinarySearch(a.rows, uint16(x.lo))
		for _, i := range x.list {
			for k < len(a.rows) && a.rows[k] < i {
				k++
			}
			if k < len(a.rows) && a.rows[k] == i {
				one(k)
			}
		}
		for x.list == nil && k < len(a.rows) && int(a.rows[k]) < x.hi {
			one(k)
			k++
		}
	}
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

func (out *found) amount(a *amounts, row uint16, from int, t *saleTag) {
	k := from + t.place
	n, scale := a.numbers[k], a.scales[k]
	if scale != exactly && -safeAmount <= n && n <= safeAmount {
		if t.keys[scale] == 0 {
			currency := t.Currency
			if currency == "" {
				currency = storage.None
			}
			if key, ok := out.keys.number(worthKey{currency, scale}); ok {
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
