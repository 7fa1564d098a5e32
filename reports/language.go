package reports

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"outboundbot/storage"
)

// words has one file a language: every label, definition, sentence and accepted word (CHAT 6). Ids are dotted:
// metric.answered, metric.answered.doc, field.campaign, field.campaign.words (aliases), report.summary.
//
//go:embed words/*.toml
var words embed.FS

// Language says things in one language.
type Language struct {
	Tag       string // en
	bundle    *i18n.Bundle
	localizer *i18n.Localizer
	fixed     map[string]string // sentences without placeholders, by id
	ids       map[string]bool
	mark      string // between thousands
	point     string // before decimals
}

// Args fill the placeholders of a sentence: {{.Name}}. N also decides between singular and plural.
type Args map[string]any

var languages = []*Language{load("en")}

// Languages lists the languages, the default first.
func Languages() []*Language { return languages }

// LanguageFor is the language of a locale such as en-US; the default if there is none.
func LanguageFor(locale string) *Language {
	tag, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	for _, l := range languages {
		if strings.EqualFold(l.Tag, tag) {
			return l
		}
	}
	return languages[0]
}

func load(name string) *Language {
	tag := language.Make(name)
	bundle := i18n.NewBundle(tag)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	file, err := bundle.LoadMessageFileFS(words, "words/"+name+".toml")
	if err != nil {
		panic(fmt.Sprintf("reports/words/%s.toml: %v", name, err)) // part of the binary
	}
	l := &Language{Tag: name, bundle: bundle, localizer: i18n.NewLocalizer(bundle, name), ids: map[string]bool{}}
	fixed := map[string]string{}
	for _, m := range file.Messages {
		l.ids[m.ID] = true
		if m.One == "" && !strings.Contains(m.Other, "{{") {
			fixed[m.ID] = l.Say(m.ID)
		}
	}
	l.fixed, l.mark, l.point = fixed, fixed["number.thousands"], fixed["number.decimals"]
	return l
}

// Has tells whether the catalogue has an id.
func (l *Language) Has(id string) bool { return l.ids[id] }

// IDs are the ids of the catalogue, in no order.
func (l *Language) IDs() []string {
	ids := make([]string, 0, len(l.ids))
	for id := range l.ids {
		ids = append(ids, id)
	}
	return ids
}

// Say is the sentence under id. An unknown id says itself: a test finds it, a reader still sees something.
func (l *Language) Say(id string, args ...Args) string {
	if s, ok := l.fixed[id]; ok {
		return s
	}
	c := &i18n.LocalizeConfig{MessageID: id}
	if len(args) > 0 {
		c.TemplateData = args[0]
		if n, ok := args[0]["N"]; ok {
			c.PluralCount = n
			shown := Args{}
			for k, v := range args[0] {
				shown[k] = v
			}
			switch n := n.(type) {
			case int:
				shown["N"] = l.Int(int64(n))
			case int64:
				shown["N"] = l.Int(n)
			}
			c.TemplateData = shown
		}
	}
	s, err := l.localizer.Localize(c)
	if err != nil && c.PluralCount != nil { // a sentence that is the same for one and many
		c.PluralCount = nil
		s, err = l.localizer.Localize(c)
	}
	if err != nil {
		return id
	}
	return s
}

// Words are the accepted words under id, separated by commas in the catalogue.
func (l *Language) Words(id string) []string {
	if !l.Has(id) {
		return nil
	}
	var list []string
	for _, w := range strings.Split(l.Say(id), ",") {
		if w = strings.TrimSpace(w); w != "" {
			list = append(list, w)
		}
	}
	return list
}

// Int is a number with thousands marks: 12,480.
func (l *Language) Int(n int64) string { return string(l.appendInt(make([]byte, 0, 32), n)) }

func (l *Language) appendInt(b []byte, n int64) []byte {
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], n, 10)
	if n < 0 {
		b, d = append(b, '-'), d[1:]
	}
	for i, c := range d {
		if i > 0 && (len(d)-i)%3 == 0 {
			b = append(b, l.mark...)
		}
		b = append(b, c)
	}
	return b
}

// Percent is 33.5 %, or – for a zero base (MODEL 3).
func (l *Language) Percent(p storage.Percent) string {
	if !p.Known {
		return "–"
	}
	b := l.appendInt(make([]byte, 0, 32), p.Tenths/10)
	b = append(append(b, l.point...), '0'+byte(p.Tenths%10))
	return string(append(b, " %"...))
}

// Amount is a decimal number with thousands marks and at least two decimals: 1,500.50.
func (l *Language) Amount(s string) string {
	whole, decimals, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign = "−"
	}
	for len(decimals) < 2 {
		decimals += "0"
	}
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(l.mark)
		}
		b.WriteRune(c)
	}
	return sign + b.String() + l.point + decimals
}

// Size is a number of bytes: 512 B, 23 KiB, 1.25 MiB.
func (l *Language) Size(bytes int64) string {
	switch {
	case bytes >= 1<<20 && bytes%(1<<20) == 0:
		return l.Int(bytes>>20) + " MiB"
	case bytes >= 1<<20:
		return l.Amount(fmt.Sprintf("%.2f", float64(bytes)/(1<<20))) + " MiB"
	case bytes >= 1<<10:
		return l.Int(bytes>>10) + " KiB"
	default:
		return l.Int(bytes) + " B"
	}
}

// Duration is a span in two units at most: 5 min, 1 h 20 min, 2 d 3 h.
func (l *Language) Duration(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Minute:
		return l.Say("span.s", Args{"S": int(d / time.Second)})
	case d < time.Hour:
		return l.Say("span.m", Args{"M": int(d / time.Minute)})
	case d < 24*time.Hour:
		return l.Say("span.hm", Args{"H": int(d / time.Hour), "M": int(d % time.Hour / time.Minute)})
	default:
		return l.Say("span.dh", Args{"D": int(d / (24 * time.Hour)), "H": int(d % (24 * time.Hour) / time.Hour)})
	}
}

// Month is the short name of a month.
func (l *Language) Month(m time.Month) string { return l.Say(fmt.Sprintf("month.%d", m)) }

// Days writes a range: 15–21 Nov 2026, 28 Nov – 3 Dec 2026, since 1 Nov 2026, up to 5 Dec 2026, all history.
func (l *Language) Days(r storage.Range) string {
	switch {
	case r.From == 0 && r.To == 0:
		return l.Say("range.all")
	case r.From == 0:
		return l.Say("range.to", Args{"Day": l.day(r.To, true)})
	case r.To == 0:
		return l.Say("range.from", Args{"Day": l.day(r.From, true)})
	case r.From == r.To:
		return l.day(r.From, true)
	}
	from, to := r.From.Date(), r.To.Date()
	switch {
	case from.Year() == to.Year() && from.Month() == to.Month():
		return fmt.Sprintf("%d–%s", from.Day(), l.day(r.To, true))
	default:
		return l.day(r.From, from.Year() != to.Year()) + " – " + l.day(r.To, true)
	}
}

func (l *Language) day(d storage.Day, year bool) string {
	t := d.Date()
	s := l.Say("date.day", Args{"D": t.Day(), "Month": l.Month(t.Month())})
	if year {
		s = l.Say("date.year", Args{"Day": s, "Year": t.Year()})
	}
	return s
}

// Moment is a time of a zone: 21 Nov 14:32.
func (l *Language) Moment(i storage.Instant, zone *time.Location) string {
	return l.day(storage.DayOf(i, zone), false) + i.Time().In(zone).Format(" 15:04")
}

// MomentOfYear is a time of a zone with its year: 21 Nov 2025 14:32.
func (l *Language) MomentOfYear(i storage.Instant, zone *time.Location) string {
	return l.day(storage.DayOf(i, zone), true) + i.Time().In(zone).Format(" 15:04")
}
