package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

// interaction is what somebody did. It is read from the raw event: the library's own type does not know
// attachment_size_limit and gives up on components that it does not know.
type interaction struct {
	ID          string                    `json:"id"`
	Application string                    `json:"application_id"`
	Type        discordgo.InteractionType `json:"type"`
	Token       string                    `json:"token"`
	Guild       string                    `json:"guild_id"`
	Channel     string                    `json:"channel_id"`
	Locale      string                    `json:"locale"`
	FileLimit   int64                     `json:"attachment_size_limit"`
	Member      struct {
		User user `json:"user"`
	} `json:"member"`
	User user `json:"user"` // in direct messages
	Data struct {
		Name     string   `json:"name"`
		Options  []option `json:"options"`
		CustomID string   `json:"custom_id"`
	} `json:"data"`
	received time.Time
}

type user struct {
	ID string `json:"id"`
}

type option struct {
	Name    string          `json:"name"`
	Value   json.RawMessage `json:"value"`
	Focused bool            `json:"focused"`
	Options []option        `json:"options"`
}

// text is the value as somebody typed it: numbers and truth values as they are written.
func (o option) text() string {
	var s string
	if json.Unmarshal(o.Value, &s) == nil {
		return s
	}
	return string(o.Value)
}

func (in *interaction) user() string {
	if in.Member.User.ID != "" {
		return in.Member.User.ID
	}
	return in.User.ID
}

// address is where the answer of one interaction goes; it travels in Place.Respond.
type address struct {
	Application string    `json:"app"`
	Token       string    `json:"token"`
	At          time.Time `json:"at"`
	User        string    `json:"user"`
	FileLimit   int64     `json:"limit,omitempty"` // bytes
}

func (a address) encode() string {
	b, _ := json.Marshal(a) // strings, a time and a number
	return string(b)
}

func decode(respond string) (a address, err error) {
	err = json.Unmarshal([]byte(respond), &a)
	return a, err
}

// request is the question that an interaction asks.
func (p *Platform) request(in *interaction, text string) commands.Request {
	now := p.deps.Now()
	return commands.Request{
		Platform: name, Tenant: in.Guild, Trigger: in.ID, User: in.user(), Locale: in.Locale, Text: text, At: now,
		Place: commands.Place{ID: in.Channel, Private: true, Respond: address{
			Application: cmp.Or(in.Application, p.cfg.ApplicationID), Token: in.Token, At: now, User: in.user(), FileLimit: in.FileLimit,
		}.encode()},
	}
}

// interaction handles one event, in a goroutine of the library.
func (p *Platform) interaction(ctx context.Context, raw json.RawMessage, take bot.Take) {
	in := &interaction{received: time.Now()}
	defer func() {
		if r := recover(); r != nil {
			p.deps.Log.Error("discord: an interaction panicked", "id", in.ID, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	if err := json.Unmarshal(raw, in); err != nil || in.ID == "" || in.Token == "" {
		p.deps.Log.Error("discord: an interaction could not be read", "id", in.ID, "err", err)
		return
	}
	ctx, cancel := context.WithDeadline(ctx, in.received.Add(deadline-200*time.Millisecond))
	defer cancel()
	lang := reports.LanguageFor(in.Locale)
	switch {
	case in.Type == discordgo.InteractionApplicationCommandAutocomplete:
		p.suggest(ctx, in)
	case in.Guild == "":
		p.say(ctx, in, lang.Say("discord.direct"))
	case in.Guild != p.cfg.GuildID:
		p.say(ctx, in, lang.Say("discord.elsewhere"))
	case in.Type == discordgo.InteractionApplicationCommand:
		p.accept(ctx, in, commandText(in), take)
	case in.Type == discordgo.InteractionMessageComponent:
		p.click(ctx, in, take)
	default:
		p.say(ctx, in, lang.Say("discord.unknown"))
	}
}

// commandText is a slash command as the text form of CHAT 2: options as filters, more as it was typed.
func commandText(in *interaction) string {
	if len(in.Data.Options) == 0 {
		return ""
	}
	sub := in.Data.Options[0]
	var options []commands.Option
	rest := ""
	for _, o := range sub.Options {
		if o.Name == optionMore {
			rest = strings.TrimSpace(o.text())
			continue
		}
		options = append(options, commands.Option{Key: o.Name, Value: o.text()})
	}
	return strings.TrimSpace(commands.Compose(sub.Name, options) + " " + rest)
}

// click runs the command of a button.
func (p *Platform) click(ctx context.Context, in *interaction, take bot.Take) {
	lang := reports.LanguageFor(in.Locale)
	id, ours := strings.CutPrefix(in.Data.CustomID, clickPrefix)
	id, _, _ = strings.Cut(id, ":")
	if !ours {
		p.say(ctx, in, lang.Say("discord.button_gone"))
		return
	}
	text, err := p.deps.Buttons.Recall(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNoValue):
		p.say(ctx, in, lang.Say("discord.button_gone"))
	case err != nil:
		p.deps.Log.Error("discord: a button could not be looked up", "id", id, "err", err)
		p.say(ctx, in, lang.Say("discord.not_recorded"))
	default:
		p.accept(ctx, in, text, take)
	}
}

// accept records a request and only then acknowledges it: what was acknowledged is not forgotten.
func (p *Platform) accept(ctx context.Context, in *interaction, text string, take bot.Take) {
	lang := reports.LanguageFor(in.Locale)
	done := p.acknowledging(in.Token)
	defer done()
	fresh, err := take(ctx, p.request(in, text))
	switch {
	case errors.Is(err, bot.ErrBusy):
		p.say(ctx, in, lang.Say("discord.busy"))
		return
	case err != nil:
		p.deps.Log.Error("discord: a request could not be recorded", "id", in.ID, "err", err)
		p.say(ctx, in, lang.Say("discord.not_recorded"))
		return
	}
	err = p.respond(ctx, in, discordgo.InteractionResponseDeferredChannelMessageWithSource, map[string]any{"flags": discordgo.MessageFlagsEphemeral})
	if _, code := codeOf(err); err != nil && (fresh || code != discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged) {
		p.deps.Log.Warn("discord: an interaction could not be acknowledged", "id", in.ID, "fresh", fresh, "after", time.Since(in.received), "err", withoutToken(err))
	}
}

// acknowledging makes Post wait for the first response of an interaction, which it edits.
func (p *Platform) acknowledging(token string) (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.acks[token] != nil {
		return func() {}
	}
	c := make(chan struct{})
	p.acks[token] = c
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.acks, token)
		close(c)
	}
}

func (p *Platform) acknowledged(ctx context.Context, token string) {
	p.mu.Lock()
	c := p.acks[token]
	p.mu.Unlock()
	if c == nil {
		return
	}
	select {
	case <-c:
	case <-ctx.Done():
	}
}

// suggest answers what somebody types into an option with names that go on like it.
func (p *Platform) suggest(ctx context.Context, in *interaction) {
	choices := []choice{}
	if len(in.Data.Options) > 0 && in.Guild == p.cfg.GuildID && p.deps.Suggest != nil {
		for _, o := range in.Data.Options[0].Options {
			if !o.Focused {
				continue
			}
			for _, s := range p.deps.Suggest(ctx, p.request(in, ""), o.Name, o.text()) {
				if c, ok := choiceOf(s); ok && len(choices) < maxOptions {
					choices = append(choices, c)
				}
			}
		}
	}
	if err := p.respond(ctx, in, discordgo.InteractionApplicationCommandAutocompleteResult, map[string]any{"choices": choices}); err != nil {
		p.deps.Log.Debug("discord: suggestions came too late", "id", in.ID, "err", withoutToken(err))
	}
}

// say answers an interaction at once with one private sentence.
func (p *Platform) say(ctx context.Context, in *interaction, sentence string) {
	m := message{Content: reports.Cut(sentence, maxContent), Flags: discordgo.MessageFlagsEphemeral, AllowedMentions: nobody()}
	if err := p.respond(ctx, in, discordgo.InteractionResponseChannelMessageWithSource, &m); err != nil {
		p.deps.Log.Warn("discord: an interaction could not be answered", "id", in.ID, "err", withoutToken(err))
	}
}

// respond gives the first response to an interaction, with a second try if the first was lost on the way.
func (p *Platform) respond(ctx context.Context, in *interaction, kind discordgo.InteractionResponseType, data any) error {
	body := struct {
		Type discordgo.InteractionResponseType `json:"type"`
		Data any                               `json:"data,omitempty"`
	}{kind, data}
	for try := 1; ; try++ {
		_, err := p.api.call(ctx, "POST", discordgo.EndpointInteractionResponse(in.ID, in.Token), bucketOf("callback", in.Token), body)
		var again *bot.Retry
		if err == nil || try == 2 || !errors.As(outcome(err, p.deps.Lang), &again) || !pause(ctx, max(again.After, 50*time.Millisecond)) {
			return err
		}
	}
}
