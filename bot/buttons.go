package bot

import (
	"context"

	"outboundbot/storage"
)

// Buttons keeps what buttons do in State for 30 days under an id of 8 characters, since platforms bound how much a
// button may carry (CHAT 3).
type Buttons struct{ State storage.State }

// Remember stores a command and returns the button's id; the same command gets the same id.
func (b Buttons) Remember(ctx context.Context, command string) (id string, err error) {
	panic("written by the bot room")
}

// Recall returns the command of a button, or storage.ErrNoValue when it is gone.
func (b Buttons) Recall(ctx context.Context, id string) (command string, err error) {
	panic("written by the bot room")
}
