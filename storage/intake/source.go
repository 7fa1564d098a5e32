package intake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"outboundbot/storage"
)

// Source is somebody who posts events to /intake/NAME.
type Source struct {
	Name    string
	Kind    string         // one of Kinds
	Secret  storage.Secret // without one the source refuses everything
	Secret2 storage.Secret // accepted too, so that secrets can be changed without losing an event
	Lines   []string       // the only lines it may write about; none for all
}

// Kind is a way of posting events.
type Kind struct {
	Name  string
	Ready bool // false: a word of the configuration that this version cannot receive
}

// Kinds lists the words that the configuration may use.
func Kinds() []Kind {
	list := make([]Kind, len(kinds))
	for i, k := range kinds {
		list[i] = Kind{k.name, k.signed != nil}
	}
	return list
}

// kind says how the requests of a kind are checked and read.
type kind struct {
	name   string
	format Format
	// signed returns why a request is not one of a sender who knows one of the secrets.
	signed func(h http.Header, body []byte, secrets []storage.Secret, now time.Time) error
}

var kinds = []kind{
	{"native", Native, signedNative},
	{"whatsapp", WhatsApp, signedMeta},
	{name: "messenger"},
	{name: "twilio"},
	{name: "cloudevents"},
}

func kindNamed(name string) kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{name: name}
	}
	return kinds[i]
}

func (s *Source) secrets() []storage.Secret {
	return slices.DeleteFunc([]storage.Secret{s.Secret, s.Secret2}, func(s storage.Secret) bool { return s == "" })
}

// bind refuses an event about a line that is not the source's. One that names no line gets the source's, if it has
// just one.
func (s *Source) bind(e *storage.Event) error {
	switch {
	case len(s.Lines) == 0:
		return nil
	case e.Line == "" && len(s.Lines) == 1:
		e.Line = s.Lines[0]
		return nil
	case e.Line == "":
		return fmt.Errorf("source %s must name the line of each event: one of %s", s.Name, strings.Join(s.Lines, ", "))
	}
	for _, line := range s.Lines {
		if storage.Digits(line) == storage.Digits(e.Line) {
			return nil
		}
	}
	return fmt.Errorf("source %s may not write about line %.40q, only about %s", s.Name, e.Line, strings.Join(s.Lines, ", "))
}
