package storage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"hash"
)

// TokenOf stands for a contact in masked output: stable within a store, which keeps the secret, and not to be
// computed by anybody else.
func TokenOf(secret []byte, channel, contact string) string {
	if contact == "" {
		return ""
	}
	return NewVeil(secret).token(channel, contact)
}

// Show prepares a row for an asker: token and mask of the contact always, the contact itself only where the scope
// allows it. A send id that is a message id would tell the contact, so it is veiled with it (MODEL 6).
func (s *Send) Show(scope Scope, secret []byte) { NewVeil(secret).Show(s, scope) }

// Veil makes tokens with one secret, many of them for less than [TokenOf] does. It is used by one goroutine.
type Veil struct {
	mac hash.Hash
	b   []byte
}

// NewVeil makes a veil of a store's secret.
func NewVeil(secret []byte) *Veil { return &Veil{mac: hmac.New(sha256.New, secret)} }

// Show is [Send.Show] with the veil's secret.
func (v *Veil) Show(s *Send, scope Scope) {
	s.Token = ""
	if s.Contact != "" {
		s.Token = v.token(s.Channel, s.Contact)
	}
	s.Mask = Mask(s.Channel, s.Contact)
	if scope.Contacts {
		return
	}
	s.Contact = ""
	if s.ByMessage && s.ID != "" {
		s.ID = "~" + v.token("id", s.ID)
	}
}

var tokenLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567")

func (v *Veil) token(channel, contact string) string {
	v.b = append(append(append(v.b[:0], channel...), 0), contact...)
	v.mac.Reset()
	v.mac.Write(v.b)
	v.b = v.mac.Sum(v.b[:0])
	var letters [16]byte
	tokenLetters.Encode(letters[:], v.b[:10])
	return string(letters[:10])
}

// ShowEvents prepares events for an asker: where the scope hides contacts they have none, and the ids of messages
// and events are veiled.
func ShowEvents(events []Event, scope Scope, secret []byte) {
	if scope.Contacts {
		return
	}
	messages := map[string]bool{}
	for i := range events {
		messages[events[i].Message] = true
	}
	for i := range events {
		e := &events[i]
		e.Contact, e.ID, e.Message = "", veil(secret, e.ID), veil(secret, e.Message)
		for _, id := range []*string{&e.Send, &e.ReplyTo} {
			if messages[*id] {
				*id = veil(secret, *id)
			}
		}
	}
}

// veil replaces an id by a keyed hash, the same within a store.
func veil(secret []byte, id string) string {
	if id == "" {
		return ""
	}
	return "~" + TokenOf(secret, "id", id)
}
