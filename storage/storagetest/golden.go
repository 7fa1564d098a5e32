package storagetest

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
)

//go:embed testdata
var testdata embed.FS

// goldenWays is how many orders of arrival the golden set is loaded in.
const goldenWays = 200

// goldenSet is expected.json: questions about the events and their exact answers.
type goldenSet struct {
	TZ                     string
	Events, Sends, Orphans int
	Questions              []goldenQuestion
}

type goldenQuestion struct {
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
	Total figures
	Rows  []figures
	Audit []map[string]json.RawMessage
}

// figures is the machine form of a tally.
type figures struct {
	Key          map[string]string
	Counts       map[string]int64
	Percent      map[string]*float64
	Funnel       []funnelStep
	Value        map[string]string
	AnswerTime   spreadOfTimes    `json:"answer_time"`
	FinalTag     map[string]int64 `json:"final_tag"`
	FinalTagType map[string]int64 `json:"final_tag_type"`
	FailureCode  map[string]int64 `json:"failure_code"`
	FlowEnd      map[string]int64 `json:"flow_end"`
	FirstOption  map[string]int64 `json:"first_option"`
}

type funnelStep struct {
	Step         string
	N            int64
	OfSuccessful *float64 `json:"of_successful"`
	OfPrevious   *float64 `json:"of_previous"`
}

type spreadOfTimes struct {
	Median *int64 `json:"median_ms"`
	P90    *int64 `json:"p90_ms"`
}

// golden loads the set in many orders, with duplicates, in batches of many sizes: the answers stay.
func golden(t *testing.T, open Open) {
	set, events := readGolden(t), goldenEvents(t)
	for way := range goldenWays {
		rng := rand.New(rand.NewPCG(1, uint64(way)))
		arrival := slices.Clone(events)
		if way > 0 {
			for range rng.IntN(len(events)) {
				arrival = append(arrival, events[rng.IntN(len(events))])
			}
			rng.Shuffle(len(arrival), func(i, j int) { arrival[i], arrival[j] = arrival[j], arrival[i] })
		}
		s := open(t, nil)
		for len(arrival) > 0 {
			n := min(len(arrival), 1+rng.IntN(1+rng.IntN(len(events))))
			appended(t, s, arrival[:n]...)
			arrival = arrival[n:]
		}
		set.check(t, s, way)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			t.Fatalf("order of arrival %d", way)
		}
	}
}

func (set *goldenSet) check(t *testing.T, s storage.Store, way int) {
	t.Helper()
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Events != set.Events || stats.Sends != set.Sends || stats.Orphans != set.Orphans {
		t.Errorf("stats %+v, want %d events, %d sends, %d orphans", stats, set.Events, set.Sends, set.Orphans)
	}
	for i := range set.Questions {
		gold := &set.Questions[i]
		q := gold.question(t, set.TZ)
		c := counted(t, s, q)
		checkSums(t, q, &c)
		if diff := cmp.Diff(gold.Total, figuresOf(&c.Total)); diff != "" {
			t.Errorf("%s: total (-want +got):\n%s", gold.Name, diff)
		}
		if gold.Rows != nil {
			var rows []figures
			for _, g := range c.Groups[0] {
				row := figuresOf(&g.Tally)
				row.Key = map[string]string{}
				for j, name := range gold.Ask.By {
					row.Key[name] = g.Key[j]
				}
				rows = append(rows, row)
			}
			if diff := cmp.Diff(gold.Rows, rows); diff != "" {
				t.Errorf("%s: rows (-want +got):\n%s", gold.Name, diff)
			}
		}
		if gold.Ask.Audit {
			gold.checkAudit(t, listed(t, s, q, storage.Order{}))
		}
	}
}

func (gold *goldenQuestion) question(t *testing.T, tz string) storage.Question {
	t.Helper()
	zone, err := time.LoadLocation(tz)
	if err != nil {
		t.Fatal(err)
	}
	q := storage.Question{Zone: zone, Now: gold.Ask.Now, Test: gold.Ask.Test, Scope: storage.Scope{Contacts: true}}
	q.Range = storage.Range{From: day(t, gold.Ask.From), To: day(t, gold.Ask.To)}
	for not, conditions := range map[bool]map[string][]string{false: gold.Ask.Where, true: gold.Ask.Not} {
		for field, values := range conditions {
			q.Where = append(q.Where, storage.Condition{Field: field, Not: not, Values: values})
		}
	}
	if gold.Ask.By != nil {
		q.By = []storage.Grouping{gold.Ask.By}
	}
	if gold.Ask.Intents != nil {
		q.Rules = &storage.Rules{}
		for _, name := range slices.Sorted(maps.Keys(gold.Ask.Intents)) { // patterns do not overlap
			q.Rules.Intents = append(q.Rules.Intents, storage.Intent{Name: name, Campaigns: gold.Ask.Intents[name]})
		}
	}
	return q
}

func day(t *testing.T, text string) storage.Day {
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

// checkAudit compares the audit's records field by field.
func (gold *goldenQuestion) checkAudit(t *testing.T, sends []storage.Send) {
	t.Helper()
	if len(sends) != len(gold.Audit) {
		t.Errorf("%s: %d records, want %d", gold.Name, len(sends), len(gold.Audit))
		return
	}
	for i, record := range gold.Audit {
		for name, want := range record {
			f, ok := storage.FieldNamed(name)
			if !ok || f.Cell == nil {
				t.Errorf("%s: no column %s", gold.Name, name)
				continue
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, want); err != nil {
				t.Fatal(err)
			}
			if got := cellJSON(t, f.Cell(&sends[i])); got != compact.String() {
				t.Errorf("%s: %s: %s is %s, want %s", gold.Name, sends[i].ID, name, got, compact.String())
			}
		}
	}
}

func cellJSON(t *testing.T, c storage.Cell) string {
	t.Helper()
	switch c.Kind {
	case storage.CellNone:
		return "null"
	case storage.CellInt:
		return fmt.Sprint(c.N)
	case storage.CellBool:
		return fmt.Sprint(c.N == 1)
	case storage.CellTime:
		return toJSON(t, storage.Instant(c.N).String())
	case storage.CellList:
		return toJSON(t, append([]string{}, c.List...))
	case storage.CellAmounts:
		sums := map[string]string{}
		for pair := range slices.Chunk(c.List, 2) {
			sums[pair[0]] = pair[1]
		}
		return toJSON(t, sums)
	default:
		return toJSON(t, c.Text)
	}
}

func toJSON[T any](t *testing.T, v T) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func figuresOf(tally *storage.Tally) figures {
	f := figures{
		Counts: map[string]int64{}, Percent: map[string]*float64{}, Value: map[string]string{},
		FinalTag: tally.Spread[storage.FinalTags], FinalTagType: tally.Spread[storage.FinalTagType],
		FailureCode: tally.Spread[storage.FailureCodes], FlowEnd: tally.Spread[storage.FlowEnds],
		FirstOption: tally.Spread[storage.FirstOptions],
	}
	for i, info := range storage.Metrics {
		f.Counts[info.Name] = tally.N[i]
		if info.Based {
			f.Percent[info.Name] = tenths(tally.Percent(storage.Metric(i)))
		}
	}
	for i, m := range storage.Funnel {
		step := funnelStep{Step: m.String(), N: tally.N[m], OfSuccessful: tenths(storage.PercentOf(tally.N[m], tally.N[storage.SuccessfulSends]))}
		if i > 0 {
			step.OfPrevious = tenths(storage.PercentOf(tally.N[m], tally.N[storage.Funnel[i-1]]))
		}
		f.Funnel = append(f.Funnel, step)
	}
	for currency, sum := range tally.Value {
		f.Value[currency] = sum.String()
	}
	if a := tally.AnswerTime; a.Known {
		f.AnswerTime = spreadOfTimes{&a.Median, &a.P90}
	}
	return f
}

func tenths(p storage.Percent) *float64 {
	if !p.Known {
		return nil
	}
	f := float64(p.Tenths) / 10
	return &f
}

func readGolden(t *testing.T) *goldenSet {
	t.Helper()
	b, err := testdata.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var set goldenSet
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	return &set
}

// goldenEvents reads the golden set's events, duplicates and all.
func goldenEvents(t *testing.T) []storage.Event {
	t.Helper()
	b, err := testdata.ReadFile("testdata/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var events []storage.Event
	for line := range bytes.Lines(b) {
		var native struct {
			storage.Event
			Value json.RawMessage `json:"value"` // a number or a string in the native form
		}
		if err := json.Unmarshal(line, &native); err != nil {
			t.Fatal(err)
		}
		native.Event.Value = strings.Trim(string(native.Value), `"`)
		events = append(events, native.Event)
	}
	return events
}
