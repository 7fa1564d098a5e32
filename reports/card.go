package reports

import (
	"time"

	"outboundbot/storage"
)

// Card is an answer for a chat: what it means, never how it looks. Each platform renders it within its limits,
// [Card.Text] is its plain twin.
type Card struct {
	Title  string
	Scope  []string // range and zone, filters, what matched
	Lead   string   // the answer in one sentence: notifications and screen readers read it
	Blocks []Block
	Footer Footer
	Lang   *Language // for what a renderer must add: "… 63 more"
}

// Footer closes a card.
type Footer struct {
	Command string          // canonical, with the bot's name in front; runnable on any platform
	DataTo  storage.Instant // the latest event
	Zone    *time.Location
	Elapsed time.Duration
}

// Block is one part of a card: [Metrics], [Funnel], [Table], [Note], [Code] or [Actions].
type Block interface{ block() }

// Metrics are headline figures.
type Metrics struct {
	Base  string // what percentages are of, said once
	Items []Figure
}

// Figure is one headline figure.
type Figure struct {
	Name  string // machine name of the metric
	Label string
	Value string // formatted
	Share string // formatted percentage, "–" for a zero base, "" for none
}

// Funnel is steps of decreasing or, honestly, increasing counts.
type Funnel struct {
	Title string
	Steps []Step
}

// Step of a funnel.
type Step struct {
	Label               string
	N                   int64
	OfFirst, OfPrevious storage.Percent // OfPrevious of the first step is not known
}

// Table is rows under headings. The renderer shows what fits and says how many more there are.
type Table struct {
	Title   string
	Columns []Heading
	Rows    [][]Entry
	Total   []Entry // last row, or none
	Omitted int     // rows that the report left out already
}

// Heading of a column.
type Heading struct {
	Label  string
	Number bool // right-aligned
	Minor  bool // left out first where a table would be too wide
}

// Entry is a cell: Text as shown, N for sorting when the column is of numbers.
type Entry struct {
	Text string
	N    float64
}

// Note is a sentence below the figures.
type Note struct {
	Kind NoteKind
	Text string
}

// NoteKind says why a note is there.
type NoteKind uint8

// Kinds of notes.
const (
	Info    NoteKind = iota
	Warning          // a caveat: the reader must know this about the numbers
	Wrong            // the input could not be understood
	Fault            // our fault
)

// Code is preformatted text: a command with a caret under the fault, an example.
type Code struct{ Text string }

// Actions are commands offered as buttons.
type Actions struct{ Buttons []Button }

// Button runs a command, as if the presser had typed it.
type Button struct {
	Label   string
	Command string // without the bot's name
	Primary bool
}

func (Metrics) block() {}
func (Funnel) block()  {}
func (Table) block()   {}
func (Note) block()    {}
func (Code) block()    {}
func (Actions) block() {}
