package chart

import (
	"strings"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

func step(label string, n, first, previous int64) reports.Step {
	s := reports.Step{Label: label, N: n, OfFirst: storage.PercentOf(n, first)}
	if previous >= 0 {
		s.OfPrevious = storage.PercentOf(n, previous)
	}
	return s
}

// steps makes a funnel of counts.
func steps(title string, counts ...int64) reports.Funnel {
	f := reports.Funnel{Title: title}
	for i, n := range counts {
		previous := int64(-1)
		if i > 0 {
			previous = counts[i-1]
		}
		f.Steps = append(f.Steps, step([]string{"Sent", "Read", "Answered", "Assigned", "Sales"}[i%5], n, counts[0], previous))
	}
	return f
}

func entries(texts ...string) []reports.Entry {
	row := make([]reports.Entry, len(texts))
	for i, t := range texts {
		row[i] = reports.Entry{Text: t}
	}
	return row
}

func headings(labels ...string) []reports.Heading {
	list := make([]reports.Heading, len(labels))
	for i, l := range labels {
		list[i] = reports.Heading{Label: l, Number: i > 0}
	}
	return list
}

// summary is the summary of CHAT 3.
func summary() reports.Card {
	zone, err := time.LoadLocation("America/Bogota")
	if err != nil {
		panic(err)
	}
	return reports.Card{
		Title: "Outbound summary · Black Friday · WhatsApp",
		Scope: []string{"15–21 Nov 2026 (America/Bogota) · vs 8–14 Nov", "1 campaign matches “BlackFriday”"},
		Lead:  "Outbound summary, Black Friday, WhatsApp, 15–21 Nov: 12,480 sends, 79.1 % read, 32.9 % answered, 1,623 assigned, 418 sales (3.3 %).",
		Blocks: []reports.Block{
			reports.Metrics{Base: "% of successful sends", Items: []reports.Figure{
				{Name: "contacts", Label: "Total contacts", Value: "11,902"},
				{Name: "successful", Label: "Successful sends", Value: "12,480"},
				{Name: "read", Label: "Read", Value: "9,871", Share: "79.1 %"},
				{Name: "answered", Label: "Answered", Value: "4,105", Share: "32.9 %"},
				{Name: "assigned", Label: "Assigned", Value: "1,623", Share: "13.0 %"},
				{Name: "sales", Label: "Sales", Value: "418", Share: "3.3 %"},
			}},
			steps("Funnel", 12480, 9871, 4105, 1623, 418),
			reports.Table{
				Title:   "By origin",
				Columns: headings("Origin", "Sends", "Read %", "Answered %", "Assigned", "Sales", "Sale %"),
				Rows: [][]reports.Entry{
					entries("Flow", "7,210", "81.3 %", "35.6 %", "934", "262", "3.6 %"),
					entries("Template", "3,480", "77.9 %", "31.0 %", "402", "98", "2.8 %"),
					entries("Webhook", "1,150", "84.2 %", "29.4 %", "167", "41", "3.6 %"),
					entries("Individual template", "640", "51.7 %", "18.4 %", "120", "17", "2.7 %"),
				},
				Total: entries("Total", "12,480", "79.1 %", "32.9 %", "1,623", "418", "3.3 %"),
			},
			reports.Table{
				Title:   "Final tagging",
				Columns: headings("Final tagging", "Sends", "%"),
				Rows: [][]reports.Entry{
					entries("Interested – call back", "611", "4.9 %"),
					entries("Sale closed", "396", "3.2 %"),
					entries("Not interested", "288", "2.3 %"),
					entries("Wrong number", "97", "0.8 %"),
					entries("Untagged", "11,088", "88.8 %"),
				},
			},
			reports.Table{
				Title:   "Tagging type",
				Columns: headings("Tagging type", "Sends", "%"),
				Rows: [][]reports.Entry{
					entries("Follow-up", "611", "4.9 %"),
					entries("Positive", "396", "3.2 %"),
					entries("Negative", "385", "3.1 %"),
					entries("Untagged", "11,088", "88.8 %"),
				},
			},
			reports.Note{Kind: reports.Warning, Text: "22 sales got another tagging later: they count as sales, and not as sales by final tagging."},
			reports.Note{Kind: reports.Warning, Text: "640 sends are individual templates: they may not report reads or answers."},
			reports.Actions{Buttons: []reports.Button{{Label: "Detailed", Command: "detailed"}}},
		},
		Footer: reports.Footer{
			Command: `/outbound summary channel:WA campaign:"Black Friday" date:2026-11-15..2026-11-21`,
			DataTo:  storage.InstantOf(time.Date(2026, 11, 21, 19, 32, 0, 0, time.UTC)), Zone: zone, Elapsed: 120 * time.Millisecond,
		},
	}
}

// everything has what makes trouble: long names, characters that no font has, many rows and columns, a widening step.
func everything() reports.Card {
	campaigns := reports.Table{
		Title:   "Campaigns",
		Columns: headings("Campaign", "Origin", "Sends", "Views", "Views %", "Answered", "Answered %", "Assigned", "Assigned %", "Sales", "Sale %"),
		Total:   entries("Total", "", "1,204,880", "960,111", "79.7 %", "410,500", "34.1 %", "162,300", "13.5 %", "41,800", "3.5 %"),
		Omitted: 100,
	}
	for i := range campaigns.Columns {
		campaigns.Columns[i].Number = i > 1
		campaigns.Columns[i].Minor = i == 1 || i == 3 || i == 7 || i == 8
	}
	for _, name := range []string{"🔥 Ofertas de última hora para clientes de toda la vida", "𝗕𝗹𝗮𝗰𝗸 𝗙𝗿𝗶𝗱𝗮𝘆 ✅", "促销 2026", "🎉🎉", "Ñandú – otoño"} {
		for range 8 {
			campaigns.Rows = append(campaigns.Rows, entries(name, "Individual template", "20,080", "16,001", "79.7 %", "6,842", "34.1 %", "2,705", "13.5 %", "697", "3.5 %"))
		}
	}
	return reports.Card{
		Title: "Detailed · 🔥 Ofertas de última hora ✅ para clientes con nombres larguísimos · WhatsApp, SMS, Telegram, Instagram",
		Scope: []string{"1–30 Nov 2026 (America/Bogota)", "Campaign: " + strings.Repeat("Ofertas, ", 60), "Group: Ventas", "Agent: Zoë", "Line: 57 300", "Sale: no", "Read: yes"},
		Blocks: []reports.Block{
			reports.Metrics{Base: "% of contacts reached", Items: []reports.Figure{
				{Label: "New", Value: "3,204", Share: "26.9 %"},
				{Label: "Recurring", Value: "8,698", Share: "73.1 %"},
				{Label: "Time to answer", Value: "1 h 20 min", Share: "90 % within 2 d 3 h"},
				{Label: "Sales value", Value: "1,204,500.50", Share: "USD"},
			}},
			steps("", 640, 120, 118, 331, 0),
			campaigns,
			reports.Note{Kind: reports.Info, Text: "⚠ The change is ▼ −0.6 pp • the path is Lead → Sale. " + strings.Repeat("A long sentence goes on. ", 8)},
			reports.Note{Kind: reports.Wrong, Text: "No channel is called whatsup."},
			reports.Note{Kind: reports.Fault, Text: "Reference 8F3A2C: the store did not answer in time."},
			reports.Code{Text: "/outbound summary chanel:WA\n                  ^^^^^^"},
		},
		Footer: summary().Footer,
	}
}
