package bot

import (
	"crypto/rand"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
)

// The bot's own few sentences, for when there is no answer to show.

// noticePatience is how long the outbox tries to deliver a notice.
const noticePatience = 5 * time.Minute

// fault says that we failed, with a reference that the log has too.
func (b *Bot) fault(req commands.Request, err error) commands.Reply {
	id := rand.Text()[:8]
	lang := b.language(req)
	r := notice(lang, reports.Fault, "bot.fault.title", lang.Say("bot.fault", reports.Args{"Reference": id}))
	r.Err = &commands.InternalError{ID: id, Err: err}
	return r
}

// slow says that an answer took too long and how to ask for less.
func (b *Bot) slow(req commands.Request, err error, took time.Duration) commands.Reply {
	lang := b.language(req)
	text := lang.Say("bot.slow", reports.Args{"Limit": lang.Duration(took.Milliseconds())})
	r := notice(lang, reports.Fault, "bot.slow.title", text)
	r.Err = err
	return r
}

// refusal says why the answer is not there and what somebody can do about it.
func (b *Bot) refusal(req commands.Request, fix string) commands.Reply {
	return notice(b.language(req), reports.Warning, "bot.refused.title", fix)
}

// unposted says that the platform took no answer for as long as the bot tried.
func (b *Bot) unposted(req commands.Request) commands.Reply {
	lang := b.language(req)
	return notice(lang, reports.Warning, "bot.refused.title", lang.Say("bot.gave_up", reports.Args{"Command": verb(req.Text)}))
}

// missed says that a question was lost in a restart.
func (b *Bot) missed(req commands.Request) commands.Reply {
	lang := b.language(req)
	return notice(lang, reports.Warning, "bot.restarted.title", lang.Say("bot.restarted", reports.Args{"Command": verb(req.Text)}))
}

// doubt says that an answer may be there or not.
func (b *Bot) doubt(req commands.Request) commands.Reply {
	lang := b.language(req)
	return notice(lang, reports.Warning, "bot.doubt.title", lang.Say("bot.doubt", reports.Args{"Command": verb(req.Text)}))
}

func notice(lang *reports.Language, kind reports.NoteKind, title, text string) commands.Reply {
	return commands.Reply{Private: true, Card: reports.Card{
		Title: lang.Say(title), Lead: text, Lang: lang,
		Blocks: []reports.Block{reports.Note{Kind: kind, Text: text}},
	}}
}

// language is that of the asker if it is known, else the workspace's.
func (b *Bot) language(req commands.Request) *reports.Language {
	if req.Locale != "" {
		return reports.LanguageFor(req.Locale)
	}
	return b.lang
}

// tell posts a notice to the first of the places that takes it, and calls then.
func (b *Bot) tell(p Platform, places []commands.Place, notice commands.Reply, then func()) {
	if len(places) == 0 {
		then()
		return
	}
	b.outbox.put(&parcel{
		platform: p, place: places[0], reply: notice, patience: noticePatience,
		finished: func(d delivery, _ time.Time) {
			switch {
			case d.outcome == refused && len(places) > 1:
				b.tell(p, places[1:], notice, then)
				return
			case d.outcome != posted:
				b.log.Warn("a notice could not be posted", "platform", p.Name(), "title", notice.Card.Title, "outcome", d.outcome, "err", d.err)
			}
			then()
		},
	})
}

// reach are the addresses at which only the asker reads a notice about their request: the response address, while it
// works, then their direct messages.
func reach(req commands.Request, responds bool) (places []commands.Place) {
	if responds && req.Place.Respond != "" {
		places = append(places, commands.Place{Respond: req.Place.Respond, Private: true})
	}
	if req.User != "" {
		places = append(places, commands.Place{User: req.User, Private: true})
	}
	return places
}
