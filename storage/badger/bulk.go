package badger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"outboundbot/storage"
)

// bulk is a large import. Events are set aside by component as they come; in the end each component is folded once,
// which is what makes it fast. It holds the writer's token from beginning to end.
//
// Three stages work side by side: Add checks events and hashes their identifiers, the router finds components, and
// in the end two workers fold.
type bulk struct {
	e       *Engine
	leave   func()
	release func()
	closed  bool
	failed  error // why it can not be committed any more

	lexicons *lexicons
	loads    chan *load
	free     sync.Pool // of loads
	routed   chan error

	table   table
	unions  unions
	spool   *spool
	stacks  []*stack // events set aside, by component / stackSpan
	arrived int64    // events so far
	scratch []uint64
}

// stackSpan is how many components lie together in a stack.
const stackSpan = 1 << 15

// load is what goes from Add to the router: records of events, and the hashes of their identifiers.
type load struct {
	records []byte
	tokens  []uint64
	events  []packedEvent
}

// packedEvent is where the record and the hashes of an event end.
type packedEvent struct{ record, tokens int }

// stack is the events of some components, in order of arrival.
type stack struct {
	rows   int // of sends, where it holds some
	buffer []byte
	pieces []piece
}

// stackBuffer is how much a stack gathers before it sets it aside.
const stackBuffer = 128 << 10

// Import implements storage.Importer. Nothing else is appended until the import is closed.
func (e *Engine) Import(ctx context.Context) (storage.Import, error) {
	leave, err := e.use()
	if err != nil {
		return nil, err
	}
	release, err := e.acquire(ctx)
	if err != nil {
		leave()
		return nil, err
	}
	if err := e.ready(); err != nil {
		release()
		leave()
		return nil, err
	}
	b := &bulk{
		e: e, leave: leave, release: release, lexicons: &lexicons{newLexicon(), newLexicon()}, loads: make(chan *load, 4),
		routed: make(chan error, 1), spool: &spool{dir: e.dir},
		unions: unions{base: e.view.cat.Components, old: map[uint32]uint32{}},
	}
	b.free.New = func() any { return &load{} }
	go b.route(b.loads)
	return b, nil
}

// ready tells why nothing can be written, if so.
func (e *Engine) ready() error {
	if e.broken != nil {
		return fmt.Errorf("the store takes no events until it is opened again, since a write failed: %w", e.broken)
	}
	return e.room(roomForEvent)
}

// Add implements storage.Import. The two halves of the events are looked at side by side.
func (b *bulk) Add(ctx context.Context, events []storage.Event) ([]storage.Reject, error) {
	if b.closed {
		return nil, errors.New("the import is over")
	}
	half := len(events) / 2
	first, second := b.free.Get().(*load), b.free.Get().(*load)
	var rejects []storage.Reject
	done := make(chan struct{})
	go func() {
		rejects = b.pack(second, events[half:], half, 1)
		close(done)
	}()
	all := b.pack(first, events[:half], 0, 0)
	<-done
	for _, l := range []*load{first, second} {
		if err := b.pass(ctx, l); err != nil {
			b.failed = err // a part of the events may be missing
			return nil, err
		}
	}
	return append(all, rejects...), ctx.Err()
}

// pack checks events, of which the first is that of this number in the caller's slice, and writes them into a load
// with one of the lexicons.
func (b *bulk) pack(l *load, events []storage.Event, number, which int) (rejects []storage.Reject) {
	l.records, l.tokens, l.events = l.records[:0], l.tokens[:0], l.events[:0]
	var ev storage.Event
	for i := range events {
		ev = events[i]
		if err := ev.Normalize(); err != nil {
			rejects = append(rejects, storage.Reject{Index: number + i, Reason: err.Error()})
			continue
		}
		l.tokens = b.e.tokens(l.tokens, &ev)
		l.records = appendRecord(l.records, &ev, b.lexicons, which)
		l.events = append(l.events, packedEvent{len(l.records), len(l.tokens)})
	}
	return rejects
}

// pass hands what Add gathered to the router.
func (b *bulk) pass(ctx context.Context, l *load) error {
	select {
	case b.loads <- l:
		return nil
	case err := <-b.routed:
		b.routed <- err
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// route puts events into components until there are no more.
func (b *bulk) route(loads <-chan *load) {
	var fault error
	for l := range loads {
		if fault == nil {
			fault = b.routeLoad(l)
		}
		b.free.Put(l)
		if fault != nil {
			break
		}
	}
	b.routed <- fault
	for range loads { // nobody shall wait for us
	}
}

func (b *bulk) routeLoad(l *load) error {
	b.touch(l.tokens)
	var from packedEvent
	for _, end := range l.events {
		component, err := b.component(l.tokens[from.tokens:end.tokens])
		if err != nil {
			return err
		}
		if err := b.push(component, l.records[from.record:end.record]); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// touch looks at where hashes will be looked up. The reads do not wait for one another, so that the memory they miss
// comes sooner than one by one.
func (b *bulk) touch(tokens []uint64) {
	var sum uint64
	for _, t := range tokens {
		s := &b.table.shards[t>>(64-shardBits)]
		if n := uint64(len(s.hashes)); n > 0 {
			sum += s.hashes[uint64(uint32(t>>8))*n>>32]
		}
	}
	b.scratch = append(b.scratch[:0], sum) // so that the reads are not left out
}

// component finds where an event belongs by its identifiers, merging what it ties together.
func (b *bulk) component(tokens []uint64) (uint32, error) {
	leader, found := uint32(0), false
	for _, t := range tokens {
		s, slot, there := b.table.find(t)
		if !there {
			owners, err := b.stored(t)
			if err != nil {
				return 0, err
			}
			for _, o := range owners {
				leader, found = b.tie(leader, found, o), true
			}
			if len(owners) > 0 {
				s.put(slot, t, owners[0]|indexed)
			}
			continue
		}
		leader, found = b.tie(leader, found, s.components[slot]&^indexed), true
	}
	if !found {
		if leader = b.unions.create(); leader >= indexed {
			return 0, errors.New("the store has as many components as it can take")
		}
	}
	for _, t := range tokens {
		if s, slot, there := b.table.find(t); !there {
			s.put(slot, t, leader)
		}
	}
	return leader, nil
}

func (b *bulk) tie(leader uint32, found bool, other uint32) uint32 {
	if !found {
		return b.unions.of(other)
	}
	return b.unions.merge(leader, other)
}

// stored are the components of the store that may have an identifier.
func (b *bulk) stored(token uint64) (owners []uint32, err error) {
	v := b.e.view
	for _, r := range v.runs {
		if owners, err = r.lookup(owners, token); err != nil {
			return nil, err
		}
	}
	for i, o := range owners {
		owners[i] = v.members.of(o)
	}
	return owners, nil
}

// push sets an event aside.
func (b *bulk) push(component uint32, record []byte) error {
	n := int(component / stackSpan)
	for n >= len(b.stacks) {
		b.stacks = append(b.stacks, &stack{})
	}
	b.arrived++
	return b.stacks[n].push(b.spool, component%stackSpan, record, b.arrived)
}

// headerSize is what stands before each record of a stack: the component within the stack, the length, and the number
// of the event in order of arrival, in bytes of fixed width, since they are read three times. An event
// is much shorter than three bytes can tell (storage.MaxText, storage.MaxName).
const headerSize = 10

func appendHeader(b []byte, component uint32, length int, arrived int64) []byte {
	return append(b, byte(component), byte(component>>8), byte(length), byte(length>>8), byte(length>>16),
		byte(arrived), byte(arrived>>8), byte(arrived>>16), byte(arrived>>24), byte(arrived>>32))
}

func header(b []byte) (component uint32, length int) {
	return uint32(b[0]) | uint32(b[1])<<8, int(b[2]) | int(b[3])<<8 | int(b[4])<<16
}

// arrival is the number of the event in a header.
func arrivalOf(b []byte) int64 {
	return int64(b[5]) | int64(b[6])<<8 | int64(b[7])<<16 | int64(b[8])<<24 | int64(b[9])<<32
}

func (s *stack) push(to *spool, component uint32, record []byte, arrived int64) error {
	s.buffer = appendHeader(s.buffer, component, len(record), arrived)
	s.buffer = append(s.buffer, record...)
	if len(s.buffer) < stackBuffer {
		return nil
	}
	at, err := to.put(s.buffer)
	s.pieces, s.buffer = append(s.pieces, at), s.buffer[:0]
	return err
}

// Commit implements storage.Import.
func (b *bulk) Commit(ctx context.Context) (storage.Receipt, error) {
	if b.closed {
		return storage.Receipt{}, errors.New("the import is over")
	}
	receipt, err := b.commit(ctx)
	if err != nil && b.e.merging.TryLock() { // else a merge is under way, and the next Open removes what is left
		b.e.doomAbandoned()
		b.e.merging.Unlock()
	}
	return receipt, errors.Join(err, b.Close()) // whatever came of it, there is nothing more to commit
}

func (b *bulk) commit(ctx context.Context) (storage.Receipt, error) {
	if err := cmp.Or(b.failed, ctx.Err()); err != nil {
		return storage.Receipt{}, err
	}
	if err := b.stop(); err != nil {
		return storage.Receipt{}, err
	}
	if err := b.e.room(roomForEvent); err != nil {
		return storage.Receipt{}, err
	}
	return b.settle(ctx)
}

// stop ends the router.
func (b *bulk) stop() error {
	close(b.loads)
	err := <-b.routed
	b.loads = nil
	return err
}

// Close implements storage.Import.
func (b *bulk) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	if b.loads != nil {
		b.stop()
	}
	b.spool.close()
	b.release()
	b.leave()
	return nil
}
