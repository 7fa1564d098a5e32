package columns

import (
	"cmp"
	"slices"
	"sort"

	"outboundbot/storage"
)

// Anyone is a person that Find does not look at.
const Anyone = ^uint32(0)

// Find gives the place of the live or dead row with the same line, origin, campaign, time, person and id as r; false
// if there is none.
func (s *Segment) Find(r *Row) (int, bool, error) {
	if r.Time < s.first || r.Time > s.last {
		return 0, false, nil
	}
	want := keyOf(r)
	at, ok := slices.BinarySearchFunc(s.runs, want, func(run run, k runKey) int { return s.key(&run).compare(k) })
	if !ok {
		return 0, false, nil
	}
	times, err := s.times()
	if err != nil {
		return 0, false, err
	}
	persons, err := s.persons()
	if err != nil {
		return 0, false, err
	}
	run := s.runs[at]
	i, ok := slices.BinarySearchFunc(times[run.lo:run.hi], int64(r.Time), cmp.Compare)
	if !ok {
		return 0, false, nil
	}
	for i += run.lo; i < run.hi && times[i] == int64(r.Time); i++ {
		if r.Person != Anyone && persons[i] != r.Person {
			continue
		}
		ids, err := s.identifiers(columnID)
		if err != nil {
			return 0, false, err
		}
		if ids.is(i, r.ID) {
			return i, true, nil
		}
	}
	return 0, false, nil
}

// rowReader has all columns of a segment, for making rows of it.
type rowReader struct {
	*Segment
	facts    []uint16
	known    []facts
	persons  []uint32
	times    []int64
	ids      *identifiers
	talks    *identifiers
	coded    [len(codedColumns)]*codes
	numbered [len(numberedColumns)]*numbers
	amounts  *amounts
	tags     [][]storage.Tag // by code, each list to be copied before its amounts are set
	labels   [][]string
}

func (s *Segment) rowReader() (*rowReader, error) {
	r := &rowReader{Segment: s, known: s.cache.allFacts()}
	var errs [6]error
	r.facts, errs[0] = s.factsOfRows()
	r.persons, errs[1] = s.persons()
	r.times, errs[2] = s.times()
	r.ids, errs[3] = s.identifiers(columnID)
	r.talks, errs[4] = s.identifiers(columnConversation)
	r.amounts, errs[5] = s.amounts()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	var err error
	for i := range codedColumns {
		if r.coded[i], err = s.codes(codedColumns[i].column); err != nil {
			return nil, err
		}
		if r.coded[i] == nil {
			continue
		}
		switch codedColumns[i].column {
		case columnTags:
			for _, text := range r.coded[i].texts {
				tags, _ := parseTags(text)
				r.tags = append(r.tags, tags)
			}
		case columnLabels:
			for _, text := range r.coded[i].texts {
				labels, _ := parseLabels(text)
				r.labels = append(r.labels, labels)
			}
		}
	}
	for i := range numberedColumns {
		if r.numbered[i], err = s.numbers(numberedColumns[i].column); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// runOf finds the run of a row.
func (s *Segment) runOf(i int) *run {
	return &s.runs[sort.Search(len(s.runs), func(k int) bool { return s.runs[k].hi > i })]
}

// row makes row i, which lies in the run.
func (r *rowReader) row(i int, run *run, out *Row) {
	*out = Row{Person: r.persons[i]}
	s := &out.Send
	s.Time = storage.Instant(r.times[i])
	s.Channel, s.Line = r.names[runChannel][run.codes[runChannel]], r.names[runLine][run.codes[runLine]]
	s.Origin, s.Campaign = r.names[runOrigin][run.codes[runOrigin]], r.names[runCampaign][run.codes[runCampaign]]
	s.ID, s.Conversation = r.ids.at(i), r.talks.at(i)
	r.known[r.facts[i]].set(s)
	for k, c := range r.coded {
		code := c.code(i)
		if code == 0 {
			continue
		}
		switch codedColumns[k].column {
		case columnTags:
			s.Tags = r.tagsOf(i, code)
		case columnLabels:
			s.Labels = slices.Clone(r.labels[code])
		default:
			codedColumns[k].set(s, c.texts[code])
		}
	}
	for k, n := range r.numbered {
		if off := n.difference(i); off != noNumber {
			numberedColumns[k].set(s, off+numberedColumns[k].near(s))
		}
	}
}

func (r *rowReader) tagsOf(i int, code uint16) []storage.Tag {
	tags := slices.Clone(r.tags[code])
	k := -1
	for t := range tags {
		if tags[t].Value == "" {
			continue
		}
		if tags[t].Value = ""; r.amounts == nil {
			continue // the values are damaged
		}
		if k < 0 {
			k = r.amounts.of(i)
		}
		tags[t].Value = r.amounts.text(k)
		k++
	}
	return tags
}

// All gives the rows that are not dead, in the order in which they stand; dead has a bit for each row and may be nil
// or short. A row is valid until the next; its lists are its own.
func (s *Segment) All(dead []uint64, f func(i int, r *Row) error) error {
	r, err := s.rowReader()
	if err != nil {
		return err
	}
	var row Row
	for k := range s.runs {
		run := &s.runs[k]
		for i := run.lo; i < run.hi; i++ {
			if isDead(dead, i) {
				continue
			}
			r.row(i, run, &row)
			if err := f(i, &row); err != nil {
				return err
			}
		}
	}
	return nil
}

func isDead(dead []uint64, i int) bool { return i>>6 < len(dead) && dead[i>>6]>>(i&63)&1 != 0 }
