package columns

import "outboundbot/storage"

// facts are what a row says with yes or no, and its status and settled flow end. Of all combinations that can be less than 1<<16 differ.
type facts uint32

const (
	factStatus    facts = 3 // mask
	factDelivered facts = 1 << (iota + 1)
	factRead
	factAnswered
	factAssigned
	factAttended
	factTagged
	factSale
	factSaleFinal
	factStarted
	factOptOut
	factTest
	factByMessage
	factEnds facts = 3 << 14 // mask
	factFlow facts = 1 << 16 // an answered flow: it has an end, and if that is "" nothing has settled it
)

const factEndShift, factBits = 14, 17

// Settled ends of flows as codes of two bits.
var (
	endCodes = map[string]facts{"": 0, storage.EndError: 1, storage.EndAssigned: 2, storage.EndAuto: 3}
	ends     = [4]string{"", storage.EndError, storage.EndAssigned, storage.EndAuto}
)

func factsOf(r *Row) facts {
	f := facts(r.Status)
	for bit, is := range [...]bool{
		r.DeliveredAt != 0, r.ReadAt != 0, r.AnsweredAt != 0, r.AssignedAt != 0, r.Attended, len(r.Tags) > 0,
		r.Sale(), r.SaleFinal(), r.Started, r.OptOut, r.Test, r.ByMessage,
	} {
		if is {
			f |= factDelivered << bit
		}
	}
	if r.flowAnswered() {
		f |= factFlow
	}
	return f | endCodes[r.FlowEnd]<<factEndShift
}

func (f facts) status() storage.Status { return storage.Status(f & factStatus) }

func (f facts) is(bit facts) bool { return f&bit != 0 }

func (f facts) success() bool { return f.status() == storage.Successful }

func (f facts) end() string { return ends[f&factEnds>>factEndShift] }

// open tells that the moment of asking decides the end of the flow.
func (f facts) open() bool { return f.is(factFlow) && f.end() == "" }

// set writes the facts that a row does not have elsewhere.
func (f facts) set(s *storage.Send) {
	s.Status, s.Attended, s.Started = f.status(), f.is(factAttended), f.is(factStarted)
	s.OptOut, s.Test, s.ByMessage = f.is(factOptOut), f.is(factTest), f.is(factByMessage)
	s.FlowEnd = f.end()
}

// proto is a send of which nothing but the facts is known.
func (f facts) proto() storage.Send {
	var s storage.Send
	f.set(&s)
	for bit, at := range map[facts]*storage.Instant{
		factDelivered: &s.DeliveredAt, factRead: &s.ReadAt, factAnswered: &s.AnsweredAt, factAssigned: &s.AssignedAt,
	} {
		if f.is(bit) {
			*at = 1
		}
	}
	if f.is(factTagged) {
		s.Tags = []storage.Tag{{Sale: f.is(factSale)}, {Sale: f.is(factSaleFinal)}}
	}
	return s
}

// counts adds n sends with these facts to the metrics that are sums over sends (MODEL 3).
func (f facts) counts(t *[len(storage.Metrics)]int64, n int64) {
	switch f.status() {
	case storage.Skipped:
		t[storage.SkippedSends] += n
		return
	case storage.Failed:
		t[storage.FailedSends] += n
	case storage.Pending:
		t[storage.PendingSends] += n
	case storage.Successful:
		f.outcomes(t, n)
	}
	t[storage.Attempted] += n
}

func (f facts) outcomes(t *[len(storage.Metrics)]int64, n int64) {
	t[storage.SuccessfulSends] += n
	for m, is := range [len(storage.Metrics)]bool{
		storage.Delivered:     f.is(factDelivered | factRead),
		storage.Read:          f.is(factRead),
		storage.AnsweredSends: f.is(factAnswered),
		storage.AssignedSends: f.is(factAssigned),
		storage.Attended:      f.is(factAttended),
		storage.Sales:         f.is(factSale),
		storage.SalesFinal:    f.is(factSaleFinal),
		storage.Conversations: f.is(factStarted),
		storage.OverOpen:      !f.is(factStarted),
		storage.OptOuts:       f.is(factOptOut),
	} {
		if is {
			t[m] += n
		}
	}
}
