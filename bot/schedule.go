package bot

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"outboundbot/reports"
)

// Schedule is a rule of local wall time, such as "weekly mon 09:00" in America/Bogota (CHAT 5).
//
// A time that the zone skips runs at the first valid minute after it, a time that comes twice runs the first time,
// a day that the zone skips as a whole has no slot.
type Schedule struct {
	every   every
	weekday time.Weekday // of weekly
	day     int          // of monthly: 1–31, or lastDay
	hour    int
	minute  int
	zone    *time.Location
}

type every uint8

const (
	daily every = iota
	weekdays
	weekly
	monthly
)

// lastDay is the last day of the month; later days of short months fall on it as well.
const lastDay = 31

// Slot is one run of a schedule.
type Slot struct {
	Local string    // civil date and time that the rule names: 2026-11-23T09:00
	At    time.Time // when that is
}

// localForm is the form of Slot.Local.
const localForm = "2006-01-02T15:04"

// ParseSchedule reads "daily 09:00", "weekdays 09:00", "weekly mon 09:00", "monthly 1 09:00" or "monthly last 09:00"
// as local time of a zone.
func ParseSchedule(at string, zone *time.Location) (Schedule, error) {
	for _, lang := range reports.Languages() {
		if s, ok := parseSchedule(strings.Fields(strings.ToLower(at)), lang); ok {
			s.zone = zone
			return s, nil
		}
	}
	return Schedule{}, errors.New(reports.Languages()[0].Say("bot.at.wrong", reports.Args{"At": at}))
}

func parseSchedule(words []string, lang *reports.Language) (s Schedule, ok bool) {
	if len(words) < 2 {
		return s, false
	}
	clock, err := time.Parse("15:04", words[len(words)-1])
	if err != nil {
		return s, false
	}
	s.hour, s.minute = clock.Hour(), clock.Minute()
	means := func(word, id string) bool { return slices.Contains(lang.Words(id), word) }
	rule, rest := words[0], words[1:len(words)-1]
	switch {
	case means(rule, "bot.at.daily") && len(rest) == 0:
		s.every = daily
	case means(rule, "bot.at.weekdays") && len(rest) == 0:
		s.every = weekdays
	case means(rule, "bot.at.weekly") && len(rest) == 1:
		s.every = weekly
		for day := time.Sunday; day <= time.Saturday; day++ {
			if means(rest[0], "bot.at.weekday."+strconv.Itoa(int(day))) {
				s.weekday = day
				return s, true
			}
		}
		return s, false
	case means(rule, "bot.at.monthly") && len(rest) == 1:
		s.every = monthly
		if means(rest[0], "bot.at.last") {
			s.day = lastDay
			return s, true
		}
		s.day, err = strconv.Atoi(rest[0])
		return s, err == nil && s.day >= 1 && s.day <= lastDay
	default:
		return s, false
	}
	return s, true
}

// Next is the first slot after an instant.
func (s Schedule) Next(after time.Time) Slot {
	for day := s.dayBefore(after); ; day = day.AddDate(0, 0, 1) {
		if slot, ok := s.slot(day); ok && slot.At.After(after) {
			return slot
		}
	}
}

// Slots are the runs after one instant up to and including another, in order.
func (s Schedule) Slots(after, upTo time.Time) []Slot {
	var slots []Slot
	for slot := s.Next(after); !slot.At.After(upTo); slot = s.Next(slot.At) {
		slots = append(slots, slot)
	}
	return slots
}

// dayBefore is, in UTC, the midnight of the civil day before that of an instant: a slot that a gap moved over
// midnight belongs to it.
func (s Schedule) dayBefore(t time.Time) time.Time {
	y, m, d := t.In(s.zone).Date()
	return time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC)
}

// slot is the run of a civil day, given as midnight UTC, if it has one.
func (s Schedule) slot(day time.Time) (Slot, bool) {
	switch {
	case s.every == weekdays && (day.Weekday() == time.Saturday || day.Weekday() == time.Sunday),
		s.every == weekly && day.Weekday() != s.weekday,
		s.every == monthly && day.Day() != min(s.day, daysIn(day)):
		return Slot{}, false
	}
	if firstInstant(day, s.zone).Day() != day.Day() { // the zone skipped this day
		return Slot{}, false
	}
	civil := day.Add(time.Duration(s.hour)*time.Hour + time.Duration(s.minute)*time.Minute)
	return Slot{Local: civil.Format(localForm), At: firstInstant(civil, s.zone)}, true
}

func daysIn(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// firstInstant is when the clocks of a zone first show a civil time (given as if it were UTC), or, where they skip
// it, the first full minute that they show after it. time.Date does not promise which of two instants it picks.
func firstInstant(civil time.Time, zone *time.Location) time.Time {
	const widest = 16 * time.Hour // no zone is, or changes, farther from UTC
	for t := civil.Add(-widest).In(zone); ; {
		_, offset := t.Zone()
		start, end := t.ZoneBounds()
		shift := time.Duration(offset) * time.Second
		exact := civil.Add(-shift).In(zone)
		if !start.IsZero() && exact.Before(start) { // skipped: the clocks were put from before civil to after it
			return start.Add(time.Minute - 1).Truncate(time.Minute)
		}
		if end.IsZero() || exact.Before(end) {
			return exact
		}
		t = end
	}
}
