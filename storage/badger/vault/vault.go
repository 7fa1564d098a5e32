// Package vault keeps what leads to a person: the master key of a store and the records of its contacts.
//
// Each person has a key of its own, kept in a [Page] and wrapped under the master key. It seals the phone or id in
// the page and whatever else only that person's events hold, so that erasing a person is leaving its key out of the
// page (MODEL 6). Whoever stores a page guards it with a checksum, and overwrites the one before.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"outboundbot/storage"
)

// masterSize is the length of a master key in bytes.
const masterSize = 32

// ErrMaster is what reading gives when something was written under another master key.
var ErrMaster = errors.New("the master key is not the one this data was written with: give the key that was used before")

// errDamaged is what reading garbage gives.
var errDamaged = errors.New("a damaged page of contacts")

// Vault has the master key of a store and does what needs it. It is safe for concurrent use.
type Vault struct {
	wrapping cipher.AEAD  // of the keys in pages
	loose    cipher.Block // makes keys of numbers
	k0, k1   uint64       // of hashes
	tokens   []byte
	mark     [8]byte // tells master keys apart
}

// New makes a vault of a master key of 32 bytes.
func New(master []byte) (*Vault, error) {
	if len(master) != masterSize {
		return nil, errors.New("a master key has 32 bytes")
	}
	sub := func(use string, size int) []byte {
		key, err := hkdf.Key(sha256.New, master, nil, "outboundbot "+use, size)
		if err != nil {
			panic(err) // cannot be: sizes are small
		}
		return key
	}
	wrapping, err := aes.NewCipher(sub("wrapping", 32))
	if err != nil {
		return nil, err
	}
	v := &Vault{tokens: sub("tokens", 32)}
	if v.wrapping, err = cipher.NewGCM(wrapping); err != nil {
		return nil, err
	}
	if v.loose, err = aes.NewCipher(sub("loose", 32)); err != nil {
		return nil, err
	}
	hashes := sub("hashes", 16)
	v.k0, v.k1 = binary.LittleEndian.Uint64(hashes), binary.LittleEndian.Uint64(hashes[8:])
	copy(v.mark[:], sub("mark", len(v.mark)))
	return v, nil
}

// Mark tells the master key from others and gives nothing of it away. A store keeps it to [Vault.Check] later.
func (v *Vault) Mark() []byte { return v.mark[:] }

// Check gives [ErrMaster] if a mark is not that of the vault's master key.
func (v *Vault) Check(mark []byte) error {
	if string(mark) != string(v.mark[:]) {
		return ErrMaster
	}
	return nil
}

// TokenSecret is the secret of [storage.TokenOf] and of [storage.Send.Show].
func (v *Vault) TokenSecret() []byte { return v.tokens }

// Token stands for a contact in masked output (see storage.TokenOf).
func (v *Vault) Token(channel, contact string) string {
	return storage.TokenOf(v.tokens, channel, contact)
}

// Loose is the key of something that belongs to no person: a number of a kind.
func (v *Vault) Loose(kind byte, number uint32) (key [16]byte) {
	var in [16]byte
	in[0] = kind
	binary.BigEndian.PutUint32(in[12:], number)
	out := key[:]
	v.loose.Encrypt(out, in[:])
	return [16]byte(out)
}

// NewKey is a fresh key for a person. A key seals one contact only.
func NewKey() (key [16]byte) {
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	return key
}

// NewToken stands for an erased person for good; nothing leads from it to anybody.
func NewToken() string { return "erased-" + rand.Text()[:16] }
