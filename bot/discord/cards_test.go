package discord

import (
	"fmt"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

func percent(tenths int64) storage.Percent { return storage.Percent{Tenths: tenths, Known: true} }

// summaryCard is the summary of CHAT 3, Looks.
func summaryCard() reports.Card {
	return reports.Card{
		Title: "Outbound summary · Black Friday · WA",
		Scope: []string{"15–21 Nov 2026 (America/Bogota)", "1 campaign matches “BlackFriday”"},
		Lead:  "12,480 sends, 79.1 % read",
		Lang:  reports.Languages()[0],
		Blocks: []reports.Block{
			reports.Metrics{Base: "% of successful sends", Items: []reports.Figure{
				{Name: "contacts", Label: "Total contacts", Value: "11,902"},
				{Name: "successful", Label: "Successful sends", Value: "12,480", Share: "96.0 %"},
				{Name: "read", Label: "Read", Value: "9,871", Share: "79.1 %"},
				{Name: "answered", Label: "Answered", Value: "4,105", Share: "32.9 %"},
				{Name: "assigned", Label: "Assigned", Value: "1,623", Share: "13.0 %"},
				{Name: "sales", Label: "Sales", Value: "418", Share: "3.3 %"},
			}},
			reports.Funnel{Title: "Funnel", Steps: []reports.Step{
				{Label: "Sent", N: 12480, OfFirst: percent(1000)},
				{Label: "Read", N: 9871, OfFirst: percent(791), OfPrevious: percent(791)},
				{Label: "Answered", N: 4105, OfFirst: percent(329), OfPrevious: percent(416)},
				{Label: "Assigned", N: 1623, OfFirst: percent(130), OfPrevious: percent(395)},
				{Label: "Sales", N: 418, OfFirst: percent(33), OfPrevious: percent(258)},
			}},
			reports.Table{
				Title: "By origin",
				Columns: []reports.Heading{
					{Label: "Origin"},
					{Label: "Sends", Number: true},
					{Label: "Read %", Number: true},
					{Label: "Answered %", Number: true},
					{Label: "Assigned", Number: true},
					{Label: "Sales", Number: true},
					{Label: "Sales %", Number: true},
				},
				Rows: [][]reports.Entry{
					cells("Flow", "8,120", "81.0", "36.4", "1,102", "301", "3.7"),
					cells("Template", "3,720", "77.9", "29.1", "390", "96", "2.6"),
					cells("Individual template", "640", "61.2", "10.9", "131", "21", "3.3"),
				},
				Total: cells("Total", "12,480", "79.1", "32.9", "1,623", "418", "3.3"),
			},
			reports.Note{Kind: reports.Warning, Text: "640 sends are individual templates: they may not report reads or answers."},
			reports.Actions{Buttons: []reports.Button{
				{Label: "Detailed", Command: "detailed channel:WA", Primary: true}, {Label: "Export", Command: "summary channel:WA format:xlsx"},
			}},
		},
		Footer: reports.Footer{
			Command: `/outbound summary channel:WA campaign:"Black Friday" date:2026-11-15..2026-11-21`,
			DataTo:  1795289520000, Zone: time.UTC, Elapsed: 120 * time.Millisecond,
		},
	}
}

func errorCard() reports.Card {
	return reports.Card{
		Title: "I did not understand that", Lang: reports.Languages()[0],
		Blocks: []reports.Block{
			reports.Note{Kind: reports.Wrong, Text: "There is no filter chanel. Did you mean channel?"},
			reports.Code{Text: "summary chanel:WA\n        ^^^^^^"},
			reports.Actions{Buttons: []reports.Button{{Label: "Run corrected", Command: "summary channel:WA", Primary: true}}},
		},
	}
}

func longCard() reports.Card {
	t := reports.Table{Title: "Campaigns", Omitted: 3, Columns: []reports.Heading{
		{Label: "Campaign"},
		{Label: "Origin", Minor: true},
		{Label: "Sends", Number: true},
		{Label: "Read", Number: true, Minor: true},
		{Label: "Answered %", Number: true},
		{Label: "Sales", Number: true},
		{Label: "Sales %", Number: true},
	}}
	for i := range 60 {
		t.Rows = append(t.Rows, cells(fmt.Sprintf("Campaign with a rather long name %d", i), "Flow", "12,480", "9,871", "32.9", "418", "3.3"))
	}
	return reports.Card{
		Title: "Detailed", Blocks: []reports.Block{t}, Lang: reports.Languages()[0],
		Footer: reports.Footer{Command: "/outbound detailed", DataTo: 1795289520000, Zone: time.UTC},
	}
}

func auditCard() reports.Card {
	t := reports.Table{Title: "Records", Columns: []reports.Heading{
		{Label: "Send date"}, {Label: "Contact"}, {Label: "Campaign"}, {Label: "Status"}, {Label: "Agent"}, {Label: "Final tagging"},
	}}
	for i := range 40 {
		t.Rows = append(t.Rows, cells(fmt.Sprintf("21 Nov 14:%02d", i), "+57 ••• ••• 1234", "Black Friday", "Successful", "Ana", "Sale"))
	}
	card := longCard()
	card.Title, card.Blocks = "Audit", []reports.Block{t}
	return card
}

func helpCard() reports.Card {
	t := reports.Table{Title: "Commands", Columns: []reports.Heading{{Label: "Command"}, {Label: "What it answers"}}}
	for _, r := range []string{"summary", "detailed", "audit"} {
		t.Rows = append(t.Rows, cells(r, reports.Languages()[0].Say("report."+r+".doc")))
	}
	return reports.Card{
		Title: "Help", Blocks: []reports.Block{t, reports.Code{Text: "/outbound summary channel:WA"}}, Lang: reports.Languages()[0],
		Footer: reports.Footer{Command: "/outbound help"},
	}
}

func cells(texts ...string) []reports.Entry {
	row := make([]reports.Entry, len(texts))
	for i, s := range texts {
		row[i].Text = s
	}
	return row
}
