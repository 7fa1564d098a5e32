package storage

import (
	"fmt"
	"strings"
	"time"
)

// Field is a filter, a grouping, a column of the audit, or several of these. [Fields] is the only list; labels,
// aliases and definitions of each stand in the catalogue of words under its name.
type Field struct {
	Name   string
	Filter bool
	Group  bool
	Kind   Kind
	Values []string // of an enumeration, in the order people expect

	// of gives the values of a send: one, or several where a send stands in several rows. nil for columns only.
	of func(s *Send, q *Question) []string
	// plain is the value of an enumeration, "" where it is absent.
	plain func(s *Send) string
	// Cell gives the column of the audit (a cell of kind CellNone for no value); nil for filters and groupings only.
	Cell func(s *Send) Cell
	// Text is the text of a column whose cells are texts, for those who write many of them; nil for other columns.
	Text func(s *Send) string
}

// Kind says which values a field has and how they are compared.
type Kind uint8

// Kinds of fields.
const (
	Free    Kind = iota // names that the workspace makes up; compared folded
	Enum                // one of Values
	YesNo               // yes or no
	Address             // lines and phones: compared as stored, a typed one also without + and separators
	Code                // compared as written
	Period              // day, week, month, hour, weekday
	Column              // only a column of the audit
)

// Cell is one value of a table. It holds no any, so that a million rows box nothing.
type Cell struct {
	Kind CellKind
	Text string   // CellText, and CellAmounts as "99.9 USD, 1500.5 HNL"
	N    int64    // CellInt, CellTime (milliseconds UTC), CellBool (0, 1), CellPercent (tenths)
	List []string // CellList; CellAmounts as alternating currency and amount
}

// CellKind is the type of a cell.
type CellKind uint8

// Kinds of cells.
const (
	CellNone CellKind = iota
	CellText
	CellInt
	CellTime
	CellBool
	CellList
	CellAmounts
	CellPercent
)

// Text makes a text cell.
func Text(s string) Cell { return Cell{Kind: CellText, Text: s} }

// Int makes a number cell.
func Int(n int64) Cell { return Cell{Kind: CellInt, N: n} }

// List makes a cell of names in order.
func List(names []string) Cell { return Cell{Kind: CellList, List: names} }

// Bool makes a yes or no cell.
func Bool(b bool) Cell {
	if b {
		return Cell{Kind: CellBool, N: 1}
	}
	return Cell{Kind: CellBool}
}

// At makes a time cell, or an empty one.
func At(i Instant) Cell {
	if i == 0 {
		return Cell{}
	}
	return Cell{Kind: CellTime, N: int64(i)}
}

// Channels that the grammar knows; others are kept as given, in upper case (MODEL 1).
var Channels = []string{"WA", "FB", "IG", "WEB", "SMS", "TG", "EMAIL", "TW"}

// Origins of a send; anything else is other.
var Origins = []string{"flow", "template", "webhook", "individual", "other"}

// TagTypes of a tagging (MODEL 1).
var TagTypes = []string{"positive", "negative", "follow_up", "self_management_end", "self_management_follow_up", "automatic"}

// Fields is the one table of filters, groupings (MODEL 4) and columns of the audit, columns in the audit's order.
// phone and test are filters only; test decides Question.Test and is no condition.
var Fields = []Field{
	texts("send", func(s *Send) string { return s.ID }),
	column("time", func(s *Send) Cell { return At(s.Time) }),
	enum("status", []string{"successful", "failed", "pending", "skipped"}, func(s *Send) string { return s.Status.String() }).text(),
	Field{Name: "channel", Kind: Enum, Values: Channels, Filter: true, Group: true, of: one(func(s *Send) string { return s.Channel })}.cell(func(s *Send) string { return s.Channel }),
	Field{Name: "line", Kind: Address, Filter: true, Group: true, of: one(func(s *Send) string { return s.Line })}.cell(func(s *Send) string { return s.Line }),
	texts("contact", func(s *Send) string { return s.Contact }),
	{Name: "phone", Kind: Address, Filter: true, of: func(s *Send, _ *Question) []string { return []string{s.Contact, "~" + s.Token} }},
	enum("origin", Origins, func(s *Send) string { return s.Origin }).text(),
	free("campaign", func(s *Send) string { return s.Campaign }),
	{Name: "intent", Kind: Free, Filter: true, Group: true, of: func(s *Send, q *Question) []string { return []string{q.rules().intent(s.Campaign)} }},
	free("template", func(s *Send) string { return s.Template }),
	free("category", func(s *Send) string { return s.Category }),
	free("flow", func(s *Send) string { return s.Flow }),
	free("webhook", func(s *Send) string { return s.Webhook }),
	free("variant", func(s *Send) string { return s.Variant }),
	free("sender", func(s *Send) string { return s.Sender }),
	column("requested_at", func(s *Send) Cell { return At(s.RequestedAt) }),
	column("sent_at", func(s *Send) Cell { return At(s.SentAt) }),
	column("delivered_at", func(s *Send) Cell { return At(s.DeliveredAt) }),
	column("read_at", func(s *Send) Cell { return At(s.ReadAt) }),
	column("failed_at", func(s *Send) Cell { return At(s.FailedAt) }),
	texts("code", func(s *Send) string { return s.Code }),
	texts("reason", func(s *Send) string { return s.Reason }),
	texts("skip_reason", func(s *Send) string { return s.SkipReason }),
	{Name: "failure", Kind: Free, Filter: true, Group: true, of: func(s *Send, q *Question) []string { return []string{q.rules().failure(s.failureCode())} }},
	{Name: "failure_code", Kind: Code, Filter: true, Group: true, of: one((*Send).failureCode)},
	{Name: "test", Kind: Column, Cell: func(s *Send) Cell { return Bool(s.Test) }},
	texts("conversation", func(s *Send) string { return s.Conversation }),
	enum("conversation_kind", []string{"started", "over_open"}, (*Send).ConversationKind).text(),
	yesNo("delivered", func(s *Send) bool { return s.DeliveredAt != 0 || s.ReadAt != 0 }),
	yesNo("read", func(s *Send) bool { return s.ReadAt != 0 }),
	yesNo("answered", func(s *Send) bool { return s.AnsweredAt != 0 }),
	column("answered_at", func(s *Send) Cell { return At(s.AnsweredAt) }),
	column("answers", func(s *Send) Cell { return Int(int64(s.Answers)) }),
	yesNo("assigned", func(s *Send) bool { return s.AssignedAt != 0 }),
	column("assigned_at", func(s *Send) Cell { return At(s.AssignedAt) }),
	Field{Name: "group", Kind: Free, Filter: true, Group: true, of: one(func(s *Send) string { return s.assignedTo(s.Group) })}.cell(func(s *Send) string { return s.Group }),
	Field{Name: "agent", Kind: Free, Filter: true, Group: true, of: one(func(s *Send) string { return s.assignedTo(s.Agent) })}.cell(func(s *Send) string { return s.Agent }),
	yesNo("attended", func(s *Send) bool { return s.Attended }).bool(func(s *Send) bool { return s.Attended }),
	Field{Name: "final_tag", Kind: Free, Filter: true, Group: true, of: one(func(s *Send) string { return s.tagged(s.FinalTag().Name) })}.cell(func(s *Send) string { return s.FinalTag().Name }),
	enum("final_tag_type", TagTypes, func(s *Send) string { return s.tagged(s.FinalTag().Type) }).cell(func(s *Send) string { return s.FinalTag().Type }),
	yesNo("sale", (*Send).Sale).bool((*Send).Sale),
	column("sale_final", func(s *Send) Cell { return Bool(s.SaleFinal()) }),
	column("value", func(s *Send) Cell { return amountsCell(s) }),
	{Name: "tag", Kind: Free, Filter: true, Group: true, of: func(s *Send, _ *Question) []string {
		return several(s.TagPath(), Untagged)
	}},
	{Name: "label", Kind: Free, Filter: true, Group: true, of: func(s *Send, _ *Question) []string { return several(s.Labels, None) }},
	{Name: "tag_path", Kind: Free, Filter: true, Group: true, of: one(func(s *Send) string { return s.tagged(path(s.TagPath())) }), Cell: func(s *Send) Cell { return List(s.TagPath()) }},
	{Name: "label_path", Kind: Free, Filter: true, Group: true, of: one(func(s *Send) string { return path(s.Labels) }), Cell: func(s *Send) Cell { return List(s.Labels) }},
	free("first_option", func(s *Send) string { return s.FirstOption }),
	free("last_node", func(s *Send) string { return s.LastNode }),
	free("last_text", func(s *Send) string { return s.LastText }),
	enum("flow_end", []string{EndAbandoned, EndAssigned, EndAuto, EndError, EndInProgress}, func(s *Send) string { return s.FlowEnd }).text(),
	column("optout", func(s *Send) Cell { return Bool(s.OptOut) }),
	enum("contact_kind", []string{"new", "recurring"}, func(s *Send) string { return s.ContactKind }).text(),
	texts("contact_token", func(s *Send) string { return s.Token }),
	period("day", func(t time.Time) string { return t.Format(time.DateOnly) }),
	period("week", func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%04d-W%02d", y, w) }),
	period("month", func(t time.Time) string { return t.Format("2006-01") }),
	period("hour", func(t time.Time) string { return t.Format("15") }),
	period("weekday", func(t time.Time) string { return string(rune('1' + (int(t.Weekday())+6)%7)) }),
}

// FieldNamed finds a field by its machine name.
func FieldNamed(name string) (*Field, bool) {
	f, ok := fieldIndex[name]
	return f, ok
}

var fieldIndex = func() map[string]*Field {
	index := make(map[string]*Field, len(Fields))
	for i := range Fields {
		index[Fields[i].Name] = &Fields[i]
	}
	return index
}()

// Key is the form in which values of the field are compared.
func (f *Field) Key(value string) string {
	switch f.Kind {
	case Address, Code:
		return value
	default:
		return Fold(value)
	}
}

// Of gives the values of a send, absent ones as the row that stands for them.
func (f *Field) Of(s *Send, q *Question) []string { return f.of(s, q) }

func column(name string, c func(*Send) Cell) Field { return Field{Name: name, Kind: Column, Cell: c} }

func texts(name string, of func(*Send) string) Field {
	return Field{Name: name, Kind: Column}.cell(of)
}

func free(name string, of func(*Send) string) Field {
	return Field{Name: name, Kind: Free, Filter: true, Group: true, of: one(of)}.cell(of)
}

func enum(name string, values []string, of func(*Send) string) Field {
	return Field{Name: name, Kind: Enum, Values: values, Filter: true, Group: true, of: one(of), plain: of}
}

func yesNo(name string, of func(*Send) bool) Field {
	return Field{Name: name, Kind: YesNo, Values: []string{"yes", "no"}, Filter: true, Group: true, of: func(s *Send, _ *Question) []string {
		if s.Status == Successful && of(s) {
			return []string{"yes"}
		}
		return []string{"no"}
	}}
}

func period(name string, format func(time.Time) string) Field {
	return Field{Name: name, Kind: Period, Filter: true, Group: true, of: func(s *Send, q *Question) []string {
		return []string{format(s.Time.Time().In(q.zone()))}
	}}
}

// text makes the field's value its column too. The audit leaves absent values empty (golden set).
func (f Field) text() Field { return f.cell(f.plain) }

// cell makes a text the field's column.
func (f Field) cell(of func(*Send) string) Field {
	f.Text, f.Cell = of, func(s *Send) Cell { return Text(of(s)) }
	return f
}

func (f Field) bool(of func(*Send) bool) Field {
	f.Cell = func(s *Send) Cell { return Bool(of(s)) }
	return f
}

func one(of func(*Send) string) func(*Send, *Question) []string {
	return func(s *Send, _ *Question) []string { return []string{orNone(of(s))} }
}

// several gives each name once, in its last spelling, or the row of those without.
func several(names []string, absent string) []string {
	if len(names) == 0 {
		return []string{absent}
	}
	values := make([]string, 0, len(names))
	at := make(map[string]int, len(names))
	for _, n := range names {
		n = orNone(n)
		if i, ok := at[Fold(n)]; ok {
			values[i] = n
			continue
		}
		at[Fold(n)] = len(values)
		values = append(values, n)
	}
	return values
}

func path(names []string) string { return strings.Join(names, " → ") }

func (s *Send) assignedTo(name string) string {
	if s.AssignedAt == 0 {
		return Unassigned
	}
	return name
}

func (s *Send) tagged(name string) string {
	if len(s.Tags) == 0 {
		return Untagged
	}
	return name
}

func (s *Send) failureCode() string {
	if s.Status != Failed {
		return ""
	}
	return s.Code
}

// amountsCell is Amounts of a send. Most have no sale, and those that have one have one: no sum is made for them.
func amountsCell(s *Send) Cell {
	var only *Tag
	for i := range s.Tags {
		switch t := &s.Tags[i]; {
		case !t.Sale || t.Value == "":
		case only != nil:
			return Amounts(s.Amounts())
		default:
			only = t
		}
	}
	if only == nil {
		return Cell{Kind: CellAmounts}
	}
	d, err := parseAmount(only.Value)
	if err != nil {
		return Cell{Kind: CellAmounts} // cannot be: Normalize refused it
	}
	amount, currency := d.String(), orNone(only.Currency)
	return Cell{Kind: CellAmounts, Text: amount + " " + currency, List: []string{currency, amount}}
}
