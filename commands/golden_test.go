package commands

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outboundbot/reports"
)

var update = flag.Bool("update", false, "write the replies of testdata/*.ask to *.txt")

// Each testdata/NAME.ask is a command and NAME.txt what the asker reads, buttons last.
func TestReplies(t *testing.T) {
	d := desk(t)
	asks, err := filepath.Glob("testdata/*.ask")
	if err != nil || len(asks) == 0 {
		t.Fatal("no questions", err)
	}
	for _, path := range asks {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".ask"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := shown(d.Answer(context.Background(), ask(strings.TrimSuffix(string(text), "\n")), nil))
			golden := strings.TrimSuffix(path, ".ask") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// shown is a reply as text, without what differs from run to run.
func shown(r Reply) string {
	r.Card.Footer.Elapsed = 0
	var b strings.Builder
	b.WriteString(r.Card.Text())
	if r.File != nil {
		b.WriteString("file: " + r.File.Name + "\n")
		r.File.Close()
	}
	for _, block := range r.Card.Blocks {
		actions, ok := block.(reports.Actions)
		if !ok {
			continue
		}
		for _, button := range actions.Buttons {
			mark := "( "
			if button.Primary {
				mark = "(*"
			}
			b.WriteString(mark + button.Label + ")  " + button.Command + "\n")
		}
	}
	return tokens.ReplaceAllString(b.String(), "~TOKEN") // other in each store
}
