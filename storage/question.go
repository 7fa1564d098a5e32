package storage

import (
	"fmt"
	"strings"
	"time"
)

// Question asks for the metrics or rows of some sends. It holds all that decides the answer but the events: no
// engine looks at a clock or a configuration while it answers.
type Question struct {
	Range Range
	Zone  *time.Location // of the local days; nil is UTC
	Where []Condition
	By    []Grouping // the rows that Count gives, one list each
	Scope Scope
	Test  bool    // test sends too
	Now   Instant // the moment of asking: decides abandoned or in progress, nothing else
	Rules *Rules  // nil for the defaults
}

// Condition keeps the sends that have any of the values in the field, or with Not those that have none of them.
// Values of names are compared folded.
type Condition struct {
	Field  string
	Not    bool
	Values []string
}

// Grouping is one or two names of fields; a row for each combination of their values.
type Grouping []string

// Scope is what the asker may see; it is part of every question and applied inside the engine. Empty lists allow
// everything. The zero value sees all sends and no contact.
type Scope struct {
	Contacts                           bool // phones and user ids, else masks and tokens
	Channels, Lines, Groups, Campaigns []string
}

// Where is the scope as conditions.
func (s Scope) Where() []Condition {
	var where []Condition
	for _, c := range []Condition{
		{Field: "channel", Values: s.Channels},
		{Field: "line", Values: s.Lines},
		{Field: "group", Values: s.Groups},
		{Field: "campaign", Values: s.Campaigns},
	} {
		if len(c.Values) > 0 {
			where = append(where, c)
		}
	}
	return where
}

// Rules are the workspace's settings that decide answers.
type Rules struct {
	Intents []Intent                 // the first that matches a campaign gives its intent
	Expiry  map[string]time.Duration // by channel: silence after which an answered flow counts as abandoned
	Failure map[string]string        // code → category; nil for the built-in table
}

// Intent maps campaigns to what they are for: sales, after-sales, retention.
type Intent struct {
	Name      string
	Campaigns []string // folded names; a * at the start, the end or both stands for anything
}

// Windows are the answer windows by channel (MODEL 2, Credit). They decide the fold, so an engine is opened with
// them. A channel that is not listed has 72 hours.
type Windows map[string]time.Duration

// DefaultWindow is how long after a send an answer that names none is credited to it.
const DefaultWindow = 72 * time.Hour

func (w Windows) of(channel string) Instant {
	if d, ok := w[channel]; ok {
		return Instant(d.Milliseconds())
	}
	return Instant(DefaultWindow.Milliseconds())
}

var defaultRules = &Rules{}

func (q *Question) rules() *Rules {
	if q.Rules == nil {
		return defaultRules
	}
	return q.Rules
}

func (q *Question) zone() *time.Location {
	if q.Zone == nil {
		return time.UTC
	}
	return q.Zone
}

// expiry is 24 h for WA, WEB and SMS and 7 days for others, unless configured (MODEL 2, Outcome).
func (r *Rules) expiry(channel string) Instant {
	d, ok := r.Expiry[channel]
	switch {
	case ok:
	case channel == "WA", channel == "WEB", channel == "SMS":
		d = 24 * time.Hour
	default:
		d = 7 * 24 * time.Hour
	}
	return Instant(d.Milliseconds())
}

// intent of a campaign (MODEL 4).
func (r *Rules) intent(campaign string) string {
	if campaign == "" {
		return None
	}
	name := Fold(campaign)
	for _, in := range r.Intents {
		for _, pattern := range in.Campaigns {
			if matchIntent(pattern, name) {
				return in.Name
			}
		}
	}
	return None
}

func matchIntent(pattern, folded string) bool {
	open, end := strings.HasPrefix(pattern, "*"), len(pattern) > 1 && strings.HasSuffix(pattern, "*")
	core := strings.TrimPrefix(pattern, "*")
	if end {
		core = strings.TrimSuffix(core, "*")
	}
	if core != "" {
		core = Fold(core)
	}
	switch {
	case open && end:
		return strings.Contains(folded, core)
	case open:
		return strings.HasSuffix(folded, core)
	case end:
		return strings.HasPrefix(folded, core)
	default:
		return folded == core
	}
}

func (r *Rules) failure(code string) string {
	if code == "" {
		return None
	}
	table := r.Failure
	if table == nil {
		table = builtinFailures
	}
	return or(table[code], "other")
}

// Validate tells what an engine cannot answer: an unknown field, a field that cannot group, a value that an
// enumeration does not have.
func (q *Question) Validate() error {
	for _, c := range append(q.Scope.Where(), q.Where...) {
		f, ok := FieldNamed(c.Field)
		if !ok || !f.Filter {
			return fmt.Errorf("%q is not a filter", c.Field)
		}
		if len(c.Values) == 0 {
			return fmt.Errorf("%s: has no value", c.Field)
		}
	}
	for _, by := range q.By {
		if len(by) < 1 || len(by) > 2 {
			return fmt.Errorf("group by one or two fields, not %d", len(by))
		}
		for _, name := range by {
			if f, ok := FieldNamed(name); !ok || !f.Group {
				return fmt.Errorf("cannot group by %q", name)
			}
		}
	}
	return nil
}

// complete fills in what depends on the question: contact_kind from the contact's first success (0: never reached)
// and the end of a flow that nothing has settled.
func (q *Question) complete(s *Send, firstSuccess Instant) {
	s.ContactKind = "new"
	if firstSuccess != 0 && q.Range.From != 0 && DayOf(firstSuccess, q.zone()) < q.Range.From {
		s.ContactKind = "recurring"
	}
	if s.FlowEnd == "" && s.Status == Successful && s.Origin == "flow" && s.AnsweredAt != 0 {
		s.FlowEnd = EndInProgress
		if q.Now-s.LastCredit > q.rules().expiry(s.Channel) {
			s.FlowEnd = EndAbandoned
		}
	}
}
