package storage

// credited is an outcome with the step at which it came.
type credited[T any] struct {
	what T
	step int
}

// outcome turns what the walk credited into the row (MODEL 2, Outcome).
func (f *fold) outcome(s *sendFold) {
	r := s.row
	if r.Status != Successful {
		r.Conversation = "" // it entered none
		return
	}
	talk := &f.walker.talks[s.conversation]
	r.Conversation = talk.id
	r.Started = r.Started || s.announced
	f.keepTags(s, talk)
	f.keepLabels(s, talk)
	r.Attended = r.AssignedAt != 0 && talk.customer >= 0 && s.replied > talk.customer
	if r.FirstOption == "" {
		r.FirstOption = s.answerText
	}
	if r.Origin == "flow" && r.AnsweredAt != 0 {
		switch {
		case s.endError:
			r.FlowEnd = EndError
		case s.endAssigned, r.AssignedAt != 0:
			r.FlowEnd = EndAssigned
		case s.endAuto:
			r.FlowEnd = EndAuto
		}
	}
}

// keepTags gives the row the tags that nothing retracts.
func (f *fold) keepTags(s *sendFold, talk *conversation) {
	if len(s.tags) == 0 {
		return
	}
	if cap(f.tags)-len(f.tags) < len(s.tags) {
		f.tags = make([]Tag, 0, max(f.chunk, len(s.tags)))
	}
	from := len(f.tags)
	for i := range s.tags {
		t := &s.tags[i]
		if !s.retractions.tags.after(t.what.Name, t.step) && !talk.retractions.tags.after(t.what.Name, t.step) {
			f.tags = append(f.tags, t.what)
		}
	}
	if to := len(f.tags); to > from {
		s.row.Tags = f.tags[from:to:to]
	}
}

// keepLabels gives the row the labels that nothing retracts.
func (f *fold) keepLabels(s *sendFold, talk *conversation) {
	if len(s.labels) == 0 {
		return
	}
	if cap(f.labels)-len(f.labels) < len(s.labels) {
		f.labels = make([]string, 0, max(f.chunk, len(s.labels)))
	}
	from := len(f.labels)
	for i := range s.labels {
		l := &s.labels[i]
		if !s.retractions.labels.after(l.what, l.step) && !talk.retractions.labels.after(l.what, l.step) {
			f.labels = append(f.labels, l.what)
		}
	}
	if to := len(f.labels); to > from {
		s.row.Labels = f.labels[from:to:to]
	}
}

// retractions take tags and labels back that were applied before.
type retractions struct{ tags, labels latest }

func (r *retractions) reset() {
	r.tags.reset()
	r.labels.reset()
}

// latest is the last step at which each name was taken back; earlier ones say nothing more.
type latest struct {
	names table // folded
	steps []int
}

func (l *latest) reset() {
	l.names.reset()
	l.steps = l.steps[:0]
}

// note adds a step after all others.
func (l *latest) note(name string, step int) {
	i, added := l.names.add(Fold(name))
	if added {
		l.steps = append(l.steps, step)
		return
	}
	l.steps[i] = step
}

// after tells whether the name was taken back after a step.
func (l *latest) after(name string, step int) bool {
	if len(l.steps) == 0 {
		return false
	}
	i := l.names.find(Fold(name))
	return i >= 0 && step < l.steps[i]
}
