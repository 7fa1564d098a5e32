package badger

// pageSize is how many entries of a list go into one record. The longest entry is a row's reference, about a
// kilobyte, so no record comes near the size at which Badger would move it into the value log.
const pageSize = 64

// list is one of a component's lists. A short one stands in the head; a longer one is cut into pages with records of
// their own, of which a batch writes those that it changed. Entries keep their places, so that one more send in a
// conversation with thousands of them writes a page or two.
type list[T comparable] struct {
	_     struct{} `cbor:",toarray"`
	Pages int      // 0 for a list in the head
	Items []T      // in the head's record only without pages

	changed map[int]bool // pages that differ from what is stored
}

// Lists of a component, as the keys of their pages name them.
const (
	chunkList = 'v'
	rowList   = 'r'
	homeList  = 'y'
)

// head is the list as the head's record has it.
func (l *list[T]) head() list[T] {
	if l.Pages > 0 {
		return list[T]{Pages: l.Pages}
	}
	return list[T]{Items: l.Items}
}

func (l *list[T]) mark(i int) {
	if l.Pages == 0 {
		return // the head is written with every change
	}
	if l.changed == nil {
		l.changed = map[int]bool{}
	}
	l.changed[i/pageSize] = true
}

func (l *list[T]) set(i int, v T) {
	if l.Items[i] != v {
		l.Items[i] = v
		l.mark(i)
	}
}

func (l *list[T]) add(vs ...T) {
	for _, v := range vs {
		l.Items = append(l.Items, v)
		l.mark(len(l.Items) - 1)
	}
}

// keep removes the entries that are not wanted, by index among the first ones, calling gone for each. The last entry
// of the list takes the place of one that goes.
func (l *list[T]) keep(wanted []bool, gone func(T)) {
	for i := len(wanted) - 1; i >= 0; i-- {
		if wanted[i] {
			continue
		}
		gone(l.Items[i])
		last := len(l.Items) - 1
		l.mark(i)
		l.mark(last)
		l.Items[i] = l.Items[last]
		l.Items = l.Items[:last]
	}
}

func (l *list[T]) clear() { l.Items = nil }

// read gets the pages of a list of which only the head is known.
func (l *list[T]) read(get func(k []byte) ([]byte, error), component uint64, which byte) error {
	if l.Pages > 0 {
		l.Items = make([]T, 0, l.Pages*pageSize)
	}
	for p := range l.Pages {
		v, err := get(pageKey(component, which, p))
		if err != nil {
			return err
		}
		if v == nil {
			return errMissing
		}
		var page []T
		if err := decode(v, &page); err != nil {
			return err
		}
		l.Items = append(l.Items, page...)
	}
	return nil
}

// write stores the pages that changed and removes those that are no longer needed.
func (l *list[T]) write(b *batch, component uint64, which byte) error {
	pages := 0
	if len(l.Items) > pageSize {
		pages = (len(l.Items) + pageSize - 1) / pageSize
	}
	for p := range pages {
		if p < l.Pages && !l.changed[p] {
			continue
		}
		page := l.Items[p*pageSize : min((p+1)*pageSize, len(l.Items))]
		if err := putRecord(b, pageKey(component, which, p), &page); err != nil {
			return err
		}
	}
	for p := pages; p < l.Pages; p++ {
		b.delete(pageKey(component, which, p))
	}
	l.Pages, l.changed = pages, nil
	return nil
}
