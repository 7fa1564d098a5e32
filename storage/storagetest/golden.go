package storagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
)

// goldenWays is how many orders of arrival the golden set is loaded in.
const goldenWays = 200

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
	set, events := Golden(t), GoldenEvents(t)
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
		set.Check(t, s)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			t.Fatalf("order of arrival %d", way)
		}
	}
}

// Check holds a store that has the golden set's events to its answers.
func (set *GoldenSet) Check(t *testing.T, s storage.Store) {
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
		q := gold.Question(t)
		c := counted(t, s, q)
		checkSums(t, q, &c)
		if diff := cmp.Diff(read[figures](t, gold.Total), figuresOf(&c.Total)); diff != "" {
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
			if diff := cmp.Diff(read[[]figures](t, gold.Rows), rows); diff != "" {
				t.Errorf("%s: rows (-want +got):\n%s", gold.Name, diff)
			}
		}
		if gold.Ask.Audit {
			gold.checkAudit(t, listed(t, s, q, storage.Order{}))
		}
	}
}

// checkAudit compares the audit's records field by field.
func (gold *GoldenQuestion) checkAudit(t *testing.T, sends []storage.Send) {
	t.Helper()
	records := read[[]map[string]json.RawMessage](t, gold.Audit)
	if len(sends) != len(records) {
		t.Errorf("%s: %d records, want %d", gold.Name, len(sends), len(records))
		return
	}
	for i, record := range records {
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
