package storage

import "time"

// What engines need that do not look at one row after the other, but want the same answers as a [Counter].

// Complete fills in what depends on the question: contact_kind from the first success of the send's contact (0: never
// reached) and the end of a flow that nothing has settled.
func (q *Question) Complete(s *Send, firstSuccess Instant) { q.complete(s, firstSuccess) }

// Local is the zone of the question's days, never nil.
func (q *Question) Local() *time.Location { return q.zone() }

// Expiry is the silence, in milliseconds, after which an answered flow of a channel counts as abandoned (MODEL 2,
// Outcome).
func (q *Question) Expiry(channel string) Instant { return q.rules().expiry(channel) }

// Note adds sends that all have one value in the field, the first and the last of them dated so. They are sends that
// the question of the list covers.
func (n *Names) Note(value string, sends int, first, last Instant) {
	key := n.field.Key(value)
	if sends == 0 || value == None || !n.begins(key) {
		return
	}
	k := n.byKey[key]
	if k == nil {
		k = &volume{spelling: spelling{}}
		n.byKey[key] = k
	}
	k.spelling[value] += int64(sends)
	k.sends += sends
	k.first, k.last = k.first.earlier(first), max(k.last, last)
}
