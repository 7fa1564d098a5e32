package slack

import (
	"errors"
	"fmt"

	slackapi "github.com/slack-go/slack"

	"outboundbot/reports"
)

// Limits of a message, each with the page that states it and the day it was read. Lengths count UTF-16 units, which
// is never less than what Slack counts.
const (
	maxBlocks      = 50     // docs.slack.dev/reference/block-kit/blocks, 2026-11-21
	maxCharacters  = 13_000 // of all texts in blocks; msg_blocks_too_long from about 13,200: github.com/slackapi/bolt-js/issues/2509, 2026-11-21
	maxText        = 40_000 // docs.slack.dev/reference/methods/chat.postMessage, truncating content, 2026-11-21
	maxHeader      = 150    // docs.slack.dev/reference/block-kit/blocks/header-block, 2026-11-21
	maxSection     = 3_000  // docs.slack.dev/reference/block-kit/blocks/section-block, 2026-11-21
	maxFields      = 10     // the same
	maxField       = 2_000  // the same
	maxContext     = 10     // elements; docs.slack.dev/reference/block-kit/blocks/context-block, 2026-11-21
	maxContextText = 2_000  // ours: the page gives none for a text in a context
	maxRichText    = 3_000  // ours: docs.slack.dev/reference/block-kit/blocks/rich-text-block gives none; as in a section
	maxElements    = 25     // docs.slack.dev/reference/block-kit/blocks/actions-block, 2026-11-21
	maxButtonText  = 75     // docs.slack.dev/reference/block-kit/block-elements/button-element, 2026-11-21
	maxButtonValue = 2_000  // the same
	maxActionID    = 255    // the same
	maxTables      = 1      // docs.slack.dev/reference/block-kit/blocks/table-block, 2026-11-21
	maxTableRows   = 100    // the same
	maxColumns     = 20     // the same
	maxTableCells  = 10_000 // characters of all cells; the same
)

// validate says which limit a message breaks, or nil.
func validate(m message) error {
	var v validator
	v.length("text", m.text, 1, maxText)
	v.most("blocks", len(m.blocks), maxBlocks)
	for i, b := range m.blocks {
		v.where = fmt.Sprintf("block %d (%s): ", i, b.BlockType())
		v.block(b)
	}
	v.where = ""
	v.most("characters", v.characters, maxCharacters)
	v.most("tables", v.tables, maxTables)
	return errors.Join(v.faults...)
}

type validator struct {
	where      string
	characters int
	tables     int
	actions    map[string]bool
	faults     []error
}

func (v *validator) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Errorf("%s"+format, append([]any{v.where}, args...)...))
}

func (v *validator) most(what string, n, limit int) {
	if n > limit {
		v.fault("%d %s, at most %d", n, what, limit)
	}
}

func (v *validator) length(what, s string, least, most int) {
	n := reports.Units(s)
	if v.where != "" {
		v.characters += n
	}
	if n < least || n > most {
		v.fault("%s of %d characters, from %d to %d", what, n, least, most)
	}
}

func (v *validator) block(b slackapi.Block) {
	switch b := b.(type) {
	case *slackapi.HeaderBlock:
		v.length("header", b.Text.Text, 1, maxHeader)
	case *slackapi.SectionBlock:
		if b.Text != nil {
			v.length("text", b.Text.Text, 1, maxSection)
		}
		v.most("fields", len(b.Fields), maxFields)
		for _, f := range b.Fields {
			v.length("field", f.Text, 1, maxField)
		}
		if b.Text == nil && len(b.Fields) == 0 {
			v.fault("neither text nor fields")
		}
	case *slackapi.ContextBlock:
		v.most("elements", len(b.ContextElements.Elements), maxContext)
		for _, e := range b.ContextElements.Elements {
			if t, ok := e.(*slackapi.TextBlockObject); ok {
				v.length("text", t.Text, 1, maxContextText)
			}
		}
	case *slackapi.ActionBlock:
		v.buttons(b.Elements.ElementSet)
	case *slackapi.RichTextBlock:
		v.richText(b)
	case *slackapi.TableBlock:
		v.table(b)
	default:
		v.fault("a kind that is not rendered here")
	}
}

func (v *validator) buttons(set []slackapi.BlockElement) {
	v.most("elements", len(set), maxElements)
	if v.actions == nil {
		v.actions = map[string]bool{}
	}
	for _, e := range set {
		b, ok := e.(*slackapi.ButtonBlockElement)
		if !ok {
			v.fault("an element that is no button")
			continue
		}
		v.length("button", b.Text.Text, 1, maxButtonText)
		v.most("characters of value", reports.Units(b.Value), maxButtonValue)
		v.most("characters of action_id", reports.Units(b.ActionID), maxActionID)
		if v.actions[b.ActionID] {
			v.fault("action_id %q twice", b.ActionID)
		}
		v.actions[b.ActionID] = true
	}
}

func (v *validator) richText(b *slackapi.RichTextBlock) {
	before := v.characters
	for _, e := range b.Elements {
		var parts []slackapi.RichTextSectionElement
		switch e := e.(type) {
		case *slackapi.RichTextSection:
			parts = e.Elements
		case *slackapi.RichTextPreformatted:
			parts = e.Elements
		default:
			v.fault("an element that is not rendered here")
		}
		for _, part := range parts {
			text, ok := part.(*slackapi.RichTextSectionTextElement)
			if !ok {
				v.fault("an element that is no text")
				continue
			}
			v.length("text", text.Text, 1, maxRichText)
		}
	}
	v.most("characters", v.characters-before, maxRichText)
}

func (v *validator) table(b *slackapi.TableBlock) {
	v.tables++
	v.most("rows", len(b.Rows), maxTableRows)
	before := v.characters
	for i, row := range b.Rows {
		v.most("columns", len(row), maxColumns)
		if len(row) != len(b.Rows[0]) {
			v.fault("row %d has %d cells, the first %d", i, len(row), len(b.Rows[0]))
		}
		for _, cell := range row {
			text, ok := cell.(*slackapi.TableRawTextCell)
			if !ok {
				v.fault("a cell that is no text")
				continue
			}
			v.length("cell", text.Text, 1, maxTableCells)
		}
	}
	v.most("characters of cells", v.characters-before, maxTableCells)
}
