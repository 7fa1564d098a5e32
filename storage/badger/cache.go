package badger

import (
	"container/list"
	"sync"
)

// cacheKey names a part of a run.
type cacheKey struct {
	kind kind
	id   uint64
	part int
}

// cache keeps what was read of late, up to a number of bytes.
type cache struct {
	mu     sync.Mutex
	budget int
	used   int
	order  *list.List // of *cached, the latest first
	byKey  map[cacheKey]*list.Element

	left   *cache // see carried; the writer's
	events int    // in the store that left is of
}

type cached struct {
	key   cacheKey
	value any
	size  int
	err   error
}

func (c *cached) bytes() ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.value.([]byte), nil
}

func newCache(budget int) *cache {
	return &cache{budget: budget, order: list.New(), byKey: map[cacheKey]*list.Element{}}
}

// carried keeps the components that Appends have left, for those that follow: a status mostly comes soon after its
// send. They are those of a store of so many events; if it has another number, somebody else has changed it since and
// nothing is left. The caller holds the writer's token.
func (c *cache) carried(events int) *cache {
	if c.left == nil || c.events != events {
		c.left, c.events = newCache(c.budget*2/3), events
	}
	return c.left
}

// peek is what stands under a key; nil for nothing.
func (c *cache) peek(k cacheKey) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[k]
	if !ok {
		return nil
	}
	c.order.MoveToFront(el)
	return el.Value.(*cached).value
}

// drop forgets what stands under a key.
func (c *cache) drop(k cacheKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[k]; ok {
		c.used -= c.order.Remove(el).(*cached).size
		delete(c.byKey, k)
	}
}

// get is what stands under a key, read if it is not at hand. Two readers may read the same at once.
func (c *cache) get(k cacheKey, read func() (any, int, error)) *cached {
	c.mu.Lock()
	if el, ok := c.byKey[k]; ok {
		c.order.MoveToFront(el)
		c.mu.Unlock()
		return el.Value.(*cached)
	}
	c.mu.Unlock()
	value, size, err := read()
	got := &cached{key: k, value: value, size: size, err: err}
	if err != nil {
		return got
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[k]; ok {
		return el.Value.(*cached)
	}
	c.keep(got)
	return got
}

// put keeps a value under a key in place of the one that stands there.
func (c *cache) put(k cacheKey, value any, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[k]; ok {
		c.used -= c.order.Remove(el).(*cached).size
	}
	c.keep(&cached{key: k, value: value, size: size})
}

// keep puts a value first and drops those that there is no room for. The caller holds mu.
func (c *cache) keep(v *cached) {
	c.byKey[v.key] = c.order.PushFront(v)
	for c.used += v.size; c.used > c.budget && c.order.Len() > 1; {
		old := c.order.Remove(c.order.Back()).(*cached)
		delete(c.byKey, old.key)
		c.used -= old.size
	}
}
