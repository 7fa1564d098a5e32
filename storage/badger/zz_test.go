package badger_test

import (
	"os"
	"testing"

	"outboundbot/storage/badger"
	"outboundbot/storage/intake"
)

func TestZImport(t *testing.T) {
	f, err := os.Open(os.Getenv("ZFILE"))
	if err != nil {
		t.Skip()
	}
	e, err := badger.Open(t.TempDir()+"/store", badger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := intake.Import(t.Context(), e, f, intake.Native, intake.Watch{})
	t.Log(sum, err)
	e.Close()
}
