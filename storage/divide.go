package storage

import "slices"

// locate notes the places that each conversation's events have, if an event of one is lost without.
func (j *joiner) locate() {
	if !j.lost {
		return
	}
	for i := range j.named {
		l := &j.named[i]
		if l.Conversation == "" {
			continue
		}
		p := l.place()
		if l.send >= 0 && j.attributes[l.send].place.whole() {
			p = j.attributes[l.send].place
		}
		if p.whole() {
			j.talks.note(l.Conversation, p.written())
		}
	}
}

// lost: it names no send and not its whole place, but a conversation that may know.
func (l *linked) lost() bool { return l.send < 0 && l.Conversation != "" && !l.place().whole() }

// where is the place of an event that names no send: its own fields, or if one is lacking all three from the first
// event of its conversation that has them and agrees.
func (j *joiner) where(l *linked) place {
	own := l.place()
	if j.lost && l.lost() {
		if p, ok := j.talks.first(l.Conversation, own); ok {
			return p
		}
	}
	return own
}

// divide finds the timeline of each event, and numbers the sends within theirs. Events without contact are dropped.
func (j *joiner) divide() (orphans int) {
	n := 0
	for i := range j.named {
		l := j.named[i]
		if l.send >= 0 {
			a := &j.attributes[l.send]
			if a.timeline < 0 {
				a.timeline = j.timeline(a.key())
				a.number = int32(j.sizes[a.timeline].sends)
				j.sizes[a.timeline].sends++
			}
			l.timeline, l.send = a.timeline, a.number
		} else {
			p := j.where(&l)
			if p.contact == "" {
				orphans++
				continue
			}
			l.timeline = j.timelineAt(p)
		}
		j.sizes[l.timeline].events++
		j.named[n] = l
		n++
	}
	j.named = j.named[:n]
	return orphans
}

func (a *attributes) key() TimelineKey {
	if a.place.contact == "" {
		return TimelineKey{Send: a.id}
	}
	return a.place.key()
}

func (p place) key() TimelineKey {
	return TimelineKey{Channel: p.channel, Line: p.line, Contact: p.contact}
}

// timelineAt is the timeline of a place with a contact, which most events give as it is written already.
func (j *joiner) timelineAt(p place) int32 {
	if i := j.findTimeline(p.key()); i >= 0 {
		return i
	}
	return j.timeline(p.written().key())
}

func (j *joiner) findTimeline(key TimelineKey) int32 {
	if len(j.keys) > fewKeys {
		if i, ok := j.keyIndex[key]; ok {
			return i
		}
		return -1
	}
	for i := len(j.keys) - 1; i >= 0; i-- {
		if j.keys[i] == key {
			return int32(i)
		}
	}
	return -1
}

// timeline gives the number of a timeline, a new one if need be.
func (j *joiner) timeline(key TimelineKey) int32 {
	if i := j.findTimeline(key); i >= 0 {
		return i
	}
	i := int32(len(j.keys))
	j.keys = append(j.keys, key)
	j.sizes = append(j.sizes, timelineSize{})
	switch {
	case i > fewKeys:
		j.keyIndex[key] = i
	case i == fewKeys:
		j.keyIndex = make(map[TimelineKey]int32, 2*fewKeys)
		for i, key := range j.keys {
			j.keyIndex[key] = int32(i)
		}
	}
	return i
}

// gather makes the timelines of what was divided: each has a stretch of the events and one of the sends.
func (j *joiner) gather() {
	j.order = slices.Grow(j.order[:0], len(j.attributes))[:len(j.attributes)]
	events := j.named
	if len(j.keys) > 1 {
		j.grouped = slices.Grow(j.grouped[:0], len(j.named))[:len(j.named)]
		events = j.grouped
	}
	j.timelines = slices.Grow(j.timelines, len(j.keys))
	var e, s int
	for i, size := range j.sizes {
		j.timelines = append(j.timelines, Timeline{
			Key:    j.keys[i],
			events: events[e : e : e+size.events],
			sends:  j.order[s : s+size.sends : s+size.sends],
		})
		e, s = e+size.events, s+size.sends
	}
	for i := range j.attributes {
		a := &j.attributes[i]
		j.timelines[a.timeline].sends[a.number] = a
	}
	if len(j.keys) == 1 {
		j.timelines[0].events = j.named
		return
	}
	for _, l := range j.named {
		t := &j.timelines[l.timeline]
		t.events = append(t.events, l)
	}
}
