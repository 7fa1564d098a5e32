package storage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// TokenOf stands for a contact in masked output: stable within a store, which keeps the secret, and not to be
// computed by anybody else.
func TokenOf(secret []byte, channel, contact string) string {
	if contact == "" {
		return ""
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(channel + "\x00" + contact))
	return strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil))[:10])
}

// Show prepares a row for an asker: token and mask of the contact always, the contact itself only where the scope
// allows it. A send id that is a message id would tell the contact, so it is veiled with it (MODEL 6).
func (s *Send) Show(scope Scope, secret []byte) {
	s.Token = TokenOf(secret, s.Channel, s.Contact)
	s.Mask = Mask(s.Channel, s.Contact)
	if scope.Contacts {
		return
	}
	s.Contact = ""
	if s.ByMessage {
		s.ID = veil(secret, s.ID)
	}
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
