package reports_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"outboundbot/reports"
	"outboundbot/storage"
)

func contactQuery(now storage.Instant, phone string) reports.Query {
	q := reports.Query{Report: "contact"}
	q.Now, q.Scope.Contacts = now, true
	q.Where = []storage.Condition{{Field: "phone", Values: []string{phone}}}
	return q
}

func runContact(t *testing.T, src reports.Source, q reports.Query) reports.Result {
	t.Helper()
	report, _ := reports.Named("contact")
	r, err := report.Run(t.Context(), src, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestContactOfGoldenSet: of every customer, the sends of the audit, the events of the timeline in their native form,
// and whether one of the sends was answered.
func TestContactOfGoldenSet(t *testing.T) {
	set, store := golden(t)
	all := set.Questions[0].Question(t)
	all.Range, all.Where = storage.Range{}, nil
	byContact := map[string][]storage.Send{}
	for s, err := range store.Sends(t.Context(), all, storage.Order{}) {
		if err != nil {
			t.Fatal(err)
		}
		byContact[s.Contact] = append(byContact[s.Contact], s)
	}
	for phone, sends := range byContact {
		q := contactQuery(all.Now, phone)
		q.Question.Zone = all.Zone
		got := machine(t, runContact(t, store, q))
		answered := false
		for _, s := range sends {
			answered = answered || s.Status == storage.Successful && s.AnsweredAt != 0
		}
		if got["answered"] != answered {
			t.Errorf("%s: answered %v, want %v", phone, got["answered"], answered)
		}
		audit := q
		audit.Report = "audit"
		want := machine(t, reports.Result{Query: audit, Records: sends})
		if diff := cmp.Diff(want["records"], got["sends"]); diff != "" {
			t.Errorf("%s: sends (-want +got):\n%s", phone, diff)
		}
		events, err := store.Timeline(t.Context(), q.Scope, storage.Contact{ID: phone})
		if err != nil || len(events) == 0 {
			t.Fatal(phone, events, err)
		}
		if diff := cmp.Diff(native(t, events), got["events"]); diff != "" {
			t.Errorf("%s: events (-want +got):\n%s", phone, diff)
		}
	}
	_, err := func() (reports.Result, error) {
		report, _ := reports.Named("contact")
		return report.Run(t.Context(), store, contactQuery(all.Now, "50499999999"))
	}()
	if !errors.Is(err, reports.ErrNobody) {
		t.Errorf("a stranger: %v", err)
	}
}

// native is what encoding/json makes of events.
func native(t testing.TB, events []storage.Event) (list []any) {
	t.Helper()
	b, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, b, &list)
	return list
}

// timelineOf is a store of one customer with any events.
type timelineOf struct {
	reports.Source
	events []storage.Event
}

func (s *timelineOf) Timeline(context.Context, storage.Scope, storage.Contact) (events []storage.Event, err error) {
	events, s.events = s.events, nil // of the first channel that the customer is on
	return events, nil
}

// TestAnyEventIsNative: an event of any content is written as encoding/json writes it.
func TestAnyEventIsNative(t *testing.T) {
	_, store := golden(t)
	rapid.Check(t, func(rt *rapid.T) {
		var e storage.Event
		fields := rapid.MapOf(rapid.SampledFrom([]string{
			"id", "type", "send", "message", "conversation", "channel", "line", "contact", "origin", "campaign", "template", "category",
			"flow", "webhook", "variant", "sender", "code", "reason", "kind", "text", "reply_to", "how", "group", "agent", "tag", "tag_type",
			"by", "value", "currency", "label", "node", "option",
		}), rapid.String()).Draw(rt, "fields")
		b, err := json.Marshal(fields)
		if err == nil {
			err = json.Unmarshal(b, &e)
		}
		if err != nil {
			rt.Fatal(err)
		}
		e.At = storage.Instant(rapid.Int64Range(1, 1<<42).Draw(rt, "at"))
		e.UpTo = storage.Instant(rapid.Int64Range(0, 1<<42).Draw(rt, "up_to"))
		e.Seq, e.Test, e.Sale = rapid.Int64().Draw(rt, "seq"), rapid.Bool().Draw(rt, "test"), rapid.Bool().Draw(rt, "sale")
		events := []storage.Event{e}
		got := machine(t, runContact(t, &timelineOf{store, events}, contactQuery(1764000000000, "50499990001")))
		if diff := cmp.Diff(native(t, events), got["events"]); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// TestContactOnSomeDays: dates choose the sends and the events.
func TestContactOnSomeDays(t *testing.T) {
	_, store := golden(t)
	whole := runContact(t, store, contactQuery(1764000000000, "50499990001"))
	q := contactQuery(1764000000000, "50499990001")
	q.Range.From = storage.DayOf(whole.Events[len(whole.Events)-1].At, time.UTC)
	r := runContact(t, store, q)
	if len(r.Events) == 0 || len(r.Events) >= len(whole.Events) {
		t.Errorf("%d of %d events", len(r.Events), len(whole.Events))
	}
}

// TestHappeningsHaveWords: every type of event has words; another one stands as it is.
func TestHappeningsHaveWords(t *testing.T) {
	for _, l := range reports.Languages() {
		for _, typ := range []storage.Type{
			storage.SendRequested, storage.SendSkipped, storage.MessageSent, storage.MessageDelivered, storage.MessageRead, storage.MessageFailed,
			storage.WatermarkDelivered, storage.WatermarkRead, storage.MessageInbound, storage.Answered, storage.ConversationStarted,
			storage.ConversationClosed, storage.Assigned, storage.AgentReplied, storage.TagApplied, storage.TagRemoved, storage.LabelAdded,
			storage.LabelRemoved, storage.FlowStep, storage.FlowOption, storage.FlowEnded, storage.OptOut, storage.ContactErased,
		} {
			if !l.Has("event." + string(typ)) {
				t.Errorf("%s: no words for %s", l.Tag, typ)
			}
		}
	}
	_, store := golden(t)
	odd := []storage.Event{{ID: "x", Type: "coupon.used", At: 1764000000000, Send: "S1"}}
	if text := runContact(t, &timelineOf{store, odd}, contactQuery(1764000000000, "50499990001")).Card.Text(); !strings.Contains(text, "coupon.used") {
		t.Error(text)
	}
}
