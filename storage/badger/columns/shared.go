package columns

import (
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
	number map[string]uint32
	keys   []storage.Send // by number, a send that has nothing but this; the first has nothing
}

func newValues() *values {
	return &values{number: map[string]uint32{}, keys: make([]storage.Send, 1)}
}

func (v *values) of(key string, s storage.Send) uint32 {
	n, ok := v.number[key]
	if !ok {
		n = uint32(len(v.keys))
		v.number[key] = n
		v.keys = append(v.keys, s)
	}
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
		proto   func(text string) (string, storage.Send)
	}{
		{columnTags, &out.tags, c.tags, c.successes, finalTag},
		{columnCode, &out.codes, c.codes, c.failures, func(text string) (string, storage.Send) {
			return text, storage.Send{Status: storage.Failed, Code: text}
		}},
		{columnFirstOption, &out.options, c.options, c.answers, func(text string) (string, storage.Send) {
			return text, storage.Send{FirstOption: text}
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
			x.to.table[code+1] = x.values.of(x.proto(text))
		}
	}
	if err := out.wait(c, s); err != nil {
		return nil, err
	}
	if out.running, err = s.running(); err != nil {
		return nil, err
	}
	return &out, out.value(c, s)
}

// finalTag is a send with the last tagging of a list.
func finalTag(text string) (string, storage.Send) {
	tags, _ := parseTags(text)
	last := tags[len(tags)-1]
	return last.Name + "\x00" + last.Type, storage.Send{Tags: []storage.Tag{{Name: last.Name, Type: last.Type}}}
}

// wait notes how long answers took.
func (out *shared) wait(c *counting, s *selection) error {
	answered, err := s.numbers(columnAnswered)
	if err != nil || answered == nil {
		return err
	}
	chosen := s.chosen()
	for k, off := range answered.off {
		if i := answered.row(k); off != noNumber && chosen[i] && c.answers[s.facts[i]] {
			out.waited = append(out.waited, uint16(i))
			c.waits = append(c.waits, max(0, off))
		}
	}
	return nil
}

// value notes the amounts of sale taggings.
func (out *shared) value(c *counting, s *selection) error {
	a, err := s.amounts()
	if err != nil || a == nil {
		return err
	}
	of := make([][]storage.Tag, len(out.tags.texts))
	for code, text := range out.tags.texts {
		tags, _ := parseTags(text)
		for _, t := range tags {
			if t.Value != "" {
				of[code] = append(of[code], t)
			}
		}
	}
	chosen := s.chosen()
	for k, code := range out.tags.of {
		if of[code] == nil {
			continue
		}
		i := out.tags.row(k)
		if !chosen[i] || !c.successes[s.facts[i]] {
			continue
		}
		for n, t := range of[code] {
			if t.Sale {
				out.amount(a, uint16(i), int(a.from[i])+n, t)
			}
		}
	}
	return nil
}

// safeAmount is the greatest number of which billions can be added up.
const safeAmount = 1e9

func (out *shared) amount(a *amounts, row uint16, k int, t storage.Tag) {
	if n := a.numbers[k]; a.scales[k] != exactly && -safeAmount <= n && n <= safeAmount {
		if key, ok := out.count.worthKey(t.Currency, a.scales[k]); ok {
			out.amounts = append(out.amounts, amount{row, key, n})
			return
		}
	}
	t.Value = a.text(k)
	s := storage.Send{Tags: []storage.Tag{t}}
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

// chosen tells which rows are selected.
func (s *selection) chosen() []bool {
	if s.mask != nil {
		return s.mask
	}
	s.mask = s.plan.scratch.bools(s.rows)
	for _, run := range s.runs {
		for _, i := range run.list {
			s.mask[i] = true
		}
		if run.list == nil {
			part := s.mask[run.lo:run.hi]
			for i := range part {
				part[i] = true
			}
		}
	}
	return s.mask
}
