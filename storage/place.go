package storage

// place is where an event happened; the three together are its timeline.
type place struct{ channel, line, contact string }

func (e *Event) place() place { return place{e.Channel, e.Line, e.Contact} }

func (p place) whole() bool { return p.channel != "" && p.line != "" && p.contact != "" }

// written brings line and contact into the form of the channel. What is written stays the same when written again.
func (p place) written() place {
	return place{p.channel, address(p.channel, p.line), address(p.channel, p.contact)}
}

// agrees tells whether what is given of p is the same in whole, a place with all three.
func (p place) agrees(whole place) bool {
	same := func(given, there string) bool { return given == "" || given == there }
	q := place{whole.channel, p.line, p.contact}.written()
	return same(p.channel, whole.channel) && same(q.line, whole.line) && same(q.contact, whole.contact)
}

// talk is a place that a conversation was seen at.
type talk struct {
	conversation string
	place
}

// talks are the whole places of conversations, in order, each once. A long list has an index.
type talks struct {
	list  []talk
	index map[talkQuery]int32 // the first of the list that has these; filled once there are more than fewKeys
}

// talkQuery is some of what a place of a conversation has, "" for whatever it has. Only without a channel phones
// tells how line and contact are written: as digits, or as given.
type talkQuery struct {
	talk
	phones bool
}

func phones(channel string) bool { return channel == "WA" || channel == "SMS" }

func (t *talks) reset() {
	t.list, t.index = t.list[:0], nil
}

// note adds a whole, written place of a conversation.
func (t *talks) note(conversation string, p place) {
	added := talk{conversation, p}
	if len(t.list) <= fewKeys {
		for i := len(t.list) - 1; i >= 0; i-- {
			if t.list[i] == added {
				return
			}
		}
	} else if _, known := t.index[talkQuery{talk: added}]; known {
		return
	}
	t.list = append(t.list, added)
	switch n := len(t.list); {
	case n > fewKeys+1:
		t.enter(n - 1)
	case n == fewKeys+1:
		t.index = map[talkQuery]int32{}
		for i := range t.list {
			t.enter(i)
		}
	}
}

// enter puts a talk into the index under all that may be asked for.
func (t *talks) enter(i int) {
	for given := range 8 {
		q := talkQuery{talk: t.list[i]}
		if given&1 == 0 {
			q.channel, q.phones = "", phones(q.channel)
		}
		if given&2 == 0 {
			q.line = ""
		}
		if given&4 == 0 {
			q.contact = ""
		}
		if _, taken := t.index[q]; !taken {
			t.index[q] = int32(i)
		}
	}
}

// first gives the first place of a conversation that agrees with what is given of p.
func (t *talks) first(conversation string, p place) (place, bool) {
	if len(t.list) <= fewKeys {
		for i := range t.list {
			if t.list[i].conversation == conversation && p.agrees(t.list[i].place) {
				return t.list[i].place, true
			}
		}
		return place{}, false
	}
	at, found := t.index[talkQuery{talk: talk{conversation, p.written()}}]
	if p.channel == "" {
		asDigits := place{"", Digits(p.line), Digits(p.contact)}
		if i, ok := t.index[talkQuery{talk{conversation, asDigits}, true}]; ok && (!found || i < at) {
			at, found = i, true
		}
	}
	if !found {
		return place{}, false
	}
	return t.list[at].place, true
}
