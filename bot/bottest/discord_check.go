package bottest

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// Limits of Discord, written here a second time so that a bot that has one wrong is found out.
// Source: Discord developer documentation, Components and Message pages, read November 2026.
const (
	maxComponents  = 40
	maxText        = 4000
	maxContent     = 2000
	maxEmbeds      = 10
	maxEmbedTotal  = 6000
	maxDescription = 4096
	maxLabel       = 80
	maxCustomID    = 100
)

func length(s string) int { return len(utf16.Encode([]rune(s))) }

// component is any component; fields that its type does not have stay empty.
type component struct {
	Type       int         `json:"type"`
	Content    string      `json:"content"`
	Label      string      `json:"label"`
	CustomID   string      `json:"custom_id"`
	Style      int         `json:"style"`
	Components []component `json:"components"`
	File       struct {
		URL string `json:"url"`
	} `json:"file"`
	Items []struct {
		Media struct {
			URL string `json:"url"`
		} `json:"media"`
	} `json:"items"`
}

// checkMessage refuses what Discord refuses. flags are those of the message that it replaces.
func checkMessage(in received, flags int) (DiscordMessage, error) {
	var body struct {
		Content    string            `json:"content"`
		Flags      int               `json:"flags"`
		Components []component       `json:"components"`
		Embeds     []json.RawMessage `json:"embeds"`
	}
	if err := json.Unmarshal(in.raw, &body); err != nil {
		return DiscordMessage{}, err
	}
	m := DiscordMessage{Flags: body.Flags | flags&flagV2, Content: body.Content, Buttons: map[string]string{}, Files: in.files, Raw: in.raw}
	c := checker{v2: m.Flags&flagV2 != 0, files: in.files, message: &m, ids: map[string]bool{}}
	switch {
	case c.v2 && (body.Content != "" || len(body.Embeds) > 0):
		return m, errors.New("content and embeds cannot be used with these components")
	case length(body.Content) > maxContent:
		return m, fmt.Errorf("content has %d characters", length(body.Content))
	case body.Content == "" && len(body.Embeds) == 0 && len(body.Components) == 0 && len(in.files) == 0:
		return m, errors.New("cannot send an empty message")
	}
	m.Text = body.Content
	c.embeds(body.Embeds)
	for _, top := range body.Components {
		c.component(top, true)
	}
	if c.count > maxComponents || c.text > maxText {
		c.fault("%d components, %d characters", c.count, c.text)
	}
	return m, c.err
}

type checker struct {
	v2          bool
	files       []DiscordFile
	message     *DiscordMessage
	ids         map[string]bool
	count, text int
	err         error
}

func (c *checker) fault(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *checker) read(s string) { c.message.Text = strings.TrimPrefix(c.message.Text+"\n"+s, "\n") }

func (c *checker) embeds(embeds []json.RawMessage) {
	if len(embeds) > maxEmbeds {
		c.fault("%d embeds", len(embeds))
	}
	total := 0
	for _, raw := range embeds {
		var e struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			Footer      struct {
				Text string `json:"text"`
			} `json:"footer"`
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			c.fault("%v", err)
		}
		if length(e.Title) > 256 || length(e.Description) > maxDescription || length(e.Footer.Text) > 2048 {
			c.fault("an embed is too long")
		}
		total += length(e.Title) + length(e.Description) + length(e.Footer.Text)
		c.read(e.Title + "\n" + e.Description + "\n" + e.Footer.Text)
	}
	if total > maxEmbedTotal {
		c.fault("embeds have %d characters", total)
	}
}

func (c *checker) component(x component, top bool) {
	c.count++
	switch x.Type {
	case 1:
		if len(x.Components) < 1 || len(x.Components) > 5 {
			c.fault("a row of %d", len(x.Components))
		}
		for _, b := range x.Components {
			c.count++
			c.button(b)
		}
		return
	case 10, 12, 13, 14, 17:
		if !c.v2 {
			c.fault("component type %d needs the flag", x.Type)
		}
	default:
		c.fault("component type %d is not allowed here", x.Type)
	}
	switch x.Type {
	case 10:
		if x.Content == "" {
			c.fault("an empty text display")
		}
		c.text += length(x.Content)
		c.read(x.Content)
	case 12:
		for _, item := range x.Items {
			c.attachment(item.Media.URL)
		}
	case 13:
		c.attachment(x.File.URL)
	case 17:
		if !top || len(x.Components) == 0 {
			c.fault("a container inside another, or empty")
		}
		for _, child := range x.Components {
			c.component(child, false)
		}
	}
}

func (c *checker) attachment(url string) {
	name, ok := strings.CutPrefix(url, "attachment://")
	if !ok || !slices.ContainsFunc(c.files, func(f DiscordFile) bool { return f.Name == name }) {
		c.fault("no file %q came with the message", url)
	}
}

func (c *checker) button(b component) {
	switch {
	case b.Type != 2 || b.Style < 1 || b.Style > 4:
		c.fault("type %d, style %d in a row", b.Type, b.Style)
	case b.Label == "" || length(b.Label) > maxLabel:
		c.fault("a button's label has %d characters", length(b.Label))
	case b.CustomID == "" || length(b.CustomID) > maxCustomID || c.ids[b.CustomID]:
		c.fault("a button's custom id %q is empty, long or taken", b.CustomID)
	}
	c.ids[b.CustomID] = true
	c.message.Buttons[b.Label] = b.CustomID
}

// commandOption is a command or an option of one.
type commandOption struct {
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	Type         int             `json:"type"`
	Autocomplete bool            `json:"autocomplete"`
	Options      []commandOption `json:"options"`
	Choices      []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"choices"`
}

var commandName = regexp.MustCompile(`^[-_\p{L}\p{N}]{1,32}$`)

func checkCommand(raw json.RawMessage) error {
	var c commandOption
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	if n, err := checkOption(c); err != nil {
		return err
	} else if n > 4000 {
		return fmt.Errorf("the command has %d characters", n)
	}
	return nil
}

func checkOption(o commandOption) (characters int, err error) {
	n := length(o.Name) + length(o.Description)
	if !commandName.MatchString(o.Name) || o.Name != strings.ToLower(o.Name) {
		return n, fmt.Errorf("name %q", o.Name)
	}
	if d := length(o.Description); d < 1 || d > 100 {
		return n, fmt.Errorf("%s: a description of %d characters", o.Name, d)
	}
	if len(o.Options) > 25 || len(o.Choices) > 25 || o.Autocomplete && len(o.Choices) > 0 {
		return n, fmt.Errorf("%s: %d options, %d choices, autocomplete %t", o.Name, len(o.Options), len(o.Choices), o.Autocomplete)
	}
	for _, c := range o.Choices {
		if l := length(c.Name); l < 1 || l > 100 || length(c.Value) > 100 {
			return n, fmt.Errorf("%s: choice %q", o.Name, c.Name)
		}
		n += length(c.Name) + length(c.Value)
	}
	names := map[string]bool{}
	for _, child := range o.Options {
		if names[child.Name] {
			return n, fmt.Errorf("%s: %q twice", o.Name, child.Name)
		}
		names[child.Name] = true
		m, err := checkOption(child)
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}
