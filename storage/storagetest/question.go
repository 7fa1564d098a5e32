package storagetest

import (
	"math/rand/v2"
	"time"

	"outboundbot/storage"
)

// zones with whole, half and quarter hours, with and without daylight saving time.
var zones = []string{
	"UTC", "America/Tegucigalpa", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
	"Pacific/Apia", "Europe/Madrid", "America/St_Johns", "Australia/Adelaide",
}

// messValues are values that the random events have, by field; enumerations have their own.
var messValues = map[string][]string{
	"channel": {"WA", "SMS", "FB"}, "line": {"+504 2222-0000", "page-1"}, "phone": {"50490000001", "+504 9001-0002", "50490020000", "+504 9003-0001"},
	"campaign": {"blackfriday", "Cart", "CAFE", storage.None}, "intent": {"sales", storage.None},
	"template": {"hello", storage.None}, "category": {"marketing"}, "flow": {"bf flow"}, "webhook": {"paid"},
	"variant": {"A"}, "sender": {"ana"}, "failure": {"not_reachable", "other"}, "failure_code": {"131026", storage.None},
	"group": {"ventas", storage.Unassigned}, "agent": {"luis", storage.None}, "final_tag": {"sold", storage.Untagged},
	"tag": {"interested", "SOLD"}, "label": {"vip", storage.None}, "tag_path": {"Interested → Sold", "sold"},
	"label_path": {"vip"}, "first_option": {"yes", "sizes"}, "last_node": {"menu"}, "last_text": {"Choose"},
	"day": {"2025-10-26", "2025-11-01"}, "week": {"2025-W44"}, "month": {"2025-11"}, "hour": {"00", "22"}, "weekday": {"7"},
}

// RandomQuestion asks anything that an engine must be able to answer about random events.
func RandomQuestion(rng *rand.Rand) storage.Question {
	zone, err := time.LoadLocation(zones[rng.IntN(len(zones))])
	if err != nil {
		zone = time.FixedZone("half", -9*3600-1800)
	}
	q := storage.Question{
		Zone: zone, Range: randomRange(rng), Scope: randomScope(rng), Test: rng.IntN(4) == 0,
		Now: storage.InstantOf(messStart.Add(time.Duration(rng.IntN((messDays+10)*24)) * time.Hour)),
	}
	for range rng.IntN(3) {
		if c, ok := randomCondition(rng); ok {
			q.Where = append(q.Where, c)
		}
	}
	for range rng.IntN(4) {
		by := storage.Grouping{randomGroup(rng)}
		if rng.IntN(2) == 0 {
			by = append(by, randomGroup(rng))
		}
		q.By = append(q.By, by)
	}
	if rng.IntN(3) == 0 {
		q.Rules = &storage.Rules{
			Intents: []storage.Intent{{Name: "sales", Campaigns: []string{"black*"}}, {Name: "care", Campaigns: []string{"*"}}},
			Expiry:  map[string]time.Duration{"WA": time.Hour},
			Failure: map[string]string{"131026": "dead"},
		}
	}
	return q
}

func randomRange(rng *rand.Rand) storage.Range {
	first := storage.CivilDay(messStart.Date())
	from := first + storage.Day(rng.IntN(messDays+4)-2)
	r := storage.Range{From: from, To: from + storage.Day(rng.IntN(12))}
	switch rng.IntN(6) {
	case 0:
		r.From = 0
	case 1:
		r.To = 0
	case 2:
		r = storage.Range{}
	}
	return r
}

func randomScope(rng *rand.Rand) storage.Scope {
	s := storage.Scope{Contacts: rng.IntN(2) == 0}
	switch rng.IntN(8) {
	case 0:
		s.Channels = []string{"WA"}
	case 1:
		s.Lines = []string{"50422220000"}
	case 2:
		s.Groups = []string{"Ventas", storage.Unassigned}
	case 3:
		s.Campaigns = []string{"Black Friday", "cart"}
	}
	return s
}

func randomCondition(rng *rand.Rand) (storage.Condition, bool) {
	f := storage.Fields[rng.IntN(len(storage.Fields))]
	values := append(append([]string{}, f.Values...), messValues[f.Name]...)
	if !f.Filter || len(values) == 0 {
		return storage.Condition{}, false
	}
	c := storage.Condition{Field: f.Name, Not: rng.IntN(3) == 0}
	for range 1 + rng.IntN(2) {
		c.Values = append(c.Values, values[rng.IntN(len(values))])
	}
	return c, true
}

func randomGroup(rng *rand.Rand) string {
	for {
		if f := storage.Fields[rng.IntN(len(storage.Fields))]; f.Group {
			return f.Name
		}
	}
}
