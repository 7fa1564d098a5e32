package discord

import (
	"fmt"
	"strings"

	"github.com/bwmarrin/discordgo"

	"outboundbot/reports"
)

// Colours of the bar beside a message. Meaning never hangs on them: notes carry their sign as well.
const (
	colourAnswer = 0x2E6FF2
	colourWrong  = 0xF0B232
	colourFault  = 0xDA373C
)

// clickPrefix tells the bot's own buttons.
const clickPrefix = "run:"

// texts are the parts of a card as markdown.
type texts struct {
	head, foot string
	body       []string
}

func (t texts) all() []string {
	var list []string
	for _, s := range append(append([]string{t.head}, t.body...), t.foot) {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// render draws a card with the newer components (CHAT 3, Looks). ids gives the id of the button of a command, "" for
// a button that cannot be offered.
func render(card reports.Card, ids func(command string) string) []discordgo.MessageComponent {
	rows, missing := buttons(card, ids)
	t := compose(card, maxText-100, missing)
	const bodies = 8 // text displays of the body, so that the buttons still find room
	if len(t.body) > bodies {
		t.body = append(t.body[:bodies-1:bodies-1], strings.Join(t.body[bodies-1:], "\n"))
	}
	colour := colourOf(card)
	box := discordgo.Container{AccentColor: &colour}
	add := func(text string) {
		if text != "" {
			box.Components = append(box.Components, discordgo.TextDisplay{Content: text})
		}
	}
	add(t.head)
	if t.head != "" && len(t.body) > 0 {
		box.Components = append(box.Components, discordgo.Separator{})
	}
	for _, text := range t.body {
		add(text)
	}
	box.Components = append(box.Components, rows...)
	add(t.foot)
	if len(box.Components) == len(rows) {
		add(orDone("", card))
	}
	return []discordgo.MessageComponent{box}
}

// embed draws a card as a classic embed with its buttons: the rung below render.
func embed(card reports.Card, ids func(command string) string) (*discordgo.MessageEmbed, []discordgo.MessageComponent) {
	rows, missing := buttons(card, ids)
	t := compose(card, maxDescription-100, missing)
	return &discordgo.MessageEmbed{Description: orDone(strings.Join(t.all(), "\n"), card), Color: colourOf(card)}, rows
}

// plain writes a card as the content of a message: the lowest rung.
func plain(card reports.Card) string {
	return orDone(strings.Join(compose(card, maxContent-100, 0).all(), "\n"), card)
}

func orDone(s string, card reports.Card) string {
	if s == "" {
		return languageOf(card).Say("discord.done")
	}
	return s
}

func languageOf(card reports.Card) *reports.Language {
	if card.Lang == nil {
		return reports.Languages()[0]
	}
	return card.Lang
}

func colourOf(card reports.Card) int {
	for _, b := range card.Blocks {
		if n, ok := b.(reports.Note); ok && n.Kind == reports.Wrong {
			return colourWrong
		} else if ok && n.Kind == reports.Fault {
			return colourFault
		}
	}
	return colourAnswer
}

// compose writes the parts of a card within most characters, a few for line breaks between them. What does not fit
// is counted, never dropped in silence; actions is how many buttons found no room.
func compose(card reports.Card, most, actions int) texts {
	l := languageOf(card)
	t := texts{head: headText(card), foot: footText(card, l)}
	spare := most - reports.Units(t.head) - reports.Units(t.foot) - 2*lineRoom // for two lines that say what is missing
	blocks := make([]block, 0, len(card.Blocks))
	report := card.Footer.DataTo != 0 // help has nothing that a file would show whole
	for _, b := range card.Blocks {
		if text := blockOf(b, report, l); text.least != "" {
			blocks = append(blocks, text)
		}
	}
	kept, missing := choose(blocks, &spare)
	tables := 0
	for _, b := range kept {
		if b.more != nil {
			tables++
		}
	}
	for _, b := range kept {
		text := b.least
		if b.more != nil {
			text = b.more(reports.Units(b.least) + spare/tables)
			spare -= reports.Units(text) - reports.Units(b.least)
			tables--
		}
		t.body = append(t.body, text)
	}
	if len(t.body) == 0 {
		if lead := escape(card.Lead, maxNote); lead != "" {
			t.body = append(t.body, lead)
		}
	}
	if missing > 0 {
		t.body = append(t.body, "-# "+l.Say("discord.more_parts", reports.Args{"N": missing}))
	}
	if actions > 0 {
		t.body = append(t.body, "-# "+l.Say("discord.more_actions", reports.Args{"N": actions}))
	}
	return t
}

// choose keeps the blocks whose least form fits: what cannot shrink first, then tables, each in order.
func choose(blocks []block, spare *int) (kept []block, missing int) {
	keep := make([]bool, len(blocks))
	for _, tables := range []bool{false, true} {
		for i, b := range blocks {
			if n := reports.Units(b.least) + 1; (b.more != nil) == tables && n <= *spare {
				keep[i] = true
				*spare -= n
			}
		}
	}
	for i, b := range blocks {
		if keep[i] {
			kept = append(kept, b)
		} else {
			missing++
		}
	}
	return kept, missing
}

func headText(card reports.Card) string {
	head := escape(card.Title, maxTitle)
	if head != "" {
		head = "## " + head
	}
	var scope []string
	for _, s := range card.Scope {
		if s = escape(s, maxScope); s != "" {
			scope = append(scope, s)
		}
	}
	if line := clippedScope(scope); line != "" {
		head = strings.TrimPrefix(head+"\n-# "+line, "\n")
	}
	return head
}

// clippedScope joins lines of the scope; it stops before the line that would be too much, and shows that it did.
func clippedScope(scope []string) string {
	line := ""
	for i, s := range scope {
		if i > 0 && reports.Units(line)+3+reports.Units(s) > maxScope+60 {
			return line + " · …"
		}
		line = strings.TrimPrefix(line+" · "+s, " · ")
	}
	return line
}

func footText(card reports.Card, l *reports.Language) string {
	var parts []string
	if command := inline(card.Footer.Command, maxCommand); command != "" {
		parts = append(parts, command)
	}
	if f := card.Footer; f.DataTo != 0 && f.Zone != nil {
		parts = append(parts, l.Say("card.footer", reports.Args{
			"Moment": l.Moment(f.DataTo, f.Zone), "Elapsed": fmt.Sprintf("%.2f", f.Elapsed.Seconds()),
		}))
	}
	if len(parts) == 0 {
		return ""
	}
	return "-# " + strings.Join(parts, " · ")
}

// blockOf is a block of a card as text; actions are drawn as buttons instead.
func blockOf(b reports.Block, report bool, l *reports.Language) block {
	switch b := b.(type) {
	case reports.Metrics:
		return block{least: metricsText(b)}
	case reports.Funnel:
		return block{least: funnelText(b, l)}
	case reports.Table:
		return tableBlock(b, report, l)
	case reports.Note:
		text := escape(b.Sign()+b.Text, maxNote)
		if text != "" && (b.Kind == reports.Info || b.Kind == reports.Warning) {
			text = "-# " + text
		}
		return block{least: text}
	case reports.Code:
		return block{least: codeText(b.Text)}
	default:
		return block{}
	}
}

// metricsText is two figures a line, and once what percentages are of.
func metricsText(m reports.Metrics) string {
	var b strings.Builder
	for i, f := range m.Items {
		if i > 0 {
			b.WriteString([]string{"\n", "   "}[i%2])
		}
		b.WriteString("**" + escape(f.Value, 60) + "** " + escape(f.Label, 60))
		if f.Share != "" {
			b.WriteString(" " + escape(f.Share, 40))
		}
	}
	if base := escape(m.Base, maxNote); base != "" && len(m.Items) > 0 {
		b.WriteString("\n-# " + base)
	}
	return b.String()
}

func codeText(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		lines[i] = indent + reports.Clean(line)
	}
	if text = fenced(strings.Join(lines, "\n")); strings.TrimSpace(text) == "" {
		return ""
	}
	return "```\n" + reports.Cut(text, maxCode) + "\n```"
}

// buttons draws the actions of a card in rows; missing is how many found no room or no id.
func buttons(card reports.Card, ids func(command string) string) (rows []discordgo.MessageComponent, missing int) {
	var all []discordgo.MessageComponent
	seen := map[string]int{}
	for _, b := range card.Blocks {
		actions, ok := b.(reports.Actions)
		if !ok {
			continue
		}
		for _, button := range actions.Buttons {
			id := ""
			if len(all) < maxButtons {
				id = ids(button.Command)
			}
			if id == "" {
				missing++
				continue
			}
			if seen[id]++; seen[id] > 1 { // custom ids of a message differ
				id += fmt.Sprintf(":%d", seen[id])
			}
			all = append(all, discordgo.Button{Label: labelOf(button), Style: styleOf(button), CustomID: clickPrefix + id})
		}
	}
	for len(all) > 0 {
		n := min(maxRow, len(all))
		rows = append(rows, discordgo.ActionsRow{Components: all[:n:n]})
		all = all[n:]
	}
	return rows, missing
}

func labelOf(b reports.Button) string {
	for _, s := range []string{b.Label, b.Command} {
		if s = reports.Cut(reports.Clean(s), maxLabel); s != "" {
			return s
		}
	}
	return "…"
}

func styleOf(b reports.Button) discordgo.ButtonStyle {
	if b.Primary {
		return discordgo.PrimaryButton
	}
	return discordgo.SecondaryButton
}
