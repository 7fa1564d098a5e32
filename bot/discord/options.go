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
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

const (
	commandName = "outbound"
	optionMore  = "more" // takes the text form of CHAT 2
)

// How many options a sub-command has, beside more. Where the whole would be too long descriptions become labels,
// then the last options go: more takes them all.
const (
	mostOptions   = maxOptions - 1
	enoughOptions = 12 // so many are worth more than longer descriptions
)

// alwaysOffered are options that are never the ones to go.
var alwaysOffered = []string{"campaign", "channel", "date", "origin", "format"}

// choice of an option, or of a suggestion.
type choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// choiceOf is a name as a suggestion. A longer one than Discord takes is offered by its beginning.
func choiceOf(s string) (choice, bool) {
	label := reports.Clean(s)
	if label == "" {
		return choice{}, false
	}
	if reports.Units(s) <= maxChoice {
		return choice{Name: reports.Cut(label, maxChoice), Value: s}, true
	}
	return choice{Name: reports.Cut(label, maxChoice), Value: strings.TrimSuffix(reports.Cut(s, maxChoice), "…") + "*"}, true
}

// definition is the command of this bot: a sub-command a verb, options from its keys. formats are the names of file
// formats; without them the option is completed as it is typed.
func definition(l *reports.Language, formats []string) *discordgo.ApplicationCommand {
	for n := mostOptions; n >= enoughOptions; n-- {
		if c := define(l, formats, n, false); definitionSize(c) <= maxCommandSize {
			return c
		}
	}
	n := mostOptions
	for n > 0 && definitionSize(define(l, formats, n, true)) > maxCommandSize {
		n--
	}
	return define(l, formats, n, true)
}

// define writes the command with at most n options a sub-command beside more.
func define(l *reports.Language, formats []string, n int, short bool) *discordgo.ApplicationCommand {
	c := &discordgo.ApplicationCommand{
		Type: discordgo.ChatApplicationCommand, Name: commandName, Description: reports.Cut(l.Say("discord.command"), maxDescribe),
	}
	for _, v := range commands.Verbs() {
		sub := &discordgo.ApplicationCommandOption{
			Type: discordgo.ApplicationCommandOptionSubCommand, Name: v.Name, Description: described(l, v.Doc, v.Label, short),
		}
		for _, key := range chosen(v.Options, n) {
			sub.Options = append(sub.Options, defineOption(l, key, formats, short))
		}
		about := "discord.more"
		if len(v.Options) == 0 {
			about = "discord.about"
		}
		sub.Options = append(sub.Options, stringOption(optionMore, l.Say(about)))
		c.Options = append(c.Options, sub)
	}
	return c
}

// chosen are n of the keys, in their order: those that are always offered, and the first others.
func chosen(keys []string, n int) []string {
	others := n
	for _, key := range keys {
		if slices.Contains(alwaysOffered, key) {
			others--
		}
	}
	var list []string
	for _, key := range keys {
		always := slices.Contains(alwaysOffered, key)
		if !always {
			others--
		}
		if len(list) < n && (always || others >= 0) {
			list = append(list, key)
		}
	}
	return list
}

func stringOption(name, description string) *discordgo.ApplicationCommandOption {
	return &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionString, Name: name, Description: reports.Cut(description, maxDescribe),
	}
}

// defineOption derives an option from the table of fields: enumerations have choices, all else is completed as it is
// typed.
func defineOption(l *reports.Language, key string, formats []string, short bool) *discordgo.ApplicationCommandOption {
	o := stringOption(key, described(l, commands.OptionDoc(key), "field."+key, short))
	f, isField := storage.FieldNamed(key)
	switch {
	case key == "format":
		for _, name := range formats {
			o.Choices = append(o.Choices, &discordgo.ApplicationCommandOptionChoice{Name: name, Value: name})
		}
	case isField && f.Filter && f.Kind == storage.Enum:
		for _, v := range f.Values {
			o.Choices = append(o.Choices, valueChoice(l, "value."+key+"."+v, v))
		}
	case isField && f.Filter && f.Kind == storage.YesNo:
		o.Choices = append(o.Choices, valueChoice(l, "value.yes", "yes"), valueChoice(l, "value.no", "no"))
	}
	o.Autocomplete = len(o.Choices) == 0
	return o
}

func valueChoice(l *reports.Language, id, value string) *discordgo.ApplicationCommandOptionChoice {
	label := value
	if l.Has(id) {
		label = l.Say(id)
	}
	return &discordgo.ApplicationCommandOptionChoice{Name: reports.Cut(label, maxChoice), Value: value}
}

// described is the definition under one id, or where room is short the label under another.
func described(l *reports.Language, doc, label string, short bool) string {
	if short && l.Has(label) {
		return reports.Cut(l.Say(label), maxDescribe)
	}
	return reports.Cut(l.Say(doc), maxDescribe)
}

// definitionSize is what Discord bounds: names, descriptions and values of a command together.
func definitionSize(c *discordgo.ApplicationCommand) int {
	return reports.Units(c.Name) + reports.Units(c.Description) + optionsSize(c.Options)
}

func optionsSize(options []*discordgo.ApplicationCommandOption) int {
	n := 0
	for _, o := range options {
		n += reports.Units(o.Name) + reports.Units(o.Description) + optionsSize(o.Options)
		for _, c := range o.Choices {
			n += reports.Units(c.Name) + reports.Units(fmt.Sprint(c.Value))
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
	want := definition(p.deps.Lang, p.deps.Formats)
	known, err := p.registered(ctx, endpoint)
	if err != nil {
		return p.registerFault(err)
	}
	for _, c := range known {
		if c != nil && c.Name == want.Name && signature(c) == signature(want) {
			*done = true
			return nil
		}
	}
	_, err = p.api.call(ctx, "POST", endpoint, "commands", want)
	if noSuchCall(err) { // by a proxy that knows only the bulk form
		_, err = p.api.call(ctx, "PUT", endpoint, "commands", []*discordgo.ApplicationCommand{want})
	}
	if err != nil {
		return p.registerFault(err)
	}
	p.deps.Log.Info("discord: the command was registered", "guild", p.cfg.GuildID, "characters", definitionSize(want))
	*done = true
	return nil
}

// registered lists the commands that the server has already; none if nobody can tell.
func (p *Platform) registered(ctx context.Context, endpoint string) (known []*discordgo.ApplicationCommand, err error) {
	body, err := p.api.call(ctx, "GET", endpoint+"?with_localizations=true", "commands", nil)
	if noSuchCall(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &known); err != nil {
		return nil, fmt.Errorf("discord: the list of commands: %w", err)
	}
	return known, nil
}

// noSuchCall: an answer that has no code of Discord's and says that there is no such thing to call.
func noSuchCall(err error) bool {
	status, code := codeOf(err)
	return code == 0 && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed)
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
