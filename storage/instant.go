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
	return string(i.Append(make([]byte, 0, 24)))
}

// Append adds the string form to b. Lists have ten times a row, so the digits are made here and not by a layout.
func (i Instant) Append(b []byte) []byte {
	const day = 24 * 60 * 60 * 1000
	days, ms := int64(i)/day, int64(i)%day
	if i == 0 || days > 2_932_896 { // absent, or after the year 9999
		return i.appendAny(b)
	}
	if ms < 0 {
		days, ms = days-1, ms+day
	}
	year, month, date := civil(days)
	if year < 0 {
		return i.appendAny(b)
	}
	s := ms / 1000
	b = append(two(two(b, year/100), year%100), '-')
	b = append(two(b, month), '-')
	b = append(two(b, date), 'T')
	b = append(two(b, s/3600), ':')
	b = append(two(b, s/60%60), ':')
	b = append(two(b, s%60), '.', '0'+byte(ms%1000/100))
	return append(two(b, ms%100), 'Z')
}

func (i Instant) appendAny(b []byte) []byte {
	if i == 0 {
		return b
	}
	return i.Time().AppendFormat(b, "2006-01-02T15:04:05.000Z")
}

func two(b []byte, n int64) []byte { return append(b, '0'+byte(n/10), '0'+byte(n%10)) }

// civil is the date of a day since 1970 in the proleptic Gregorian calendar (H. Hinnant, chrono-compatible low-level
// date algorithms, civil_from_days). Years begin in March there, so that leap days come last.
func civil(days int64) (year, month, date int64) {
	z := days + 719468
	if z < 0 {
		return -1, 1, 1
	}
	era := z / 146097
	doe := z % 146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	m := (5*doy + 2) / 153
	year, month, date = yoe+era*400, m+3, doy-(153*m+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, date
}

// MarshalJSON writes the string form, or null.
func (i Instant) MarshalJSON() ([]byte, error) {
	if i == 0 {
		return []byte("null"), nil
	}
	return append(i.Append(append(make([]byte, 0, 26), '"')), '"'), nil
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
