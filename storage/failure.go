package storage

import (
	_ "embed"
	"encoding/csv"
	"strings"
)

// failures.csv maps providers' failure codes to categories. Sources: the error references of the WhatsApp Cloud API
// and of Twilio.
//
//go:embed failures.csv
var failuresCSV string

var builtinFailures = func() map[string]string {
	rows, err := csv.NewReader(strings.NewReader(failuresCSV)).ReadAll()
	if err != nil {
		panic("storage/failures.csv: " + err.Error()) // part of the binary
	}
	table := make(map[string]string, len(rows))
	for _, row := range rows[1:] {
		table[row[0]] = row[1]
	}
	return table
}()
