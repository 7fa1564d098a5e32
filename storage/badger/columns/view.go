package columns

import (
	"context"

	"outboundbot/storage"
)

// Part is a segment of a view; Dead has a bit for each row that a newer one has replaced, and may be nil or short.
type Part struct {
	*Segment
	Dead []uint64
}

// View is one state of the store, and answers questions about it. It does not change while it is used; several
// questions may use it at once. All its segments share one cache.
type View struct {
	Parts   []Part
	First   []storage.Instant                       // first success by person, 0 for one never reached; may be short
	Blocks  []Block                                 // of First, by 64 persons; may be nil or short
	Contact func(person uint32) (string, error)     // phone or platform id, "" for a send without contact
	Persons func(storage.Contact) ([]uint32, error) // those that the id, ignoring separators, or the token may stand for
	Secret  []byte                                  // of contact tokens

	limits *limits // of tests; nil for the usual ones
}

// Block sums the first successes of 64 persons up, so that a question need not look at each of them.
type Block struct {
	Reached     uint64          // a bit for each that was ever reached
	First, Last storage.Instant // of those
}

// BlockOf is the block of up to 64 persons, of which the first has a number that 64 divides.
func BlockOf(first []storage.Instant) (b Block) {
	for i, at := range first {
		if at == 0 {
			continue
		}
		if b.Reached == 0 || at < b.First {
			b.First = at
		}
		b.Reached |= 1 << i
		b.Last = max(b.Last, at)
	}
	return b
}

func (v *View) first(person uint32) storage.Instant {
	if int(person) < len(v.First) {
		return v.First[person]
	}
	return 0
}

// people is one more than the highest person.
func (v *View) people() int {
	n := 0
	for _, p := range v.Parts {
		n = max(n, int(p.highest)+1)
	}
	return n
}

// each selects the rows of each segment that may have any.
func (p *plan) each(ctx context.Context, f func(*selection) error) error {
	for i := range p.view.Parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.scratch.used = 0
		s, err := p.selectRows(&p.view.Parts[i])
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		if err := f(s); err != nil {
			return err
		}
	}
	return nil
}
