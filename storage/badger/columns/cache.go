package columns

import (
	"container/list"
	"sync"
)

// Cache keeps decoded columns of all segments within a budget of bytes; the ones not used for longest go first. It is
// safe for concurrent use.
type Cache struct {
	mu     sync.Mutex
	budget int
	used   int
	order  *list.List // of *cached, the last used first
	byKey  map[cacheKey]*list.Element
	known  map[facts]uint16  // number of each combination of facts that any segment has
	facts  []facts           // by number
	texts  map[string]uint32 // number of each text that any run has

	scratch *scratch // of the last question, nil while it is used
}

type cacheKey struct {
	segment *Segment
	column  int
}

type cached struct {
	key   cacheKey
	value any
	size  int
}

// NewCache makes a cache of some bytes.
func NewCache(budget int) *Cache {
	return &Cache{budget: budget, order: list.New(), byKey: map[cacheKey]*list.Element{}, known: map[facts]uint16{}, texts: map[string]uint32{}}
}

// number gives a combination of facts its number, the same in all segments. Good ones are less than 1<<16.
func (c *Cache) number(f facts) (number uint16, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, ok := c.known[f]
	if !ok {
		if len(c.facts) == 1<<16 {
			return 0, false
		}
		n = uint16(len(c.facts))
		c.known[f] = n
		c.facts = append(c.facts, f)
	}
	return n, true
}

// numbers gives texts their numbers, the same in all segments.
func (c *Cache) numbers(texts []string) []uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]uint32, len(texts))
	for i, text := range texts {
		n, ok := c.texts[text]
		if !ok {
			n = uint32(len(c.texts))
			c.texts[text] = n
		}
		list[i] = n
	}
	return list
}

// allFacts lists the combinations of facts by number.
func (c *Cache) allFacts() []facts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.facts[:len(c.facts):len(c.facts)]
}

func (c *Cache) get(k cacheKey) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[k]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).value
}

func (c *Cache) put(k cacheKey, value any, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[k]; e != nil {
		c.remove(e) // somebody else was faster, or it was derived from an earlier state
	}
	c.byKey[k] = c.order.PushFront(&cached{k, value, size})
	c.used += size
	for c.used > c.budget && c.order.Len() > 1 {
		c.remove(c.order.Back())
	}
}

func (c *Cache) remove(e *list.Element) {
	entry := c.order.Remove(e).(*cached)
	delete(c.byKey, entry.key)
	c.used -= entry.size
}

// forget drops the columns of a segment.
func (c *Cache) forget(s *Segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for column := range allColumns {
		if e := c.byKey[cacheKey{s, column}]; e != nil {
			c.remove(e)
		}
	}
}
