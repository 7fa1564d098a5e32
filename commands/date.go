package commands

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// calendar reads dates (CHAT 2) as they are on one day of one zone.
type calendar struct {
	today  storage.Day
	ranges map[string]string // the configuration's: name → expression
}

// defaultDays is the range of a command without dates: so many days up to today.
const defaultDays = 7

// mostUnits bounds "last N days": ten years.
const mostUnits = 3660

// errNoDate: the words are no date at all.
var errNoDate = errors.New("no date")

// dateFault is a date that cannot be: its sentence in the catalogue and what may have been meant.
type dateFault struct {
	id      string
	args    reports.Args
	suggest []string
	fixed   string // a single best correction of the expression, or ""
}

func (f *dateFault) Error() string { return f.id }

// read turns an expression into days: a preset, a day, a week, a month, a quarter, a year, or two of them with ..
// between. It returns [errNoDate] or a *dateFault.
func (c calendar) read(text string) (storage.Range, error) {
	text = strings.TrimFunc(text, isSpace)
	if from, to, ok := cutInterval(text); ok {
		return c.interval(text, from, to)
	}
	return c.single(text, c.ranges)
}

var interval = regexp.MustCompile(`^(.*?)\s*(?:\.{2,3}|…)\s*(.*)$`)

func cutInterval(text string) (from, to string, ok bool) {
	m := interval.FindStringSubmatch(text)
	if m == nil || (m[1] == "" && m[2] == "") {
		return "", "", false
	}
	return m[1], m[2], true
}

// interval is from the first day of one expression to the last of another; an open end reaches to today, an open
// beginning to the first send.
func (c calendar) interval(text, from, to string) (storage.Range, error) {
	r := storage.Range{To: c.today}
	if from != "" {
		first, err := c.single(from, c.ranges)
		if err != nil {
			return r, err
		}
		r.From = first.From
	}
	if to != "" {
		last, err := c.single(to, c.ranges)
		if err != nil {
			return r, err
		}
		r.To = last.To
	}
	if from != "" && to != "" && r.To < r.From && r.To != 0 {
		return r, &dateFault{id: "commands.date.inverted", args: reports.Args{"Date": text}, fixed: to + ".." + from}
	}
	return r, nil
}

// single reads one expression. Named ranges come last, so that no configuration changes what "today" means; they may
// not refer to each other.
func (c calendar) single(text string, ranges map[string]string) (storage.Range, error) {
	for _, form := range forms {
		if m := form.re.FindStringSubmatch(text); m != nil {
			return form.read(c, text, m[1:])
		}
	}
	folded := storage.Fold(text)
	for _, p := range phrases {
		if m := p.re.FindStringSubmatch(folded); m != nil {
			return p.meaning(c, p.arguments(m))
		}
	}
	for name, expression := range ranges {
		if storage.Fold(name) == folded {
			return calendar{today: c.today}.read(expression)
		}
	}
	return storage.Range{}, errNoDate
}

// form is a date in figures.
type form struct {
	re   *regexp.Regexp
	read func(c calendar, text string, parts []string) (storage.Range, error)
}

var forms = []form{
	{regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})$`), func(_ calendar, text string, p []string) (storage.Range, error) {
		return day(text, number(p[0]), number(p[1]), number(p[2]))
	}},
	{regexp.MustCompile(`^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$`), calendar.slashes},
	{regexp.MustCompile(`^(\d{4})-(\d{1,2})$`), func(_ calendar, text string, p []string) (storage.Range, error) {
		y, m := number(p[0]), number(p[1])
		if err := check(text, y, m); err != nil {
			return storage.Range{}, err
		}
		return monthOf(y, time.Month(m)), nil
	}},
	{regexp.MustCompile(`^(\d{4})$`), func(_ calendar, text string, p []string) (storage.Range, error) {
		y := number(p[0])
		return yearOf(y), check(text, y, 1)
	}},
	{regexp.MustCompile(`^(?i)(\d{4})-?W(\d{1,2})$`), func(_ calendar, text string, p []string) (storage.Range, error) {
		return isoWeekOf(text, number(p[0]), number(p[1]))
	}},
	{regexp.MustCompile(`^(?i)W(\d{1,2})$`), func(c calendar, text string, p []string) (storage.Range, error) {
		return c.latestWeek(text, number(p[0]))
	}},
	{regexp.MustCompile(`^(?i)(\d{4})[- ]?Q(\d)$`), func(_ calendar, text string, p []string) (storage.Range, error) {
		return yearQuarter(text, number(p[0]), number(p[1]))
	}},
	{regexp.MustCompile(`^(?i)Q(\d)[- ](\d{4})$`), func(_ calendar, text string, p []string) (storage.Range, error) {
		return yearQuarter(text, number(p[1]), number(p[0]))
	}},
	{regexp.MustCompile(`^(?i)Q(\d)$`), func(c calendar, text string, p []string) (storage.Range, error) {
		y := c.today.Date().Year()
		r, err := yearQuarter(text, y, number(p[0]))
		if err == nil && r.From > c.today {
			r = quarterOf(y-1, number(p[0]))
		}
		return r, err
	}},
}

// slashes reads 25/11/2026, where the order of day and month depends on the reader's country: English asks when
// both readings are days (CHAT 2).
func (c calendar) slashes(text string, p []string) (storage.Range, error) {
	a, b, y := number(p[0]), number(p[1]), number(p[2])
	switch {
	case a == b || b > 12:
		return day(text, y, a, b)
	case a > 12:
		return day(text, y, b, a)
	}
	dayFirst, monthFirst := fmt.Sprintf("%04d-%02d-%02d", y, b, a), fmt.Sprintf("%04d-%02d-%02d", y, a, b)
	return storage.Range{}, &dateFault{
		id:      "commands.date.ambiguous",
		args:    reports.Args{"Date": text, "A": dayFirst, "B": monthFirst},
		suggest: []string{dayFirst, monthFirst},
	}
}

func (c calendar) latestWeek(text string, w int) (storage.Range, error) {
	y, _ := c.today.Date().ISOWeek()
	for ; y >= firstYear; y-- {
		if r, ok := isoWeek(y, w); ok && r.From <= c.today {
			return r, nil
		}
	}
	return storage.Range{}, &dateFault{id: "commands.date.week", args: reports.Args{"Date": text}}
}

func isoWeekOf(text string, y, w int) (storage.Range, error) {
	if err := check(text, y, 1); err != nil {
		return storage.Range{}, err
	}
	r, ok := isoWeek(y, w)
	if !ok {
		return r, &dateFault{id: "commands.date.year_week", args: reports.Args{"Date": text, "Year": strconv.Itoa(y), "Weeks": strconv.Itoa(weeksOf(y))}}
	}
	return r, nil
}

func yearQuarter(text string, y, q int) (storage.Range, error) {
	if err := check(text, y, 1); err != nil {
		return storage.Range{}, err
	}
	if q < 1 || q > 4 {
		return storage.Range{}, &dateFault{id: "commands.date.quarter", args: reports.Args{"Date": text}}
	}
	return quarterOf(y, q), nil
}

func day(text string, y, m, d int) (storage.Range, error) {
	if err := check(text, y, m); err != nil {
		return storage.Range{}, err
	}
	if n := daysOf(y, time.Month(m)); d < 1 || d > n {
		last := storage.CivilDay(y, time.Month(m), n).String()
		args := reports.Args{"Date": text, "Month": last[:7], "Days": strconv.Itoa(n)}
		return storage.Range{}, &dateFault{id: "commands.date.day", args: args, suggest: []string{last}, fixed: last}
	}
	one := storage.CivilDay(y, time.Month(m), d)
	return storage.Range{From: one, To: one}, nil
}

func check(text string, y, m int) error {
	switch {
	case y < firstYear || y > lastYear:
		return &dateFault{id: "commands.date.year", args: reports.Args{"Date": text, "First": strconv.Itoa(firstYear), "Last": strconv.Itoa(lastYear)}}
	case m < 1 || m > 12:
		return &dateFault{id: "commands.date.month", args: reports.Args{"Date": text}}
	}
	return nil
}

// number reads digits that a pattern has found already.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
