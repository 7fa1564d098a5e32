package commands

import (
	"strings"
	"testing"

	"outboundbot/reports"
)

// TestLaterVerbs: a verb of a later version is told apart from a mistake, and none is of this one already.
func TestLaterVerbs(t *testing.T) {
	d := desk(t)
	for _, verb := range later {
		if _, ok := reports.Named(verb); ok {
			t.Errorf("%s is there: take it off the list", verb)
		}
		reply := d.Answer(t.Context(), ask(verb+" campaign:Cyber"), nil)
		if reply.Err != nil && !strings.Contains(reply.Err.Error(), "later version") {
			t.Errorf("%s: %v", verb, reply.Err)
		}
	}
	for _, verb := range []string{"heatmap", "trend", "digest list"} {
		if reply := d.Answer(t.Context(), ask(verb), nil); reply.Err == nil || !strings.Contains(reply.Err.Error(), "later version") {
			t.Errorf("%s: %v", verb, reply.Err)
		}
	}
}
