package reports

import (
	"context"

	"outboundbot/storage"
)

// summary is how campaigns did overall (MODEL 5).
var summary = Report{
	Name:     "summary",
	Examples: []string{"summary channel:WA campaign:BlackFriday", "summary last month by:group"},
	Run:      runSummary,
}

func runSummary(ctx context.Context, src Source, q Query) (Result, error) {
	r, err := count(ctx, src, q, storage.Grouping{"origin"})
	if err != nil || q.File || q.Machine {
		return r, err
	}
	l := q.language()
	r.Card.Lead = r.sentence()
	r.add(
		r.tiles(),
		r.funnel(),
		r.spreadOut(l.Say("summary.by_origin"), r.Groups[0], originColumns),
		r.distribution(storage.FinalTags),
		r.distribution(storage.FinalTagType),
		r.customers(),
		r.worth(),
	)
	r.addAsked(1)
	r.close("detailed", "audit")
	return r, nil
}

// tiles are the headline figures.
func (r *Result) tiles() Metrics {
	m := Metrics{Base: r.lang().Say("base.successful")}
	for _, metric := range []storage.Metric{storage.Contacts, storage.SuccessfulSends, storage.Read, storage.AnsweredSends, storage.AssignedSends, storage.Sales} {
		f := r.figure(metric)
		if metric == storage.SuccessfulSends {
			f.Share = "" // its base is attempted, every other one's is itself
		}
		m.Items = append(m.Items, f)
	}
	return m
}

func (r *Result) figure(m storage.Metric) Figure {
	l := r.lang()
	f := Figure{Name: m.String(), Label: l.Say("metric." + m.String()), Value: l.Int(r.Total.N[m])}
	if storage.Metrics[m].Based {
		f.Share = l.Percent(r.Total.Percent(m))
	}
	return f
}

func (r *Result) funnel() Funnel {
	l := r.lang()
	f := Funnel{Title: l.Say("funnel.title")}
	for i, m := range storage.Funnel {
		s := Step{Label: l.Say("metric." + m.String()), N: r.Total.N[m], OfFirst: storage.PercentOf(r.Total.N[m], r.Total.N[storage.SuccessfulSends])}
		if i == 0 {
			s.Label = l.Say("funnel.sent")
		} else {
			s.OfPrevious = storage.PercentOf(s.N, r.Total.N[storage.Funnel[i-1]])
		}
		f.Steps = append(f.Steps, s)
	}
	return f
}

// customers says how many were new, came again, or were reached more than once.
func (r *Result) customers() Metrics {
	m := Metrics{Base: r.lang().Say("base.reached")}
	for _, metric := range []storage.Metric{storage.New, storage.Recurring, storage.Repeated} {
		m.Items = append(m.Items, r.figure(metric))
	}
	return m
}

// worth says how fast customers answered and what sales were worth, as far as known.
func (r *Result) worth() Metrics {
	l := r.lang()
	var m Metrics
	if t := r.Total.AnswerTime; t.Known {
		m.Items = append(m.Items, Figure{
			Name: "answer_time", Label: l.Say("metric.answer_time"), Value: l.Duration(t.Median),
			Share: l.Say("answer_time.p90", Args{"Span": l.Duration(t.P90)}),
		})
	}
	amounts := storage.Amounts(r.Total.Value).List
	for i := 0; i+1 < len(amounts); i += 2 {
		m.Items = append(m.Items, Figure{Name: "value", Label: l.Say("metric.value"), Value: l.Amount(amounts[i+1]), Share: amounts[i]})
	}
	return m
}
