package commands

import (
	"errors"
	"fmt"
)

// InputError is the asker's mistake: the reply shows the input with a caret under the fault and the nearest words.
type InputError struct {
	Input   string   // the text, as typed
	Off     int      // byte offset of the fault in Input
	Len     int      // bytes of the faulty word; 0 for a point
	Msg     string   // one sentence that says what to do, in the asker's language
	Suggest []string // the nearest words or names
	Fixed   string   // the whole command corrected, or "" if there is no single best correction
}

func (e *InputError) Error() string { return e.Msg }

// ErrDenied: the asker may not have this.
var ErrDenied = errors.New("not allowed")

// InternalError is our fault. The reply shows ID; the log has the rest.
type InternalError struct {
	ID  string
	Err error
}

func (e *InternalError) Error() string { return fmt.Sprintf("internal error %s: %v", e.ID, e.Err) }
func (e *InternalError) Unwrap() error { return e.Err }
