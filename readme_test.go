package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

var update = flag.Bool("update", false, "write README.md anew where it derives from the program")

var (
	exampleBlock = regexp.MustCompile("(?s)```\n\\$ outboundbot ([^\n]*)\n(.*?)```")
	tableBlock   = regexp.MustCompile(`(?s)<!-- table: (\w+) -->\n(.*?)<!-- end -->`)
	elapsed      = regexp.MustCompile(`· \d+\.\d\d s`)
)

// TestReadme: console examples are what the program prints, and tables what its own tables say.
func TestReadme(t *testing.T) {
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	examples := 0
	fresh := exampleBlock.ReplaceAllStringFunc(readme, func(block string) string {
		examples++
		command := exampleBlock.FindStringSubmatch(block)[1]
		_, out, errs := call(t, "", strings.Fields(command)...)
		out = elapsed.ReplaceAllString(out+errs, "· 0.05 s")
		return "```\n$ outboundbot " + command + "\n" + out + "```"
	})
	if examples < 2 {
		t.Fatalf("README.md has %d console examples", examples)
	}
	fresh = tableBlock.ReplaceAllStringFunc(fresh, func(block string) string {
		name := tableBlock.FindStringSubmatch(block)[1]
		return "<!-- table: " + name + " -->\n" + readmeTable(t, name) + "<!-- end -->"
	})
	if *update {
		if err := os.WriteFile("README.md", []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fresh != readme {
		got, want := strings.Split(fresh, "\n"), strings.Split(readme, "\n")
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("README.md:%d says\n%s\nbut the program says\n%s\nrun: go test . -run TestReadme -update", i+1, want[i], got[i])
			}
		}
		t.Fatal("README.md is shorter or longer than what the program says; run: go test . -run TestReadme -update")
	}
}

func readmeTable(t *testing.T, name string) string {
	l := reports.Languages()[0]
	var b strings.Builder
	switch name {
	case "verbs":
		b.WriteString("| verb | what it gives | example |\n|---|---|---|\n")
		for _, v := range commands.Verbs() {
			example := v.Name
			if r, ok := reports.Named(v.Name); ok {
				example = r.Examples[0]
			}
			fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", v.Name, l.Say(v.Doc), example)
		}
	case "filters":
		b.WriteString("| filter | also | values | what it is |\n|---|---|---|---|\n")
		for _, f := range storage.Fields {
			if !f.Filter {
				continue
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, strings.Join(l.Words("field."+f.Name+".words"), ", "), strings.Join(f.Values, ", "), l.Say("field."+f.Name+".doc"))
		}
	case "metrics":
		b.WriteString("| figure | % of | definition |\n|---|---|---|\n")
		for m, info := range storage.Metrics {
			base := "–"
			if info.Based {
				base = l.Say("metric." + storage.Metric(info.Base).String())
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", l.Say("metric."+storage.Metric(m).String()), base, l.Say("metric."+storage.Metric(m).String()+".doc"))
		}
	default:
		t.Fatalf("no table %q", name)
	}
	return b.String()
}

// TestReadmePicture: the picture of the README is the one that the program draws, up to its pixels' rounding.
func TestReadmePicture(t *testing.T) {
	file := t.TempDir() + "/summary.png"
	if code, _, errs := call(t, "", append([]string{"render", "--sample", "--out", file}, strings.Fields(cardCommand)...)...); code != exitDone {
		t.Fatal(errs)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("summary.png", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("summary.png")
	if err != nil {
		t.Fatal(err)
	}
	if d := pictureDifference(t, got, want); d > 0.5 {
		t.Errorf("summary.png is not what the program draws (mean difference %.2f of 255); run: go test . -run TestReadmePicture -update", d)
	}
}
