package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"outboundbot/storage"
)

// usual are lines that quick should read.
var usual = []string{
	good,
	strings.NewReplacer(`":`, `": `, ",", ", ").Replace(good),
	with(`"test":true,"sale":false,"seq":-12,"value":-0.50,"campaign":null`),
	with(`"value":"12.50","seq":0,"sale":true,"conversation":"c","up_to":"2025-11-24T10:00:00.5+05:30"`),
	with(`"campaña":"niño","x":12.5,"y":null,"z":true,"conversations":"","up_to":""`) + "  ",
	with(`"campaign":"Campaña de otoño"`) + "\r",
	with(`"x":{"y":[1e5,"é",{}], "z":{}},"u":-1.5e-7,"v":[ ]`),
	with(`"campaign":"Campa\u00f1a\tde \"otoño\"","x":"\\\ud83d\udc4d","reply_to":"\/"`),
}

// quickly reads a line, which has no line end, as quick does.
func quickly(line string) (e storage.Event, ok bool, err error) {
	buf := append([]byte(line+"\n"), make([]byte, chunkPad)...)
	end, ok := quick(&e, buf, 0)
	if ok && end != len(line)+1 {
		err = fmt.Errorf("ends at %d of %d", end, len(line)+1)
	}
	return e, ok, err
}

// sameAsDecode: what quick reads, decode reads alike.
func sameAsDecode(t *testing.T, line string) (ok bool) {
	t.Helper()
	got, ok, err := quickly(line)
	if !ok {
		return false
	}
	var want storage.Event
	if bad := decode(&want, document{data: bytes.TrimSuffix([]byte(line), []byte{'\r'}), line: 1}); bad != nil || err != nil || got != want {
		t.Fatalf("%q: quick reads %+v (%v), decode %+v (%v)", line, got, err, want, bad)
	}
	return true
}

func TestQuickTakesTheUsual(t *testing.T) {
	for _, line := range usual {
		if !sameAsDecode(t, line) {
			t.Errorf("left to decode: %s", line)
		}
	}
	for line := range strings.Lines(campaign(500)) {
		if !sameAsDecode(t, strings.TrimSuffix(line, "\n")) {
			t.Fatalf("left to decode: %s", line)
		}
	}
}

// TestQuickLikeDecode changes usual lines at random.
func TestQuickLikeDecode(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	bits := []string{
		`"`, `\`, `{`, `}`, `:`, `,`, ` `, "\t", "\r", "0", "00", "1", "9", ".", "-", "+", "e", "null", "true", "false", `\u0041`, `\ud83d`, `\n`, "\x00", "\x1f",
		"\x7f", "\xff", "é", `"at":""`, `"seq":1,`, `"x":[1],`, `,"id":"y"`, "Z", "T", "T24", ":60", "-31", "02-29", "2024",
	}
	taken := 0
	for range 100_000 {
		line := []byte(usual[rng.IntN(len(usual))])
		for range 1 + rng.IntN(3) {
			at := rng.IntN(len(line) + 1)
			to := min(len(line), at+rng.IntN(3))
			bit := bits[rng.IntN(len(bits))]
			if rng.IntN(4) == 0 {
				bit = ""
			}
			line = append(line[:at:at], append([]byte(bit), line[to:]...)...)
		}
		if bytes.IndexByte(line, '\n') < 0 && sameAsDecode(t, string(line)) {
			taken++
		}
	}
	if taken < 10_000 {
		t.Errorf("quick took %d lines only", taken)
	}
}

func FuzzQuick(f *testing.F) {
	for _, line := range usual {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if !strings.Contains(line, "\n") {
			sameAsDecode(t, line)
		}
	})
}

// TestInstant compares with storage.ParseInstant, which must read alike what instant reads.
func TestInstant(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	forms := []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.000Z07:00", "2006-01-02T15:04:05.999999999Z", "2006-01-02T15:04:05.000000-07:00",
	}
	check := func(s string) bool {
		var got storage.Instant
		want, err := storage.ParseInstant(s)
		ok := instant([]byte(s), &got)
		if ok && (err != nil || got != want) {
			t.Fatalf("%s: %d, want %d, %v", s, got, want, err)
		}
		return ok || err != nil
	}
	for range 30_000 {
		at := time.UnixMilli(1000 + rng.Int64N(int64(tooLate))).In(time.FixedZone("", 60*(rng.IntN(1440*2-1)-1439)))
		s := at.Format(forms[rng.IntN(len(forms))])
		if !check(s) {
			t.Fatalf("%s is left to ParseInstant", s)
		}
		b := []byte(s)
		b[rng.IntN(len(b))] = "0123456789:-+.,TZ tz\x00\xff"[rng.IntN(22)]
		check(string(b))
		check(s[:rng.IntN(len(s))] + s[rng.IntN(len(s)):])
	}
	for _, s := range []string{"2023-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2000-02-29T23:59:59Z", "1970-01-01T00:30:00+01:00", "1970-01-01T00:00:00.9Z"} {
		check(s)
	}
}

// TestChunks cuts the same text at many places and compares with a reader of whole lines.
func TestChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	var in strings.Builder
	for i := 0; in.Len() < 3<<20; i++ {
		switch rng.IntN(40) {
		case 0:
			in.WriteString("\n \r\n")
		case 1:
			in.WriteString("{broken\r\n")
		case 2:
			in.WriteString(with(`"x":"`+strings.Repeat("y", rng.IntN(600<<10)/(1+rng.IntN(100)))+`"`) + "\n")
		case 3:
			fmt.Fprintf(&in, "%s\n", with(`"campaign":"\u00e9","x":[{}]`))
		default:
			fmt.Fprintf(&in, `{"id":"e%d","type":"message.sent","at":"2025-11-24T10:00:00Z","send":"S%d"}`+"\r\n", i, i)
		}
	}
	in.WriteString(strings.Repeat("z", maxLine+1) + "\n" + good + "\n" + strings.Repeat("z", 2*maxLine+77) + "\n" + good)
	text := in.String()
	want := plainly(text)
	for name, r := range map[string]io.Reader{
		"whole":         strings.NewReader(text),
		"halves":        iotest.HalfReader(strings.NewReader(text)),
		"data with EOF": iotest.DataErrReader(strings.NewReader(text)),
		"pieces":        &pieces{strings.NewReader(text), rng},
	} {
		if diff := cmp.Diff(want, natively(r)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// pieces reads as little as a slow pipe gives.
type pieces struct {
	io.Reader
	*rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), 1+p.IntN(5000))]) }

// natively and plainly give the ids and reasons of an input, the second one in the plainest way.
func natively(r io.Reader) (list []string) {
	for item, err := range Native.Read(r) {
		list = append(list, fmt.Sprint(item.Line, item.Event.ID, item.Event.Campaign, item.Reason, item.Sample, err))
	}
	return list
}

func plainly(text string) (list []string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"); strings.TrimSpace(line) == "" {
			continue
		}
		var e storage.Event
		var err error
		var wrong, begin string
		if err = tooLong(maxLine); len(line) <= maxLine {
			err = decode(&e, document{data: []byte(line)})
		}
		if err != nil {
			e, wrong, begin = storage.Event{}, err.Error(), sample([]byte(line))
		}
		list = append(list, fmt.Sprint(n, e.ID, e.Campaign, wrong, begin, nil))
	}
	return list
}

// TestReadFault: what stands before the fault is read, the half line there is not.
func TestReadFault(t *testing.T) {
	torn := errors.New("torn")
	r := io.MultiReader(strings.NewReader(good+"\n"+good+"\n"+good[:20]), iotest.ErrReader(torn))
	n := 0
	for item, err := range Native.Read(r) {
		if n++; n <= 2 && err == nil && item.Event.ID == "good" || n == 3 && errors.Is(err, torn) {
			continue
		}
		t.Errorf("item %d: %+v, %v", n, item, err)
	}
	if n != 3 {
		t.Errorf("%d items", n)
	}
}
