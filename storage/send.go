package storage

import "github.com/shopspring/decimal"

// Send is the row that the events of one send fold into (MODEL 2). Engines store it without the last three fields,
// which depend on the question and the asker; so does the end of a flow that nothing has settled.
type Send struct {
	ID      string
	Time    Instant // the send date
	Status  Status
	Channel string
	Line    string
	Contact string // phone or platform id; empty when the send has none or the scope hides it

	Origin, Campaign, Template, Category, Flow, Webhook, Variant, Sender string

	RequestedAt, SentAt, DeliveredAt, ReadAt, FailedAt Instant

	Code, Reason string // of the last failure
	SkipReason   string
	Test         bool
	Conversation string // the id of the conversation that it entered, as far as known
	Started      bool   // it started that conversation

	AnsweredAt Instant
	Answers    int
	AssignedAt Instant
	Group      string // of the last assignment
	Agent      string
	Attended   bool
	Tags       []Tag // credited and not retracted, in order
	Labels     []string

	FirstOption, LastNode, LastText string

	FlowEnd    string  // a settled end, see Question.complete for the others
	LastCredit Instant // the last event credited to the send
	OptOut     bool
	ByMessage  bool // its id is a provider's message id too

	Token       string // stands for the contact in masked output; stable within a store
	Mask        string // the contact as masked output shows it
	ContactKind string // new or recurring in the question's range
}

// Tag is a tagging applied to a send.
type Tag struct {
	Name, Type string
	Sale       bool
	Value      string // decimal number, or none
	Currency   string
}

// Status of a send (MODEL 2, Status).
type Status uint8

// The four states; attempted = successful + failed + pending.
const (
	Pending Status = iota
	Successful
	Failed
	Skipped
)

var statusNames = [...]string{"pending", "successful", "failed", "skipped"}

func (s Status) String() string { return statusNames[s] }

// Ends of a flow (MODEL 2, Outcome).
const (
	EndError      = "error"
	EndAssigned   = "assigned"
	EndAuto       = "auto_end"
	EndAbandoned  = "abandoned"
	EndInProgress = "in_progress"
)

// The rows of values that are absent (MODEL 4).
const (
	None       = "(none)"
	Untagged   = "untagged"
	Unassigned = "unassigned"
)

// ContactKey identifies the customer of a send: one contact a channel. A send without contact is a contact of its
// own (MODEL 2).
func (s *Send) ContactKey() string {
	if s.Contact == "" {
		return "\x00" + s.ID
	}
	return s.Channel + "\x00" + s.Contact
}

// Sale: a sale tag at any point.
func (s *Send) Sale() bool {
	for _, t := range s.Tags {
		if t.Sale {
			return true
		}
	}
	return false
}

// SaleFinal: the last tag is a sale.
func (s *Send) SaleFinal() bool { return len(s.Tags) > 0 && s.Tags[len(s.Tags)-1].Sale }

// FinalTag is the last tag, or an empty one.
func (s *Send) FinalTag() Tag {
	if len(s.Tags) == 0 {
		return Tag{}
	}
	return s.Tags[len(s.Tags)-1]
}

// Amounts is the sum over sale tags by currency, exact; a value without currency stands under (none).
func (s *Send) Amounts() map[string]decimal.Decimal {
	sums := map[string]decimal.Decimal{}
	for _, t := range s.Tags {
		if !t.Sale || t.Value == "" {
			continue
		}
		d, err := parseAmount(t.Value)
		if err != nil {
			continue // cannot be: Normalize refused it
		}
		sums[orNone(t.Currency)] = sums[orNone(t.Currency)].Add(d)
	}
	return sums
}

// TagPath is the names of the tags in order.
func (s *Send) TagPath() []string {
	names := make([]string, len(s.Tags))
	for i, t := range s.Tags {
		names[i] = t.Name
	}
	return names
}

// ConversationKind is started or over_open, (none) for a send that is not successful.
func (s *Send) ConversationKind() string {
	switch {
	case s.Status != Successful:
		return None
	case s.Started:
		return "started"
	default:
		return "over_open"
	}
}

func orNone(s string) string { return or(s, None) }

func or(s, absent string) string {
	if s == "" {
		return absent
	}
	return s
}
