package storage

import "slices"

// Folder joins and folds one set of events after another in the same memory. Not safe for concurrent use; the zero
// value is ready.
type Folder struct {
	joiner joiner
	fold   fold
	rows   []Send
}

const (
	hugeFold  = 1 << 14 // a Folder does not keep the memory of a set with more events than this
	foldChunk = 64      // a Folder makes so many tags or labels at once
)

// Fold gives the rows of all sends of a set of events that is closed under the links between them, timeline by
// timeline, as Join and Timeline.Fold do (MODEL 2), and the number of orphans. Events are unique by id and normal;
// those in order (Event.Before) fold faster. The slice of rows is valid until the next call; the rows themselves may
// be copied and kept: their Tags and Labels are never written again, their strings are those of the events.
func (f *Folder) Fold(events []Event, windows Windows) (rows []Send, orphans int) {
	if cap(f.joiner.named) > hugeFold {
		*f = Folder{}
	}
	orphans = f.joiner.join(events)
	f.rows = slices.Grow(f.rows[:0], len(f.joiner.attributes))[:len(f.joiner.attributes)]
	f.fold.chunk = foldChunk
	rest := f.rows
	for i := range f.joiner.timelines {
		t := &f.joiner.timelines[i]
		f.fold.timeline(t, windows, rest[:len(t.sends)])
		rest = rest[len(t.sends):]
	}
	return f.rows, orphans
}
