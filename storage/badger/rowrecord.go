package badger

import (
	"encoding/binary"
	"math/bits"

	"outboundbot/storage"
	"outboundbot/storage/badger/columns"
)

// rowTexts is how many texts a row has, tags and labels aside.
const rowTexts = 22

// textsOf are a row's texts, those that differ from row to row first. The contact is not among them: it is the person.
func textsOf(s *storage.Send) [rowTexts]*string {
	return [...]*string{
		&s.ID, &s.Conversation,
		&s.Channel, &s.Line, &s.Origin, &s.Campaign, &s.Template, &s.Category, &s.Flow, &s.Webhook, &s.Variant, &s.Sender,
		&s.Code, &s.Reason, &s.SkipReason, &s.Group, &s.Agent, &s.FirstOption, &s.LastNode, &s.LastText, &s.FlowEnd,
		&s.Token, // never set; makes the count even
	}
}

const ownRowTexts = 2

// momentsOf are a row's times but the send date.
func momentsOf(s *storage.Send) [8]*storage.Instant {
	return [...]*storage.Instant{
		&s.RequestedAt, &s.SentAt, &s.DeliveredAt, &s.ReadAt, &s.FailedAt, &s.AnsweredAt, &s.AssignedAt, &s.LastCredit,
	}
}

// factsOf are a row's yes and no.
func factsOf(s *storage.Send) [5]*bool {
	return [...]*bool{&s.Test, &s.Started, &s.Attended, &s.OptOut, &s.ByMessage}
}

// appendRow writes a row as an import sets it aside. It is read back by the same process only.
func appendRow(b []byte, r *columns.Row, names *lexicon) []byte {
	s := &r.Send
	at := len(b)
	b = append(b, 0, 0, 0, 0, 0)
	var flags uint64
	b = binary.AppendUvarint(b, uint64(s.Time))
	b = binary.AppendUvarint(b, uint64(r.Person))
	for i, t := range textsOf(s) {
		if *t == "" {
			continue
		}
		flags |= 1 << i
		if i < ownRowTexts {
			b = appendText(b, *t)
		} else {
			b = appendName(b, i, *t, names)
		}
	}
	for i, m := range momentsOf(s) {
		if *m != 0 {
			flags |= 1 << (rowTexts + i)
			b = binary.AppendVarint(b, int64(*m-s.Time))
		}
	}
	for i, f := range factsOf(s) {
		if *f {
			flags |= 1 << (rowTexts + 8 + i)
		}
	}
	b = append(b, byte(s.Status))
	b = binary.AppendUvarint(b, uint64(s.Answers))
	b = binary.AppendUvarint(b, uint64(len(s.Tags)))
	for _, t := range s.Tags {
		b = appendName(b, rowTexts, t.Name, names)
		b = appendName(b, rowTexts+1, t.Type, names)
		b = appendName(b, rowTexts+2, t.Currency, names)
		b = appendText(b, t.Value)
		if b = append(b, 0); t.Sale {
			b[len(b)-1] = 1
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.Labels)))
	for _, l := range s.Labels {
		b = appendName(b, rowTexts+3, l, names)
	}
	b[at], b[at+1], b[at+2], b[at+3], b[at+4] = byte(flags), byte(flags>>8), byte(flags>>16), byte(flags>>24), byte(flags>>32)
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendName writes the number of a name, or 0 and the name.
func appendName(b []byte, field int, s string, names *lexicon) []byte {
	if s == "" {
		return append(b, 0, 0)
	}
	n := names.number(field, s)
	if b = binary.AppendUvarint(b, uint64(n)); n == 0 {
		b = appendText(b, s)
	}
	return b
}

// readRow reads a row. Its own texts lie in what is read.
func (r *reader) row(row *columns.Row, names []string) (err error) {
	defer func() {
		if recover() != nil {
			err = errRecord
		}
	}()
	b := r.rest
	flags := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32
	r.rest = b[5:]
	*row = columns.Row{}
	s := &row.Send
	s.Time = storage.Instant(r.uvarint())
	row.Person = uint32(r.uvarint())
	own := textsOf(s)
	for left := flags & (1<<rowTexts - 1); left != 0; left &= left - 1 {
		if i := bits.TrailingZeros64(left); i < ownRowTexts {
			*own[i] = r.text()
		} else {
			*own[i] = r.name(names)
		}
	}
	for i, m := range momentsOf(s) {
		if flags&(1<<(rowTexts+i)) != 0 {
			*m = s.Time + storage.Instant(r.varint())
		}
	}
	for i, f := range factsOf(s) {
		*f = flags&(1<<(rowTexts+8+i)) != 0
	}
	s.Status = storage.Status(r.rest[0])
	r.rest = r.rest[1:]
	s.Answers = int(r.uvarint())
	r.lists(s, names)
	return nil
}

func (r *reader) lists(s *storage.Send, names []string) {
	if n := r.uvarint(); n > 0 {
		s.Tags = make([]storage.Tag, n)
	}
	for i := range s.Tags {
		t := &s.Tags[i]
		t.Name, t.Type, t.Currency = r.name(names), r.name(names), r.name(names)
		t.Value = r.text()
		t.Sale = r.rest[0] == 1
		r.rest = r.rest[1:]
	}
	if n := r.uvarint(); n > 0 {
		s.Labels = make([]string, n)
	}
	for i := range s.Labels {
		s.Labels[i] = r.name(names)
	}
}

func (r *reader) name(names []string) string {
	if n := r.uvarint(); n != 0 {
		return names[n]
	}
	return r.text()
}
