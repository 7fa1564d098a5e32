package columns

import (
	"time"

	"outboundbot/storage"
)

const dayMillis = 24 * 60 * 60 * 1000

// clock tells local time within a span of instants.
type clock struct {
	from      []int64 // when each stretch begins; the first is open
	offset    []int64 // what local time is ahead of UTC
	low, high int64   // the least and the greatest offset
}

func newClock(zone *time.Location, first, last int64) clock {
	var c clock
	for at := first; ; {
		t := time.UnixMilli(at).In(zone)
		_, seconds := t.Zone()
		offset := int64(seconds) * 1000
		if len(c.from) == 0 {
			c.low, c.high = offset, offset
		}
		c.from, c.offset = append(c.from, at), append(c.offset, offset)
		c.low, c.high = min(c.low, offset), max(c.high, offset)
		_, end := t.ZoneBounds()
		if end.IsZero() || end.UnixMilli() > last || end.UnixMilli() <= at {
			return c
		}
		at = end.UnixMilli()
	}
}

// local is the time on the clock as milliseconds since 1970.
func (c *clock) local(at int64) int64 {
	k := len(c.from) - 1
	for k > 0 && c.from[k] > at {
		k--
	}
	return at + c.offset[k]
}

func dayOf(local int64) int64 {
	d := local / dayMillis
	if local%dayMillis < 0 {
		d--
	}
	return d
}

// in tells whether all rows of a span of time are in the range, or none.
func (c *clock) in(r storage.Range, first, last int64) (all, none bool) {
	lowest, highest := dayOf(first+c.low), dayOf(last+c.high)
	from, to := int64(r.From), int64(r.To)
	all = (from == 0 || lowest >= from) && (to == 0 || highest <= to)
	none = (from != 0 && highest < from) || (to != 0 && lowest > to)
	return all, none
}

// has tells whether an instant is in the range.
func (c *clock) has(r storage.Range, at int64) bool { return r.Has(storage.Day(dayOf(c.local(at)))) }
