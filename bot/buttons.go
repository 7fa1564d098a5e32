package bot

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"outboundbot/storage"
)

// buttonLife is how long a button works after it was last shown (CHAT 3).
const buttonLife = 30 * 24 * time.Hour

// Buttons keeps what buttons do in State for 30 days under an id of 8 characters, since platforms bound how much a
// button may carry (CHAT 3).
type Buttons struct{ State storage.State }

// Remember stores a command and returns the button's id; the same command gets the same id.
func (b Buttons) Remember(ctx context.Context, command string) (id string, err error) {
	for _, id := range buttonIDs(command) {
		known, err := b.State.Get(ctx, buttonKey(id))
		switch {
		case err == nil && string(known.Data) != command: // 40 bits that two commands share
			continue
		case err != nil && !errors.Is(err, storage.ErrNoValue):
			return "", err
		}
		err = b.State.Put(ctx, buttonKey(id), []byte(command), buttonLife, known.Version)
		if !errors.Is(err, storage.ErrVersion) {
			return id, err
		}
		// Somebody wrote it meanwhile: nearly always the same command.
		if known, err = b.State.Get(ctx, buttonKey(id)); err == nil && string(known.Data) == command {
			return id, nil
		}
	}
	return "", fmt.Errorf("no free button id for %d bytes of command", len(command))
}

// Recall returns the command of a button, or storage.ErrNoValue when it is gone.
func (b Buttons) Recall(ctx context.Context, id string) (command string, err error) {
	v, err := b.State.Get(ctx, buttonKey(id))
	return string(v.Data), err
}

// buttonIDs are the ids a command may have, in the order they are tried: the consecutive 40-bit pieces of its hash.
func buttonIDs(command string) []string {
	sum := sha256.Sum256([]byte(command))
	text := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:30]))
	var ids []string
	for ; len(text) >= 8; text = text[8:] {
		ids = append(ids, text[:8])
	}
	return ids
}

func buttonKey(id string) string { return "button/" + id }
