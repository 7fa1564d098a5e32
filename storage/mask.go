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
// allows it.
func (s *Send) Show(scope Scope, secret []byte) {
	s.Token = TokenOf(secret, s.Channel, s.Contact)
	s.Mask = Mask(s.Channel, s.Contact)
	if !scope.Contacts {
		s.Contact = ""
	}
}
