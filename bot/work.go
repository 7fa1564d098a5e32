package bot

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
)

// An answer may take answerLimit; every sign of progress, as an export gives, grants it longLimit more, up to
// answerLongest in all.
const (
	answerLimit   = time.Minute
	longLimit     = 5 * time.Minute
	answerLongest = 15 * time.Minute
	progressEvery = 3 * time.Second // CHAT 4
	progressLimit = 5 * time.Second
)

// replyPatience is how long the outbox tries to deliver an answer.
const replyPatience = 10 * time.Minute

// worker answers one request at a time.
type worker struct {
	busySince atomic.Int64 // Unix ms; 0 when idle
}

// work answers what is queued until quit. After the last patience of a shutdown it leaves requests in State.
func (b *Bot) work(w *worker, quit <-chan struct{}) {
	for {
		select {
		case <-quit:
			return
		case j := <-b.queue:
			if b.life.Err() != nil {
				b.finish(j, commands.Reply{}, delivery{outcome: kept}, 0)
				continue
			}
			w.busySince.Store(time.Now().UnixMilli())
			b.handle(j)
			w.busySince.Store(0)
		}
	}
}

// handle answers a request and gives the reply to the outbox.
func (b *Bot) handle(j *job) {
	begun := time.Now()
	j.waited = begun.Sub(j.queued)
	reply := b.reply(j.req, b.progress(j))
	j.answered = time.Since(begun)
	if b.life.Err() != nil { // cancelled or overtaken by the shutdown: the next start answers
		closeFile(reply)
		b.finish(j, reply, delivery{outcome: kept}, 0)
		return
	}
	reply.Mark = j.claim.key
	b.outbox.put(&parcel{
		platform: j.platform, place: j.req.Place, reply: reply, claim: j.claim, patience: replyPatience,
		finished: func(d delivery, begun time.Time) { b.finish(j, reply, d, time.Since(begun)) },
	})
}

// reply answers within the limits; a panic or a limit reached becomes a reply too.
func (b *Bot) reply(req commands.Request, progress func(commands.Reply)) commands.Reply {
	begun := time.Now()
	ctx, cancel := context.WithTimeoutCause(b.life, answerLongest, context.DeadlineExceeded)
	defer cancel()
	ctx, tooSlow := context.WithCancelCause(ctx)
	defer tooSlow(nil)
	timer := time.AfterFunc(answerLimit, func() { tooSlow(context.DeadlineExceeded) })
	defer timer.Stop()
	alive := func(r commands.Reply) {
		timer.Reset(longLimit)
		if progress != nil {
			progress(r)
		} else {
			closeFile(r)
		}
	}
	reply, err := safely(func() (commands.Reply, error) { return b.answer(ctx, req, alive), nil })
	switch {
	case err != nil:
		return b.fault(req, err)
	case reply.Err != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		closeFile(reply)
		return b.slow(req, reply.Err, time.Since(begun))
	}
	return reply
}

// progress shows how long work goes on, at most every few seconds, on a platform that can. It has returned before
// the answer is posted, so that it never takes the answer's place.
func (b *Bot) progress(j *job) func(commands.Reply) {
	shower, ok := j.platform.(Progresser)
	if !ok {
		return nil
	}
	var last time.Time
	return func(r commands.Reply) {
		defer closeFile(r)
		if time.Since(last) < progressEvery {
			return
		}
		last = time.Now()
		_, err := safely(func() (struct{}, error) {
			ctx, cancel := context.WithTimeout(b.life, progressLimit)
			defer cancel()
			return struct{}{}, shower.Progress(ctx, j.req.Place, r)
		})
		if err != nil {
			b.log.Debug("progress could not be shown", "id", j.req.Trigger, "err", err)
		}
	}
}

// finish logs a request, tells its asker where the answer could not be posted, and makes room for another.
func (b *Bot) finish(j *job, reply commands.Reply, d delivery, took time.Duration) {
	var notice commands.Reply
	switch {
	case d.outcome == refused:
		notice = b.refusal(j.req, d.fix)
	case d.outcome == gaveUp:
		notice = b.unposted(j.req)
	case d.outcome == doubtful && b.life.Err() == nil: // else the next start says so
		notice = b.doubt(j.req)
	case d.outcome == crashed:
		notice = b.fault(j.req, d.err)
		reply.Err = notice.Err
	}
	b.logRequest(j, reply, d, took)
	if notice.Card.Title == "" {
		b.gate.leave()
		return
	}
	b.tell(j.platform, reach(j.req, true), notice, b.gate.leave)
}

// logRequest writes the one line of a request. It names no customer: the command is the canonical one, in which
// contacts are tokens, or the verb alone.
func (b *Bot) logRequest(j *job, reply commands.Reply, d delivery, took time.Duration) {
	level, command := d.outcome.level(), verb(j.req.Text)
	if reply.Card.Footer.Command != "" {
		command = masked(reply.Card.Footer.Command)
	}
	attrs := []slog.Attr{
		slog.String("id", j.req.Trigger), slog.String("platform", j.req.Platform), slog.String("tenant", j.req.Tenant),
		slog.String("command", command), slog.String("outcome", string(d.outcome)),
		slog.Int64("queue_ms", j.waited.Milliseconds()), slog.Int64("answer_ms", j.answered.Milliseconds()),
		slog.Int64("post_ms", took.Milliseconds()),
	}
	rows, bytes := sizes(reply)
	attrs = append(attrs, slog.Int64("rows", rows), slog.Int64("bytes", bytes))
	if reply.Err != nil {
		attrs = append(attrs, slog.String("answer", kindOf(reply.Err)))
	}
	var internal *commands.InternalError
	if errors.As(reply.Err, &internal) {
		level = slog.LevelError
		attrs = append(attrs, slog.String("reference", internal.ID), slog.Any("err", internal.Err))
		attrs = append(attrs, stackOf(internal.Err)...)
	}
	if d.err != nil {
		attrs = append(attrs, slog.Any("post_err", d.err), slog.String("fix", d.fix))
		attrs = append(attrs, stackOf(d.err)...)
	}
	b.log.LogAttrs(context.Background(), level, "request", attrs...)
}

// sizes are the rows and bytes of the file, else the rows shown.
func sizes(reply commands.Reply) (rows, bytes int64) {
	if reply.File != nil {
		return reply.File.Rows, reply.File.Size
	}
	for _, block := range reply.Card.Blocks {
		if t, ok := block.(reports.Table); ok {
			rows += int64(len(t.Rows))
		}
	}
	return rows, 0
}

func kindOf(err error) string {
	var input *commands.InputError
	switch {
	case errors.As(err, &input):
		return "input error"
	case errors.Is(err, commands.ErrDenied):
		return "denied"
	default:
		return "internal error"
	}
}

func stackOf(err error) []slog.Attr {
	var panicked *panicError
	if errors.As(err, &panicked) {
		return []slog.Attr{slog.String("stack", panicked.stack)}
	}
	return nil
}

func closeFile(reply commands.Reply) {
	if reply.File != nil {
		reply.File.Close() // the spool folder is emptied at the next start should this fail
	}
}

var (
	phoneTerm = regexp.MustCompile(`(?i)\b(phone|tel[eé]fono)([:=])("[^"]*"|\S+)`)
	longDigit = regexp.MustCompile(`\+?\d{7,}`)
)

// masked hides what may be a phone number in a canonical command; that has tokens already, this is the second lock.
func masked(command string) string {
	return longDigit.ReplaceAllString(phoneTerm.ReplaceAllString(command, "$1$2•••"), "•••")
}

// verb is the first word of a command if it is the name of a report or verb; a name or a number that somebody typed
// is not shown.
func verb(text string) string {
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if strings.HasPrefix(word, "/") || strings.HasPrefix(word, "<@") {
			continue // the bot's own name
		}
		for _, lang := range reports.Languages() {
			if !strings.Contains(word, ".") && (lang.Has("report."+word) || lang.Has("verb."+word)) {
				return word
			}
		}
		break
	}
	return "…"
}
