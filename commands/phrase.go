package commands

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// A phrase is a date in words. What people say stands in the catalogue under dates.ID.words, with {n}, {month} and
// {year} for what varies; what it means stands here.
type phrase struct {
	id      string
	re      *regexp.Regexp // over folded text
	meaning meaning
}

// arguments of a phrase; 0 for what it does not have.
type arguments struct {
	n     int
	month time.Month
	year  int
}

type meaning func(c calendar, a arguments) (storage.Range, error)

// presets in the order in which help and suggestions list them.
var presets = []struct {
	id      string
	meaning meaning
}{
	{"today", days(0, 1)},
	{"yesterday", days(1, 1)},
	{"last_days", lastDays},
	{"last_weeks", lastUnits(week)},
	{"last_months", lastUnits(month)},
	{"this_week", toDate(week)},
	{"last_week", before(week)},
	{"this_month", toDate(month)},
	{"last_month", before(month)},
	{"this_quarter", toDate(quarter)},
	{"last_quarter", before(quarter)},
	{"this_year", toDate(year)},
	{"last_year", before(year)},
	{"mtd", toDate(month)},
	{"qtd", toDate(quarter)},
	{"ytd", toDate(year)},
	{"month", latestMonth},
	{"month_year", monthOfYear},
	{"all", func(calendar, arguments) (storage.Range, error) { return storage.Range{}, nil }},
}

var phrases = newPhrases(reports.Languages())

func newPhrases(languages []*reports.Language) []phrase {
	months := regexpOfMonths(languages)
	var list []phrase
	for _, p := range presets {
		for _, lang := range languages {
			for _, w := range lang.Words("dates." + p.id + ".words") {
				pattern := regexp.QuoteMeta(storage.Fold(w))
				pattern = strings.ReplaceAll(pattern, `\{n\}`, `(?P<n>\d{1,9})`)
				pattern = strings.ReplaceAll(pattern, `\{year\}`, `(?P<year>\d{4})`)
				pattern = strings.ReplaceAll(pattern, `\{month\}`, `(?P<month>`+months+`)`)
				list = append(list, phrase{p.id, regexp.MustCompile(`^` + pattern + `$`), p.meaning})
			}
		}
	}
	return list
}

func regexpOfMonths(languages []*reports.Language) string {
	var words []string
	for _, lang := range languages {
		for m := time.January; m <= time.December; m++ {
			for _, w := range monthWords(lang, m) {
				words = append(words, regexp.QuoteMeta(w))
			}
		}
	}
	return strings.Join(words, "|")
}

// monthWords are the folded names of a month.
func monthWords(lang *reports.Language, m time.Month) []string {
	words := []string{storage.Fold(lang.Month(m))}
	for _, w := range lang.Words("month." + strconv.Itoa(int(m)) + ".words") {
		words = append(words, storage.Fold(w))
	}
	return words
}

func monthNamed(word string) time.Month {
	for _, lang := range reports.Languages() {
		for m := time.January; m <= time.December; m++ {
			if slices.Contains(monthWords(lang, m), word) {
				return m
			}
		}
	}
	return 0
}

func (p phrase) arguments(match []string) arguments {
	var a arguments
	for i, name := range p.re.SubexpNames() {
		switch name {
		case "n":
			a.n = number(match[i])
		case "year":
			a.year = number(match[i])
		case "month":
			a.month = monthNamed(match[i])
		}
	}
	return a
}

// days is n days, the last of them so many days ago.
func days(ago, n int) meaning {
	return func(c calendar, _ arguments) (storage.Range, error) {
		to := c.today - storage.Day(ago)
		return storage.Range{From: to - storage.Day(n-1), To: to}, nil
	}
}

// lastDays includes today.
func lastDays(c calendar, a arguments) (storage.Range, error) {
	if err := bounded(a.n); err != nil {
		return storage.Range{}, err
	}
	return storage.Range{From: c.today - storage.Day(a.n-1), To: c.today}, nil
}

// lastUnits is whole weeks or months, the present one not among them.
func lastUnits(u unit) meaning {
	return func(c calendar, a arguments) (storage.Range, error) {
		if err := bounded(a.n); err != nil {
			return storage.Range{}, err
		}
		r := u.before(c.today, min(a.n, mostUnits))
		if r.From < storage.CivilDay(firstYear, 1, 1) {
			return storage.Range{}, &dateFault{id: "commands.date.long", args: reports.Args{"Year": strconv.Itoa(firstYear)}}
		}
		return r, nil
	}
}

func bounded(n int) error {
	if n < 1 || n > mostUnits {
		return &dateFault{id: "commands.date.count", args: reports.Args{"Most": strconv.Itoa(mostUnits)}}
	}
	return nil
}

func toDate(u unit) meaning {
	return func(c calendar, _ arguments) (storage.Range, error) { return u.toDate(c.today), nil }
}

func before(u unit) meaning {
	return func(c calendar, _ arguments) (storage.Range, error) { return u.before(c.today, 1), nil }
}

// latestMonth is the latest month of that name that has begun.
func latestMonth(c calendar, a arguments) (storage.Range, error) {
	y := c.today.Date().Year()
	if a.month > c.today.Date().Month() {
		y--
	}
	return monthOf(y, a.month), nil
}

func monthOfYear(_ calendar, a arguments) (storage.Range, error) {
	return monthOf(a.year, a.month), check(strconv.Itoa(a.year), a.year, int(a.month))
}
