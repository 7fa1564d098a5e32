package columns

import (
	"strings"

	"outboundbot/storage"
)

// level says what decides the values of a field.
type level uint8

const (
	byRun    level = iota // what the rows of a run agree in
	byFacts               // the facts
	byCode                // a coded column
	byTime                // the local time
	byKind                // whether the person was reached before the range
	byEnd                 // the facts, and for a flow that nothing has settled the last credit
	byPerson              // the contact
)

// source says where the values of a field are.
type source struct {
	level  level
	number int // column, or field of a run
}

var sources = map[string]source{
	"channel": {byRun, runChannel}, "line": {byRun, runLine}, "origin": {byRun, runOrigin},
	"campaign": {byRun, runCampaign}, "intent": {byRun, runCampaign},
	"status": {level: byFacts}, "delivered": {level: byFacts}, "read": {level: byFacts}, "answered": {level: byFacts},
	"assigned": {level: byFacts}, "attended": {level: byFacts}, "sale": {level: byFacts}, "conversation_kind": {level: byFacts},
	"template": {byCode, columnTemplate}, "category": {byCode, columnCategory}, "flow": {byCode, columnFlow},
	"webhook": {byCode, columnWebhook}, "variant": {byCode, columnVariant}, "sender": {byCode, columnSender},
	"group": {byCode, columnGroup}, "agent": {byCode, columnAgent},
	"failure": {byCode, columnCode}, "failure_code": {byCode, columnCode},
	"final_tag": {byCode, columnTags}, "final_tag_type": {byCode, columnTags}, "tag": {byCode, columnTags},
	"tag_path": {byCode, columnTags}, "label": {byCode, columnLabels}, "label_path": {byCode, columnLabels},
	"first_option": {byCode, columnFirstOption}, "last_node": {byCode, columnLastNode}, "last_text": {byCode, columnLastText},
	"day": {level: byTime}, "week": {level: byTime}, "month": {level: byTime}, "hour": {level: byTime}, "weekday": {level: byTime},
	"contact_kind": {level: byKind}, "flow_end": {level: byEnd}, "phone": {level: byPerson},
}

// field is one that a question asks about. Its values on a send, one or several, are a *variety*; varieties are
// numbered as they turn up.
type field struct {
	*storage.Field
	source
	plan      *plan
	varieties [][]string
	number    map[string]uint32 // of a variety, by its values
	byFacts   []uint32          // varieties by facts, +1
	byDay     map[int64]uint32  // varieties by day or hour, +1
	byText    map[string]uint32 // varieties by what a run or a coded column has
	byName    []uint32          // varieties by number of what a run has, +1
	ofPerson  map[uint32]uint32 // varieties by person, of byPerson
}

// field finds or prepares a field.
func (p *plan) field(name string) *field {
	if f := p.fields[name]; f != nil {
		return f
	}
	known, _ := storage.FieldNamed(name)
	f := &field{Field: known, source: sources[name], plan: p, number: map[string]uint32{}, byText: map[string]uint32{}}
	p.fields[name] = f
	return f
}

// variety numbers the values of a send.
func (f *field) variety(s *storage.Send) uint32 {
	values := f.Of(s, f.plan.q)
	key := strings.Join(values, "\x00")
	n, ok := f.number[key]
	if !ok {
		n = uint32(len(f.varieties))
		f.number[key] = n
		f.varieties = append(f.varieties, values)
	}
	return n
}

// ofFacts is the variety of rows that have nothing but facts.
func (f *field) ofFacts(number uint16) uint32 {
	if f.byFacts == nil {
		f.byFacts = make([]uint32, len(f.plan.facts))
	}
	if f.byFacts[number] == 0 {
		s := f.plan.facts[number].proto()
		f.byFacts[number] = f.variety(&s) + 1
	}
	return f.byFacts[number] - 1
}

// ofText gives the variety of a send that has a text in the run or the coded column that the field is of.
func (f *field) ofText(text string) uint32 {
	if v, ok := f.byText[text]; ok {
		return v
	}
	var s storage.Send
	if f.level == byCode {
		s.AssignedAt, s.Status = 1, storage.Failed // what goes with a group, an agent, a code
		codedColumn(f.source.number).set(&s, text)
	} else {
		*[...]*string{runChannel: &s.Channel, runLine: &s.Line, runOrigin: &s.Origin, runCampaign: &s.Campaign}[f.source.number] = text
	}
	v := f.variety(&s)
	f.byText[text] = v
	return v
}

// ofRuns gives the varieties of a field of runs, by its code in the segment.
func (f *field) ofRuns(s *Segment) []uint32 {
	texts := s.names[f.source.number]
	list := make([]uint32, len(texts))
	for c, number := range s.numbered[f.source.number] {
		for int(number) >= len(f.byName) {
			f.byName = append(f.byName, 0)
		}
		if f.byName[number] == 0 {
			f.byName[number] = f.ofText(texts[c]) + 1
		}
		list[c] = f.byName[number] - 1
	}
	return list
}

// ofRows gives the variety of each selected row of a segment; the others may be anything. It is valid until the next
// segment.
func (f *field) ofRows(s *selection) ([]uint32, error) {
	out := s.plan.scratch.numbers(s.rows)
	switch f.level {
	case byRun:
		of := f.ofRuns(s.Segment)
		for _, run := range s.runs {
			v := of[run.codes[f.source.number]]
			for i := run.lo; i < run.hi; i++ {
				out[i] = v
			}
		}
		return out, nil
	case byFacts:
		f.fillFacts(s, out)
		return out, nil
	case byCode:
		return out, f.fillCodes(s, out)
	case byTime:
		return out, f.fillTimes(s, out)
	case byKind:
		return out, f.fillKinds(s, out)
	case byEnd:
		return out, f.fillEnds(s, out)
	default:
		return out, f.fillPersons(s, out)
	}
}

func (f *field) fillFacts(s *selection, out []uint32) {
	table := make([]uint32, len(f.plan.facts))
	for _, number := range s.Segment.facts {
		table[number] = f.ofFacts(number)
	}
	for _, x := range s.stretches() {
		for _, i := range x.list {
			out[i] = table[s.facts[i]]
		}
		if x.list != nil {
			continue
		}
		to := out[x.lo:x.hi]
		for i, number := range s.facts[x.lo:x.hi] {
			to[i] = table[number]
		}
	}
}

func (f *field) fillCodes(s *selection, out []uint32) error {
	c, err := s.codes(f.source.number)
	if err != nil {
		return err
	}
	f.fillFacts(s, out) // those without: unassigned, untagged, (none)
	if c == nil {
		return nil
	}
	table := f.ofCodes(c)
	for _, x := range s.stretches() {
		for _, i := range x.list {
			if code := c.code(int(i)); code != 0 && f.counts(s.facts[i]) {
				out[i] = table[code]
			}
		}
		if x.list != nil {
			continue
		}
		lo := c.from(x.lo)
		for k, code := range c.of[lo:c.from(x.hi)] {
			i := c.row(lo + k)
			if code != 0 && f.counts(s.facts[i]) {
				out[i] = table[code]
			}
		}
	}
	return nil
}

// counts tells whether the field takes the code of rows with these facts for a value: failures are of failed sends.
func (f *field) counts(number uint16) bool {
	return f.source.number != columnCode || f.plan.facts[number].status() == storage.Failed
}

// ofCodes gives the varieties of a coded column's texts.
func (f *field) ofCodes(c *codes) []uint32 {
	table := make([]uint32, len(c.texts))
	for code, text := range c.texts {
		table[code] = f.ofText(text)
	}
	return table
}

func (f *field) fillTimes(s *selection, out []uint32) error {
	times, err := s.times()
	if err != nil {
		return err
	}
	unit := int64(dayMillis)
	if f.Name == "hour" {
		unit = 60 * 60 * 1000
	}
	if f.byDay == nil {
		f.byDay = map[int64]uint32{}
	}
	last, variety := int64(-1), uint32(0)
	for _, run := range s.runs {
		for i := run.lo; i < run.hi; i++ {
			n := s.clock.local(times[i])
			switch {
			case f.Name == "hour":
				n = (n%dayMillis + dayMillis) % dayMillis / unit
			default:
				n = dayOf(n)
			}
			if n != last {
				v := f.byDay[n]
				if v == 0 {
					v = f.variety(&storage.Send{Time: storage.Instant(times[i])}) + 1
					f.byDay[n] = v
				}
				last, variety = n, v-1
			}
			out[i] = variety
		}
	}
	return nil
}

func (f *field) fillKinds(s *selection, out []uint32) error {
	persons, err := s.persons()
	if err != nil {
		return err
	}
	kinds := [2]uint32{f.variety(&storage.Send{ContactKind: "new"}), f.variety(&storage.Send{ContactKind: "recurring"})}
	words := f.plan.recurring.all()
	for _, run := range s.runs {
		to := out[run.lo:run.hi]
		for i, person := range persons[run.lo:run.hi] {
			if words == nil {
				to[i] = kinds[0]
			} else {
				to[i] = kinds[words[person>>6]>>(person&63)&1]
			}
		}
	}
	return nil
}

func (f *field) fillEnds(s *selection, out []uint32) error {
	f.fillFacts(s, out)
	running, err := s.running()
	if err != nil {
		return err
	}
	abandoned := f.variety(&storage.Send{FlowEnd: storage.EndAbandoned})
	inProgress := f.variety(&storage.Send{FlowEnd: storage.EndInProgress})
	for _, run := range s.runs {
		for i := run.lo; i < run.hi; i++ {
			if f.plan.facts[s.facts[i]].open() {
				out[i] = abandoned
			}
		}
	}
	for _, i := range running {
		out[i] = inProgress
	}
	return nil
}
