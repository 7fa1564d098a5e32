package storage

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestSound: the short way takes what the check with a reason takes, in every field.
func TestSound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "Z 9", "\x7f", "\x01", "\x00", "ñ", "日本", "\x80", "\xff", "\xc3", "wamid.0123456789"}
	for range 200_000 {
		var b strings.Builder
		for range rng.IntN(8) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		s := b.String()
		if got, want := sound(s, MaxName), checkText("tag", s) == nil; got != want {
			t.Fatalf("sound(%q) = %v", s, got)
		}
	}
	for i, name := range textFields {
		for _, s := range []string{"ok", "\x00", "a\xff", strings.Repeat("x", MaxName), strings.Repeat("x", MaxName+1), strings.Repeat("x", MaxText), strings.Repeat("é", MaxText)} {
			var e Event
			*e.texts()[i] = s
			if got, want := e.sound(), e.checkTexts() == nil; got != want && name != "type" {
				t.Errorf("%s of %d bytes: sound = %v", name, len(s), got)
			}
		}
	}
}

// TestPlainAmount: what is taken at once is a number.
func TestPlainAmount(t *testing.T) {
	for _, s := range []string{"", "-", ".", "1.", ".5", "+1", "--1", "1.2.3", "1e3", " 1", "1234567890123456789", "١"} {
		if plainAmount(s) {
			t.Errorf("%q was taken at once", s)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 100_000 {
		b := make([]byte, rng.IntN(20))
		for i := range b {
			b[i] = "0123456789012345678901234567890-."[rng.IntN(33)]
		}
		if plainAmount(string(b)) {
			taken++
			if _, err := parseAmount(string(b)); err != nil {
				t.Errorf("%q: %v", b, err)
			}
		}
	}
	if taken < 1000 {
		t.Errorf("only %d amounts were taken", taken)
	}
}

// TestEqual: an event that differs in any one field is another one.
func TestEqual(t *testing.T) {
	var e Event
	for i := range reflect.TypeFor[Event]().NumField() {
		o := e
		switch f := reflect.ValueOf(&o).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Int64:
			f.SetInt(1)
		case reflect.Bool:
			f.SetBool(true)
		}
		if o == e || e.Equal(&o) || !o.Equal(&o) {
			t.Errorf("field %d makes no difference", i)
		}
	}
	if n := len(textFields) + 5; reflect.TypeFor[Event]().NumField() != n {
		t.Errorf("an event has not %d fields: is a text not checked?", n)
	}
}

// BenchmarkNormalize: a status, a manifest and an answer.
func BenchmarkNormalize(b *testing.B) {
	for name, e := range map[string]Event{
		"status": {ID: "wamid.zZqsVx5xc8rRWlYg.sent", Type: MessageSent, At: 1, Message: "wamid.zZqsVx5xc8rRWlYg"},
		"manifest": {
			ID: "r1000000000", Type: SendRequested, At: 1, Send: "1000000000", Message: "wamid.zZqsVx5xc8rRWlYg",
			Conversation: "7000000002", Channel: "WA", Line: "5215540002626", Contact: "5215519925457", Origin: "template",
			Campaign: "Back to school 259", Template: "promo_template_29", Category: "marketing", Sender: "Sofía Flores 238",
		},
		"tag": {ID: "t1", Type: TagApplied, At: 1, Send: "1000000000", Tag: "Sold", Sale: true, Value: "1500.50", Currency: "USD"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Normalize(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint(name, " equal"), func(b *testing.B) {
			o := e
			o.Message = strings.Clone(o.Message)
			for b.Loop() {
				if !e.Equal(&o) {
					b.Fatal("not equal")
				}
			}
		})
	}
}
