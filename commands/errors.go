package commands

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"outboundbot/reports"
)

// InputError is the asker's mistake: the reply shows the input with a caret under the fault and the nearest words.
type InputError struct {
	Input   string   // the text, as typed
	Off     int      // byte offset of the fault in Input
	Len     int      // bytes of the faulty word; 0 for a point
	Msg     string   // one sentence that says what to do, in the asker's language
	Suggest []string // the nearest words or names
	NotYet  bool     // what it names is not in the store, or its days have not begun: later it may be right
	Fixed   string   // the whole command corrected, or "" if there is no single best correction

	commands []string // for each of Suggest the whole command with it in place of the fault
	remarks  []string // what else the asker should know about the typing
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

// fault is a mistake between two offsets, with its sentence of the catalogue.
func (p *parser) fault(off, end int, id string, args ...reports.Args) *InputError {
	for _, a := range args {
		for k, v := range a {
			if s, ok := v.(string); ok {
				a[k] = visible(shorten(s, 80))
			}
		}
	}
	return &InputError{Input: p.text, Off: off, Len: end - off, Msg: p.lang.Say(id, args...)}
}

// replace offers replacements for the faulty part; if sure, the first of them is the correction.
func (p *parser) replace(e *InputError, sure bool, replacements ...string) *InputError {
	return p.offer(e, sure, replacements, replacements)
}

// offer is replace with other words shown than put in.
func (p *parser) offer(e *InputError, sure bool, shown, replacements []string) *InputError {
	for i, r := range replacements {
		fixed := p.text[p.lead:e.Off] + r + p.text[e.Off+e.Len:]
		if shown[i] != "" {
			e.Suggest = append(e.Suggest, shown[i])
			e.commands = append(e.commands, fixed)
		}
		if sure && i == 0 {
			e.Fixed = fixed
		}
	}
	return e
}

// visible shows what a chat would not: controls and direction marks stand as a dot.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r != ' ' && (isSpace(r) || unicode.IsControl(r) || (0x202A <= r && r <= 0x202E)) {
			return '·'
		}
		return r
	}, s)
}

// shorten cuts a text to n characters with an ellipsis.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
