package intake

import (
	"encoding/binary"

	"outboundbot/storage"
)

// instant reads RFC 3339 as it is usually written. Other forms, and what is wrong, are for [setInstant], which takes
// ten times as long. Both read what instant reads alike; an empty text is absent.
func instant(s []byte, to *storage.Instant) bool {
	if len(s) == 0 {
		return true
	}
	if len(s) < len("2025-11-24T10:00:00Z") {
		return false
	}
	date, dateOK := dateForm.values(s)
	clock, clockOK := clockForm.values(s[8:])
	sec := int(s[17]-'0')*10 + int(s[18]-'0')
	if !dateOK || !clockOK || s[16] != ':' || s[17]-'0' > 5 || s[18]-'0' > 9 {
		return false
	}
	year, month, day := pair(date, 0)*100+pair(date, 2), pair(date, 5), pair(clock, 0)
	hour, minute := pair(clock, 3), pair(clock, 6)
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > 28 && day > monthDays(year, month) || hour > 23 || minute > 59 {
		return false
	}
	milli, i := fraction(s)
	offset, ok := zone(s[i:])
	if !ok {
		return false
	}
	seconds := int64(dayNumber(year, month, day))*86400 + int64(hour*3600+(minute-offset)*60+sec)
	if seconds <= 0 {
		return false
	}
	*to = storage.Instant(seconds*1000 + int64(milli))
	return true
}

// form is what eight bytes must look like: any digit where it was given 0.
type form struct {
	zero   uint64 // the text that was given
	beyond uint64 // added to a value that is too large for its place this sets the highest bit
}

var (
	dateForm  = newForm("0000-00-")
	clockForm = newForm("00T00:00")
)

func newForm(text string) (f form) {
	for i, c := range []byte(text) {
		limit := uint64(0) // of the value
		if c == '0' {
			limit = 9
		}
		f.zero |= uint64(c) << (8 * i)
		f.beyond |= (0x7f - limit) << (8 * i)
	}
	return f
}

// values gives the values of the digits, 0 for what is none.
func (f *form) values(s []byte) (values uint64, ok bool) {
	values = binary.LittleEndian.Uint64(s) ^ f.zero
	return values, (values|(values+f.beyond))&highs == 0
}

// pair is the number that two digits make.
func pair(values uint64, at int) int {
	return int(values>>(8*at)&0xff)*10 + int(values>>(8*at+8)&0xff)
}

// fraction reads what may stand behind the seconds, cut to milliseconds, and returns where it ends.
func fraction(s []byte) (milli, end int) {
	const at = len("2025-11-24T10:00:00")
	if s[at] != '.' {
		return 0, at
	}
	i := at + 1
	for unit := 100; i < len(s) && s[i]-'0' <= 9; i++ {
		milli += int(s[i]-'0') * unit
		unit /= 10
	}
	if i == at+1 || i > at+10 {
		return 0, at // the point is no zone
	}
	return milli, i
}

// zone reads Z or an offset from UTC, in minutes.
func zone(s []byte) (minutes int, ok bool) {
	if len(s) == 1 && s[0] == 'Z' {
		return 0, true
	}
	if len(s) != len("-06:00") || s[3] != ':' {
		return 0, false
	}
	for _, i := range [...]int{1, 2, 4, 5} {
		if s[i]-'0' > 9 {
			return 0, false
		}
	}
	hour, minute := int(s[1]-'0')*10+int(s[2]-'0'), int(s[4]-'0')*10+int(s[5]-'0')
	switch minutes = hour*60 + minute; {
	case hour > 23 || minute > 59:
		return 0, false
	case s[0] == '-':
		return -minutes, true
	}
	return minutes, s[0] == '+'
}

// dayNumber counts days since 1970. The year begins in March, so that a leap day is its last.
func dayNumber(year, month, day int) int {
	year -= (14 - month) / 12
	month = (month + 9) % 12
	return year*365 + year/4 - year/100 + year/400 + (month*153+2)/5 + day - 1 - 719468
}

func monthDays(year, month int) int {
	switch {
	case month != 2:
		return 30 + (month+month>>3)&1
	case year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	}
	return 28
}
