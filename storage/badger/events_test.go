package badger

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"outboundbot/storage"
)

// TestEventFields sets each field of an event alone and all of them together: none is forgotten or mixed up.
func TestEventFields(t *testing.T) {
	var all storage.Event
	one := make([]storage.Event, reflect.TypeFor[storage.Event]().NumField())
	for i := range one {
		for _, e := range []*storage.Event{&one[i], &all} {
			switch f := reflect.ValueOf(e).Elem().Field(i); f.Kind() {
			case reflect.String:
				f.SetString(reflect.TypeFor[storage.Event]().Field(i).Name)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Int64:
				f.SetInt(int64(-1 - i))
			default:
				t.Fatalf("no value for a field of kind %v", f.Kind())
			}
		}
	}
	events := append(one, all, storage.Event{})
	var chunk []byte
	for _, e := range events {
		chunk = append(chunk, encodeEvent(&e)...)
	}
	got, err := decodeEvents(nil, chunk)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(events, got); diff != "" {
		t.Errorf("(-stored +read): %s", diff)
	}
}

func TestEventValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, -1, 300)
		events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) storage.Event {
			return storage.Event{
				ID: text.Draw(t, "id"), Type: storage.Type(text.Draw(t, "type")), Text: text.Draw(t, "text"),
				At: storage.Instant(rapid.Int64().Draw(t, "at")), Seq: rapid.Int64().Draw(t, "seq"),
				Option: text.Draw(t, "option"), Sale: rapid.Bool().Draw(t, "sale"),
			}
		}), 1, 5).Draw(t, "events")
		var chunk []byte
		for _, e := range events {
			chunk = append(chunk, encodeEvent(&e)...)
		}
		got, err := decodeEvents(nil, chunk)
		if err != nil || !slices.Equal(got, events) {
			t.Fatalf("%+v, %v; want %+v", got, err, events)
		}
		cut := rapid.IntRange(1, len(encodeEvent(&events[len(events)-1]))-1).Draw(t, "cut")
		if _, err := decodeEvents(nil, chunk[:len(chunk)-cut]); err == nil {
			t.Fatalf("a chunk without its last %d bytes is read", cut)
		}
	})
}

// FuzzDecodeEvents: damage is an error or another event, and what is read can be written again.
func FuzzDecodeEvents(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 2, 'e', '1', atField, 2, 0})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, chunk []byte) {
		events, err := decodeEvents(nil, chunk)
		if err != nil {
			return
		}
		for _, e := range events {
			again, err := decodeEvents(nil, encodeEvent(&e))
			if err != nil || len(again) != 1 || again[0] != e {
				t.Errorf("%+v is read as %+v, %v", e, again, err)
			}
		}
	})
}
