package packed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// keyOf is what a component is sealed with.
func keyOf(keys Keys, component uint32, persons []uint32) ([16]byte, error) {
	if len(persons) == 0 {
		return keys.Loose(component), nil
	}
	key, err := keys.Key(persons[0])
	if err != nil {
		return key, fmt.Errorf("the key of a person: %w", err)
	}
	return key, nil
}

// sealer seals and opens pieces with AES in counter mode.
type sealer struct {
	counter, mask [16]byte
}

// short is up to which length a piece is done block by block, which saves setting up a stream.
const short = 512

// maxRun is the highest number of a run.
const maxRun = 1<<63 - 1

// xor seals or opens a piece. The counter begins with the run and the component, which no other piece has, and with
// a bit that keeps it apart from whatever else the key seals, as long as that counts from 0.
func (s *sealer) xor(piece []byte, key [16]byte, run uint64, component uint32) {
	if len(piece) == 0 {
		return
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // cannot be: the key has 16 bytes
	}
	binary.BigEndian.PutUint64(s.counter[:], run|(maxRun+1))
	binary.BigEndian.PutUint32(s.counter[8:], component)
	binary.BigEndian.PutUint32(s.counter[12:], 0)
	if len(piece) > short {
		cipher.NewCTR(block, s.counter[:]).XORKeyStream(piece, piece)
		return
	}
	for i := uint32(0); len(piece) > 0; i++ {
		binary.BigEndian.PutUint32(s.counter[12:], i)
		block.Encrypt(s.mask[:], s.counter[:])
		piece = piece[subtle.XORBytes(piece, piece, s.mask[:]):]
	}
}
