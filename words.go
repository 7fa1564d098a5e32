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
	filter    = regexp.MustCompile(`^(-?[\pL_]+[:=])(.*\s.*)$`)
	value     = regexp.MustCompile(`^([!=*]*)(.*?)(\*?)$`)
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

// joined are the words of a command as the shell gave them.
func joined(args []string) string {
	return strings.ReplaceAll(strings.Join(args, " "), dashed, "")
}

// quoted are the words of a command with the quotes put back that the shell took off names with spaces:
// campaign:"Black Friday" arrives as one word. A single word is a whole command and stays as it is.
func quoted(args []string) string {
	if len(args) < 2 {
		return joined(args)
	}
	words := make([]string, len(args))
	for i, a := range args {
		a = strings.TrimPrefix(a, dashed)
		if m := filter.FindStringSubmatch(a); m != nil && !strings.ContainsAny(m[2], "\"“”«»'‘’:") {
			values := strings.Split(m[2], ",")
			for k, v := range values {
				if parts := value.FindStringSubmatch(strings.TrimSpace(v)); strings.Contains(parts[2], " ") {
					values[k] = parts[1] + commands.Quote(parts[2]) + parts[3]
				}
			}
			a = m[1] + strings.Join(values, ",")
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
	for i := 0; i < len(args) && word == ""; i++ {
		flag := root.PersistentFlags().Lookup(strings.TrimLeft(args[i], "-"))
		switch {
		case !strings.HasPrefix(args[i], "-"):
			word = args[i]
		case flag != nil && flag.NoOptDefVal == "": // its value follows
			i++
		}
	}
	hint := "outboundbot --help lists them"
	if near := root.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage{fmt.Errorf("%q is not a command; %s", word, hint)}
}
