// Package reports turns a question into numbers: a [Card] for the chat, a [Sheet] for a file, and the machine form
// (CHAT 7) that both are made from. It knows what figures mean and never how a platform shows them.
package reports

import (
	"context"
	"iter"

	"outboundbot/storage"
)

// Report is one kind of answer. Its label and definition stand in the catalogue under report.NAME.
type Report struct {
	Name     string
	Examples []string // runnable commands, without the bot's name
	Records  bool     // it lists sends: it takes limit and columns, and no sort or top
	OneOf    bool     // it is about one customer: a phone must be given, and its file has a row an event
	Run      func(ctx context.Context, src Source, q Query) (Result, error)
}

// Source is the part of a store that reports read.
type Source interface {
	Count(ctx context.Context, q storage.Question) (storage.Count, error)
	Sends(ctx context.Context, q storage.Question, order storage.Order) iter.Seq2[storage.Send, error]
	Timeline(ctx context.Context, scope storage.Scope, contact storage.Contact) ([]storage.Event, error)
	Stats(ctx context.Context) (storage.Stats, error)
}

// All lists the reports in the order that help shows them.
func All() []Report { return []Report{summary, detailed, audit, contact} }

// Named finds a report.
func Named(name string) (Report, bool) {
	for _, r := range All() {
		if r.Name == name {
			return r, true
		}
	}
	return Report{}, false
}

// Limits of the audit, on screen and in a file (MODEL 5).
const (
	ScreenRows = 2000
	FileRows   = 1_000_000
)

// Query is a question put to one report, with all that decides how the answer reads.
type Query struct {
	storage.Question
	Report  string
	Sort    Sort
	Top     int      // show only so many rows of each breakdown; 0 for all
	Limit   int      // records of the audit; 0 for ScreenRows, in a file FileRows
	File    bool     // the answer goes into a file: no blocks of a card are needed, records are streamed
	Machine bool     // only the machine form is wanted: no card is made
	Columns []string // of the audit; none for all
	Lang    *Language
	Command string // the canonical command (CHAT 2), without the bot's name
	// Elsewhere writes the same question as a command for another report, or with a format for a file; nil when
	// nobody can run one.
	Elsewhere func(report, format string) string
	// Print writes Command and Elsewhere of a query whose conditions a report has changed; nil when nobody can run one.
	Print   func(q *Query)
	Matches []Matched          // names that a filter stood for, when not the one typed
	Asked   []storage.Grouping // by: groupings, in addition to those the report shows anyway
}

// Sort orders the rows of breakdowns by a metric; the zero value is byte order of their keys.
type Sort struct {
	By      string // name of a metric, "" for the key
	Descend bool
}

// Matched says which names in the store a filter value stood for.
type Matched struct {
	Field, Value string
	Names        []string
}

// Result is the answer of a report.
type Result struct {
	Query   Query
	Total   storage.Tally
	Groups  []Breakdown
	Records []storage.Send  // of the audit on screen and of a contact: the newest, oldest first
	Events  []storage.Event // of a contact, in order
	Stats   storage.Stats
	Notes   []Caveat
	Card    Card
	Sheet   Sheet
}

// Breakdown is the rows of one grouping.
type Breakdown struct {
	By      storage.Grouping
	Rows    []storage.Group
	Omitted int // rows that top: left out
}

// Caveat is something the reader must know about these numbers (CHAT 3). ID is its machine name.
type Caveat struct{ ID, Text string }

// Sheet is the answer as a table for a file. Rows are streamed: memory does not grow with them.
type Sheet struct {
	Name    string // machine name, part of the file's name
	Columns []SheetColumn
	Rows    iter.Seq2[[]storage.Cell, error] // the slice is valid until the next row
	About   []Fact                           // how the rows came about
	Zone    string                           // IANA zone of times in csv and xlsx; json has UTC
	Lang    *Language                        // for what a format must add: headings of its own, why it cannot write
}

// SheetColumn heads a column: Name in machine form, Label in the asker's language.
type SheetColumn struct {
	Name, Label, Doc string
	Kind             storage.CellKind
}

// Fact is a line of the about sheet: Name in machine form, Label in the asker's language.
type Fact struct{ Name, Label, Value string }
