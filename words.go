package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"outboundbot/commands"
)

// A filter that excludes begins with a dash, as flags do. It is carried past the flag parser behind this mark.
const dashed = "\x00"

var (
	exclusion = regexp.MustCompile(`^-[\pL_]+[:=]`)
	filter    = regexp.MustCompile(`^(-?[\pL_]+[:=])([^"].*\s.*)$`)
)

// protect marks the words of a command that look like flags.
func protect(args []string) []string {
	marked := make([]string, len(args))
	for i, a := range args {
		if exclusion.MatchString(a) {
			a = dashed + a
		}
		marked[i] = a
	}
	return marked
}

// sentenceOf joins the words of a command. The shell has taken the quotes off names with spaces; of several words,
// those that are a filter get them back.
func sentenceOf(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		a = strings.TrimPrefix(a, dashed)
		if m := filter.FindStringSubmatch(a); m != nil && len(args) > 1 {
			a = m[1] + commands.Quote(m[2])
		}
		words[i] = a
	}
	return strings.Join(words, " ")
}

// unknownCommand is the mistake of a word that is no command, with the nearest one.
func unknownCommand(root *cobra.Command, args []string) error {
	if _, _, err := root.Find(args); err == nil {
		return nil
	}
	var word string
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			word = a
			break
		}
	}
	hint := "outboundbot --help lists them"
	if near := root.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage{fmt.Errorf("%q is not a command; %s", word, hint)}
}
