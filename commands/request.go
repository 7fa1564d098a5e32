// Package commands turns words into a question and a result into a reply: the grammar and dates of CHAT 2, help,
// access, and files. One [Desk] serves every platform, digests, buttons and the command line alike.
package commands

import (
	"context"
	"time"

	"outboundbot/reports"
)

// Request is what somebody asked, the same for typed text, options, a button, a digest and the command line. It can
// be written down (JSON) and answered after a restart.
type Request struct {
	Platform string    `json:"platform"`         // name of the platform that brought it
	Tenant   string    `json:"tenant,omitempty"` // workspace or server
	Trigger  string    `json:"trigger"`          // unique id of the command, click or event: a retry has the same
	Place    Place     `json:"place"`
	User     string    `json:"user,omitempty"`     // the platform's id
	External bool      `json:"external,omitempty"` // a guest or somebody from another company
	Locale   string    `json:"locale,omitempty"`
	Text     string    `json:"text"`              // "summary channel:WA"; a leading /outbound is accepted
	Zone     string    `json:"zone,omitempty"`    // IANA zone of days and times, unless the text has tz:
	Format   string    `json:"format,omitempty"`  // of a file, unless the text has format:
	At       time.Time `json:"at"`                // the clock of the question
	Machine  bool      `json:"machine,omitempty"` // only the machine form is wanted: the reply has no card of an answer
	Local    bool      `json:"local,omitempty"`   // from the machine's own command line or console: sees contacts
}

// Place is where a reply goes.
type Place struct {
	ID      string `json:"id,omitempty"`      // channel or direct message
	Private bool   `json:"private,omitempty"` // only the asker reads it
	Respond string `json:"respond,omitempty"` // the platform's own address of this one question's answer
	User    string `json:"user,omitempty"`    // without ID and Respond: a direct message to this user
}

// Reply always exists: there is no silence on any path.
type Reply struct {
	Card    reports.Card
	File    *File           // nil for none; whoever delivers the reply closes it
	Private bool            // only the asker should see it
	Mark    string          // names this post, "" for none: a platform may write it into the message and find it again
	Empty   bool            // the question covered no send: a digest may be skipped
	Result  *reports.Result // for the machine form; nil for help and errors
	Err     error           // why there is no result: *InputError, ErrDenied, or ours
}

// Answer gives the reply to a request. It calls progress, if not nil, while long work is under way.
type Answer func(ctx context.Context, req Request, progress func(Reply)) Reply
