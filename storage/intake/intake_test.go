package intake

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads every file of testdata/FORMAT and compares what comes out with FILE.golden.
func TestGolden(t *testing.T) {
	for _, format := range Formats() {
		files, err := filepath.Glob("testdata/" + format.Name + "/*")
		if err != nil || len(files) == 0 {
			t.Fatalf("no testdata for %s: %v", format.Name, err)
		}
		for _, file := range files {
			if filepath.Ext(file) == ".golden" {
				continue
			}
			t.Run(file, func(t *testing.T) {
				in, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if found, ok := Detect(file, in[:min(len(in), 4096)]); !ok || found.Name != format.Name {
					t.Errorf("detected as %q", found.Name)
				}
				got := transcript(format, string(in))
				if *update {
					if err := os.WriteFile(file+".golden", []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file + ".golden")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// transcript writes each item on a line: an event as JSON, a reject behind !, a notice behind #.
func transcript(f Format, in string) string {
	var b strings.Builder
	for item, err := range f.Read(strings.NewReader(in)) {
		switch {
		case err != nil:
			fmt.Fprintf(&b, "error %v\n", err)
		case item.Notice != "":
			fmt.Fprintf(&b, "# %s\n", item.Notice)
		case item.Reason != "":
			fmt.Fprintf(&b, "! %s\n  %s\n", Reject{Place: item.Place, Reason: item.Reason}, item.Sample)
		default:
			line, err := json.Marshal(item.Event)
			if err != nil {
				line = []byte(err.Error())
			}
			fmt.Fprintf(&b, "%d %s\n", item.Line, line)
		}
	}
	return b.String()
}

// collect reads all of an input: the ids of its events, and its rejects by line.
func collect(t testing.TB, f Format, in string) (ids []string, rejects map[int]string) {
	t.Helper()
	rejects = map[int]string{}
	for item, err := range f.Read(strings.NewReader(in)) {
		switch {
		case err != nil:
			t.Fatal(err)
		case item.Reason != "":
			rejects[item.Line] = item.Reason
		case item.Notice == "":
			ids = append(ids, item.Event.ID)
		}
	}
	return ids, rejects
}

// TestTarget proves that target knows every field of an event, each by its own slot.
func TestTarget(t *testing.T) {
	slots := map[uint]string{}
	fields := reflect.TypeFor[storage.Event]()
	if len(names) != fields.NumField() {
		t.Errorf("%d names for %d fields", len(names), fields.NumField())
	}
	for i := range fields.NumField() {
		f := fields.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f, next := fieldAt([]byte(name+`": and more behind`), 0); f == nil || next != len(name)+1 {
			t.Errorf("quick does not know %s", name)
		}
		var e storage.Event
		slot, text := target(&e, name)
		if slot == noSlot || slots[slot] != "" {
			t.Errorf("%s has slot %d, as has %q", name, slot, slots[slot])
		}
		slots[slot] = name
		switch {
		case f.Type.Kind() != reflect.String:
			if text != nil {
				t.Errorf("%s should hold no text", name)
			}
		case text == nil:
			t.Errorf("%s holds no text", name)
		default:
			*text = "x"
			if reflect.ValueOf(e).Field(i).String() != "x" {
				t.Errorf("%s goes elsewhere", name)
			}
		}
		if got, ok := column(strings.ToUpper(strings.ReplaceAll(name, "_", " "))); !ok || got != name {
			t.Errorf("as the title of a column %s is %q", name, got)
		}
	}
}

func TestSample(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"contact":"50499990001"}`, `{"contact":"***********"}`},
		{`+504 9999-0001, (55) 1234.5678`, `+*** ****-****, (**) ****.****`},
		{`2025-11-24T10:00:00.123Z 2025-11-24 10:00`, `2025-11-24T10:00:00.123Z 2025-11-24 10:00`},
		{"wamid.HBgLMTY1MDU1NTEyMzQ= rest", "wamid.******************** rest"},
		{"code 131049\tend\x00\xff", "code 131049 end ?"},
	} {
		if got := sample([]byte(c.in)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
	long := sample([]byte(strings.Repeat("é", 1000)))
	if len(long) != maxSample {
		t.Errorf("a long sample has %d bytes", len(long))
	}
	if edge := sample([]byte(strings.Repeat("x", 250) + "50499990001")); strings.Contains(edge, "504") {
		t.Errorf("a phone at the edge shows: %q", edge[240:])
	}
}
