package intake

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const good = `{"id":"good","type":"message.sent","at":"2025-11-24T10:00:00Z","send":"S1"}`

// with makes a good line with one more member.
func with(member string) string { return strings.TrimSuffix(good, "}") + "," + member + "}" }

// TestPoison puts each bad line between good ones: its neighbours go in, and the reason says what is wrong.
func TestPoison(t *testing.T) {
	for _, c := range []struct{ name, line, reason string }{
		{"broken", `{"id":"x",`, "not JSON: no string at byte 11"},
		{"text", `hello`, "not JSON: no object at byte 1"},
		{"array within lines", `["id"]`, "not JSON: no object at byte 1"},
		{"two on a line", good + good, "not JSON: something after the object at byte 76"},
		{"no comma", `{"id":"x" "type":"y"}`, "not JSON: no comma or closing brace at byte 11"},
		{"no colon", `{"id" "x"}`, "not JSON: no colon after a name at byte 7"},
		{"trailing comma", `{"id":"x",}`, "not JSON: no string at byte 11"},
		{"open string", `{"id":"x`, "not JSON: a string that is not closed at byte 9"},
		{"bare NUL", with("\"campaign\":\"a\x00b\""), "not JSON: a control character in a string at byte 89"},
		{"NUL", with(`"campaign":"a\u0000b"`), "campaign holds a NUL character"},
		{"UTF-8", with("\"campaign\":\"a\xffb\""), "not valid UTF-8"},
		{"UTF-8 in an unknown field", with("\"x\":\"a\xffb\""), "not valid UTF-8"},
		{"high surrogate alone", with(`"campaign":"\ud83d"`), "not JSON: half a surrogate pair at byte 94"},
		{"low surrogate alone", with(`"campaign":"\udc4d x"`), "not JSON: half a surrogate pair at byte 94"},
		{"surrogates the wrong way", with(`"campaign":"\udc4d\ud83d"`), "not JSON: half a surrogate pair at byte 100"},
		{"bad escape", with(`"campaign":"\x41"`), "not JSON: an unknown escape at byte 89"},
		{"bad hex", with(`"campaign":"\u00g1"`), "not JSON: a bad \\u escape at byte 94"},
		{"escape at the end", `{"id":"\`, "not JSON: a string that is not closed at byte 9"},
		{"duplicate key", with(`"send":"S2"`), "send is there twice"},
		{"duplicate null", with(`"send":null`), "send is there twice"},
		{"duplicate by escape", with(`"\u0073end":"S2"`), "send is there twice"},
		{"deep", with(`"x":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000)), "nested deeper than 100"},
		{"deep objects", with(`"x":` + strings.Repeat(`{"a":`, 10000)), "nested deeper than 100"},
		{"number as text", with(`"campaign":5`), "campaign must be a string"},
		{"object as text", with(`"campaign":{}`), "campaign must be a string"},
		{"text as number", with(`"seq":"1"`), "seq must be a whole number"},
		{"fraction", with(`"seq":1.5`), "seq must be a whole number"},
		{"exponent", with(`"seq":1e3`), "seq must be a whole number"},
		{"beyond 64 bits", with(`"seq":9223372036854775808`), "seq is beyond 64 bits"},
		{"leading zero", with(`"seq":01`), "not JSON: no comma or closing brace at byte 83"},
		{"text as bool", with(`"test":"true"`), "test must be true or false"},
		{"number as bool", with(`"sale":1`), "sale must be true or false"},
		{"cut literal", with(`"sale":tru`), "not JSON: no value at byte 83"},
		{"bool as value", with(`"value":true`), "value must be a decimal number or a string"},
		{"value in words", with(`"value":"many"`), `value "many" is not a decimal number of at most 18 decimals`},
		{"NaN", with(`"value":NaN`), "not JSON: no value at byte 84"},
		{"bad number", with(`"value":1.`), "not JSON: a bad number at byte 86"},
		{"number as time", `{"id":"x","type":"message.sent","at":1763740800}`, "at must be a string like 2025-11-24T10:00:00-06:00"},
		{"no zone", `{"id":"x","type":"message.sent","at":"2025-11-24T10:00:00"}`, `at: "2025-11-24T10:00:00" is not a time like 2025-11-24T10:00:00-06:00`},
		{"year 1", `{"id":"x","type":"message.sent","at":"0001-01-01T00:00:00Z"}`, `at: "0001-01-01T00:00:00Z" is not after 1970`},
		{"before 1970", `{"id":"x","type":"message.sent","at":"1969-12-31T23:59:59Z"}`, `at: "1969-12-31T23:59:59Z" is not after 1970`},
		{"year 9999", `{"id":"x","type":"message.sent","at":"9999-12-31T23:59:59Z"}`, "at or up_to is after 2199"},
		{"up_to in 9999", with(`"up_to":"9999-12-31T23:59:59Z"`), "at or up_to is after 2199"},
		{"phone as time", `{"id":"x","type":"message.sent","at":"50499990001"}`, `at: "***********" is not a time like 2025-11-24T10:00:00-06:00`},
		{"no id", `{"type":"message.sent","at":"2025-11-24T10:00:00Z"}`, "id is missing"},
		{"empty id", `{"id":"","type":"message.sent","at":"2025-11-24T10:00:00Z"}`, "id is missing"},
		{"no type", `{"id":"x","at":"2025-11-24T10:00:00Z"}`, "type is missing"},
		{"no at", `{"id":"x","type":"message.sent"}`, "at is missing"},
		{"null at", `{"id":"x","type":"message.sent","at":null}`, "at is missing"},
		{"no send", `{"id":"x","type":"send.requested","at":"2025-11-24T10:00:00Z"}`, "send.requested must name its send"},
		{"long line", with(`"campaign":"` + strings.Repeat("x", 10<<20) + `"`), "longer than 1 MiB"},
		{"just too long", strings.Repeat("x", maxLine+1), "longer than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, end := range []string{"\n", "\r\n"} {
				in := byteOrderMark + good + end + end + c.line + end + " \t" + end + good
				ids, rejects := collect(t, Native, in)
				if len(ids) != 2 || len(rejects) != 1 || rejects[3] != c.reason {
					t.Errorf("%d events, rejects %v, want line 3: %q", len(ids), rejects, c.reason)
				}
			}
		})
	}
}

// TestHealthy reads lines that look odd and are right.
func TestHealthy(t *testing.T) {
	for _, line := range []string{
		" \t" + strings.ReplaceAll(good, ",", " ,\t") + " ",
		with(`"unknown":[{"a":[true,false,null,-0.5e+7,"\u00e9"]}],"more":{}`),
		with(`"campaign":"\ud83d\udc4d\b\f\n\r\t\/\\\""`),
		with(`"value":-12.50`), with(`"value":"12.50"`), with(`"value":null`),
		with(`"seq":9007199254740993`), with(`"seq":-1`), with(`"test":false`), with(`"up_to":""`),
		with(`"x":"` + strings.Repeat("y", maxLine-200) + `"`),
	} {
		if ids, rejects := collect(t, Native, line); len(ids) != 1 || len(rejects) != 0 {
			t.Errorf("%.80s: %v", line, rejects)
		}
	}
}

// TestShapes reads the same events from lines, arrays and values that go over several lines.
func TestShapes(t *testing.T) {
	one, two := strings.Replace(good, "good", "a", 1), strings.Replace(good, "good", "b", 1)
	spread := strings.NewReplacer("{", "{\n", ",", ",\n  ", "}", "\n}")
	for _, c := range []struct {
		name, in string
		rejects  map[int]string
	}{
		{"lines", one + "\n" + two, nil},
		{"array on a line", "[" + one + "," + two + "]\n", nil},
		{"array", " [\n " + one + " ,\n" + two + "\n]", nil},
		{"spread", spread.Replace(one) + "\n" + spread.Replace(two), nil},
		{"spread array", "[" + spread.Replace(one) + ",\n" + spread.Replace(two) + "]", nil},
		{"bracket in a string", "[" + one + `,{"id":"]}[{\\\"","type":1},` + two + "]", map[int]string{1: "type must be a string"}},
		{"not objects", "[" + one + ",\n5,\n" + `"x,]"` + ",\n" + two + "]", map[int]string{2: "not JSON: no object at byte 1", 3: "not JSON: no object at byte 1"}},
		{"open string", "[" + one + ",\n{\"id\":\"x},\n" + two + "]", map[int]string{2: "a string is not closed on its line"}},
		{"open string over lines", "[" + one + ",\n{\n\"id\":\"x,\n\"send\":[\n\"a\"\n]},\n" + two + "]", map[int]string{2: "a string is not closed on its line"}},
		{"cut off between", "[" + one + ",\n" + two + ",\n", map[int]string{3: "the array is not closed: the input seems cut off"}},
		{"cut off within", "[" + one + ",\n" + two + ",\n{\"id\":{", map[int]string{3: "the input ends within this value"}},
		{"long", "[" + one + ",\n{\"id\":\"" + strings.Repeat("x", 2<<20) + "\"}\n," + two + "]", map[int]string{2: "longer than 1 MiB"}},
	} {
		ids, rejects := collect(t, Native, c.in)
		if !slices.Equal(ids, []string{"a", "b"}) || fmt.Sprint(rejects) != fmt.Sprint(c.rejects) && len(rejects)+len(c.rejects) > 0 {
			t.Errorf("%s: events %q, rejects %v, want %v", c.name, ids, rejects, c.rejects)
		}
	}
}

func TestNothing(t *testing.T) {
	for _, f := range Formats() {
		for _, in := range []string{"", "\n\r\n", byteOrderMark} {
			if ids, rejects := collect(t, f, in); len(ids)+len(rejects) > 0 {
				t.Errorf("%s finds %q and %v in %q", f.Name, ids, rejects, in)
			}
		}
	}
}

// TestUnusable inputs end with one error that says what to do.
func TestUnusable(t *testing.T) {
	for _, c := range []struct {
		format   Format
		in, want string
	}{
		{Native, "\xff\xfe{\x00", "this is UTF-16 text: save it as UTF-8 and import it again"},
		{CSV, "id,type\nx,y\n", "wrong format: the first line must name the columns, and column at is missing"},
		{CSV, "id,type,at,ID\n", "wrong format: column id is there twice"},
		{CSV, "id,type,\"at\n", "wrong format: the first line must name the columns: a quoted cell is not closed"},
	} {
		var got error
		for _, err := range c.format.Read(strings.NewReader(c.in)) {
			got = err
		}
		if got == nil || got.Error() != c.want {
			t.Errorf("%s %q: got %v, want %s", c.format.Name, c.in, got, c.want)
		}
	}
}

// endless repeats a text up to n bytes without holding them.
type endless struct {
	text string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && n < e.n {
		n += copy(p[n:min(len(p), e.n)], e.text)
	}
	e.n -= n
	return n, nil
}

// TestMemory reads what would fill the memory of a careless reader.
func TestMemory(t *testing.T) {
	header := "id,type,at\n"
	for _, c := range []struct {
		name   string
		format Format
		head   string
		body   string
		mib    int
	}{
		{"one line", Native, "", "x", 24},
		{"one string", Native, `[{"id":"`, "x", 24},
		{"brackets", WhatsApp, "", "[", 24},
		{"one payload", WhatsApp, "{\n", " ", 24},
		{"open quote", CSV, header + `"`, "x", 24},
		{"open quote over lines", CSV, header + `"`, "xxx\n", 2},
		{"quotes", CSV, header, "\"\n", 4},
		{"cells", CSV, header, ",\n", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			peak := uint64(0)
			n := 0
			in := io.MultiReader(bytes.NewReader([]byte(c.head)), &endless{c.body, c.mib << 20})
			for _, err := range c.format.Read(in) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n%200_000 == 1 {
					runtime.GC()
					runtime.ReadMemStats(&after)
					peak = max(peak, after.HeapAlloc)
				}
			}
			if peak > before.HeapAlloc+20<<20 {
				t.Errorf("held %d MiB", (peak-before.HeapAlloc)>>20)
			}
		})
	}
}

func FuzzNative(f *testing.F) {
	f.Add(good)
	f.Add(with(`"campaign":"\ud83d\udc4d","x":[1,{"a":null}],"value":1.5,"seq":3,"test":true`))
	f.Add("[" + good + ",\n" + good + "]")
	f.Add("{\"id\":\"\\u00")
	f.Fuzz(func(t *testing.T, in string) { checkItems(t, Native, in) })
}

func FuzzCSV(f *testing.F) {
	f.Add("id,type,at\na,message.sent,2025-11-24T10:00:00Z\n")
	f.Add("id;type;at;text\n\"a\n\"\"b\";x;\"\n")
	f.Fuzz(func(t *testing.T, in string) { checkItems(t, CSV, in) })
}

func FuzzWhatsApp(f *testing.F) {
	f.Add(`{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"statuses":[{"id":"w","status":"sent","timestamp":"1763740800"}],"messages":[{"id":"v","timestamp":1763740800,"type":"interactive","interactive":{"type":"list_reply","list_reply":{"title":"x"}}}]}}]}]}`)
	f.Fuzz(func(t *testing.T, in string) { checkItems(t, WhatsApp, in) })
}

// checkItems: whatever the input, each item is one of the three, and an accepted event is in stored form.
func checkItems(t *testing.T, f Format, in string) {
	line := 0
	for item, err := range f.Read(strings.NewReader(in)) {
		if err != nil {
			return
		}
		if item.Line < line {
			t.Fatalf("line %d after line %d", item.Line, line)
		}
		line = item.Line
		if item.Reason != "" {
			if len(item.Sample) > maxSample {
				t.Fatalf("a sample of %d bytes", len(item.Sample))
			}
			continue
		}
		again := item.Event
		if item.Notice == "" && (again.Normalize() != nil || again != item.Event || again.At >= tooLate) {
			t.Fatalf("accepted %+v", item.Event)
		}
	}
}
