package storage_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outboundbot/storage"
)

// TestRules plays the stories of testdata/rules: one file a rule of MODEL.md. A line is an event ("10:00 assigned
// send=S1 agent=ana", on 24 November 2025 UTC; "+2d10:00" two days later; "#3" after the time is its seq), "=> S1 answers=2" what the
// row of a send must show, or a comment. Every story is also told backwards: the order of arrival must not matter.
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatal("stories are missing", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			events, wants := readStory(t, string(text))
			if len(wants) == 0 {
				t.Fatal("the story has no => line")
			}
			for _, order := range []string{"told", "backwards"} {
				rows := foldAll(events)
				for _, w := range wants {
					if got := w.of(rows); got != w.value {
						t.Errorf("%s: %s %s = %q, want %q", order, w.send, w.field, got, w.value)
					}
				}
				for i, j := 0, len(events)-1; i < j; i, j = i+1, j-1 {
					events[i], events[j] = events[j], events[i]
				}
			}
		})
	}
}

type want struct{ send, field, value string }

func (w want) of(rows map[string]storage.Send) string {
	s, ok := rows[w.send]
	switch {
	case !ok:
		return "no such send"
	case w.field == "started":
		return fmt.Sprint(s.Started)
	}
	f, ok := storage.FieldNamed(w.field)
	if !ok || f.Cell == nil {
		return "no such column"
	}
	switch c := f.Cell(&s); c.Kind {
	case storage.CellTime:
		return clockOf(c)
	case storage.CellList:
		return strings.Join(c.List, ">")
	case storage.CellInt:
		return fmt.Sprint(c.N)
	case storage.CellBool:
		return fmt.Sprint(c.N == 1)
	case storage.CellNone:
		return ""
	default:
		return c.Text
	}
}

func clockOf(c storage.Cell) string {
	at := storage.Instant(c.N).Time()
	clock := at.Format("15:04")
	if days := int(at.Sub(storyDay) / (24 * time.Hour)); days > 0 {
		clock = fmt.Sprintf("+%dd%s", days, clock)
	}
	return clock
}

var storyDay = time.Date(2025, 11, 24, 0, 0, 0, 0, time.UTC)

func foldAll(events []storage.Event) map[string]storage.Send {
	rows := map[string]storage.Send{}
	for _, timeline := range storage.Join(events).Timelines {
		for _, s := range timeline.Fold(nil) {
			rows[s.ID] = s
		}
	}
	return rows
}

func readStory(t *testing.T, text string) (events []storage.Event, wants []want) {
	for n, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "//"):
		case words[0] == "=>":
			for _, pair := range words[2:] {
				field, value, _ := strings.Cut(pair, "=")
				wants = append(wants, want{words[1], field, strings.ReplaceAll(value, "~", " ")})
			}
		default:
			events = append(events, readEvent(t, n, words))
		}
	}
	return events, wants
}

// readEvent: the id is that of the line, unless id= is given; ~ stands for a space. Unless given, the event is of
// contact 50499990001 on WA line 1.
func readEvent(t *testing.T, n int, words []string) storage.Event {
	fields := map[string]any{"id": fmt.Sprintf("%03d", n), "type": words[1], "channel": "WA", "line": "1", "contact": "50499990001"}
	clock, seq, _ := strings.Cut(words[0], "#")
	fields["at"] = storyTime(t, clock)
	if seq != "" {
		fields["seq"] = json.Number(seq)
	}
	for _, pair := range words[2:] {
		k, v, _ := strings.Cut(pair, "=")
		switch k {
		case "up_to":
			fields[k] = storyTime(t, v)
		case "sale", "test":
			fields[k] = v == "true"
		default:
			fields[k] = strings.ReplaceAll(v, "~", " ")
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var e storage.Event
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatalf("line %d: %v", n+1, err)
	}
	if err := e.Normalize(); err != nil {
		t.Fatalf("line %d: %v", n+1, err)
	}
	return e
}

func storyTime(t *testing.T, clock string) string {
	days := 0
	if rest, ok := strings.CutPrefix(clock, "+"); ok {
		d, c, _ := strings.Cut(rest, "d")
		fmt.Sscan(d, &days)
		clock = c
	}
	at, err := time.Parse("15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	return storyDay.AddDate(0, 0, days).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute).Format(time.RFC3339)
}
