package badger

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
