package reports

import (
	"context"

	"outboundbot/storage"
)

// detailed compares campaigns: a row a campaign and origin (MODEL 5).
var detailed = Report{
	Name:     "detailed",
	Examples: []string{"detailed last 30 days sort:sales", "detailed channel:WA month top:10"},
	Run:      runDetailed,
}

func runDetailed(ctx context.Context, src Source, q Query) (Result, error) {
	r, err := count(ctx, src, q, storage.Grouping{"campaign", "origin"})
	if err != nil || q.File || q.Machine {
		return r, err
	}
	l := r.lang()
	r.Card.Lead = r.sentence()
	r.add(r.spreadOut(l.Say("detailed.campaigns"), r.Groups[0], campaignColumns))
	r.addAsked(1)
	r.close("summary", "audit")
	return r, nil
}
