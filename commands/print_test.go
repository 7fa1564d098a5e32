package commands

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
)

// named is a store whose campaigns have any names at all.
type named struct {
	storage.Store
	names []storage.Name
}

func (n named) Names(ctx context.Context, scope storage.Scope, field, prefix string) ([]storage.Name, error) {
	if field == "campaign" {
		return n.names, nil
	}
	return n.Store.Names(ctx, scope, field, prefix)
}

// parse(canonical(q)) = q (CHAT 2), whatever the names.
func TestPrintedIsReadBack(t *testing.T) {
	d := desk(t)
	plainStore := d.Store
	rapid.Check(t, func(rt *rapid.T) {
		names := anyNames().Draw(rt, "names")
		d := *d
		d.Store = named{plainStore, names}
		want := anyPlan(&d, names).Draw(rt, "plan")
		text := written(want, &d)
		got, err := d.parse(context.Background(), ask(text), storage.Scope{})
		if err != nil {
			rt.Fatalf("%s: %v", text, err)
		}
		if again := written(got, &d); again != text {
			rt.Fatalf("printed %s\nthen    %s", text, again)
		}
		byName := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
		if diff := cmp.Diff(want.query.Question, got.query.Question, byName); diff != "" {
			rt.Fatalf("%s\n%s", text, diff)
		}
		if diff := cmp.Diff([]any{want.query.Asked, want.query.Sort, want.query.Top, want.query.Limit, want.query.Columns, want.format.Name, want.empty},
			[]any{got.query.Asked, got.query.Sort, got.query.Top, got.query.Limit, got.query.Columns, got.format.Name, got.empty}); diff != "" {
			rt.Fatalf("%s\n%s", text, diff)
		}
	})
}

// anyNames makes names that fold differently and are not those of rows without a value.
func anyNames() *rapid.Generator[[]storage.Name] {
	name := rapid.OneOf(
		rapid.StringN(1, 20, -1),
		rapid.StringMatching(`[ "“”«»'’,*!=:;~.|<>a-c—-]{1,8}`),
		rapid.SampledFrom([]string{"none", "a, b", "last week", "WA", "summary", "channel:WA", "2026-11", "x..y", "it's", "-x", "<@U1>", "<http://x|y>"}),
	).Filter(func(s string) bool {
		return storage.Fold(s) != storage.Fold(storage.None) && strings.TrimFunc(s, isSpace) != ""
	})
	return rapid.Custom(func(t *rapid.T) []storage.Name {
		list := rapid.SliceOfNDistinct(name, 1, 8, storage.Fold).Draw(t, "list")
		return plainNames(list)
	})
}

func anyPlan(d *Desk, names []storage.Name) *rapid.Generator[plan] {
	return rapid.Custom(func(t *rapid.T) plan {
		report := rapid.SampledFrom([]string{"summary", "detailed", "audit"}).Draw(t, "report")
		from := storage.CivilDay(2026, 1, 1) + storage.Day(rapid.IntRange(0, 300).Draw(t, "from"))
		pl := plan{format: &d.Formats[rapid.IntRange(0, 2).Draw(t, "format")], empty: rapid.SampledFrom([]string{"", "skip", "post"}).Draw(t, "empty")}
		q := &pl.query
		q.Report, q.Lang, q.File = report, d.Lang, true
		q.Now, q.Rules = storage.InstantOf(noon), d.Rules
		q.Zone = d.Zone
		if rapid.Bool().Draw(t, "tz") {
			q.Zone = time.UTC
		}
		q.Test = rapid.Bool().Draw(t, "test")
		q.Range = rapid.SampledFrom([]storage.Range{{From: from, To: from}, {From: from, To: from + 9}, {To: from}, {}}).Draw(t, "range")
		q.Where = conditions(t, names)
		if rapid.Bool().Draw(t, "by") {
			q.Asked = []storage.Grouping{{"campaign", "origin"}, {"day"}}
		}
		if report == "audit" {
			q.Limit = rapid.IntRange(0, 9).Draw(t, "limit")
			q.Columns = rapid.SampledFrom([][]string{nil, {"send"}, {"time", "contact", "value"}}).Draw(t, "columns")
		} else {
			q.Top = rapid.IntRange(0, 9).Draw(t, "top")
			q.Sort = rapid.SampledFrom([]reports.Sort{{}, {By: "sales", Descend: true}, {By: "read"}}).Draw(t, "sort")
		}
		return pl
	})
}

// conditions are some filters in the order of the table, each value once.
func conditions(t *rapid.T, names []storage.Name) []storage.Condition {
	some := make([]string, 0, len(names)+1)
	for _, n := range names {
		some = append(some, n.Name)
	}
	choices := []struct {
		field  string
		values []string
	}{
		{"status", []string{"successful", "failed"}},
		{"channel", []string{"WA", "IG"}},
		{"campaign", append(some, storage.None)},
		{"intent", []string{"retention"}},
		{"read", []string{"yes", "no"}},
		{"group", []string{storage.Unassigned, storage.None}},
		{"tag", []string{"Venta", storage.Untagged}},
		{"week", []string{"2026-W01", "2026-W47"}},
		{"hour", []string{"00", "23"}},
		{"weekday", []string{"1", "7"}},
	}
	var where []storage.Condition
	for _, c := range choices {
		for _, not := range []bool{false, true} {
			if rapid.Bool().Draw(t, c.field) {
				values := rapid.SliceOfNDistinct(rapid.SampledFrom(c.values), 1, len(c.values), rapid.ID).Draw(t, "values")
				where = append(where, storage.Condition{Field: c.field, Not: not, Values: slices.Clone(values)})
			}
		}
	}
	slices.SortStableFunc(where, func(a, b storage.Condition) int {
		return slices.Index(filterOrder, a.Field) - slices.Index(filterOrder, b.Field)
	})
	return where
}

// A value that a platform's option holds is one value, whatever it holds; lists and patterns stay what they are.
func TestCompose(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"channel", "WA", "channel:WA"},
		{"channel", " WA,IG ", "channel:WA,IG"},
		{"channel", "WA, IG", "channel:WA, IG"},
		{"channel", "!SMS", "channel:!SMS"},
		{"campaign", "Black Friday", `campaign:"Black Friday"`},
		{"campaign", "blac*", "campaign:blac*"},
		{"campaign", "=Cyber", "campaign:=Cyber"},
		{"campaign", `"Black Friday","Cyber"`, `campaign:"Black Friday","Cyber"`},
		{"campaign", "x channel:SMS", `campaign:"x channel:SMS"`},
		{"campaign", "channel:SMS", `campaign:"channel:SMS"`},
		{"campaign", `"open`, `campaign:«"open»`},
		{"campaign", "a,,b", `campaign:"a,,b"`},
		{"date", "last week", `date:"last week"`},
		{"date", "2026-11-01..2026-11-15", "date:2026-11-01..2026-11-15"},
		{"date", "  ", ""},
	} {
		if got := Compose("", []Option{{c.key, c.value}}); got != c.want {
			t.Errorf("%s %q: got %s, want %s", c.key, c.value, got, c.want)
		}
	}
	got := Compose("summary", []Option{{"channel", "WA"}, {"campaign", ""}, {"date", "7d"}})
	if want := "summary channel:WA date:7d"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.String().Draw(rt, "value")
		s, err := grammar.ParseString("", "campaign:"+Quote(clean(value)))
		if err != nil || len(s.Terms) != 1 {
			rt.Fatalf("%q is not one term: %v", Quote(value), err)
		}
	})
}
