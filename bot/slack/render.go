package slack

import (
	"fmt"
	"strings"

	slackapi "github.com/slack-go/slack"

	"outboundbot/reports"
)

// render is the card in blocks: header, scope, the card's parts in their order, footer. ids gives the id of a
// button's command, or "" to leave the button out; notes stand above the footer. Nothing is lost in silence: what
// does not fit is counted.
func render(card reports.Card, ids func(command string) string, notes ...slackapi.Block) []slackapi.Block {
	return newPage(card, ids, true, notes).blocks(card)
}

// renderMonospace is render without the native table, for workspaces that refuse it.
func renderMonospace(card reports.Card, ids func(command string) string, notes ...slackapi.Block) []slackapi.Block {
	return newPage(card, ids, false, notes).blocks(card)
}

// page is a message under construction.
type page struct {
	lang    *reports.Language
	ids     func(string) string
	native  bool             // a native table may still be used
	buttons int              // so far, for their action_ids
	head    []slackapi.Block // title and scope
	body    []slackapi.Block
	foot    []slackapi.Block // notes of the platform and the footer
	room    room             // left for the body
	left    int              // parts that did not fit
}

// room is what a message can still take.
type room struct{ blocks, characters int }

// moreRoom is kept free for the line that counts what did not fit.
const moreRoom = 300

func newPage(card reports.Card, ids func(string) string, native bool, notes []slackapi.Block) *page {
	p := &page{lang: language(card), ids: ids, native: native}
	if title := reports.Clean(card.Title); title != "" {
		p.head = append(p.head, slackapi.NewHeaderBlock(plainText(reports.Cut(title, maxHeader))))
	}
	if scope := reports.Clean(strings.Join(card.Scope, " · ")); scope != "" {
		p.head = append(p.head, smallPrint(plainText(reports.Cut(scope, maxContextText))))
	}
	p.foot = append(p.foot, notes...)
	if footer := footer(card); footer != "" {
		p.foot = append(p.foot, smallPrint(markdown(footer)))
	}
	p.room = room{maxBlocks - 1, maxCharacters - moreRoom}
	p.room.take(p.head)
	p.room.take(p.foot)
	return p
}

func (r *room) take(blocks []slackapi.Block) {
	r.blocks -= len(blocks)
	r.characters -= measure(blocks)
}

func (r room) fits(blocks []slackapi.Block) bool {
	return len(blocks) <= r.blocks && measure(blocks) <= r.characters
}

// measure counts the characters of blocks as the limit of a message does.
func measure(blocks []slackapi.Block) int {
	v := validator{where: " "}
	for _, b := range blocks {
		v.block(b)
	}
	return v.characters
}

// blocks renders the card. Buttons have their room first, then everything of a known size, then tables share what is
// left, each with as many rows as its part takes.
func (p *page) blocks(card reports.Card) []slackapi.Block {
	fixed := make([][]slackapi.Block, len(card.Blocks))
	place := func(i int, blocks []slackapi.Block) {
		if !p.room.fits(blocks) {
			p.left++
			return
		}
		p.room.take(blocks)
		fixed[i] = blocks
	}
	tables := 0
	for i, b := range card.Blocks {
		switch b := b.(type) {
		case reports.Actions:
			place(i, p.actions(b))
		case reports.Table:
			tables++
		}
	}
	keep := tables * tableLeast // so that each table can at least say what it has
	p.room.characters -= keep
	for i, b := range card.Blocks {
		switch b.(type) {
		case reports.Actions, reports.Table:
		default:
			place(i, p.part(b))
		}
	}
	p.room.characters += keep
	for i, b := range card.Blocks {
		if t, ok := b.(reports.Table); ok {
			place(i, p.table(t, room{p.room.blocks, p.room.characters / tables}))
			tables--
		}
	}
	for _, blocks := range fixed {
		p.body = append(p.body, blocks...)
	}
	if p.left > 0 {
		p.body = append(p.body, smallPrint(plainText(p.lang.Say("slack.more_parts", reports.Args{"N": p.left}))))
	}
	return append(append(p.head, p.body...), p.foot...)
}

// part renders a part of the card whose size is its own; a text that is too long says so by its ellipsis.
func (p *page) part(b reports.Block) []slackapi.Block {
	switch b := b.(type) {
	case reports.Metrics:
		return p.metrics(b)
	case reports.Funnel:
		return []slackapi.Block{preformatted(reports.Clean(b.Title), b.Text(p.lang, funnelBar), "")}
	case reports.Note:
		return note(b)
	case reports.Code:
		return []slackapi.Block{preformatted("", reports.CleanLines(b.Text), "")}
	default:
		return nil
	}
}

const (
	funnelBar   = 20 // columns
	figureLabel = 200
	figureValue = 200
)

// metrics are tiles, ten to a section, and once what their percentages are of.
func (p *page) metrics(m reports.Metrics) []slackapi.Block {
	var blocks []slackapi.Block
	var fields []*slackapi.TextBlockObject
	for i, f := range m.Items {
		value := reports.Clean(f.Value)
		if share := reports.Clean(f.Share); share != "" {
			value = strings.TrimSpace(value + " · " + share)
		}
		fields = append(fields, markdown("*"+cutEscaped(reports.Clean(f.Label), figureLabel)+"*\n"+cutEscaped(value, figureValue)))
		if len(fields) == maxFields || i == len(m.Items)-1 {
			blocks = append(blocks, slackapi.NewSectionBlock(nil, fields, nil))
			fields = nil
		}
	}
	if base := reports.Clean(m.Base); base != "" && len(m.Items) > 0 {
		blocks = append(blocks, smallPrint(plainText(reports.Cut(base, maxContextText))))
	}
	return blocks
}

// note is small print, but a section when it is the answer itself.
func note(n reports.Note) []slackapi.Block {
	text := reports.Clean(n.Sign() + n.Text)
	switch {
	case reports.Clean(n.Text) == "":
		return nil
	case n.Kind == reports.Wrong || n.Kind == reports.Fault:
		return []slackapi.Block{slackapi.NewSectionBlock(plainText(reports.Cut(text, maxSection)), nil, nil)}
	default:
		return []slackapi.Block{smallPrint(plainText(reports.Cut(text, maxContextText)))}
	}
}

// actions are buttons, 25 to a block.
func (p *page) actions(a reports.Actions) []slackapi.Block {
	var blocks []slackapi.Block
	var row []slackapi.BlockElement
	for _, b := range a.Buttons {
		id, label := p.ids(b.Command), reports.Clean(b.Label)
		if id == "" || label == "" {
			continue
		}
		p.buttons++
		button := slackapi.NewButtonBlockElement(fmt.Sprintf("run-%d", p.buttons), id, plainText(reports.Cut(label, maxButtonText)))
		if b.Primary {
			button.Style = slackapi.StylePrimary
		}
		if row = append(row, button); len(row) == maxElements {
			blocks, row = append(blocks, slackapi.NewActionBlock("", row...)), nil
		}
	}
	if len(row) > 0 {
		blocks = append(blocks, slackapi.NewActionBlock("", row...))
	}
	return blocks
}

// footer is the canonical command between backticks, ready to be copied, and how fresh the answer is.
func footer(card reports.Card) string {
	command := reports.Clean(card.Footer.Command)
	rest := card
	rest.Footer.Command = ""
	parts := make([]string, 0, 2)
	if command != "" {
		parts = append(parts, "`"+cutEscaped(span(command), maxContextText-200)+"`")
	}
	if fresh := reports.Clean(rest.FooterText()); fresh != "" {
		parts = append(parts, escape(reports.Cut(fresh, 100)))
	}
	return strings.Join(parts, " · ")
}

func plainText(s string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, s, false, false)
}

// markdown is mrkdwn that is verbatim: Slack makes no links and no mentions of words in it.
func markdown(s string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.MarkdownType, s, false, true)
}

func smallPrint(text *slackapi.TextBlockObject) slackapi.Block {
	return slackapi.NewContextBlock("", text)
}

// preformatted is text in a fixed font between a bold title and a closing line, both optional.
func preformatted(title, text, below string) slackapi.Block {
	var elements []slackapi.RichTextElement
	text = strings.TrimRight(text, "\n ")
	title, below = reports.Cut(title, maxHeader), reports.Cut(below, maxHeader)
	if title != "" {
		elements = append(elements, bold(title))
	}
	if text = reports.Cut(text, maxRichText-reports.Units(title)-reports.Units(below)); text != "" {
		elements = append(elements, &slackapi.RichTextPreformatted{
			Type: slackapi.RTEPreformatted, Elements: []slackapi.RichTextSectionElement{slackapi.NewRichTextSectionTextElement(text, nil)},
		})
	}
	if below != "" {
		elements = append(elements, slackapi.NewRichTextSection(slackapi.NewRichTextSectionTextElement(below, nil)))
	}
	return slackapi.NewRichTextBlock("", elements...)
}

func bold(s string) slackapi.RichTextElement {
	return slackapi.NewRichTextSection(slackapi.NewRichTextSectionTextElement(s, &slackapi.RichTextSectionTextStyle{Bold: true}))
}
