package memory

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"outboundbot/storage"
)

// State is a storage.State that forgets everything when the process ends.
type State struct {
	now func() time.Time

	mu      sync.Mutex
	values  map[string]stored
	version uint64 // of the last Put
	sweepAt int    // number of values at which those that have expired are removed
}

type stored struct {
	storage.Value
	expiry int64 // in milliseconds since 1970; 0 for never
}

// NewState makes an empty State whose values expire by the given clock; nil is the machine's.
func NewState(now func() time.Time) *State {
	if now == nil {
		now = time.Now
	}
	return &State{now: now, values: map[string]stored{}, sweepAt: 64}
}

// Get implements storage.State.
func (s *State) Get(ctx context.Context, key string) (storage.Value, error) {
	if err := ctx.Err(); err != nil {
		return storage.Value{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key]
	if !ok || s.expired(v) {
		return storage.Value{}, storage.ErrNoValue
	}
	return v.copied(), nil
}

// Put implements storage.State.
func (s *State) Put(ctx context.Context, key string, data []byte, ttl time.Duration, ifVersion uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.values[key]
	if s.expired(old) {
		old = stored{}
	}
	if ifVersion != storage.AnyVersion && ifVersion != old.Version {
		return storage.ErrVersion
	}
	s.version++
	v := stored{Value: storage.Value{Key: key, Data: slices.Clone(data), Version: s.version}}
	if ttl > 0 {
		v.expiry = s.now().UnixMilli() + max(1, ttl.Milliseconds())
	}
	s.values[key] = v
	s.sweep()
	return nil
}

// Delete implements storage.State.
func (s *State) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
	return nil
}

// Scan implements storage.State.
func (s *State) Scan(ctx context.Context, prefix string) iter.Seq2[storage.Value, error] {
	return func(yield func(storage.Value, error) bool) {
		for _, v := range s.withPrefix(prefix) {
			if err := ctx.Err(); err != nil {
				yield(storage.Value{}, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (s *State) withPrefix(prefix string) []storage.Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []storage.Value
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if v := s.values[key]; strings.HasPrefix(key, prefix) && !s.expired(v) {
			found = append(found, v.copied())
		}
	}
	return found
}

func (s *State) expired(v stored) bool { return v.expiry != 0 && v.expiry <= s.now().UnixMilli() }

// sweep removes what has expired whenever the number of values has doubled.
func (s *State) sweep() {
	if len(s.values) < s.sweepAt {
		return
	}
	maps.DeleteFunc(s.values, func(_ string, v stored) bool { return s.expired(v) })
	s.sweepAt = max(64, 2*len(s.values))
}

// copied keeps callers from changing what is stored.
func (v stored) copied() storage.Value {
	v.Data = slices.Clone(v.Data)
	return v.Value
}
