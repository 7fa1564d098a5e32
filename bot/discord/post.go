package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
)

// message is the body of a message. The library's types lack the flags of an edit and the nonce.
type message struct {
	Content         string                            `json:"content,omitempty"`
	Embeds          []*discordgo.MessageEmbed         `json:"embeds,omitempty"`
	Components      []discordgo.MessageComponent      `json:"components,omitempty"`
	Flags           discordgo.MessageFlags            `json:"flags,omitempty"`
	AllowedMentions *discordgo.MessageAllowedMentions `json:"allowed_mentions"`
	Attachments     []attachment                      `json:"attachments,omitempty"`
	Nonce           string                            `json:"nonce,omitempty"`
	EnforceNonce    bool                              `json:"enforce_nonce,omitempty"`
}

type attachment struct {
	ID       int    `json:"id"`
	Filename string `json:"filename"`
}

// nobody lets a message mention nobody, whatever stands in it.
func nobody() *discordgo.MessageAllowedMentions {
	return &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}
}

// target is the request that brings a message to its place.
type target struct {
	method, address, bucket string
	fileLimit               int64
	posted                  bot.Posted // what Edit needs; the ID is filled in
}

// originalID stands for the first response of an interaction.
const originalID = "@original"

func original(place commands.Place, a address) target {
	limit := a.FileLimit
	if limit <= 0 {
		limit = defaultUpload
	}
	return target{
		method: http.MethodPatch, address: discordgo.EndpointWebhookMessage(a.Application, a.Token, originalID),
		bucket: bucketOf("answer", a.Token), fileLimit: limit, posted: bot.Posted{Place: place, ID: originalID},
	}
}

func channel(place commands.Place) target {
	return target{
		method: http.MethodPost, address: discordgo.EndpointChannelMessages(place.ID),
		bucket: discordgo.EndpointChannelMessages(place.ID), fileLimit: defaultUpload, posted: bot.Posted{Place: place},
	}
}

// Post delivers a reply: as the answer of an interaction, as a direct message, else as a message of the channel.
func (p *Platform) Post(ctx context.Context, place commands.Place, reply commands.Reply) (bot.Posted, error) {
	private := place.Private || reply.Private
	switch {
	case place.Respond != "":
		return p.answer(ctx, place, reply)
	case place.User != "":
		return p.direct(ctx, place.User, reply)
	case private: // a channel has more readers than the asker
		return bot.Posted{}, &bot.Refused{Fix: p.deps.Lang.Say("discord.nobody"), Err: errors.New("a private reply for nobody")}
	}
	return p.deliver(ctx, channel(place), reply)
}

// answer edits the deferred response of an interaction, as long as its token lives.
func (p *Platform) answer(ctx context.Context, place commands.Place, reply commands.Reply) (bot.Posted, error) {
	a, err := decode(place.Respond)
	if err != nil {
		return bot.Posted{}, &bot.Refused{Fix: p.deps.Lang.Say("discord.refused", reports.Args{"Code": 0, "Status": 0}), Err: err}
	}
	p.acknowledged(ctx, a.Token)
	if p.deps.Now().Sub(a.At) < tokenLife {
		posted, err := p.deliver(ctx, original(place, a), reply)
		if !gone(err) {
			return posted, err
		}
	}
	return p.late(ctx, place, a, reply)
}

// late delivers an answer whose interaction has run out: a private one to the asker alone, so as a direct message;
// where that is closed the channel learns that the answer came too late, and no figure of it.
func (p *Platform) late(ctx context.Context, place commands.Place, a address, reply commands.Reply) (bot.Posted, error) {
	if !place.Private && !reply.Private && place.ID != "" {
		return p.deliver(ctx, channel(commands.Place{ID: place.ID}), reply)
	}
	posted, err := p.direct(ctx, a.User, reply)
	var no *bot.Refused
	if !errors.As(err, &no) || place.ID == "" {
		return posted, err
	}
	return p.deliver(ctx, channel(commands.Place{ID: place.ID}), p.tooLate(reply))
}

// direct delivers a reply as a direct message.
func (p *Platform) direct(ctx context.Context, user string, reply commands.Reply) (bot.Posted, error) {
	body, err := p.api.call(ctx, http.MethodPost, discordgo.EndpointUserChannels("@me"), "direct", map[string]string{"recipient_id": user})
	if err != nil {
		return bot.Posted{}, outcome(err, p.deps.Lang)
	}
	var opened struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &opened); err != nil {
		return bot.Posted{}, &bot.Retry{Err: fmt.Errorf("discord: channel of direct messages: %w", err)}
	}
	return p.deliver(ctx, channel(commands.Place{ID: opened.ID, Private: true}), reply)
}

// tooLate says in the channel that a private answer could not be brought to its asker.
func (p *Platform) tooLate(reply commands.Reply) commands.Reply {
	l := languageOf(reply.Card)
	return commands.Reply{Mark: reply.Mark, Card: reports.Card{
		Title: l.Say("discord.late.title"), Lang: l, Footer: reports.Footer{Command: reply.Card.Footer.Command},
		Blocks: []reports.Block{reports.Note{Kind: reports.Warning, Text: l.Say("discord.late")}},
	}}
}

// Edit replaces a message.
func (p *Platform) Edit(ctx context.Context, posted bot.Posted, reply commands.Reply) error {
	if posted.ID == originalID {
		a, err := decode(posted.Place.Respond)
		if err != nil {
			return err
		}
		_, err = p.deliver(ctx, original(posted.Place, a), reply)
		return asOutcome(err, p.deps.Lang)
	}
	t := channel(posted.Place)
	t.method, t.address, t.posted = http.MethodPatch, discordgo.EndpointChannelMessage(posted.Place.ID, posted.ID), posted
	_, err := p.deliver(ctx, t, reply)
	return err
}

// Progress shows how far work is in the place of the answer.
func (p *Platform) Progress(ctx context.Context, place commands.Place, reply commands.Reply) error {
	if place.Respond == "" {
		return nil
	}
	a, err := decode(place.Respond)
	if err != nil {
		return err
	}
	p.acknowledged(ctx, a.Token)
	_, err = p.deliver(ctx, original(place, a), commands.Reply{Card: reply.Card})
	return asOutcome(err, p.deps.Lang)
}

// asOutcome is outcome for errors that may have been through it already.
func asOutcome(err error, l *reports.Language) error {
	var again *bot.Retry
	var no *bot.Refused
	if errors.As(err, &again) || errors.As(err, &no) {
		return err
	}
	return outcome(err, l)
}

// deliver sends a reply down the ladder: newer components, classic embed, plain text. A refused look costs the look,
// never the answer. An interaction that is gone is told by its own error (gone), all else as [bot.Retry] or
// [bot.Refused].
func (p *Platform) deliver(ctx context.Context, t target, reply commands.Reply) (bot.Posted, error) {
	file, err := p.attach(reply.File, t.fileLimit, languageOf(reply.Card))
	if err != nil {
		return bot.Posted{}, err
	}
	defer file.close()
	var last error
	for rung, m := range p.rungs(ctx, reply, file) {
		if err := m.validate(); err != nil {
			p.deps.Log.Error("discord: a message would break a limit", "rung", rung, "err", err)
			last = &bot.Refused{Fix: p.deps.Lang.Say("discord.refused", reports.Args{"Code": 0, "Status": 0}), Err: err}
			continue
		}
		posted, err := p.send(ctx, t, m, reply.Mark, file)
		if err == nil {
			return posted, nil
		}
		if gone(err) && t.posted.ID == originalID {
			return bot.Posted{}, err
		}
		status, _ := codeOf(err)
		if last = t.outcome(err, p.deps.Lang); status != http.StatusBadRequest {
			if tooLarge(err) {
				last = p.tooBig(languageOf(reply.Card), t.fileLimit, err)
			}
			return bot.Posted{}, last
		}
		p.deps.Log.Warn("discord: a message was refused, trying a plainer one", "rung", rung, "err", err)
	}
	return bot.Posted{}, last
}

// rungs are the forms of a reply, the best first. The mark, which Find looks for, is the number of the first component;
// text alone has none, and is protected by its nonce only.
func (p *Platform) rungs(ctx context.Context, reply commands.Reply, file *upload) []*message {
	ids := func(command string) string {
		id, err := p.deps.Buttons.Remember(ctx, command)
		if err != nil {
			p.deps.Log.Error("discord: a button could not be remembered", "err", err)
			return ""
		}
		return id
	}
	best := &message{Components: dress(render(reply.Card, ids), file, reply.Mark), Flags: discordgo.MessageFlagsIsComponentsV2}
	look, rows := embed(reply.Card, ids)
	if len(rows) > 0 && reply.Mark != "" {
		if row, ok := rows[0].(discordgo.ActionsRow); ok {
			row.ID = markID(reply.Mark)
			rows[0] = row
		}
	}
	classic := &message{Embeds: []*discordgo.MessageEmbed{look}, Components: rows}
	text := &message{Content: plain(reply.Card), Flags: discordgo.MessageFlagsSuppressEmbeds}
	rungs := []*message{best, classic, text}
	for _, m := range rungs {
		m.AllowedMentions = nobody()
		if file != nil {
			m.Attachments = []attachment{{ID: 0, Filename: file.name}}
		}
	}
	return rungs
}

// dress puts the file and the mark into the container.
func dress(components []discordgo.MessageComponent, file *upload, mark string) []discordgo.MessageComponent {
	box, ok := components[0].(discordgo.Container)
	if !ok {
		return components
	}
	if mark != "" {
		box.ID = markID(mark)
	}
	if file != nil {
		box.Components = append(box.Components, discordgo.FileComponent{File: discordgo.UnfurledMediaItem{URL: "attachment://" + file.name}})
	}
	return []discordgo.MessageComponent{box}
}

// markID is a mark as the number of a component: positive and beyond the numbers that Discord gives itself.
func markID(mark string) int { return int(hashOf(mark)&0x7FFFFFFF | 1<<16) }

// resendWithin is how long a nonce certainly keeps a message from being posted twice (Create Message: nonces are
// checked over the past few minutes).
const resendWithin = 2 * time.Minute

// send makes one request. A message of a channel carries a nonce, so that sending it again soon cannot double it.
func (p *Platform) send(ctx context.Context, t target, m *message, mark string, file *upload) (bot.Posted, error) {
	if t.method == http.MethodPost {
		m.Nonce, m.EnforceNonce = nonceOf(t.address, mark, m), true
	}
	body, err := p.api.send(ctx, t.method, t.address, t.bucket, m, file)
	return t.done(body), err
}

// outcome is that of the request: a new message whose request Discord may have acted on is in doubt, while an edit
// can be repeated.
func (t target) outcome(err error, l *reports.Language) error {
	told := outcome(err, l)
	var again *bot.Retry
	if t.method == http.MethodPost && errors.As(told, &again) && mayHaveActed(err) {
		again.Doubtful, again.Once = true, resendWithin
	}
	return told
}

func (t target) done(body []byte) bot.Posted {
	var m struct {
		ID string `json:"id"`
	}
	posted := t.posted
	if posted.ID == "" && json.Unmarshal(body, &m) == nil {
		posted.ID = m.ID
	}
	return posted
}

// nonceOf names a message for Discord: the same for every try.
func nonceOf(address, mark string, m *message) string {
	h := fnv.New64a()
	if mark != "" {
		_, _ = fmt.Fprintf(h, "%s %s", address, mark)
	} else {
		body, _ := json.Marshal(m)
		_, _ = fmt.Fprintf(h, "%s %s", address, body)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}
