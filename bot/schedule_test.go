package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestSlots(t *testing.T) {
	for _, test := range []struct {
		name, at, zone, from, to string
		want                     []string // civil time of the slot, and its instant
	}{
		{"weekly", "weekly mon 09:00", "America/Bogota", "2026-11-20T00:00:00Z", "2026-12-01T00:00:00Z", []string{"2026-11-23T09:00 2026-11-23T14:00:00Z", "2026-11-30T09:00 2026-11-30T14:00:00Z"}},
		{"weekdays", "Weekdays 9:00", "UTC", "2026-11-20T08:00:00Z", "2026-11-24T09:00:00Z", []string{"2026-11-20T09:00 2026-11-20T09:00:00Z", "2026-11-23T09:00 2026-11-23T09:00:00Z", "2026-11-24T09:00 2026-11-24T09:00:00Z"}},
		{"after, up to and including", "daily 09:00", "UTC", "2026-11-20T09:00:00Z", "2026-11-21T09:00:00Z", []string{"2026-11-21T09:00 2026-11-21T09:00:00Z"}},
		{"monthly", "monthly 1 00:00", "Europe/Madrid", "2026-10-15T00:00:00Z", "2026-12-15T00:00:00Z", []string{"2026-11-01T00:00 2026-10-31T23:00:00Z", "2026-12-01T00:00 2026-11-30T23:00:00Z"}},
		{"last of the month", "monthly last 18:30", "UTC", "2028-02-01T00:00:00Z", "2028-04-01T00:00:00Z", []string{"2028-02-29T18:30 2028-02-29T18:30:00Z", "2028-03-31T18:30 2028-03-31T18:30:00Z"}},
		{"30th of February", "monthly 30 08:00", "UTC", "2027-02-01T00:00:00Z", "2027-04-01T00:00:00Z", []string{"2027-02-28T08:00 2027-02-28T08:00:00Z", "2027-03-30T08:00 2027-03-30T08:00:00Z"}},
		{"hour skipped", "daily 02:30", "America/New_York", "2027-03-13T12:00:00Z", "2027-03-15T12:00:00Z", []string{"2027-03-14T02:30 2027-03-14T07:00:00Z", "2027-03-15T02:30 2027-03-15T06:30:00Z"}},
		{"hour repeated", "daily 01:30", "America/New_York", "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z", []string{"2026-11-01T01:30 2026-11-01T05:30:00Z", "2026-11-02T01:30 2026-11-02T06:30:00Z"}},
		{"half an hour skipped", "daily 02:15", "Australia/Lord_Howe", "2026-10-02T12:00:00Z", "2026-10-04T12:00:00Z", []string{"2026-10-03T02:15 2026-10-02T15:45:00Z", "2026-10-04T02:15 2026-10-03T15:30:00Z"}},
		{"half an hour repeated", "daily 01:45", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", "2026-04-05T00:00:00Z", []string{"2026-04-05T01:45 2026-04-04T14:45:00Z"}},
		{"midnight skipped", "daily 00:00", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z", []string{"2018-11-04T00:00 2018-11-04T03:00:00Z", "2018-11-05T00:00 2018-11-05T02:00:00Z"}},
		{"midnight repeated", "daily 23:59", "America/Sao_Paulo", "2018-02-17T12:00:00Z", "2018-02-18T12:00:00Z", []string{"2018-02-17T23:59 2018-02-18T01:59:00Z"}},
		{"day skipped", "daily 09:00", "Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z", []string{"2011-12-29T09:00 2011-12-29T19:00:00Z", "2011-12-31T09:00 2011-12-30T19:00:00Z"}},
		{"no summer time", "daily 23:59", "America/Argentina/Buenos_Aires", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00Z", []string{"2025-12-31T23:59 2026-01-01T02:59:00Z"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := ParseSchedule(test.at, zone(t, test.zone))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, slot := range s.Slots(instant(t, test.from), instant(t, test.to)) {
				got = append(got, slot.Local+" "+slot.At.UTC().Format(time.RFC3339))
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestWrongSchedules(t *testing.T) {
	for _, at := range []string{
		"", "09:00", "daily", "daily 24:00", "daily 9", "daily 09:00 09:00", "weekly 09:00", "weekly someday 09:00", "hourly 09:00",
		"monthly 0 09:00", "monthly 32 09:00", "monthly mon 09:00", "daily mon 09:00", "every 2 weeks 09:00", "* * * * *",
	} {
		if _, err := ParseSchedule(at, time.UTC); err == nil || !strings.Contains(err.Error(), "weekly mon 09:00") {
			t.Errorf("%q: %v", at, err)
		}
	}
}

// Over any year, a daily schedule has one slot for each civil day that the zone has, at the first minute whose
// wall clock shows its time or, where that is skipped, a later one.
func TestEveryDayOnce(t *testing.T) {
	zones := []string{"America/New_York", "America/Sao_Paulo", "America/Argentina/Buenos_Aires", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Gaza", "America/Asuncion", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		hour, minute := rapid.SampledFrom([]int{0, 1, 2, 3, 9, 23}).Draw(t, "hour"), rapid.SampledFrom([]int{0, 15, 30, 59}).Draw(t, "minute")
		s := Schedule{every: daily, hour: hour, minute: minute, zone: z}
		from := time.Date(rapid.IntRange(1990, 2030).Draw(t, "year"), 1, 1, 12, 0, 0, 0, time.UTC)
		to := from.AddDate(1, 0, 0)
		days := map[string]bool{} // that some instant of the range falls on
		for at := from; !at.After(to); at = at.Add(6 * time.Hour) {
			days[at.In(z).Format(time.DateOnly)] = true
		}
		last := time.Time{}
		runs := 0
		for _, slot := range s.Slots(from, to) {
			runs++
			if !slot.At.After(last) {
				t.Fatalf("slot %s is not after the one before", slot.Local)
			}
			last = slot.At
			if !days[slot.Local[:10]] {
				t.Fatalf("slot %s on a day that %s does not have", slot.Local, z)
			}
			checkFirst(t, slot, z)
		}
		if missing := len(days) - runs; missing < 0 || missing > 2 { // the first and last day may lie outside
			t.Fatalf("%d slots on %d days", runs, len(days))
		}
	})
}

// checkFirst looks at every minute around a slot: none before shows its time, and the slot itself shows it unless no
// minute does.
func checkFirst(t *rapid.T, slot Slot, z *time.Location) {
	shown := slot.At.In(z).Format(localForm)
	if shown < slot.Local {
		t.Fatalf("slot %s runs at %s", slot.Local, shown)
	}
	_, before := slot.At.Add(-3 * time.Hour).In(z).Zone()
	_, after := slot.At.Add(3 * time.Hour).In(z).Zone()
	if before == after && shown == slot.Local {
		return // no clock change near: nothing to look for
	}
	for m := -180; m <= 180; m++ {
		wall := slot.At.Add(time.Duration(m) * time.Minute).In(z).Format(localForm)
		switch {
		case m < 0 && wall == slot.Local:
			t.Fatalf("slot %s runs %d minutes after its first occurrence", slot.Local, -m)
		case m > 0 && wall == slot.Local && shown != slot.Local:
			t.Fatalf("slot %s runs at %s, before its time", slot.Local, shown)
		case m == -1 && shown != slot.Local && wall > slot.Local:
			t.Fatalf("slot %s runs at %s, later than the first minute after it", slot.Local, shown)
		}
	}
}
