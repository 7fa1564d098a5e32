package badger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"outboundbot/storage/badger/guard"
)

// Kinds of values of the bot's memory.
const (
	ofState = kind('s') // name: when it expires, the turn that wrote it, and the value itself
	ofSum   = kind('S') // what all values add up to
)

// stateSum is what the bot's memory adds up to.
type stateSum struct {
	turn   uint64 // changes so far
	values uint64
	hash   uint64 // the sum of the hashes of all values with their keys
}

func sumKey() []byte { return []byte{byte(ofSum)} }

func (s stateSum) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, s.turn)
	b = binary.BigEndian.AppendUint64(b, s.values)
	return seal(ofSum, sumKey(), int(s.values), binary.BigEndian.AppendUint64(b, s.hash))
}

func readSum(txn *badger.Txn) (s stateSum, err error) {
	b, err := valueIn(txn, ofSum, sumKey())
	if errors.Is(err, badger.ErrKeyNotFound) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if len(b) != 24 {
		return s, errDamaged
	}
	return stateSum{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}, nil
}

// record is a value of the bot's memory as it is stored.
type record struct {
	expiry uint64 // 0 for never
	data   []byte
	hash   uint64
}

// remembered reads a value.
func remembered(item *badger.Item) (r record, err error) {
	defer caught(&err)
	b, err := item.ValueCopy(nil)
	if err != nil {
		return r, err
	}
	k := item.KeyCopy(nil)
	payload, _, err := guard.Unseal(byte(ofState), k, b)
	if err == nil && len(payload) < 16 {
		err = errDamaged
	}
	if err != nil {
		return r, fmt.Errorf("the bot's memory is damaged (%w): %s", err, restoreIt)
	}
	return record{binary.BigEndian.Uint64(payload), payload[16:], hashOf(k, payload)}, nil
}

// recorded is the value under a name; one with hash 0 if there is none.
func recorded(txn *badger.Txn, name string) (record, error) {
	item, err := txn.Get(stateKey(name))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return record{}, nil
	}
	if err != nil {
		return record{}, err
	}
	return remembered(item)
}

func lostMemory(name string) error {
	return fmt.Errorf("the bot's memory is damaged (what stood under %q is lost): %s", name, restoreIt)
}

// hashOf is never 0.
func hashOf(key, payload []byte) uint64 {
	h := sha256.New()
	h.Write(number(uint64(len(key))))
	h.Write(key)
	h.Write(payload)
	return max(1, binary.BigEndian.Uint64(h.Sum(nil)))
}

// recollection is a change of the bot's memory, in the making.
type recollection struct {
	txn     *badger.Txn
	sum     stateSum          // afterwards
	known   map[string]uint64 // before: the hash of each value, by name
	changed map[string]uint64 // what is known afterwards; 0 for what is gone
}

// remember stores a value under a key that has none.
func (c *recollection) remember(name string, expiry uint64, data []byte) error {
	k := stateKey(name)
	payload := append(append(number(expiry), number(c.sum.turn)...), data...)
	c.sum.values++
	hash := hashOf(k, payload)
	c.sum.hash += hash
	c.changed[name] = hash
	if err := c.txn.Set(k, seal(ofState, k, 0, payload)); err != nil {
		return err
	}
	if expiry == 0 {
		return nil
	}
	return c.txn.Set(expiryKey(expiry, name), nil)
}

// forget removes a value, if there is one.
func (c *recollection) forget(name string) error {
	k := stateKey(name)
	old, err := recorded(c.txn, name)
	if err == nil && old.hash != c.known[name] {
		err = lostMemory(name)
	}
	if err != nil || old.hash == 0 {
		return err
	}
	c.changed[name] = 0
	c.sum.values--
	c.sum.hash -= old.hash
	if old.expiry != 0 {
		if err := c.txn.Delete(expiryKey(old.expiry, name)); err != nil {
			return err
		}
	}
	return c.txn.Delete(k)
}

func (c *recollection) commit() error {
	c.sum.turn++
	if err := c.txn.Set(sumKey(), c.sum.encode()); err != nil {
		return err
	}
	return c.txn.Commit()
}

// recall reads the bot's memory and compares it with what it should add up to. With accept, what is left of it is
// taken as it is.
func (e *Engine) recall(txn *badger.Txn, accept bool) (err error) {
	defer caught(&err)
	want, err := readSum(txn)
	if err != nil && !accept {
		return err
	}
	found := stateSum{turn: want.turn}
	e.known = map[string]uint64{}
	var damaged [][]byte
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{byte(ofState)}})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		r, err := remembered(it.Item())
		if err != nil {
			damaged = append(damaged, it.Item().KeyCopy(nil))
			continue
		}
		found.values++
		found.hash += r.hash
		e.known[string(it.Item().Key()[1:])] = r.hash
	}
	e.memory = found
	if found == want && len(damaged) == 0 {
		return nil
	}
	if !accept {
		return fmt.Errorf("the bot's memory is damaged, with %d of %d values as they were written at most", min(found.values, want.values), want.values)
	}
	e.warn("going on without what the bot's memory has lost: it has %d values of %d", found.values, want.values)
	return e.db.Update(func(txn *badger.Txn) error {
		for _, k := range damaged {
			if err := txn.Delete(k); err != nil {
				return err
			}
		}
		return txn.Set(sumKey(), found.encode())
	})
}
