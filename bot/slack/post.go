package slack

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
)

// Post delivers a reply. An answer goes to the response address of its question, privately unless place and reply
// are both public; what has only a reader goes into their direct messages; anything else is a message to place.ID, an
// id or a #name. The file of a private reply goes into the asker's direct messages, that of a public one below the
// message. A try that is repeated goes on where the last one failed, so nothing shows twice.
func (p *Platform) Post(ctx context.Context, place commands.Place, reply commands.Reply) (bot.Posted, error) {
	to, err := respondOf(place)
	if err != nil {
		return bot.Posted{}, fmt.Errorf("place of a reply: %w", err)
	}
	private := place.Private || reply.Private
	to.User = cmp.Or(to.User, place.User)
	if private && to.User == "" && !isDirect(place.ID) { // a channel has more readers than the asker
		return bot.Posted{}, &bot.Refused{Fix: p.lang.Say("slack.nobody"), Err: errors.New("a private reply for nobody")}
	}
	d := p.deliveries.begin(reply.File, p.now())
	posted, err := p.deliver(ctx, d, place, to, private, reply)
	p.deliveries.end(reply.File, err)
	return posted, err
}

func (p *Platform) deliver(ctx context.Context, d *delivery, place commands.Place, to respond, private bool, reply commands.Reply) (bot.Posted, error) {
	apart := private && to.User != "" // the file goes into the direct messages, before the message that points there
	var notes []slackapi.Block
	if reply.File != nil && apart {
		if err := p.hand(ctx, d, to.User, reply); err != nil {
			return bot.Posted{}, err
		}
		notes = append(notes, p.pointer(d.channel))
	}
	if !d.said {
		posted, err := p.say(ctx, place, to, private, reply, notes)
		if err != nil {
			return bot.Posted{}, err
		}
		d.said, d.posted = true, posted
	}
	if reply.File != nil && !apart {
		thread := to.Thread
		if thread == "" && !private {
			thread = d.posted.ID
		}
		if err := p.upload(ctx, d, reply, d.posted.Place.ID, thread); err != nil {
			return bot.Posted{}, err
		}
	}
	return d.posted, nil
}

// Edit replaces a message that Post made; one behind a response address is replaced through it.
func (p *Platform) Edit(ctx context.Context, posted bot.Posted, reply commands.Reply) error {
	to, err := respondOf(posted.Place)
	if err != nil {
		return fmt.Errorf("place of a message: %w", err)
	}
	private := posted.Place.Private || reply.Private
	err = p.descend(ctx, reply.Card, nil, func(ctx context.Context, m message) error {
		if posted.ID == "" {
			return p.respond(ctx, to.URL, m, private, true)
		}
		_, _, _, err := p.api.UpdateMessageContext(ctx, posted.Place.ID, posted.ID, m.options()...)
		return err
	})
	return p.verdict(err, false)
}

// say sends a card down the ladder of looks to where it belongs.
func (p *Platform) say(ctx context.Context, place commands.Place, to respond, private bool, reply commands.Reply, notes []slackapi.Block) (bot.Posted, error) {
	if to.URL == "" && place.ID == "" {
		return p.sayDirectly(ctx, to.User, reply, notes)
	}
	posted := bot.Posted{Place: place}
	shows := false
	send := func(ctx context.Context, m message) (err error) {
		if to.URL != "" {
			return p.respond(ctx, to.URL, m, private, false)
		}
		options := m.options()
		if to.Thread != "" {
			options = append(options, slackapi.MsgOptionTS(to.Thread))
		}
		if private && !isDirect(place.ID) {
			_, err = p.api.PostEphemeralContext(ctx, place.ID, to.User, options...)
			return err
		}
		shows = true
		if reply.Mark != "" {
			options = append(options, marked(reply.Mark))
		}
		posted.Place.ID, posted.ID, err = p.api.PostMessageContext(ctx, place.ID, options...)
		return err
	}
	err := p.descend(ctx, reply.Card, notes, send)
	if err != nil && to.URL != "" && to.User != "" && gone(err) {
		return p.sayDirectly(ctx, to.User, reply, notes)
	}
	if err != nil {
		return bot.Posted{}, p.verdict(err, shows)
	}
	if shows {
		p.learn(ctx, place.ID, posted.Place.ID)
	}
	return posted, nil
}

// sayDirectly answers in the direct messages, when there is no response address or it has run out.
func (p *Platform) sayDirectly(ctx context.Context, user string, reply commands.Reply, notes []slackapi.Block) (bot.Posted, error) {
	channel, err := p.direct(ctx, user)
	if err != nil {
		return bot.Posted{}, p.verdict(err, false)
	}
	place := commands.Place{ID: channel, Private: true}
	return p.say(ctx, place, respond{}, true, reply, notes)
}

// isDirect tells the id of direct messages from that of a channel.
func isDirect(id string) bool { return strings.HasPrefix(id, "D") }

// direct is the channel of the direct messages with a user.
func (p *Platform) direct(ctx context.Context, user string) (channel string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	im, _, _, err := p.api.OpenConversationContext(ctx, &slackapi.OpenConversationParameters{Users: []string{user}, ReturnIM: true})
	if err != nil {
		return "", err
	}
	return im.ID, nil
}

// message is a card as Slack takes it. Blocks may be none; text is always there.
type message struct {
	blocks []slackapi.Block
	text   string
}

func (m message) options() []slackapi.MsgOption {
	return []slackapi.MsgOption{
		slackapi.MsgOptionText(m.text, false), // escaped where it was written
		slackapi.MsgOptionBlocks(m.blocks...),
		slackapi.MsgOptionDisableLinkUnfurl(),
		slackapi.MsgOptionDisableMediaUnfurl(),
	}
}

// descend sends a card in its best look and, whenever Slack refuses that, in the next plainer one. A refused block
// costs looks, never the answer.
func (p *Platform) descend(ctx context.Context, card reports.Card, notes []slackapi.Block, send func(context.Context, message) error) error {
	if card.Lang == nil {
		card.Lang = p.lang
	}
	ids := func(command string) string {
		id, err := p.buttons.Remember(ctx, command)
		if err != nil {
			p.log.Error("slack: a button is left out", "err", err)
		}
		return id
	}
	looks := []func() message{
		func() message { return message{render(card, ids, notes...), twin(card)} },
		func() message { return message{renderMonospace(card, ids, notes...), twin(card)} },
		func() message { return message{nil, plain(card)} },
	}
	var err error
	for i, look := range looks {
		m := look()
		if fault := validate(m); fault != nil && i < len(looks)-1 {
			p.log.Error("slack: a look breaks the limits", "look", i, "err", fault)
			continue
		}
		err = p.call(ctx, func(ctx context.Context) error { return send(ctx, m) })
		if err == nil || !ugly(err) {
			return err
		}
		p.log.Warn("slack: a look was refused", "look", i, "err", err)
	}
	return err
}

func (p *Platform) call(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return f(ctx)
}

// respond posts to the response address of a command or click, which needs no membership of the channel.
func (p *Platform) respond(ctx context.Context, address string, m message, private, replace bool) error {
	address, err := p.wire.respondURL(address)
	if err != nil {
		return err
	}
	body := slackapi.WebhookMessage{Text: m.text, ResponseType: slackapi.ResponseTypeInChannel, ReplaceOriginal: replace}
	if private {
		body.ResponseType = slackapi.ResponseTypeEphemeral
	}
	if len(m.blocks) > 0 {
		body.Blocks = &slackapi.Blocks{BlockSet: m.blocks}
	}
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("reply as JSON: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return errForeign
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(res.Body, answerBytes))
	if err != nil {
		return &sentError{err}
	}
	return responseError(res, said)
}

// responseError reads the answer of a response address: "ok", {"ok":true}, {"ok":false,"error":CODE}, or a status
// with the bare code as its body.
func responseError(res *http.Response, said []byte) error {
	if res.StatusCode == http.StatusTooManyRequests {
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return &slackapi.RateLimitedError{RetryAfter: time.Duration(seconds) * time.Second}
	}
	var answer slackapi.SlackResponse
	if json.Unmarshal(said, &answer) == nil && answer.Error != "" {
		return answer.Err()
	}
	if res.StatusCode == http.StatusOK {
		return nil
	}
	if code := strings.TrimSpace(string(said)); res.StatusCode < http.StatusInternalServerError && isCode(code) {
		return slackapi.SlackErrorResponse{Err: code}
	}
	return slackapi.StatusCodeError{Code: res.StatusCode, Status: res.Status}
}

func isCode(s string) bool {
	return s != "" && len(s) < 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}
