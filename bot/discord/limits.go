package discord

import (
	"fmt"
	"time"

	"github.com/bwmarrin/discordgo"

	"outboundbot/reports"
)

// Limits of Discord. Sources: Discord developer documentation, pages as named, read November 2026. Characters are
// counted in UTF-16 units, the largest of the counts that Discord's parts may use.
const (
	maxContent     = 2000 // Message: content
	maxComponents  = 40   // Components: total of a message with the newer components, nested ones included
	maxText        = 4000 // Components: characters over all text displays of a message
	maxRow         = 5    // Components: buttons of an action row
	maxLabel       = 80   // Components: label of a button
	maxCustomID    = 100  // Components: custom id
	maxEmbedTitle  = 256  // Message: title of an embed
	maxDescription = 4096 // Message: description of an embed
	maxFooter      = 2048 // Message: footer of an embed
	maxEmbed       = 6000 // Message: characters over all embeds of a message
	maxNonce       = 25   // Create Message: nonce

	maxOptions     = 25   // Application Commands: options of a command, choices of an option
	maxName        = 32   // Application Commands: name of a command or option
	maxDescribe    = 100  // Application Commands: description of a command or option
	maxChoice      = 100  // Application Commands: name and value of a choice
	maxCommandSize = 4000 // Application Commands: names, descriptions and values of a command together

	deadline      = 3 * time.Second  // Interactions: first response
	tokenLife     = 15 * time.Minute // Interactions: life of a token
	defaultUpload = 10 << 20         // bytes of a file where no interaction told the limit (Uploading Files)
)

// What fits on a phone before lines wrap, and what stays readable (CHAT 3, Looks).
const (
	tableColumns  = 44
	funnelColumns = 42
	pageRows      = 10 // rows of a table
	itemRows      = 12 // rows of a table whose rows take two lines each
	maxButtons    = 15
	maxTitle      = 200
	maxScope      = 500
	maxNote       = 500
	maxCode       = 1000
	maxCell       = 200 // of a cell in markdown
	maxCommand    = 700 // of the canonical command in the footer
	lineRoom      = 120 // of a line that says what is missing
)

// validate tells which limit a message breaks. Discord would refuse the whole message for it.
func (m *message) validate() error {
	v := validator{v2: m.Flags&discordgo.MessageFlagsIsComponentsV2 != 0, ids: map[string]bool{}}
	if n := reports.Units(m.Content); n > maxContent {
		return fmt.Errorf("content of %d characters", n)
	}
	if v.v2 && (m.Content != "" || len(m.Embeds) > 0) {
		return fmt.Errorf("content or embeds beside components of the newer kind")
	}
	total := 0
	for _, e := range m.Embeds {
		footer := ""
		if e.Footer != nil {
			footer = e.Footer.Text
		}
		title, text, foot := reports.Units(e.Title), reports.Units(e.Description), reports.Units(footer)
		if total += title + text + foot; title > maxEmbedTitle || text > maxDescription || foot > maxFooter || total > maxEmbed {
			return fmt.Errorf("embed of %d, %d and %d characters", title, text, foot)
		}
	}
	for _, c := range m.Components {
		if err := v.component(c); err != nil {
			return err
		}
	}
	if v.count > maxComponents || v.text > maxText {
		return fmt.Errorf("%d components with %d characters", v.count, v.text)
	}
	if m.Content == "" && len(m.Embeds) == 0 && v.count == 0 {
		return fmt.Errorf("nothing to show")
	}
	return nil
}

type validator struct {
	v2          bool
	ids         map[string]bool
	count, text int
}

func (v *validator) component(c discordgo.MessageComponent) error {
	v.count++
	if _, row := c.(discordgo.ActionsRow); !row && !v.v2 {
		if _, button := c.(discordgo.Button); !button {
			return fmt.Errorf("%T without the flag", c)
		}
	}
	var children []discordgo.MessageComponent
	switch c := c.(type) {
	case discordgo.Container:
		children = c.Components
	case discordgo.ActionsRow:
		if children = c.Components; len(children) > maxRow {
			return fmt.Errorf("a row of %d", len(children))
		}
	case discordgo.TextDisplay:
		v.text += reports.Units(c.Content)
		if c.Content == "" {
			return fmt.Errorf("an empty text")
		}
		return nil
	case discordgo.Button:
		if n := reports.Units(c.Label); n < 1 || n > maxLabel || c.CustomID == "" || reports.Units(c.CustomID) > maxCustomID || v.ids[c.CustomID] {
			return fmt.Errorf("button with a label of %d characters and id %q", n, c.CustomID)
		}
		v.ids[c.CustomID] = true
		return nil
	case discordgo.FileComponent, discordgo.Separator:
		return nil
	default:
		return fmt.Errorf("%T is not used here", c)
	}
	if len(children) == 0 {
		return fmt.Errorf("an empty %T", c)
	}
	for _, child := range children {
		if err := v.component(child); err != nil {
			return err
		}
	}
	return nil
}
