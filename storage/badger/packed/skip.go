package packed

import (
	"math/bits"
)

// skip goes past a component without opening it.
func (r *reader) skip(e *entry) {
	r.reset()
	r.hidden = bitReader{}
	after := 0
	for n := range e.events {
		f := r.nextForm(&after)
		if f == nil {
			return
		}
		r.skipEvent(f, n == 0, e.persons > 1)
	}
}

func (r *reader) skipEvent(f *readForm, first, persons bool) {
	if first {
		r.number(firstColumn)
	} else {
		r.number(f.step)
	}
	if f.more&messageFlag != 0 {
		r.skipReference(messageColumn+f.part, messageRole)
	}
	if f.more&sendFlag != 0 {
		r.skipReference(sendColumn+f.part, sendRole)
	}
	if f.more&talkFlag != 0 {
		r.skipReference(talkColumn+f.part, talkRole)
	}
	if f.form.template == 0 {
		r.skipLiteral(eventRole)
	}
	switch f.reply {
	case sendReply:
		r.columns[replyColumn].code()
	case messageReply:
		r.skipReference(replyColumn, messageRole)
	}
	switch {
	case f.contact == otherContact:
		r.skipReference(spellingColumn, spellingRole)
	case f.contact != noContact && persons:
		r.columns[personColumn].code()
	}
	if f.more&sequenceFlag != 0 {
		r.number(sequenceColumn)
	}
	if f.more&upToFlag != 0 {
		r.number(upToColumn)
	}
	for rest := f.fields &^ f.same; rest != 0; rest &= rest - 1 {
		if r.columns[fieldColumn+bits.TrailingZeros32(rest)].code() == sealedCode {
			r.skipLiteral(nameRole)
		}
	}
	if f.more&valueFlag != 0 {
		r.skipLiteral(valueRole)
	}
}

func (r *reader) skipReference(column int, role role) {
	if r.columns[column].code() == 0 {
		r.skipLiteral(role)
	}
}

func (r *reader) skipLiteral(role role) {
	sh, i := r.shape(role)
	switch {
	case sh == nil || sh.sealed:
	case sh.class == decimalClass:
		r.number(deltaColumn + int(role))
	case sh.knots != nil:
		r.numbers.tail(uint(r.columns[deltaColumn+int(role)].code()))
	case sh.class.counts():
		r.counted(role, i, sh)
	default:
		r.text = sh.read(&r.bits, r.text[:0])
	}
}
