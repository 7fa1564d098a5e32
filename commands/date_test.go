package commands

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"outboundbot/storage"
)

func day0(t testing.TB, s string) storage.Day {
	t.Helper()
	d, err := storage.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDates(t *testing.T) {
	for _, c := range []struct{ today, text, want string }{
		{"2026-11-21", "today", "2026-11-21"},
		{"2026-11-21", "Yesterday", "2026-11-20"},
		{"2026-11-21", "7d", "2026-11-15..2026-11-21"},
		{"2026-11-21", "1d", "2026-11-21"},
		{"2026-11-21", "last 7 days", "2026-11-15..2026-11-21"},
		{"2026-11-21", "past 30 days", "2026-10-23..2026-11-21"},
		{"2026-11-21", "Last  2  Weeks", "2026-11-02..2026-11-15"},
		{"2026-11-21", "last 3 months", "2026-08-01..2026-10-31"},
		{"2026-11-21", "this week", "2026-11-16..2026-11-21"},
		{"2026-11-16", "this week", "2026-11-16"},
		{"2026-11-22", "this week", "2026-11-16..2026-11-22"}, // Sunday ends a week
		{"2026-11-22", "last week", "2026-11-09..2026-11-15"},
		{"2026-11-23", "last week", "2026-11-16..2026-11-22"},
		{"2026-11-21", "this month", "2026-11-01..2026-11-21"},
		{"2026-11-21", "last month", "2026-10-01..2026-10-31"},
		{"2026-03-31", "last month", "2026-02-01..2026-02-28"},
		{"2028-03-31", "last month", "2028-02-01..2028-02-29"},
		{"2026-01-15", "last month", "2025-12-01..2025-12-31"},
		{"2026-01-15", "last quarter", "2025-10-01..2025-12-31"},
		{"2026-11-21", "this quarter", "2026-10-01..2026-11-21"},
		{"2026-11-21", "last year", "2025-01-01..2025-12-31"},
		{"2026-11-21", "this year", "2026-01-01..2026-11-21"},
		{"2026-11-21", "mtd", "2026-11-01..2026-11-21"},
		{"2026-11-21", "QTD", "2026-10-01..2026-11-21"},
		{"2026-11-21", "year to date", "2026-01-01..2026-11-21"},
		// months: the latest that has begun
		{"2026-11-21", "november", "2026-11-01..2026-11-30"},
		{"2026-11-21", "Dec", "2025-12-01..2025-12-31"},
		{"2026-11-21", "may", "2026-05-01..2026-05-31"},
		{"2026-11-21", "november 2025", "2025-11-01..2025-11-30"},
		{"2026-11-21", "feb 2024", "2024-02-01..2024-02-29"},
		// figures
		{"2026-11-21", "2025", "2025-01-01..2025-12-31"},
		{"2026-11-21", "2026-11", "2026-11-01..2026-11-30"},
		{"2026-11-21", "2026-W47", "2026-11-16..2026-11-22"},
		{"2026-11-21", "2026w47", "2026-11-16..2026-11-22"},
		{"2026-11-21", "W47", "2026-11-16..2026-11-22"},
		{"2026-11-21", "W48", "2025-11-24..2025-11-30"},
		{"2026-11-21", "W53", "2020-12-28..2021-01-03"},
		{"2026-11-21", "2026-W53", "2026-12-28..2027-01-03"}, // a year of 53 weeks
		{"2026-11-21", "2025-W01", "2024-12-30..2025-01-05"},
		{"2027-01-01", "W53", "2026-12-28..2027-01-03"}, // 1 January 2027 lies in week 53 of 2026
		{"2024-12-30", "W1", "2024-12-30..2025-01-05"},
		{"2026-11-21", "Q4", "2026-10-01..2026-12-31"},
		{"2026-08-01", "q4", "2025-10-01..2025-12-31"},
		{"2026-11-21", "2026-Q1", "2026-01-01..2026-03-31"},
		{"2026-11-21", "Q2 2025", "2025-04-01..2025-06-30"},
		{"2026-11-21", "2026-11-01", "2026-11-01"},
		{"2026-11-21", "25/11/2025", "2025-11-25"},
		{"2026-11-21", "11/25/2025", "2025-11-25"},
		{"2026-11-21", "11.11.2025", "2025-11-11"},
		// intervals
		{"2026-11-21", "2026-11-01..2026-11-15", "2026-11-01..2026-11-15"},
		{"2026-11-21", "2026-11-01 … 2026-11-15", "2026-11-01..2026-11-15"},
		{"2026-11-21", "2026-11-01..", "2026-11-01..2026-11-21"},
		{"2026-11-21", "..2026-11-15", "..2026-11-15"},
		{"2026-11-21", "2026-08..2026-09", "2026-08-01..2026-09-30"},
		{"2026-11-21", "last week..yesterday", "2026-11-09..2026-11-20"},
		{"2026-11-21", "all time", "all"},
		{"2026-11-21", "Launch Days", "2026-03-01..2026-03-05"},
		{"2026-11-21", "2026-01-01..launch days", "2026-01-01..2026-03-05"},
		// no dates
		{"2026-11-21", "campaign", "no date"},
		{"2026-11-21", "", "no date"},
		{"2026-11-21", "..", "no date"},
		{"2026-11-21", "7", "no date"},
		{"2026-11-21", "days", "no date"},
		{"2026-11-21", "2026-11-01T10:00", "no date"},
		{"2026-11-21", "loop", "no date"},
		// dates that cannot be
		{"2026-11-21", "2026-02-29", "commands.date.day"},
		{"2026-11-21", "2026-04-31", "commands.date.day"},
		{"2026-11-21", "2026-11-00", "commands.date.day"},
		{"2026-11-21", "2026-13", "commands.date.month"},
		{"2026-11-21", "2026-13-01", "commands.date.month"},
		{"2026-11-21", "1999", "commands.date.year"},
		{"2026-11-21", "november 1066", "commands.date.year"},
		{"2026-11-21", "2025-W53", "commands.date.year_week"},
		{"2026-11-21", "2026-W00", "commands.date.year_week"},
		{"2026-11-21", "W54", "commands.date.week"},
		{"2026-11-21", "Q5", "commands.date.quarter"},
		{"2026-11-21", "05/11/2026", "commands.date.ambiguous"},
		{"2026-11-21", "31/02/2026", "commands.date.day"},
		{"2026-11-21", "13/13/2026", "commands.date.month"},
		{"2026-11-21", "last 0 days", "commands.date.count"},
		{"2026-11-21", "last 999999999 days", "commands.date.count"},
		{"2026-11-21", "last 3000 months", "commands.date.long"},
		{"2026-11-21", "2026-11-15..2026-11-01", "commands.date.inverted"},
	} {
		t.Run(c.today+" "+c.text, func(t *testing.T) {
			cal := calendar{today: day0(t, c.today), ranges: map[string]string{"launch-days": "2026-03-01..2026-03-05", "loop": "loop"}}
			r, err := cal.read(c.text)
			var cannotBe *dateFault
			got := printDays(r)
			switch {
			case errors.Is(err, errNoDate):
				got = "no date"
			case errors.As(err, &cannotBe):
				got = cannotBe.id
			case err != nil:
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The day of "now" is the zone's, also around changes of the clock and at the ends of years.
func TestToday(t *testing.T) {
	d := desk(t)
	for _, c := range []struct{ zone, now, text, want string }{
		{"America/Santiago", "2026-09-06T03:59:00Z", "today", "2026-09-05"}, // clocks go from 24:00 to 01:00: that day has no midnight
		{"America/Santiago", "2026-09-06T04:00:00Z", "today", "2026-09-06"},
		{"America/Santiago", "2026-04-05T03:30:00Z", "today", "2026-04-04"}, // clocks go back over midnight
		{"America/New_York", "2026-11-01T05:30:00Z", "yesterday", "2026-10-31"},
		{"America/New_York", "2026-11-01T06:30:00Z", "yesterday", "2026-10-31"},
		{"America/New_York", "2026-11-05T12:00:00Z", "7d", "2026-10-30..2026-11-05"}, // a week of 169 hours
		{"Europe/Madrid", "2026-03-31T22:30:00Z", "mtd", "2026-04-01"},
		{"Pacific/Kiritimati", "2026-12-31T10:00:00Z", "this year", "2027-01-01"},
		{"Pacific/Pago_Pago", "2027-01-01T10:59:00Z", "this year", "2026-01-01..2026-12-31"},
		{"Asia/Kathmandu", "2026-11-21T18:15:00Z", "today", "2026-11-22"},
		{"UTC", "2027-01-01T00:00:00Z", "last week", "2026-12-21..2026-12-27"},
	} {
		t.Run(c.zone+" "+c.now+" "+c.text, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			req := ask(c.text + " tz:" + c.zone)
			req.At = now
			pl, err := d.parse(t.Context(), req, storage.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			if got := printDays(pl.query.Range); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Whatever the day: units follow each other without gaps, and what has begun ends today.
func TestCalendarProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		today := storage.Day(rapid.Int32Range(int32(storage.CivilDay(2001, 1, 1)), int32(storage.CivilDay(2098, 12, 31))).Draw(t, "today"))
		for name, u := range map[string]unit{"week": week, "month": month, "quarter": quarter, "year": year} {
			whole, last, begun := u(today), u.before(today, 1), u.toDate(today)
			if !whole.Has(today) || last.To+1 != whole.From || begun.From != whole.From || begun.To != today {
				t.Fatalf("%s of %s: %s, before %s, to date %s", name, today, printDays(whole), printDays(last), printDays(begun))
			}
			if three := u.before(today, 3); three.To != last.To || u(three.From) != (storage.Range{From: three.From, To: u(three.From).To}) {
				t.Fatalf("three %ss before %s: %s", name, today, printDays(three))
			}
		}
		if from := week(today).From.Date().Weekday(); from != time.Monday {
			t.Fatalf("weeks begin on %s", from)
		}
		y, w := today.Date().ISOWeek()
		if r, ok := isoWeek(y, w); !ok || !r.Has(today) {
			t.Fatalf("%s lies in %d-W%02d, not in %s", today, y, w, printDays(r))
		}
	})
}
