package packed

// wide stands for the lengths that 6 bits cannot tell.
const wide = 63

// hide writes a number so that its length is hidden too.
func hide(w *bitWriter, v uint64) {
	n := lengthOf(v)
	if n >= wide {
		w.put(wide, 6)
		w.put(v, 64)
		return
	}
	w.put(uint64(n), 6)
	w.tail(v, n)
}

func unhide(r *bitReader) uint64 {
	n := uint(r.get(6))
	if n == wide {
		return r.get(64)
	}
	return r.tail(n)
}
