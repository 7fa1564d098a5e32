package slack

import (
	"context"
	"fmt"
	"time"

	slackapi "github.com/slack-go/slack"

	"outboundbot/bot"
	"outboundbot/commands"
)

var (
	_ bot.Finder    = (*Platform)(nil)
	_ bot.Lifetimer = (*Platform)(nil)
	_ bot.Readier   = (*Platform)(nil)
)

// Lifetime of a response address (docs.slack.dev/interactivity/handling-user-interaction, message responses).
func (p *Platform) Lifetime() time.Duration { return 30 * time.Minute }

const (
	markEvent   = "outboundbot_post"
	markField   = "mark"
	historyPage = 50 // the post that is looked for is seconds old
)

// marked names a message in its metadata, which people do not see.
func marked(mark string) slackapi.MsgOption {
	return slackapi.MsgOptionMetadata(slackapi.SlackMetadata{EventType: markEvent, EventPayload: map[string]any{markField: mark}})
}

// Find looks for a marked message among the latest of a channel. It needs the optional scope channels:history (or
// groups:history) and an id, not a #name.
func (p *Platform) Find(ctx context.Context, place commands.Place, mark string) (found bool, err error) {
	var history *slackapi.GetConversationHistoryResponse
	err = p.call(ctx, func(ctx context.Context) error {
		history, err = p.api.GetConversationHistoryContext(ctx, &slackapi.GetConversationHistoryParameters{
			ChannelID: place.ID, Limit: historyPage, IncludeAllMetadata: true,
		})
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
	return false, nil
}
