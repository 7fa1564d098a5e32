package badger

import "context"

// Merge merges until nothing is due; with all, everything into one run and as few segments as may be.
func (e *Engine) Merge(ctx context.Context, all bool) error {
	for {
		if merged, err := e.mergeSome(ctx, all); !merged || err != nil {
			return err
		}
	}
}

// Flatten compacts all tables of the database into one level.
func (e *Engine) Flatten() error { return e.db.Flatten(1) }

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

// Parts are how many runs and segments there are, and how many rows of them were replaced.
func (e *Engine) Parts() (runs, segments, dead int) {
	cat := e.view.cat
	for i := range cat.Segments {
		dead += cat.Segments[i].Dead
	}
	return len(cat.Runs), len(cat.Segments), dead
}
