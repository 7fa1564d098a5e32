package reports

import (
	"context"
	"slices"

	"outboundbot/storage"
)

// audit is one row a send with every field (MODEL 5).
var audit = Report{
	Name:     auditName,
	Examples: []string{"audit campaign:BlackFriday read:yes answered:no", "audit yesterday status:failed"},
	Records:  true,
	Run:      runAudit,
}

func runAudit(ctx context.Context, src Source, q Query) (Result, error) {
	r, err := count(ctx, src, q)
	if err != nil {
		return r, err
	}
	if q.File {
		r.Sheet = AuditSheet(src.Sends(ctx, q.Question, storage.Order{Limit: limit(q.Limit, FileRows)}), q)
		r.Sheet.About = Facts(q, r.Stats, min(r.Total.Sends(), int64(limit(q.Limit, FileRows))))
		return r, nil
	}
	most := limit(q.Limit, ScreenRows)
	r.Records = make([]storage.Send, 0, min(int64(most), r.Total.Sends()))
	for s, err := range src.Sends(ctx, q.Question, storage.Order{Limit: most}) {
		if err != nil {
			return r, err
		}
		r.Records = append(r.Records, s)
	}
	shown := int64(len(r.Records))
	if q.Machine {
		if shown < r.Total.Sends() {
			r.Notes = append(r.Notes, Caveat{ID: "newest_only"})
		}
		return r, nil
	}
	l := r.lang()
	r.Card.Lead = l.Say("audit.lead", Args{"Title": r.Card.Title, "Days": l.Days(q.Range), "N": r.Total.Sends()})
	if shown < r.Total.Sends() {
		r.add(Note{Info, l.Say("audit.more", Args{"Shown": l.Int(shown), "N": r.Total.Sends()})})
	}
	r.add(r.listing())
	r.addAsked(0)
	r.close("summary", "detailed")
	if shown < r.Total.Sends() { // said at the top of the card already
		r.Notes = append(r.Notes, Caveat{"newest_only", l.Say("audit.more", Args{"Shown": l.Int(shown), "N": r.Total.Sends()})})
	}
	return r, nil
}

// limit is what was asked for, at most the largest that there is; 0 asks for all of it.
func limit(asked, most int) int {
	if asked == 0 || asked > most {
		return most
	}
	return asked
}

// listing is the records for the screen, the newest first.
func (r *Result) listing() Table {
	l := r.lang()
	t := Table{Title: l.Say("audit.records"), Columns: []Heading{
		{Label: l.Say("field.time")},
		{Label: l.Say("field.contact")},
		{Label: l.Say("field.campaign")},
		{Label: l.Say("field.status")},
		{Label: l.Say("field.agent")},
		{Label: l.Say("field.final_tag")},
	}}
	for _, s := range slices.Backward(r.Records) {
		who := s.Mask
		if s.Contact != "" {
			who = s.Contact
		}
		t.Rows = append(t.Rows, []Entry{
			{Text: l.Moment(s.Time, zoneOf(r.Query)), N: float64(s.Time)},
			{Text: dash(who)},
			{Text: dash(s.Campaign)},
			{Text: l.Value("status", s.Status.String())},
			{Text: dash(s.Agent)},
			{Text: dash(s.FinalTag().Name)},
		})
	}
	return t
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
