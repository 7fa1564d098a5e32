package bottest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// SlackMessage is a message as people see it.
type SlackMessage struct {
	Channel, TS, Thread string
	User                string // who alone sees it; "" for everybody
	Text                string // the top-level text, for notifications
	Kinds               []string
	Words               string // everything that can be read in the blocks; without blocks the text
	Buttons             []SlackButton
	Links               []string // mentions, channels and links: what Slack would make of the message
	Blocks              json.RawMessage
	Metadata            json.RawMessage
	Replaces            bool // it asked to replace the message of its button
	Edits               int
}

// SlackButton is a button of a message.
type SlackButton struct{ Label, ActionID, Value string }

// slackTyped is what Slack makes of typed text.
var slackTyped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackLink is a control sequence of mrkdwn.
var slackLink = regexp.MustCompile(`<[^<>\s][^<>]*>`)

// What Slack documents for blocks (docs.slack.dev/reference/block-kit, November 2026), counted in characters, and
// what it is known to refuse above (bolt-js#2509).
const (
	slackMaxBlocks = 50
	slackMaxTotal  = 13_200
	slackMaxText   = 40_000
)

// read makes a message of its wire form or says how Slack refuses it.
func (s *Slack) read(text, blocks string) (SlackMessage, *slackError) {
	m := SlackMessage{Text: text}
	var list []json.RawMessage
	if blocks != "" && blocks != "null" {
		m.Blocks = json.RawMessage(blocks)
		if json.Unmarshal(m.Blocks, &list) != nil {
			return m, &slackError{Error: "invalid_blocks_format"}
		}
	}
	if len(list) == 0 && strings.TrimSpace(text) == "" {
		return m, &slackError{Error: "no_text"}
	}
	if len([]rune(text)) > slackMaxText {
		return m, &slackError{Error: "msg_too_long"}
	}
	c := slackChecker{message: &m}
	c.mrkdwn(text)
	for i, raw := range list {
		c.at = fmt.Sprintf("/blocks/%d", i)
		c.block(raw)
	}
	c.at = "/blocks"
	c.most("blocks", len(list), slackMaxBlocks)
	if len(list) == 0 {
		m.Words = text
	}
	for _, kind := range m.Kinds {
		if slices.Contains(s.refused, kind) {
			c.fault("unsupported type: %s", kind)
		}
	}
	switch {
	case len(c.faults) > 0:
		return m, &slackError{Error: "invalid_blocks", Errors: c.faults}
	case c.total > slackMaxTotal:
		return m, &slackError{Error: "msg_blocks_too_long"}
	}
	return m, nil
}

// slackBlock has the fields of every kind of block that the fake reads.
type slackBlock struct {
	Type     string              `json:"type"`
	Text     json.RawMessage     `json:"text"`
	Fields   []slackText         `json:"fields"`
	Elements []json.RawMessage   `json:"elements"`
	Rows     [][]json.RawMessage `json:"rows"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// slackElement has the fields of every element in a block.
type slackElement struct {
	Type     string            `json:"type"`
	Text     json.RawMessage   `json:"text"`
	ActionID string            `json:"action_id"`
	Value    string            `json:"value"`
	Style    json.RawMessage   `json:"style"`
	URL      string            `json:"url"`
	UserID   string            `json:"user_id"`
	Elements []json.RawMessage `json:"elements"`
}

type slackChecker struct {
	message *SlackMessage
	at      string
	total   int
	tables  int
	actions []string
	faults  []string
}

func (c *slackChecker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...)+" [json-pointer:"+c.at+"]")
}

func (c *slackChecker) most(what string, n, limit int) {
	if n > limit {
		c.fault("%d %s, at most %d", n, what, limit)
	}
}

// read notes a text that people see, of which Slack takes from 1 to most characters.
func (c *slackChecker) read(s string, most int) {
	n := len([]rune(s))
	c.total += n
	if n == 0 {
		c.fault("must be more than 0 characters")
	}
	c.most("characters", n, most)
	c.message.Words = strings.TrimPrefix(c.message.Words+"\n"+s, "\n")
}

func (c *slackChecker) mrkdwn(s string) {
	c.message.Links = append(c.message.Links, slackLink.FindAllString(s, -1)...)
}

func (c *slackChecker) text(t slackText, most int, plainOnly bool) {
	switch {
	case t.Type == "mrkdwn" && !plainOnly:
		c.mrkdwn(t.Text)
	case t.Type != "plain_text":
		c.fault("unsupported type of text: %q", t.Type)
	}
	c.read(t.Text, most)
}

func (c *slackChecker) block(raw json.RawMessage) {
	var b slackBlock
	if err := json.Unmarshal(raw, &b); err != nil {
		c.fault("no block: %v", err)
		return
	}
	c.message.Kinds = append(c.message.Kinds, b.Type)
	var text slackText
	hasText := len(b.Text) > 0 && json.Unmarshal(b.Text, &text) == nil
	switch b.Type {
	case "header":
		c.text(text, 150, true)
	case "section":
		if !hasText && len(b.Fields) == 0 {
			c.fault("must define either text or fields")
		}
		if hasText {
			c.text(text, 3000, false)
		}
		c.most("fields", len(b.Fields), 10)
		for _, f := range b.Fields {
			c.text(f, 2000, false)
		}
	case "context":
		c.elements(b.Elements, 10, c.contextElement)
	case "actions":
		c.elements(b.Elements, 25, c.button)
	case "rich_text":
		c.elements(b.Elements, 1000, c.richText)
	case "table":
		c.table(b.Rows)
	case "divider":
	default:
		c.fault("unsupported type: %s", b.Type)
	}
}

func (c *slackChecker) elements(list []json.RawMessage, most int, check func(slackElement)) {
	c.most("elements", len(list), most)
	if len(list) == 0 {
		c.fault("no elements")
	}
	for _, raw := range list {
		var e slackElement
		if err := json.Unmarshal(raw, &e); err != nil {
			c.fault("no element: %v", err)
			continue
		}
		check(e)
	}
}

func (c *slackChecker) contextElement(e slackElement) {
	var text string
	if json.Unmarshal(e.Text, &text) != nil {
		c.fault("no text in a context")
		return
	}
	c.text(slackText{Type: e.Type, Text: text}, 3000, false)
}

func (c *slackChecker) button(e slackElement) {
	var label slackText
	if e.Type != "button" || json.Unmarshal(e.Text, &label) != nil {
		c.fault("unsupported element: %s", e.Type)
		return
	}
	c.text(label, 75, true)
	c.most("characters of action_id", len([]rune(e.ActionID)), 255)
	c.most("characters of value", len([]rune(e.Value)), 2000)
	if slices.Contains(c.actions, e.ActionID) {
		c.fault("action_id %q already exists", e.ActionID)
	}
	c.actions = append(c.actions, e.ActionID)
	c.message.Buttons = append(c.message.Buttons, SlackButton{Label: label.Text, ActionID: e.ActionID, Value: e.Value})
}

// richText reads an element of rich text: nothing is parsed in it, only elements of their own mention or link.
func (c *slackChecker) richText(e slackElement) {
	switch e.Type {
	case "rich_text_section", "rich_text_preformatted", "rich_text_quote":
		c.elements(e.Elements, 1000, c.richText)
	case "text":
		var text string
		if json.Unmarshal(e.Text, &text) != nil {
			c.fault("no text")
		}
		c.read(text, 10_000)
	case "link", "user", "broadcast", "channel", "usergroup", "team":
		c.message.Links = append(c.message.Links, e.Type+e.URL+e.UserID)
	default:
		c.fault("unsupported element: %s", e.Type)
	}
}

func (c *slackChecker) table(rows [][]json.RawMessage) {
	if c.tables++; c.tables > 1 {
		c.fault("only one table is allowed in a message")
	}
	c.most("rows", len(rows), 100)
	if len(rows) == 0 {
		c.fault("no rows")
	}
	before := c.total
	for i, row := range rows {
		c.most("columns", len(row), 20)
		if len(row) != len(rows[0]) {
			c.fault("row %d has %d cells, not %d", i, len(row), len(rows[0]))
		}
		for _, raw := range row {
			var cell slackText
			if json.Unmarshal(raw, &cell) != nil || cell.Type != "raw_text" {
				c.fault("unsupported cell: %s", raw)
				continue
			}
			c.read(cell.Text, 10_000)
		}
	}
	c.most("characters of cells", c.total-before, 10_000)
}
