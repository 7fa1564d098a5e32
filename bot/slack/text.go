package slack

import (
	"strings"

	"outboundbot/reports"
)

// Names, tags and messages come from customers and producers, and must never mention, link or format. They go into
// plain_text, raw_text and rich_text, where nothing is parsed, or escaped into the few mrkdwn texts there are.

// escape makes text safe for mrkdwn: no mention, no link, no channel
// (docs.slack.dev/messaging/formatting-message-text, escaping text).
func escape(s string) string { return escapes.Replace(s) }

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// cutEscaped is escape of as much of s as fits; an escape is never cut in two.
func cutEscaped(s string, most int) string {
	for limit := most; ; limit -= max(1, (reports.Units(escape(reports.Cut(s, limit)))-most)/5) {
		if e := escape(reports.Cut(s, limit)); reports.Units(e) <= most || limit <= 1 {
			return e
		}
	}
}

// span is text for between backticks.
func span(s string) string { return strings.ReplaceAll(s, "`", "ˋ") }

// unlink keeps clients from making a link of an address in the top-level text, the only text where they would.
func unlink(s string) string { return strings.ReplaceAll(s, "://", ":\u200b//") }

// twinLength keeps what notifications and screen readers get to a few sentences.
const twinLength = 3_000

// twin says the card in a sentence, for notifications and screen readers.
func twin(card reports.Card) string {
	s := reports.Clean(card.Lead)
	if s == "" {
		s = reports.Clean(card.Title)
	}
	if s == "" {
		s = reports.Clean(card.Footer.Command)
	}
	if s == "" {
		return "…"
	}
	return cutEscaped(unlink(s), twinLength)
}

// plainLength is how much text a message of text alone may have; above it Slack splits messages in two
// (docs.slack.dev/reference/methods/chat.postMessage, truncating content: 4,000 recommended).
const plainLength = 4_000

// plain is the last look of a card: its text in a fixed font, whole lines as far as they fit.
func plain(card reports.Card) string {
	const fence = "```"
	lines := strings.Split(strings.ReplaceAll(reports.CleanLines(card.Text()), "`", "ˋ"), "\n")
	room := plainLength - 2*len(fence) - 2 - reports.Units(more(card, len(lines))) - 1
	var b strings.Builder
	for i, line := range lines {
		safe := cutEscaped(unlink(line), maxSection)
		if room -= reports.Units(safe) + 1; room < 0 {
			b.WriteString(more(card, len(lines)-i) + "\n")
			break
		}
		b.WriteString(safe + "\n")
	}
	return fence + "\n" + b.String() + fence
}

// more says how many lines were left out.
func more(card reports.Card, n int) string {
	return language(card).Say("slack.more_lines", reports.Args{"N": n})
}

func language(card reports.Card) *reports.Language {
	if card.Lang == nil {
		return reports.Languages()[0]
	}
	return card.Lang
}
