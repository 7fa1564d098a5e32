package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"outboundbot/bot"
	"outboundbot/reports"
	"outboundbot/storage"
)

const (
	commandName = "outbound"
	verbHelp    = "help"
	optionMore  = "more" // takes the text form of CHAT 2
)

// offered are the filters with an option of their own, the most useful first; all others go into more. Where a
// command would become too long the last ones go first.
var offered = []string{
	"campaign", "channel", "date", "origin", "format", "status", "template", "flow", "tag", "final_tag", "group", "agent",
	"answered", "contact_kind", "by",
}

// choice of an option, or of a suggestion.
type choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// choiceOf is a name as a suggestion. A longer one than Discord takes is offered by its beginning.
func choiceOf(s string) (choice, bool) {
	label := clean(s)
	if label == "" {
		return choice{}, false
	}
	if size(s) <= maxChoice {
		return choice{Name: clipped(label, maxChoice), Value: s}, true
	}
	return choice{Name: clipped(label, maxChoice), Value: strings.TrimSuffix(clipped(s, maxChoice), "…") + "*"}, true
}

// definition is the command of this bot: a sub-command a report, and help. formats are the names of file formats.
func definition(l *reports.Language, formats []string) *discordgo.ApplicationCommand {
	var c *discordgo.ApplicationCommand
	for _, short := range []bool{false, true} {
		for n := len(offered); n >= 0; n-- {
			if c = define(l, formats, offered[:n], short); definitionSize(c) <= maxCommandSize {
				return c
			}
			if !short {
				break // first shorter descriptions, then fewer options
			}
		}
	}
	return c
}

func define(l *reports.Language, formats, keys []string, short bool) *discordgo.ApplicationCommand {
	c := &discordgo.ApplicationCommand{
		Type: discordgo.ChatApplicationCommand, Name: commandName, Description: clipped(l.Say("discord.command"), maxDescribe),
		Contexts: &[]discordgo.InteractionContextType{discordgo.InteractionContextGuild},
	}
	var options []*discordgo.ApplicationCommandOption
	for _, key := range keys {
		options = append(options, defineOption(l, key, formats, short))
	}
	more := stringOption(optionMore, l.Say("discord.more"))
	for _, r := range reports.All() {
		c.Options = append(c.Options, &discordgo.ApplicationCommandOption{
			Type: discordgo.ApplicationCommandOptionSubCommand, Name: r.Name,
			Description: described(l, "report."+r.Name, short), Options: append(slices.Clone(options), more),
		})
	}
	c.Options = append(c.Options, &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionSubCommand, Name: verbHelp, Description: clipped(l.Say("discord.help"), maxDescribe),
		Options: []*discordgo.ApplicationCommandOption{stringOption(optionMore, l.Say("discord.help_about"))},
	})
	return c
}

func stringOption(name, description string) *discordgo.ApplicationCommandOption {
	return &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionString, Name: name, Description: clipped(description, maxDescribe),
	}
}

// defineOption derives an option from the table of fields; those that are not fields are named here.
func defineOption(l *reports.Language, key string, formats []string, short bool) *discordgo.ApplicationCommandOption {
	f, isField := storage.FieldNamed(key)
	if !isField {
		o := stringOption(key, l.Say("discord.option."+key))
		if key == "format" {
			for _, name := range formats {
				o.Choices = append(o.Choices, &discordgo.ApplicationCommandOptionChoice{Name: name, Value: name})
			}
		}
		return o
	}
	o := stringOption(key, described(l, "field."+key, short))
	values := f.Values
	switch f.Kind {
	case storage.YesNo:
		values = []string{"yes", "no"}
	case storage.Enum:
	default:
		o.Autocomplete = true
		return o
	}
	for _, v := range values {
		id := "value." + key + "." + v
		if f.Kind == storage.YesNo {
			id = "value." + v
		}
		label := v
		if l.Has(id) {
			label = l.Say(id)
		}
		o.Choices = append(o.Choices, &discordgo.ApplicationCommandOptionChoice{Name: clipped(label, maxChoice), Value: v})
	}
	return o
}

// described is the definition under id, or its label where room is short.
func described(l *reports.Language, id string, short bool) string {
	if l.Has(id+".doc") && !short {
		return clipped(l.Say(id+".doc"), maxDescribe)
	}
	return clipped(l.Say(id), maxDescribe)
}

// definitionSize is what Discord bounds: names, descriptions and values of a command together.
func definitionSize(c *discordgo.ApplicationCommand) int {
	return size(c.Name) + size(c.Description) + optionsSize(c.Options)
}

func optionsSize(options []*discordgo.ApplicationCommandOption) int {
	n := 0
	for _, o := range options {
		n += size(o.Name) + size(o.Description) + optionsSize(o.Options)
		for _, c := range o.Choices {
			n += size(c.Name) + size(fmt.Sprint(c.Value))
		}
	}
	return n
}

// register makes Discord know the command. It writes only what has changed: Discord bounds such writes.
func (p *Platform) register(ctx context.Context, done *bool) error {
	if *done {
		return nil
	}
	endpoint := discordgo.EndpointApplicationGuildCommands(p.cfg.ApplicationID, p.cfg.GuildID)
	body, err := p.api.call(ctx, "GET", endpoint+"?with_localizations=true", "commands", nil)
	if err != nil {
		return p.registerFault(err)
	}
	var known []*discordgo.ApplicationCommand
	if err := json.Unmarshal(body, &known); err != nil {
		return fmt.Errorf("discord: the list of commands: %w", err)
	}
	want := definition(p.deps.Lang, p.deps.Formats)
	for _, c := range known {
		if c != nil && c.Name == want.Name && signature(c) == signature(want) {
			*done = true
			return nil
		}
	}
	if _, err := p.api.call(ctx, "POST", endpoint, "commands", want); err != nil {
		return p.registerFault(err)
	}
	p.deps.Log.Info("discord: the command was registered", "guild", p.cfg.GuildID, "characters", definitionSize(want))
	*done = true
	return nil
}

// registerFault tells a wrong setting from a passing failure.
func (p *Platform) registerFault(err error) error {
	status, code := codeOf(err)
	var refused *bot.Refused
	switch {
	case status == http.StatusUnauthorized:
		return &fatal{p.deps.Lang.Say("discord.bad_token"), err}
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return &fatal{p.deps.Lang.Say("discord.bad_guild"), err}
	case errors.As(outcome(err, p.deps.Lang), &refused):
		return &fatal{p.deps.Lang.Say("discord.bad_command", reports.Args{"Code": code, "Status": status}), withoutToken(err)}
	}
	return outcome(err, p.deps.Lang)
}

// signature is what makes two commands the same, whatever Discord adds to the one it gives back.
func signature(c *discordgo.ApplicationCommand) string {
	return fmt.Sprintf("%q %q %s", c.Name, c.Description, optionsSignature(c.Options))
}

func optionsSignature(options []*discordgo.ApplicationCommandOption) string {
	var b strings.Builder
	for _, o := range options {
		fmt.Fprintf(&b, "(%d %q %q %t %t", o.Type, o.Name, o.Description, o.Required, o.Autocomplete)
		for _, c := range o.Choices {
			fmt.Fprintf(&b, " %q=%q", c.Name, fmt.Sprint(c.Value))
		}
		b.WriteString(optionsSignature(o.Options) + ")")
	}
	return b.String()
}
