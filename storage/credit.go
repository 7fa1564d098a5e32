package storage

// customerMessage: inbound of another kind than reaction and system.
func (l *linked) customerMessage() bool {
	return l.act == actInbound && l.Kind != "reaction" && l.Kind != "system"
}

// credits finds the one send that an outcome is credited to (MODEL 2, Credit); nil for no outbound outcome.
func (w *walker) credits(e *linked, named *sendFold, talk *conversation) *sendFold {
	switch e.act {
	case actInbound, actAnswered, actOptOut:
		switch {
		case e.act == actInbound && !e.customerMessage():
			return nil
		case named != nil:
			return named
		case w.last != nil && e.At-w.last.row.Time <= w.windows.of(w.last.row.Channel):
			return w.last
		}
	case actAssigned, actReplied, actTagApplied, actLabelAdded, actStep, actOption, actEnded:
		switch {
		case named != nil:
			return named
		case talk != nil:
			return talk.last
		}
	}
	return nil
}

// credit notes an outcome on the send.
func (s *sendFold) credit(e *linked, at int) {
	r := s.row
	r.LastCredit = max(r.LastCredit, e.At)
	switch e.act {
	case actInbound, actAnswered:
		r.AnsweredAt = r.AnsweredAt.earlier(e.At)
		r.Answers++
		if s.answerText == "" && (e.Kind == "button" || e.Kind == "list") {
			s.answerText = e.Text
		}
	case actOptOut:
		r.OptOut = true
	case actAssigned:
		r.AssignedAt = r.AssignedAt.earlier(e.At)
		r.Group, r.Agent = e.Group, e.Agent
	case actReplied:
		s.replied = at
	case actTagApplied:
		s.tags = append(s.tags, credited[Tag]{Tag{e.Tag, tagTypeOf(e.TagType), e.Sale, e.Value, e.Currency}, at})
	case actLabelAdded:
		s.labels = append(s.labels, credited[string]{e.Label, at})
	case actStep:
		r.LastNode, r.LastText = e.Node, e.Text
	case actOption:
		if r.FirstOption == "" {
			r.FirstOption = e.Option
		}
	case actEnded:
		s.end(e.How)
	}
}

// end notes how a flow ended.
func (s *sendFold) end(how string) {
	switch how {
	case EndError:
		s.endError = true
	case EndAssigned:
		s.endAssigned = true
	case EndAuto:
		s.endAuto = true
	}
}

// retract notes that a tag or label was taken back: from the send that the event names, else from every send of the
// conversation it lies in, also those that enter later and were credited before.
func retract(e *linked, at int, named *sendFold, talk *conversation) {
	var from *retractions
	switch {
	case named != nil:
		from = &named.retractions
	case talk != nil:
		from = &talk.retractions
	default:
		return
	}
	if e.act == actTagRemoved {
		from.tags.note(e.Tag, at)
	} else {
		from.labels.note(e.Label, at)
	}
}
