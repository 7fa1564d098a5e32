package badger

import (
	"context"
	"slices"

	"outboundbot/storage/badger/packed"
)

// mergeRuns makes one run of several neighbours. Components that were merged since come together in it.
func (e *Engine) mergeRuns(ctx context.Context, all bool) (bool, error) {
	v, done, err := e.look()
	if err != nil {
		return false, nil // closed
	}
	defer done()
	sizes := make([]int, len(v.runs))
	for i, r := range v.runs {
		sizes[i] = r.entry.Events
	}
	from, to, ok := crowded(sizes)
	if all {
		from, to, ok = 0, len(v.runs), len(v.runs) > 1
	}
	if !ok {
		return false, nil
	}
	old := v.runs[from:to]
	id := e.reserve(ofBlock)
	w := e.newRun(id, e.persons)
	w.tokens = nil
	p := &pen{e: e}
	w.write = p.write
	for _, r := range old {
		w.moved = append(w.moved, r.moved...)
	}
	if from == 0 && to == len(v.runs) {
		w.moved = nil // nothing stands under the old numbers any more
	}
	if err := e.weave(ctx, v, old, w); err != nil {
		return false, err
	}
	r, err := w.finish(p.write)
	if err == nil {
		err = p.flush()
	}
	if err != nil {
		return false, err
	}
	return true, e.swapRuns(ctx, old, r)
}

// weave writes the bundles of runs in order of their components.
func (e *Engine) weave(ctx context.Context, v *view, old []*run, w *runWriter) error {
	components, err := e.componentsIn(v, old)
	if err != nil {
		return err
	}
	var tokens []uint64
	for i, component := range components {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		src, err := e.gather(old, v.members, component)
		if err != nil {
			return err
		}
		b := packed.Bundle{Component: component, Persons: src.persons, Events: src.events}
		if err := w.add(b); err != nil {
			return err
		}
		tokens = tokens[:0]
		for i := range b.Events {
			tokens = e.tokens(tokens, &b.Events[i])
		}
		slices.Sort(tokens)
		for _, t := range slices.Compact(tokens) {
			w.name(t, component)
		}
		for _, p := range b.Persons {
			channel, contact, err := e.persons.Contact(p)
			if err != nil {
				return err
			}
			w.name(e.tokenHash(e.tokenOf(channel, contact)), component)
		}
	}
	return nil
}

// componentsIn lists the components of runs, those merged into others as their leaders, in order.
func (e *Engine) componentsIn(v *view, runs []*run) ([]uint32, error) {
	var all []uint32
	for _, r := range runs {
		for _, at := range r.starts {
			block, err := e.openBlock(r, at)
			if err != nil {
				return nil, err
			}
			for _, c := range block.Components() {
				all = append(all, v.members.of(c))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// swapRuns puts a run into the place of those it was made of.
func (e *Engine) swapRuns(ctx context.Context, old []*run, r *run) error {
	release, err := e.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	v := e.view
	cat := v.cat.clone()
	at := slices.Index(v.runs, old[0])
	cat.Runs = slices.Replace(cat.Runs, at, at+len(old), r.entry)
	next := &view{cat: cat, runs: slices.Replace(slices.Clone(v.runs), at, at+len(old), r), parts: v.parts, firsts: v.firsts, blocks: v.blocks}
	next.members = join(next.runs)
	var retired []part
	for _, o := range old {
		retired = append(retired, part{Kind: ofBlock, ID: o.entry.ID})
	}
	return e.exchange(&pen{e: e}, next, retired)
}
