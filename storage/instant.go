package storage

import (
	"encoding/json"
	"fmt"
	"time"
)

// Instant is a moment in milliseconds since 1970 UTC; 0 means absent.
type Instant int64

// InstantOf cuts t to milliseconds.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// ParseInstant reads RFC 3339 with a zone, cut to milliseconds.
func ParseInstant(s string) (Instant, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a time like 2025-11-24T10:00:00-06:00", s)
	}
	if t.UnixMilli() <= 0 {
		return 0, fmt.Errorf("%.40q is not after 1970", s)
	}
	return InstantOf(t), nil
}

// Time is the instant in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// String is RFC 3339 in UTC with milliseconds, or nothing when absent.
func (i Instant) String() string {
	if i == 0 {
		return ""
	}
	return i.Time().Format("2006-01-02T15:04:05.000Z")
}

// MarshalJSON writes the string form, or null.
func (i Instant) MarshalJSON() ([]byte, error) {
	if i == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(i.String())
}

// UnmarshalJSON reads RFC 3339, an empty string or null.
func (i *Instant) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == nil || *s == "" {
		*i = 0
		return nil
	}
	v, err := ParseInstant(*s)
	*i = v
	return err
}

// earlier is the earlier of two instants, an absent one being later than all.
func (i Instant) earlier(o Instant) Instant {
	if i == 0 || (o != 0 && o < i) {
		return o
	}
	return i
}

// Day is a civil day, in days since 1 January 1970. As an end of a [Range] 0 means open.
type Day int32

// DayOf is the local day of an instant. Civil dates are compared rather than instants, since where clocks go back
// over midnight a day is not one stretch of time.
func DayOf(i Instant, zone *time.Location) Day { return CivilDay(i.Time().In(zone).Date()) }

// CivilDay is the day of a date.
func CivilDay(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads 2025-11-24.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a day like 2025-11-24", s)
	}
	return CivilDay(t.Date()), nil
}

// Date is midnight UTC of the day, for its year, month, day and weekday.
func (d Day) Date() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String is 2025-11-24.
func (d Day) String() string { return d.Date().Format(time.DateOnly) }

// Range is the local days from From to To, both included; 0 leaves an end open.
type Range struct{ From, To Day }

// Has tells whether a day lies in the range.
func (r Range) Has(d Day) bool {
	return (r.From == 0 || d >= r.From) && (r.To == 0 || d <= r.To)
}

// Days is the number of days, or 0 if an end is open.
func (r Range) Days() int {
	if r.From == 0 || r.To == 0 {
		return 0
	}
	return int(r.To-r.From) + 1
}

// Window gives instants that surely hold the range: an engine may skip all sends outside and must test those
// inside with Has. Zones differ from UTC by less than a day.
func (r Range) Window() (from, to Instant) {
	const day = 24 * 60 * 60 * 1000
	from, to = 1, 1<<62
	if r.From > 1 {
		from = Instant(r.From-1) * day
	}
	if r.To != 0 {
		to = Instant(r.To+2) * day
	}
	return from, to
}
