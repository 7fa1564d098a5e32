package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"outboundbot/storage"
)

// signedMeta checks X-Hub-Signature-256: sha256= and the HMAC of the body in hex, under the app's secret. Source:
// developers.facebook.com/docs/graph-api/webhooks/getting-started, Validating Payloads.
func signedMeta(h http.Header, body []byte, secrets []storage.Secret, _ time.Time) error {
	header := h.Get("X-Hub-Signature-256")
	if header == "" {
		return errors.New("the X-Hub-Signature-256 header is missing")
	}
	digest, prefixed := strings.CutPrefix(header, "sha256=")
	given, err := hex.DecodeString(digest)
	if !prefixed || err != nil || len(given) != sha256.Size {
		return errors.New("X-Hub-Signature-256 must be sha256= and 64 hexadecimal digits")
	}
	for _, secret := range secrets {
		if hmac.Equal(given, digestOf([]byte(secret.Reveal()), body)) {
			return nil
		}
	}
	return errors.New("the signature does not match: check that the source's secret is the app secret")
}

// signedNative checks the layout of Standard Webhooks (standardwebhooks.com), or a bearer token that is the secret.
func signedNative(h http.Header, body []byte, secrets []storage.Secret, now time.Time) error {
	if h.Get("Webhook-Signature") != "" {
		return standardWebhook(h, body, secrets, now)
	}
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return errors.New("sign the request (webhook-id, webhook-timestamp, webhook-signature) or send Authorization: Bearer SECRET")
	}
	if !knows(strings.TrimSpace(token), secrets) {
		return errors.New("the bearer token is not the source's secret")
	}
	return nil
}

func standardWebhook(h http.Header, body []byte, secrets []storage.Secret, now time.Time) error {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	if id == "" || stamp == "" {
		return errors.New("webhook-signature needs webhook-id and webhook-timestamp beside it")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("webhook-timestamp must be seconds since 1970")
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > clockSkew {
		return errors.New("webhook-timestamp is more than 5 minutes off: check the clock and sign each try anew")
	}
	signed := append([]byte(id+"."+stamp+"."), body...)
	for _, secret := range secrets {
		want := digestOf(webhookKey(secret), signed)
		for _, given := range strings.Fields(h.Get("Webhook-Signature")) {
			text, v1 := strings.CutPrefix(given, "v1,")
			mac, err := base64.StdEncoding.DecodeString(text)
			if v1 && err == nil && hmac.Equal(mac, want) {
				return nil
			}
		}
	}
	return errors.New("the signature does not match: sign id.timestamp.body with HMAC-SHA256 and write v1, and base64")
}

// webhookKey is the key that a secret stands for: whsec_ and base64, or the text itself.
func webhookKey(secret storage.Secret) []byte {
	if encoded, ok := strings.CutPrefix(secret.Reveal(), "whsec_"); ok {
		if key, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return key
		}
	}
	return []byte(secret.Reveal())
}

func digestOf(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}

// knows tells whether word is one of the secrets, in a time that does not depend on how much of it is right.
func knows(word string, secrets []storage.Secret) bool {
	given := sha256.Sum256([]byte(word))
	found := false
	for _, secret := range secrets {
		want := sha256.Sum256([]byte(secret.Reveal()))
		if hmac.Equal(given[:], want[:]) {
			found = true
		}
	}
	return found
}
