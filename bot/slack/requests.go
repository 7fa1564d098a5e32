package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

// respond is what Place.Respond holds, as JSON: how the answer to one question gets back.
type respond struct {
	URL    string `json:"url,omitempty"`    // of a slash command or a click: five answers within 30 minutes
	User   string `json:"user,omitempty"`   // who asked, for files and private answers
	Thread string `json:"thread,omitempty"` // of a mention
}

func (r respond) String() string {
	b, _ := json.Marshal(r)
	return string(b)
}

func respondOf(place commands.Place) (respond, error) {
	var r respond
	if place.Respond == "" {
		return r, nil
	}
	err := json.Unmarshal([]byte(place.Respond), &r)
	return r, err
}

// receive records one envelope and then acknowledges it: in that order, so that what Slack believes delivered is
// never lost. Nothing is dropped for being a redelivery; take knows what was seen.
func (p *Platform) receive(ctx context.Context, ev socketmode.Event, take bot.Take, ack func(*ephemeral)) {
	taking, cancel := context.WithTimeout(ctx, takeTime)
	defer cancel()
	switch data := ev.Data.(type) {
	case slackapi.SlashCommand:
		if data.TeamID != p.self.get().team {
			p.stranger(data.TeamID)
			ack(p.tell("slack.other_team"))
			return
		}
		if _, err := take(taking, p.slash(taking, data, ev.Request.EnvelopeID)); err != nil {
			ack(p.tell(p.untaken(err)))
			return
		}
		ack(nil)
	case slackapi.InteractionCallback:
		p.click(ctx, taking, data, take, ack)
	case slackevents.EventsAPIEvent:
		req, team, mine := p.message(data)
		switch {
		case mine && team != p.self.get().team:
			p.stranger(team)
			ack(nil)
			p.apologise(ctx, req.Place, "slack.other_team")
			return
		case mine:
			req.Locale, req.External = p.person(taking, req.User)
			if _, err := take(taking, req); err != nil {
				p.untaken(err) // not acknowledged: Slack delivers again
				return
			}
		}
		ack(nil)
	case *socketmode.ErrorBadMessage:
		p.log.Warn("slack: an envelope of an unknown kind", "err", data.Cause)
		ack(nil)
	}
}

// untaken logs why a request was not recorded and names the sentence for the asker.
func (p *Platform) untaken(err error) string {
	if errors.Is(err, bot.ErrBusy) {
		p.log.Warn("slack: busy")
		return "slack.busy"
	}
	p.log.Error("slack: a request could not be recorded", "err", err)
	return "slack.not_recorded"
}

func (p *Platform) stranger(team string) {
	p.log.Warn("slack: a request from another workspace", "team", team, "own", p.self.get().team)
}

// slash is the request of a command. Its trigger is Slack's, or else the envelope that brought it.
func (p *Platform) slash(ctx context.Context, c slackapi.SlashCommand, envelope string) commands.Request {
	locale, external := p.person(ctx, c.UserID)
	return p.request(commands.Request{
		Trigger: cmp.Or(c.TriggerID, envelope), User: c.UserID, Locale: locale, External: external, Text: typed(c.Text),
		Place: commands.Place{ID: c.ChannelID, Private: true, Respond: respond{URL: c.ResponseURL, User: c.UserID}.String()},
	})
}

func (p *Platform) request(r commands.Request) commands.Request {
	r.Platform, r.Tenant, r.At = p.Name(), p.self.get().team, p.now()
	return r
}

// pressed is the id that a button or a menu carries, and what tells one press from another. The library files an
// action that names no block under the actions of old attachments.
func pressed(c slackapi.InteractionCallback) (id, press string) {
	if list := c.ActionCallback.BlockActions; len(list) > 0 {
		return cmp.Or(list[0].Value, list[0].SelectedOption.Value), list[0].ActionTs + "/" + list[0].ActionID
	}
	if list := c.ActionCallback.AttachmentActions; len(list) > 0 {
		return list[0].Value, c.ActionTs + "/" + list[0].Name
	}
	return "", ""
}

// click takes the command behind a button. One whose command is gone says so.
func (p *Platform) click(ctx, taking context.Context, c slackapi.InteractionCallback, take bot.Take, ack func(*ephemeral)) {
	id, press := pressed(c)
	if c.Type != slackapi.InteractionTypeBlockActions || id == "" { // a link, or nothing that asks for an answer
		ack(nil)
		return
	}
	channel := c.Channel.ID
	if channel == "" {
		channel = c.Container.ChannelID
	}
	place := commands.Place{ID: channel, Private: true, Respond: respond{URL: c.ResponseURL, User: c.User.ID}.String()}
	own := p.self.get().team
	if team := cmp.Or(c.User.TeamID, c.Team.ID); c.Team.ID != own || team != own {
		p.stranger(team)
		ack(nil)
		p.apologise(ctx, place, "slack.other_team")
		return
	}
	command, err := p.buttons.Recall(taking, id)
	if err == nil {
		trigger := c.TriggerID
		if trigger == "" {
			trigger = c.Container.MessageTs + "/" + press
		}
		locale, external := p.person(taking, c.User.ID)
		_, err = take(taking, p.request(commands.Request{
			Trigger: trigger, Place: place, User: c.User.ID, Locale: locale, External: external, Text: command,
		}))
	}
	ack(nil)
	switch {
	case errors.Is(err, storage.ErrNoValue):
		p.apologise(ctx, place, "slack.button_gone")
	case err != nil:
		p.apologise(ctx, place, p.untaken(err))
	}
}

// apologise says a sentence to the asker alone where an acknowledgement cannot carry it.
func (p *Platform) apologise(ctx context.Context, place commands.Place, id string) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	card := reports.Card{Lead: p.lang.Say(id), Blocks: []reports.Block{reports.Note{Kind: reports.Wrong, Text: p.lang.Say(id)}}, Lang: p.lang}
	if _, err := p.Post(ctx, place, commands.Reply{Card: card, Private: true}); err != nil {
		p.log.Warn("slack: an apology could not be posted", "err", err)
	}
}

// message makes a request of a mention or a direct message, and tells whose workspace its asker belongs to, which in a
// shared channel may be another one. mine is false for everything else, such as what bots and the bot itself write,
// edits, and joins.
func (p *Platform) message(e slackevents.EventsAPIEvent) (req commands.Request, team string, mine bool) {
	outer, ok := e.Data.(*slackevents.EventsAPICallbackEvent)
	if !ok {
		if e.Type == slackevents.AppRateLimited {
			p.log.Warn("slack: Slack holds back events: too many in an hour")
		}
		return req, "", false
	}
	self := p.self.get()
	if e.TeamID != self.team {
		p.stranger(e.TeamID)
		return req, "", false
	}
	req = commands.Request{Trigger: outer.EventID}
	switch m := e.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		if m.BotID != "" || m.Edited != nil {
			return req, "", false
		}
		team, req.User, req.Text = m.UserTeam, m.User, typed(m.Text)
		req.Place = commands.Place{ID: m.Channel, Respond: respond{User: m.User, Thread: cmp.Or(m.ThreadTimeStamp, m.TimeStamp)}.String()}
	case *slackevents.MessageEvent:
		if m.ChannelType != slackapi.TYPE_IM || m.SubType != "" || m.BotID != "" {
			return req, "", false
		}
		team, req.User, req.Text = m.UserTeam, m.User, typed(m.Text)
		req.Place = commands.Place{ID: m.Channel, Private: true, Respond: respond{User: m.User, Thread: m.ThreadTimeStamp}.String()}
	default:
		return req, "", false
	}
	if req.User == "" || req.User == self.user {
		return req, "", false
	}
	req.Text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(req.Text), "<@"+self.user+">"))
	return p.request(req), cmp.Or(team, self.team), true
}

// typed undoes Slack's escapes.
func typed(text string) string { return unescapes.Replace(text) }

var unescapes = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// me is who the bot's token is.
type me struct{ team, user, bot, site string }

type identity struct {
	mu sync.RWMutex
	me me
}

func (i *identity) get() me {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.me
}

func (i *identity) set(m me) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.me = m
}

// people remembers what users.info said.
type people struct {
	mu    sync.Mutex
	known map[string]person
}

type person struct {
	locale   string
	external bool
	until    time.Time
}

const (
	personTime  = 500 * time.Millisecond // of asking, within the time to acknowledge
	personFresh = time.Hour
	personRetry = time.Minute // after a failure
	personMax   = 10_000
)

// person looks up language and standing of a user. Who may see contacts is decided by the configured list alone, so
// when Slack does not say in time the request goes on without.
func (p *Platform) person(ctx context.Context, user string) (locale string, external bool) {
	p.people.mu.Lock()
	known, ok := p.people.known[user]
	p.people.mu.Unlock()
	if ok && p.now().Before(known.until) {
		return known.locale, known.external
	}
	asking, cancel := context.WithTimeout(ctx, personTime)
	defer cancel()
	info, err := p.api.GetUserInfoContext(asking, user)
	if err != nil {
		p.log.Warn("slack: users.info gives no language of a person", "err", bare(err))
		known = person{locale: known.locale, external: known.external, until: p.now().Add(personRetry)}
	} else {
		known = person{
			locale: info.Locale, external: info.IsStranger || info.IsRestricted || info.IsUltraRestricted,
			until: p.now().Add(personFresh),
		}
	}
	p.people.mu.Lock()
	defer p.people.mu.Unlock()
	if p.people.known == nil || len(p.people.known) >= personMax {
		p.people.known = map[string]person{}
	}
	p.people.known[user] = known
	return known.locale, known.external
}
