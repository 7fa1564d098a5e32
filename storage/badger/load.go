package badger

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Components of a change are read ahead of what settles them: so many at most, and so many in a row by one reader,
// since neighbours mostly lie in one block.
const (
	loadAhead = 256
	loadRow   = 16
)

// loading is a component that is read ahead.
type loading struct {
	sources []source
	err     error
	ready   chan struct{}
}

// loader reads components ahead.
type loader struct {
	c          *change
	components []uint32
	all        []loading
	slots      chan struct{} // one for each row that is read or waits to be settled
	quit       chan struct{}
	next       atomic.Int64
	readers    sync.WaitGroup
}

// load gives what is stored of each of these components, which are asked for in order, each once. Calling done ends
// the reading.
func (c *change) load(components []uint32) (load func(i int) ([]source, error), done func()) {
	if len(components) < loadRow {
		return func(i int) ([]source, error) { return c.sources(components[i]) }, func() {}
	}
	l := &loader{
		c: c, components: components, all: make([]loading, len(components)), slots: make(chan struct{}, loadAhead/loadRow), quit: make(chan struct{}),
	}
	for i := range l.all {
		l.all[i].ready = make(chan struct{})
	}
	for range runtime.GOMAXPROCS(0) {
		l.readers.Add(1)
		go l.read()
	}
	return l.take, func() { close(l.quit); l.readers.Wait() }
}

// read reads rows until there is none left.
func (l *loader) read() {
	defer l.readers.Done()
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.quit:
			return
		}
		from := int(l.next.Add(loadRow)) - loadRow
		for i := from; i < min(from+loadRow, len(l.all)); i++ {
			one := &l.all[i]
			one.sources, one.err = l.c.sources(l.components[i])
			close(one.ready)
		}
		if from+loadRow >= len(l.all) {
			return
		}
	}
}

func (l *loader) take(i int) ([]source, error) {
	one := &l.all[i]
	<-one.ready
	if i%loadRow == loadRow-1 {
		<-l.slots
	}
	sources := one.sources
	one.sources = nil
	return sources, one.err
}

// sources are what is stored of a component, one for each of those merged into it by the change.
func (c *change) sources(component uint32) ([]source, error) {
	w := c.work[component]
	sources := make([]source, len(w.stored))
	for i, stored := range w.stored {
		var err error
		if sources[i], err = c.stored(stored); err != nil {
			return nil, err
		}
	}
	return sources, nil
}
