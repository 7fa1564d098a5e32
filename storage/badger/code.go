package badger

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

func appendUvarint(b []byte, u uint64) []byte { return binary.AppendUvarint(b, u) }

func uvarint(b []byte) (uint64, int) { return binary.Uvarint(b) }

func zigzag(n int64) uint64 { return uint64(n<<1) ^ uint64(n>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

var (
	squeezer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(false))
	unsqueezer, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
)

// squeeze compresses a value.
func squeeze(b []byte) []byte { return squeezer.EncodeAll(b, nil) }

// unsqueeze gives back what was compressed, at most so many bytes.
func unsqueeze(b []byte, most int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(b); err != nil || h.FrameContentSize > uint64(most) {
		return nil, fmt.Errorf("a damaged record: %v", err)
	}
	out, err := unsqueezer.DecodeAll(b, make([]byte, 0, h.FrameContentSize))
	if err != nil {
		return nil, fmt.Errorf("a damaged record: %w", err)
	}
	return out, nil
}
