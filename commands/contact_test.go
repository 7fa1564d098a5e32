package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"outboundbot/reports"
	"outboundbot/storage"
)

// counted notes which questions a store is asked.
type counted struct {
	storage.Store
	calls *[]string
}

func (c counted) note(call string) { *c.calls = append(*c.calls, call) }

func (c counted) Count(ctx context.Context, q storage.Question) (storage.Count, error) {
	by := make([]string, len(q.By))
	for i, g := range q.By {
		by[i] = strings.Join(g, ",")
	}
	c.note("Count(" + strings.Join(by, ";") + ")")
	return c.Store.Count(ctx, q)
}

func (c counted) Sends(ctx context.Context, q storage.Question, o storage.Order) iter.Seq2[storage.Send, error] {
	c.note("Sends")
	return c.Store.Sends(ctx, q, o)
}

func (c counted) Timeline(ctx context.Context, s storage.Scope, who storage.Contact) ([]storage.Event, error) {
	c.note("Timeline")
	return c.Store.Timeline(ctx, s, who)
}

func (c counted) Names(ctx context.Context, s storage.Scope, field, prefix string) ([]storage.Name, error) {
	c.note("Names")
	return c.Store.Names(ctx, s, field, prefix)
}

func (c counted) Stats(ctx context.Context) (storage.Stats, error) {
	c.note("Stats")
	return c.Store.Stats(ctx)
}

// TestCallsOfTheStore: a question costs as many looks at the store as it must, each of which may take milliseconds.
func TestCallsOfTheStore(t *testing.T) {
	d := desk(t)
	plain, known := d.Store, token(t, d, "S01")
	for _, c := range []struct{ typed, calls string }{
		{"summary", "Count(origin) Stats"},
		{"summary channel:WA last 7 days", "Count(origin) Stats"},
		{"summary channel:WA campaign:BlackFriday", "Names Count(origin) Stats"},
		{"summary campaign:friday", "Names Count(origin) Stats"},
		{"summary campaign:BlackFriday,Cyber -template:tpl_c*", "Names Names Count(origin) Stats"},
		{"detailed last 30 days sort:sales", "Count(campaign,origin) Stats"},
		{"summary by:tag,origin", "Count(origin;tag,origin) Stats"},
		{"detailed by:tag", "Count(campaign,origin;tag) Stats"},
		{"audit by:tag,origin", "Count(tag,origin;origin) Stats Sends"},
		{"audit read:yes answered:no", "Count(origin) Stats Sends"},
		{"audit phone:+573005550001", "Sends Count(origin) Stats Sends"},
		{"contact phone:+573005550001", "Sends Count(origin) Stats Timeline"},
		{"contact contact:~TOKEN", "Sends Count(origin) Stats Timeline"},
		{"contact phone:+573009999999", "Sends Sends"},
	} {
		var calls []string
		d.Store = counted{plain, &calls}
		d.Answer(t.Context(), ask(strings.ReplaceAll(c.typed, "TOKEN", known)), nil)
		if got := strings.Join(calls, " "); got != c.calls {
			t.Errorf("%s: %s, want %s", c.typed, got, c.calls)
		}
	}
}

type contactForm struct {
	Command  string `json:"command"`
	Answered *bool  `json:"answered"`
	Total    struct {
		Counts map[string]int `json:"counts"`
	} `json:"total"`
	Sends  []map[string]any `json:"sends"`
	Events []map[string]any `json:"events"`
}

func formOf(t *testing.T, d *Desk, text string) (form contactForm, raw string) {
	t.Helper()
	req := ask(text)
	req.Machine = true
	reply := d.Answer(t.Context(), req, nil)
	if reply.Err != nil {
		t.Fatalf("%s: %v", text, reply.Err)
	}
	var b bytes.Buffer
	if err := reply.Result.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &form); err != nil {
		t.Fatal(err)
	}
	return form, b.String()
}

// TestContact: one customer in any form in which people write phones, and the same question again by its token.
func TestContact(t *testing.T) {
	d := desk(t)
	d.Access = func(Request) storage.Scope { return storage.Scope{Contacts: true} }
	first, _ := formOf(t, d, "contact phone:573005550000")
	if first.Answered == nil || !*first.Answered || len(first.Sends) != 1 || len(first.Events) != 4 || first.Total.Counts["answered"] != 1 {
		t.Fatalf("%+v", first)
	}
	if first.Sends[0]["send"] != "S00" || first.Sends[0]["contact"] != "573005550000" || first.Events[0]["type"] != "message.sent" {
		t.Errorf("%v %v", first.Sends[0], first.Events[0])
	}
	for _, typed := range []string{
		"contact phone:+573005550000", `contact phone:"+57 (300) 555-0000"`, "contact phone:+57 300 555 0000", "contact +57 300 555 0000",
		"contact 573005550000", "contact contact:+57-300-555-0000", "contact phone:00573005550000", "contact phone:＋５７３００５５５００００",
		"contact phone:<tel:+573005550000|+57 300 555 0000>", "contact phone:\u202a+57\u00a0300\u00a0555\u00a00000\u202c", first.Command,
		"contact " + strings.Fields(strings.ReplaceAll(first.Command, "contact contact:", ""))[0],
	} {
		got, _ := formOf(t, d, typed)
		if got.Command != first.Command || len(got.Events) != 4 {
			t.Errorf("%s: %s with %d events, want %s", typed, got.Command, len(got.Events), first.Command)
		}
	}
	if silent, _ := formOf(t, d, "contact +57 300 555 0001"); *silent.Answered || len(silent.Events) != 1 {
		t.Errorf("%+v", silent)
	}
}

// TestContactOfSomebodyElse: who may not see a customer learns nothing, not even whether there is one.
func TestContactOfSomebodyElse(t *testing.T) {
	d := desk(t)
	d.Access = func(Request) storage.Scope { return storage.Scope{Channels: []string{"SMS"}} }
	var said []string
	for _, typed := range []string{"contact 573005550000", "contact 573009999999", "contact ~" + token(t, d, "S00"), "contact ~aaaaaaaaaa"} {
		reply := d.Answer(t.Context(), ask(typed), nil)
		var input *InputError
		if !errors.As(reply.Err, &input) || !input.NotYet || reply.Result != nil {
			t.Fatalf("%s: %v", typed, reply.Err)
		}
		said = append(said, input.Msg)
	}
	if len(slices.Compact(said)) != 1 {
		t.Error(said)
	}
}

// TestContactIsMasked: without the right to see contacts an answer has no phone, in any form.
func TestContactIsMasked(t *testing.T) {
	d := desk(t)
	form, raw := formOf(t, d, "contact phone:+573005550000")
	if _, there := form.Sends[0]["contact"]; there || form.Sends[0]["contact_token"] == "" {
		t.Error(form.Sends[0])
	}
	reply := d.Answer(t.Context(), ask("contact phone:+573005550000"), nil)
	for name, text := range map[string]string{"machine form": raw, "card": shown(reply) + reply.Card.Lead} {
		if strings.Contains(text, "3005550000") || strings.Contains(storage.Digits(text), "5550000") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if !strings.HasPrefix(reply.Card.Text(), "Yes: +57 ••• ••• 0000 answered the only send.\n") {
		t.Error(reply.Card.Text())
	}
	for _, format := range []string{"csv", "json", "xlsx"} {
		var sheet reports.Sheet
		d.Formats = []reports.Format{{Name: format, Write: keepSheet(&sheet)}}
		reply := d.Answer(t.Context(), ask("contact phone:+573005550000 format:"+format), nil)
		if reply.Err != nil || reply.File.Rows != 4 || strings.Contains(lines(reply.Card), "newest") {
			t.Fatal(reply.Err, reply.File, lines(reply.Card))
		}
		reply.File.Close()
		for _, c := range sheet.Columns {
			if c.Name == "contact" || strings.Contains(c.Label+c.Doc, ".column") {
				t.Errorf("column %+v", c)
			}
		}
	}
}

func keepSheet(into *reports.Sheet) func(context.Context, io.Writer, reports.Sheet) (int64, error) {
	return func(_ context.Context, _ io.Writer, s reports.Sheet) (rows int64, err error) {
		*into = s
		for row, err := range s.Rows {
			if err != nil || len(row) != len(s.Columns) {
				return rows, fmt.Errorf("%d cells: %w", len(row), err)
			}
			rows++
		}
		return rows, nil
	}
}

// TestContactNeedsACustomer: without one, or with a mistake, the command says what to write.
func TestContactNeedsACustomer(t *testing.T) {
	d := desk(t)
	for typed, want := range map[string]string{
		"contact":                             "which customer",
		"contact campaign:Cyber":              "which customer",
		"contact -phone:573005550001":         "which customer",
		"contact phone:57300*":                "no *",
		"contact phone:573005550001 top:5":    "not available",
		"summary contact 573005550001":        "takes a value",
		"contact 573005550001 bananas":        "is no date",
		"contact 573005550001 campaign:Cyber": "",
		"contact 573005550001 yesterday":      "",
		"contact 573005550001 by:campaign":    "",
	} {
		reply := d.Answer(t.Context(), ask(typed), nil)
		switch {
		case want == "" && reply.Err != nil, want != "" && reply.Err == nil:
			t.Errorf("%s: %v", typed, reply.Err)
		case want != "" && !strings.Contains(reply.Err.Error(), want):
			t.Errorf("%s: %v, want %s", typed, reply.Err, want)
		case want == "" && !strings.HasPrefix(reply.Card.Footer.Command, "/outbound contact contact:~"):
			t.Errorf("%s: the footer says %s", typed, reply.Card.Footer.Command)
		}
	}
}
