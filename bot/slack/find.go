package slack

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

var (
	_ bot.Finder    = (*Platform)(nil)
	_ bot.Lifetimer = (*Platform)(nil)
	_ bot.Readier   = (*Platform)(nil)
)

// Lifetime of a response address (docs.slack.dev/interactivity/handling-user-interaction, message responses).
func (p *Platform) Lifetime() time.Duration { return 30 * time.Minute }

const (
	markEvent = "outboundbot_post"
	markField = "mark"

	historyPage  = 200             // docs.slack.dev/reference/methods/conversations.history: limit, as recommended
	historyPages = 10              // looked through at a time, which is more than a channel writes in hours
	historySlack = 5 * time.Minute // by which the machine's clock may be ahead of Slack's
	channelPage  = 1000            // docs.slack.dev/reference/methods/conversations.list: limit
	channelPages = 20              // the method's calls a minute
)

// marked names a message in its metadata, which people do not see.
func marked(mark string) slackapi.MsgOption {
	return slackapi.MsgOptionMetadata(slackapi.SlackMetadata{EventType: markEvent, EventPayload: map[string]any{markField: mark}})
}

// Find looks for a marked message among those of a channel since a time. It needs the optional scope channels:history
// (groups:history for a private channel).
func (p *Platform) Find(ctx context.Context, place commands.Place, mark string, since time.Time) (bool, error) {
	channel, err := p.channelID(ctx, place.ID)
	if err != nil {
		return false, err
	}
	asked := &slackapi.GetConversationHistoryParameters{
		ChannelID: channel, Limit: historyPage, IncludeAllMetadata: true,
		Oldest: strconv.FormatInt(since.Add(-historySlack).Unix(), 10),
	}
	for range historyPages {
		var history *slackapi.GetConversationHistoryResponse
		err := p.call(ctx, func(ctx context.Context) (err error) {
			history, err = p.api.GetConversationHistoryContext(ctx, asked)
			return err
		})
		if err != nil {
			return false, fmt.Errorf("looking for a post: %w", p.verdict(err, false))
		}
		for _, m := range history.Messages {
			if m.Metadata.EventType == markEvent && m.Metadata.EventPayload[markField] == mark {
				return true, nil
			}
		}
		if asked.Cursor = history.ResponseMetaData.NextCursor; asked.Cursor == "" {
			return false, nil
		}
	}
	return false, fmt.Errorf("looking for a post: more than %d messages since then", historyPages*historyPage)
}

// channelID is the id of a channel that is given by id or #name. Slack tells it with every post, so it is remembered;
// before the first post it takes the optional scope channels:read.
func (p *Platform) channelID(ctx context.Context, place string) (string, error) {
	if isID(place) {
		return place, nil
	}
	known, err := p.buttons.State.Get(ctx, channelKey(place))
	if err == nil {
		return string(known.Data), nil
	}
	if !errors.Is(err, storage.ErrNoValue) {
		return "", err
	}
	asked := &slackapi.GetConversationsParameters{Limit: channelPage, ExcludeArchived: true}
	for range channelPages {
		var channels []slackapi.Channel
		err := p.call(ctx, func(ctx context.Context) (err error) {
			channels, asked.Cursor, err = p.api.GetConversationsContext(ctx, asked)
			return err
		})
		told := p.verdict(err, false)
		var no *bot.Refused
		switch {
		case errors.As(told, &no):
			return "", p.nameless(place, err)
		case err != nil:
			return "", fmt.Errorf("looking for %s: %w", place, told)
		}
		for _, c := range channels {
			if c.Name == nameOf(place) {
				p.learn(ctx, place, c.ID)
				return c.ID, nil
			}
		}
		if asked.Cursor == "" {
			break
		}
	}
	return "", p.nameless(place, errors.New("no such public channel"))
}

// nameless says what to do about a channel whose id cannot be found out.
func (p *Platform) nameless(place string, err error) error {
	return &bot.Refused{Fix: p.lang.Say("slack.no_id", reports.Args{"Place": place}), Err: fmt.Errorf("id of %s: %w", place, err)}
}

// isID tells the id of a channel or direct message from a name, which has no capitals.
func isID(place string) bool {
	return len(place) > 1 && strings.ContainsRune("CDG", rune(place[0])) && strings.Trim(place, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func nameOf(place string) string { return strings.TrimPrefix(place, "#") }

func channelKey(place string) string { return "slack/channel/" + nameOf(place) }

// learn remembers the id of a channel that was given by name.
func (p *Platform) learn(ctx context.Context, place, id string) {
	if isID(place) || id == "" {
		return
	}
	known, err := p.buttons.State.Get(ctx, channelKey(place))
	if err == nil && string(known.Data) == id {
		return
	}
	if err := p.buttons.State.Put(ctx, channelKey(place), []byte(id), 0, storage.AnyVersion); err != nil {
		p.log.Warn("slack: the id of a channel could not be remembered", "channel", place, "err", err)
	}
}
