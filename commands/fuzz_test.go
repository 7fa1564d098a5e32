package commands

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"outboundbot/storage"
)

// Whatever is typed is understood or is a mistake that can be pointed at, and what is understood is read back as the
// same question.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "summary", "/outbound summary channel:WA campaign:BlackFriday", `summary campaign:"Black Friday","x" -tag:y`,
		"summary campaign:“black", "detailed last 7 days sort:-sales top:5", "audit columns:send,time limit:5 format:csv",
		"summary channel:!WA,IG by:campaign,origin", "campaign:*", "campaign:=*x*", "date:..", "date:...", ":", "=", "-:", "—test",
		"<@U1> <@U2> summary", "<", "<a|b", "campaign:<http://x|x>,", "help ", "help \x00", "export export", "summary 🎉 مرحبا", "\xff\xfe",
		"summary " + strings.Repeat("campaign:x,", 400), strings.Repeat("a", 9000), "'''", `"""`, "«»»", "phone:~x", "phone:", "tz:../../etc/passwd", "tz:Local", "contact +57 300 555 0001 7d", `contact phone:57 300, 555 "x" (1) ~t phone:+`,
		"from:2026-11-01 to:", "date:2026-11-01..2026-11-02..2026-11-03", "hour:0x1", "limit:99999999999999999999", "top:-1",
		"summary\u202echannel:WA", "summary channel:WA,", "summary channel:,", "campaign: , x", "--", "—", "!channel:WA", "-channel:!WA",
	} {
		f.Add(s)
	}
	d := desk(f)
	f.Fuzz(func(t *testing.T, text string) {
		pl, err := d.parse(context.Background(), ask(text), storage.Scope{})
		var input *InputError
		switch {
		case errors.As(err, &input):
			if input.Off < 0 || input.Len < 0 || input.Off+input.Len > len(input.Input) || !utf8.ValidString(input.caret()) || input.Msg == "" {
				t.Fatalf("%q: %+v", text, input)
			}
		case err != nil:
			t.Fatalf("%q: %v", text, err)
		case pl.verb != verbHelp:
			command := written(pl, d) // of a contact with the phone as typed: its report puts the token
			again, err := d.parse(context.Background(), ask(command), storage.Scope{})
			if err != nil || written(again, d) != command {
				t.Fatalf("%q: %s is read back as %s %v", text, command, written(again, d), err)
			}
		}
		if reply := d.Answer(context.Background(), ask(text), nil); reply.File != nil {
			reply.File.Close()
		} else if fault := (*InternalError)(nil); errors.As(reply.Err, &fault) {
			t.Fatalf("%q: %v", text, fault)
		}
	})
}

// Long and odd input gets a precise answer.
func TestOddInput(t *testing.T) {
	d := desk(t)
	values := make([]string, 500)
	for i := range values {
		values[i] = campaigns[i%5]
		if i%5 == 4 {
			values[i] = `"it's ""new"", ok"`
		} else {
			values[i] = Quote(values[i])
		}
	}
	pl, err := d.parse(context.Background(), ask("summary campaign:"+strings.Join(values, ",")), storage.Scope{})
	if err != nil || len(pl.query.Where) != 1 || len(pl.query.Where[0].Values) != 5 {
		t.Errorf("500 values: %v %+v", err, pl.query.Where)
	}
	for text, want := range map[string]string{
		strings.Repeat("x", 4000):                            "no command",
		strings.Repeat("campaign:Cyber ", 260) + "chanel:WA": "“chanel”",
		strings.Repeat("é", 9000):                            "9,000 characters",
	} {
		reply := d.Answer(context.Background(), ask(text), nil)
		var input *InputError
		if !errors.As(reply.Err, &input) || !strings.Contains(input.Msg, want) || len(input.Msg) > 500 {
			t.Errorf("%.20s…: %v", text, reply.Err)
			continue
		}
		for _, line := range strings.Split(input.caret(), "\n") {
			if utf8.RuneCountInString(line) > 2*window {
				t.Errorf("%.20s…: a line of %d characters", text, utf8.RuneCountInString(line))
			}
		}
	}
}

func TestCaret(t *testing.T) {
	for _, c := range []struct {
		input    string
		off, len int
		want     string
	}{
		{"summary chanel:WA", 8, 6, "summary chanel:WA\n        ^^^^^^"},
		{"summary", 7, 0, "summary\n       ^"},
		{"日本 chanel:WA", 7, 6, "日本 chanel:WA\n     ^^^^^^"},
		{"é chanel", 3, 6, "é chanel\n  ^^^^^^"},
		{"a\tb\u202ec", 2, 1, "a·b·c\n  ^"},
		{"summary\nchanel:WA\nx", 8, 6, "chanel:WA\n^^^^^^"},
		{strings.Repeat("a", 100) + " chanel:WA", 101, 6, "…" + strings.Repeat("a", 61) + " chanel:WA\n" + strings.Repeat(" ", 63) + "^^^^^^"},
	} {
		e := &InputError{Input: c.input, Off: c.off, Len: c.len}
		if got := e.caret(); got != c.want {
			t.Errorf("%.30q:\n%s\nwant\n%s", c.input, got, c.want)
		}
	}
}
