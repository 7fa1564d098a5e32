package commands

import (
	"time"

	"outboundbot/storage"
)

// Years that a date may have. Outside there are no sends, only slips of the finger.
const (
	firstYear = 2000
	lastYear  = 2099
)

// Civil spans. All of them are whole days of some zone, so that changes of the clock play no part: only the day of
// "now" is taken in the zone.

func weekOf(d storage.Day) storage.Range {
	monday := d - storage.Day((int(d.Date().Weekday())+6)%7)
	return storage.Range{From: monday, To: monday + 6}
}

func monthOf(year int, month time.Month) storage.Range {
	return storage.Range{From: storage.CivilDay(year, month, 1), To: storage.CivilDay(year, month+1, 0)}
}

func quarterOf(year, quarter int) storage.Range {
	first := time.Month(3*quarter - 2)
	return storage.Range{From: storage.CivilDay(year, first, 1), To: storage.CivilDay(year, first+3, 0)}
}

func yearOf(year int) storage.Range {
	return storage.Range{From: storage.CivilDay(year, 1, 1), To: storage.CivilDay(year, 12, 31)}
}

// isoWeek is a week of an ISO year; ok is false when that year does not have it.
func isoWeek(year, week int) (r storage.Range, ok bool) {
	first := weekOf(storage.CivilDay(year, 1, 4)) // the week of 4 January is the first (ISO 8601)
	from := first.From + storage.Day(7*(week-1))
	return storage.Range{From: from, To: from + 6}, week >= 1 && week <= weeksOf(year)
}

// weeksOf is the number of ISO weeks of a year: 28 December always lies in the last one.
func weeksOf(year int) int {
	_, n := storage.CivilDay(year, 12, 28).Date().ISOWeek()
	return n
}

// daysOf is the number of days of a month.
func daysOf(year int, month time.Month) int { return monthOf(year, month).Days() }

// unit is a span of the calendar that "this", "last" and "to date" go with.
type unit func(storage.Day) storage.Range

var (
	week    unit = weekOf
	month   unit = func(d storage.Day) storage.Range { return monthOf(d.Date().Year(), d.Date().Month()) }
	quarter unit = func(d storage.Day) storage.Range {
		return quarterOf(d.Date().Year(), (int(d.Date().Month())+2)/3)
	}
	year unit = func(d storage.Day) storage.Range { return yearOf(d.Date().Year()) }
)

// toDate is the unit that has begun, up to today.
func (u unit) toDate(today storage.Day) storage.Range {
	return storage.Range{From: u(today).From, To: today}
}

// before is the n whole units before the one of today.
func (u unit) before(today storage.Day, n int) storage.Range {
	to := u(today).From - 1
	from := to + 1
	for range n {
		from = u(from - 1).From
	}
	return storage.Range{From: from, To: to}
}
