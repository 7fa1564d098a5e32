package storagetest

import (
	"bytes"
	"embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"outboundbot/storage"
)

// testdata has the golden set: events.ndjson, and in expected.json questions about them and their exact answers.
//
//go:embed testdata
var testdata embed.FS

// GoldenSet is expected.json. Every room that answers questions is held to it.
type GoldenSet struct {
	TZ                     string
	Events, Sends, Orphans int
	Questions              []GoldenQuestion
}

// GoldenQuestion is a question with its answers in the machine form: the total, the rows by Ask.By and the records
// of the audit.
type GoldenQuestion struct {
	Name string
	Ask  struct {
		From, To   string
		Now        storage.Instant
		Where, Not map[string][]string
		By         storage.Grouping
		Test       bool
		Audit      bool
		Intents    map[string][]string
	}
	Total, Rows, Audit json.RawMessage
	zone               *time.Location
}

// Golden reads the golden set's questions.
func Golden(t testing.TB) *GoldenSet {
	t.Helper()
	set := read[GoldenSet](t, file(t, "expected.json"))
	zone, err := time.LoadLocation(set.TZ)
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Questions {
		set.Questions[i].zone = zone
	}
	return &set
}

// GoldenEvents reads the golden set's events, duplicates and all.
func GoldenEvents(t testing.TB) []storage.Event {
	t.Helper()
	var events []storage.Event
	for line := range bytes.Lines(file(t, "events.ndjson")) {
		native := read[struct {
			storage.Event
			Value json.RawMessage `json:"value"` // a number or a string in the native form
		}](t, line)
		native.Event.Value = strings.Trim(string(native.Value), `"`)
		events = append(events, native.Event)
	}
	return events
}

// Question is what a store is asked; contacts are shown.
func (g *GoldenQuestion) Question(t testing.TB) storage.Question {
	t.Helper()
	q := storage.Question{Zone: g.zone, Now: g.Ask.Now, Test: g.Ask.Test, Scope: storage.Scope{Contacts: true}}
	q.Range = storage.Range{From: day(t, g.Ask.From), To: day(t, g.Ask.To)}
	for not, conditions := range map[bool]map[string][]string{false: g.Ask.Where, true: g.Ask.Not} {
		for field, values := range conditions {
			q.Where = append(q.Where, storage.Condition{Field: field, Not: not, Values: values})
		}
	}
	if g.Ask.By != nil {
		q.By = []storage.Grouping{g.Ask.By}
	}
	if g.Ask.Intents != nil {
		q.Rules = &storage.Rules{}
		for _, name := range slices.Sorted(maps.Keys(g.Ask.Intents)) { // patterns do not overlap
			q.Rules.Intents = append(q.Rules.Intents, storage.Intent{Name: name, Campaigns: g.Ask.Intents[name]})
		}
	}
	return q
}

func day(t testing.TB, text string) storage.Day {
	t.Helper()
	if text == "" {
		return 0
	}
	d, err := storage.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := testdata.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// read decodes JSON; nothing decodes to nothing.
func read[T any](t testing.TB, from []byte) (into T) {
	t.Helper()
	if len(from) == 0 {
		return into
	}
	if err := json.Unmarshal(from, &into); err != nil {
		t.Fatalf("%v in %.200s", err, from)
	}
	return into
}
