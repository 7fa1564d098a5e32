package badger

import "context"

// WithStep has a conversion tell of each of its steps.
func (o Options) WithStep(step func(done string)) Options {
	o.step = step
	return o
}

// HoldMerges keeps merges from happening until release is called, which must be before Close.
func (e *Engine) HoldMerges() (release func()) {
	e.merging.Lock()
	return e.merging.Unlock
}

// MergeCrowded merges until nothing is crowded any more, as the merger does.
func (e *Engine) MergeCrowded() error {
	for {
		if merged, err := e.mergeSome(context.Background(), false); !merged || err != nil {
			return err
		}
	}
}

// Parts are how many runs and segments there are, and how many rows of them were replaced.
func (e *Engine) Parts() (runs, segments, dead int) {
	cat := e.view.cat
	for i := range cat.Segments {
		dead += cat.Segments[i].Dead
	}
	return len(cat.Runs), len(cat.Segments), dead
}
