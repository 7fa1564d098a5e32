package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"

	"outboundbot/bot"
	"outboundbot/commands"
)

const (
	historyPage  = 100             // Get Channel Messages: limit
	historyPages = 20              // looked through at a time, which is more than a channel writes in hours
	historySlack = 5 * time.Minute // by which the machine's clock may be ahead of Discord's
)

// Find looks for a marked message in a channel. It needs the permission Read Message History: without it Discord
// shows an empty channel (Get Channel Messages), which is why an empty one proves nothing.
func (p *Platform) Find(ctx context.Context, place commands.Place, mark string, since time.Time) (bool, error) {
	after, seen := snowflake(since.Add(-historySlack)), false
	for range historyPages {
		list, err := p.history(ctx, place.ID, url.Values{"limit": {strconv.Itoa(historyPage)}, "after": {after}})
		if err != nil {
			return false, err
		}
		for _, m := range list {
			if m.marked(mark) {
				return true, nil
			}
		}
		if seen = seen || len(list) > 0; len(list) < historyPage {
			if seen {
				return false, nil
			}
			return false, p.readable(ctx, place.ID)
		}
		after = list[0].ID // the newest comes first
	}
	return false, fmt.Errorf("discord: more than %d messages since then", historyPages*historyPage)
}

// readable tells by its last message whether a channel shows its history.
func (p *Platform) readable(ctx context.Context, channel string) error {
	list, err := p.history(ctx, channel, url.Values{"limit": {"1"}})
	if err == nil && len(list) == 0 {
		err = &bot.Refused{Fix: p.deps.Lang.Say("discord.no_history"), Err: errors.New("discord: the channel shows no messages")}
	}
	return err
}

// found is what is read of a message.
type found struct {
	ID         string `json:"id"`
	Components []struct {
		ID int `json:"id"`
	} `json:"components"`
}

func (m found) marked(mark string) bool {
	for _, c := range m.Components {
		if c.ID == markID(mark) {
			return true
		}
	}
	return false
}

// history is a page of a channel's messages, the newest first.
func (p *Platform) history(ctx context.Context, channel string, query url.Values) (list []found, err error) {
	body, err := p.api.call(ctx, http.MethodGet, discordgo.EndpointChannelMessages(channel)+"?"+query.Encode(), "find", nil)
	if err != nil {
		return nil, outcome(err, p.deps.Lang)
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("discord: messages of a channel: %w", err)
	}
	return list, nil
}

// snowflake is the least id of what is made at a time (Reference: Snowflakes).
func snowflake(t time.Time) string {
	const epoch = 1_420_070_400_000 // Unix ms
	return strconv.FormatInt(max(0, t.UnixMilli()-epoch)<<22, 10)
}
