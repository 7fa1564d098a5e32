// Package columns keeps sends in columns and answers questions over them.
//
// A [Segment] is an immutable set of up to [MaxRows] sends, ordered by channel, line, origin and campaign, so that it
// is a list of *runs* of rows that agree in these four, each in order of time. Its header has the runs; every other
// field is a column of its own, read at first use. A [View] is some segments, each with the rows of it that are dead,
// and what the rows leave out: a row has a dense number instead of its contact, the *person*.
//
// The meaning of fields stays in package storage. A question looks at each distinct value once, through
// [storage.Field.Of] on a send that has nothing but this value, and goes over the rows by table.
package columns

import (
	"errors"
	"fmt"
	"math"

	"outboundbot/storage"
)

// MaxRows is how many rows a segment has at most. A row's place and the code of a value each fit into 16 bits.
const MaxRows = 1<<16 - 1

// Row is a send whose contact is a number: Contact, Token, Mask and ContactKind are empty, and so is the end of a
// flow that nothing has settled. Each send without contact has a person of its own.
type Row struct {
	storage.Send
	Person uint32
}

// Encoded is a segment as the engine stores it: a value for each column, by number.
type Encoded struct {
	Rows        int
	First, Last storage.Instant // the earliest and the latest time of the rows
	Values      [][]byte
}

// Columns of a segment. The order is part of the stored form.
const (
	columnHeader = iota
	columnFacts
	columnPerson
	columnTime
	columnID
	columnConversation
	columnAmounts
	columnAnswers
	columnRequested
	columnSent
	columnDelivered
	columnRead
	columnFailed
	columnAnswered
	columnAssigned
	columnLastCredit
	columnTemplate
	columnCategory
	columnFlow
	columnWebhook
	columnVariant
	columnSender
	columnGroup
	columnAgent
	columnCode
	columnReason
	columnSkipReason
	columnTags
	columnLabels
	columnFirstOption
	columnLastNode
	columnLastText
	columnCount
)

// errBroken is what a value that Encode did not write gives.
var errBroken = errors.New("columns: the value is damaged")

// check tells why a row cannot be kept: it is not one that storage.Timeline.Fold makes.
func (r *Row) check() error {
	_, settled := endCodes[r.FlowEnd]
	switch {
	case r.Status > storage.Skipped:
		return fmt.Errorf("columns: send %q has status %d", r.ID, r.Status)
	case r.AssignedAt == 0 && (r.Group != "" || r.Agent != ""):
		return fmt.Errorf("columns: send %q has an agent but no assignment", r.ID)
	case !settled, r.FlowEnd != "" && !r.flowAnswered():
		return fmt.Errorf("columns: send %q cannot have the end %q", r.ID, r.FlowEnd)
	case r.Person > math.MaxInt32:
		return fmt.Errorf("columns: send %q has person %d", r.ID, r.Person)
	case r.Time <= 0, r.Answers < 0, r.Answers > math.MaxInt32:
		return fmt.Errorf("columns: send %q has time %d and %d answers", r.ID, r.Time, r.Answers)
	}
	for i := range numberedColumns {
		if v := numberedColumns[i].get(&r.Send); v < 0 || v > maxInstant {
			return fmt.Errorf("columns: send %q has an instant %d", r.ID, v)
		}
	}
	return nil
}

// maxInstant keeps sums of two instants within 64 bits.
const maxInstant = 1 << 61

func (r *Row) flowAnswered() bool {
	return r.Status == storage.Successful && r.Origin == "flow" && r.AnsweredAt != 0
}
