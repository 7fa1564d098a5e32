package badger

import (
	"reflect"
	"testing"

	"outboundbot/storage"
)

// TestSameLooksAtEveryField: a field that comes to rows must come to same.
func TestSameLooksAtEveryField(t *testing.T) {
	fields := reflect.TypeFor[storage.Send]()
	for i := range fields.NumField() {
		var a, b storage.Send
		switch f := reflect.ValueOf(&b).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Uint8:
			f.SetUint(1)
		default:
			f.SetInt(1)
		}
		if same(&a, &b) || !same(&b, &b) {
			t.Errorf("same does not look at %s", fields.Field(i).Name)
		}
	}
}
