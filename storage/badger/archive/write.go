package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/zstd"
)

// Write writes a backup of what a transaction sees. The store goes on meanwhile; memory is that of a few frames.
// Badger's iterators end without an error at a block that they cannot read, so the caller asks [Sound] first.
func Write(ctx context.Context, w io.Writer, txn *badger.Txn, info Info) (Contents, error) {
	out, err := newWriter(w, info)
	if err != nil {
		return Contents{}, err
	}
	err = Each(ctx, txn, out.add)
	if err == nil {
		err = out.end()
	}
	if err != nil {
		return Contents{}, fmt.Errorf("writing the backup: %w", err)
	}
	return out.tally.contents(), nil
}

// Each gives every entry that a transaction sees, in order of the keys. An entry is valid until use returns.
func Each(ctx context.Context, txn *badger.Txn, use func(Entry) error) error {
	return each(ctx, txn, false, use)
}

// each is Each; with all, what has expired and older versions come too.
func each(ctx context.Context, txn *badger.Txn, all bool, use func(Entry) error) error {
	opts := badger.DefaultIteratorOptions
	opts.PrefetchValues = false // they stand with their keys
	opts.AllVersions = all
	it := txn.NewIterator(opts)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		item := it.Item()
		err := item.Value(func(v []byte) error {
			return use(Entry{Key: item.Key(), Value: v, Version: item.Version(), Expires: item.ExpiresAt(), User: item.UserMeta()})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tally sums up entries.
type tally struct {
	entries, bytes uint64
	digest         hash.Hash
}

func newTally() tally { return tally{digest: sha256.New()} }

// frame adds the raw content of a frame.
func (t *tally) frame(entries uint32, raw []byte) {
	t.entries += uint64(entries)
	t.bytes += uint64(len(raw))
	t.digest.Write(raw)
}

func (t *tally) contents() Contents {
	return Contents{t.entries, t.bytes, [32]byte(t.digest.Sum(nil))}
}

// writer cuts entries into frames.
type writer struct {
	to      io.Writer
	zip     *zstd.Encoder
	raw     []byte
	packed  []byte
	entries uint32 // in raw
	frames  uint32
	tally   tally
}

func newWriter(to io.Writer, info Info) (*writer, error) {
	head, err := encodeInfo(info)
	if err != nil {
		return nil, err
	}
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	if _, err := to.Write(head); err != nil {
		return nil, err
	}
	return &writer{to: to, zip: zip, tally: newTally()}, nil
}

func (w *writer) add(e Entry) error {
	w.raw = appendEntry(w.raw, e)
	w.entries++
	if len(w.raw) < frameSize {
		return nil
	}
	return w.flush()
}

// flush writes the frame that was collected. What does not get smaller is stored as it is: most values are packed
// already.
func (w *writer) flush() error {
	if w.entries == 0 {
		return nil
	}
	w.packed = w.zip.EncodeAll(w.raw, w.packed[:0])
	content, packed := w.packed, byte(1)
	if len(w.packed) > len(w.raw)-len(w.raw)/32 {
		content, packed = w.raw, 0
	}
	head := make([]byte, 0, frameHeader+4)
	head = append(head, frameMark)
	for _, n := range []uint32{w.frames, w.entries, uint32(len(w.raw)), uint32(len(content))} {
		head = binary.LittleEndian.AppendUint32(head, n)
	}
	head = append(head, packed)
	head = binary.LittleEndian.AppendUint32(head, sum(head, content))
	if _, err := w.to.Write(head); err != nil {
		return err
	}
	if _, err := w.to.Write(content); err != nil {
		return err
	}
	w.tally.frame(w.entries, w.raw)
	w.raw, w.entries = w.raw[:0], 0
	w.frames++
	return nil
}

// end writes the rest and the end.
func (w *writer) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	c := w.tally.contents()
	end := make([]byte, 0, endHeader+4)
	end = append(end, endMark)
	end = binary.LittleEndian.AppendUint32(end, w.frames)
	end = binary.LittleEndian.AppendUint64(end, c.Entries)
	end = binary.LittleEndian.AppendUint64(end, c.Bytes)
	end = append(end, c.Digest[:]...)
	end = binary.LittleEndian.AppendUint32(end, sum(end))
	_, err := w.to.Write(end)
	return err
}
