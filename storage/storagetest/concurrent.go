package storagetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"outboundbot/storage"
)

// concurrent appends from several sides at once while others read; in the end everything is there, as if it had
// come in one piece.
func concurrent(t *testing.T, open Open) {
	const writers, readers, batches, share = 4, 3, 8, 5
	s, quiet := opened(t, open, nil), opened(t, open, nil)
	m := NewMess(rand.New(rand.NewPCG(4, 0)), 10)
	for range writers * batches {
		m.Batch(40)
	}
	events := m.Events()
	appended(t, quiet, events...)

	done := make(chan struct{})
	errs := make(chan error, writers+readers)
	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := w * share; i < len(events); i += writers * share {
				if _, err := s.Append(t.Context(), events[i:min(i+share, len(events))]); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for r := range readers {
		reading.Go(func() {
			rng := rand.New(rand.NewPCG(5, uint64(r)))
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := readOnce(t, s, rng); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	compareAnswers(t, s, quiet, rand.New(rand.NewPCG(6, 0)), 20)
}

// readOnce asks one question and counts its rows: both come from whole states of the store.
func readOnce(t *testing.T, s storage.Store, rng *rand.Rand) error {
	q := RandomQuestion(rng)
	c, err := s.Count(t.Context(), q)
	if err != nil {
		return err
	}
	checkSums(t, q, &c)
	last := storage.Send{}
	for send, err := range s.Sends(t.Context(), q, storage.Order{}) {
		if err != nil {
			return err
		}
		if send.Time < last.Time || (send.Time == last.Time && send.ID <= last.ID) {
			return fmt.Errorf("%s at %s stands after %s at %s", send.ID, send.Time, last.ID, last.Time)
		}
		last = send
	}
	return nil
}
