package badger

import (
	"context"
	"sync"
)

// merger keeps runs and segments few, in the background and without stopping answers.
type merger struct {
	e      *Engine
	due    chan struct{}
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func (e *Engine) startMerger() *merger {
	ctx, cancel := context.WithCancel(context.Background())
	m := &merger{e: e, due: make(chan struct{}, 1), cancel: cancel}
	m.done.Add(1)
	go func() {
		defer m.done.Done()
		for {
			select {
			case <-ctx.Done():
				return
			case <-m.due:
			}
			for {
				merged, err := e.mergeSome(ctx, false)
				if err != nil && ctx.Err() == nil {
					e.warn("merging: %v", err)
				}
				if !merged || err != nil {
					break
				}
			}
			e.collectLog()
		}
	}()
	return m
}

// collectLog cleans Badger's value log, where the rare value of a megabyte and more lands.
func (e *Engine) collectLog() {
	for e.dir != "" && e.db.RunValueLogGC(0.5) == nil { // until there is nothing to rewrite
	}
}

// wake lets the merger look whether there is something to do.
func (e *Engine) wake() {
	if e.merger == nil {
		return
	}
	select {
	case e.merger.due <- struct{}{}:
	default:
	}
}

func (m *merger) stop() {
	if m == nil {
		return
	}
	m.cancel()
	m.done.Wait()
}

// mergeSome merges some runs or some segments, if there are too many of one size; with all, everything there is.
func (e *Engine) mergeSome(ctx context.Context, all bool) (merged bool, err error) {
	e.merging.Lock()
	defer e.merging.Unlock()
	if err := e.removeDoomed(); err != nil {
		return false, err
	}
	if e.room(roomForEvent) != nil {
		return false, nil // later, when there is room
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			e.giveUp(ctx)
		}
	}()
	runs, err := e.mergeRuns(ctx, all)
	if err != nil {
		return runs, err
	}
	segments, err := e.mergeSegments(ctx, all)
	return runs || segments, err
}

// giveUp leaves what a merge had written before it failed to be removed. The caller keeps others from merging.
func (e *Engine) giveUp(ctx context.Context) {
	release, err := e.acquire(ctx)
	if err != nil {
		return
	}
	defer release()
	e.doomAbandoned()
}

// fanIn is how many runs or segments of a size there may be before they are merged into one of the next size.
const fanIn = 8

// class is the size class of a number of events or sends: each is fanIn times the one before.
func class(n int) int {
	c := 0
	for n >= 64 {
		n /= fanIn
		c++
	}
	return c
}

// crowded gives the places, from..to, of neighbours that are too many for their size: fanIn of a class, with those of
// classes below that are younger. Few small ones do not make it worth to write a large one anew. Runs are merged with their neighbours in time only, so that older stays before younger.
func crowded(sizes []int) (from, to int, ok bool) {
	to = len(sizes)
	for from = to; from > 0; {
		c, same := class(sizes[from-1]), 0
		for _, size := range sizes[from:] {
			if class(size) == c {
				same++
			}
		}
		for from > 0 && class(sizes[from-1]) <= c {
			from--
			if class(sizes[from]) == c {
				same++
			}
		}
		if same >= fanIn {
			return from, to, true
		}
	}
	return 0, 0, false
}
