package commands

import (
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"outboundbot/reports"
)

// window is how many columns of a long input are shown around a fault.
const window = 72

// caret shows the line of the input that has the fault, and below it carets under the fault: as wide as the text is
// on screen, so that wide characters push the caret along.
func (e *InputError) caret() string {
	off := min(max(e.Off, 0), len(e.Input))
	end := min(off+max(e.Len, 0), len(e.Input))
	from := strings.LastIndexAny(e.Input[:off], "\r\n") + 1
	to := len(e.Input)
	if i := strings.IndexAny(e.Input[off:], "\r\n"); i >= 0 {
		to = off + i
	}
	end = min(end, to)
	before, fault, after := visible(e.Input[from:off]), visible(e.Input[off:end]), visible(e.Input[end:to])
	fault = runewidth.Truncate(fault, window/2, "…")
	if room := window - runewidth.StringWidth(fault) - min(runewidth.StringWidth(after), window/4); runewidth.StringWidth(before) > room {
		before = "…" + lastColumns(before, room-1)
	}
	after = runewidth.Truncate(after, max(window-runewidth.StringWidth(before+fault), 1), "…")
	line := strings.TrimRight(before+fault+after, " ")
	return line + "\n" + strings.Repeat(" ", runewidth.StringWidth(before)) + strings.Repeat("^", max(runewidth.StringWidth(fault), 1))
}

// lastColumns is the end of a text, of at most n columns.
func lastColumns(s string, n int) string {
	if r := []rune(s); len(r) > 4*window { // most runes are a column or two wide: do not measure a long text again and again
		s = string(r[len(r)-4*window:])
	}
	for runewidth.StringWidth(s) > n && s != "" {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}

// card shows a mistake: the sentence, the input with a caret, the nearest words, and buttons that run a corrected
// command or explain.
func (e *InputError) card(lang *reports.Language) reports.Card {
	card := reports.Card{
		Title: lang.Say("commands.wrong.title"), Lead: e.Msg, Lang: lang,
		Blocks: []reports.Block{reports.Note{Kind: reports.Wrong, Text: e.Msg}},
	}
	if strings.TrimFunc(e.Input, isSpace) != "" {
		card.Blocks = append(card.Blocks, reports.Code{Text: e.caret()})
	}
	for _, remark := range e.remarks {
		card.Blocks = append(card.Blocks, reports.Note{Kind: reports.Warning, Text: remark})
	}
	var actions reports.Actions
	if e.Fixed != "" {
		actions.Buttons = append(actions.Buttons, reports.Button{Label: lang.Say("commands.run_corrected"), Command: e.Fixed, Primary: true})
	}
	if len(e.Suggest) > 0 {
		card.Blocks = append(card.Blocks, reports.Note{Text: lang.Say("commands.nearest", reports.Args{"Words": visible(strings.Join(e.Suggest, " · "))})})
	}
	if e.Fixed != "" {
		card.Blocks = append(card.Blocks, reports.Note{Text: lang.Say("commands.corrected", reports.Args{"Command": botName + visible(shorten(e.Fixed, 300))})})
	}
	for i, command := range e.commands {
		if command != "" && command != e.Fixed {
			actions.Buttons = append(actions.Buttons, reports.Button{Label: visible(shorten(e.Suggest[i], 40)), Command: command})
		}
	}
	actions.Buttons = append(actions.Buttons, reports.Button{Label: lang.Say("verb.help"), Command: verbHelp})
	card.Blocks = append(card.Blocks, actions)
	return card
}
