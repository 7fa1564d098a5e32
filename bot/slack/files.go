package slack

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
)

// delivery is how far a reply with a file got. The outbox repeats a failed Post with the same file: what people see
// already is not sent again.
type delivery struct {
	begun   time.Time
	said    bool
	posted  bot.Posted
	shared  bool
	channel string // where the file was shared
}

// deliveries are those under way.
type deliveries struct {
	mu   sync.Mutex
	open map[*commands.File]*delivery
}

// deliveryTime is how long an unfinished delivery is remembered; outboxes give up earlier.
const deliveryTime = 2 * time.Hour

func (ds *deliveries) begin(f *commands.File, now time.Time) *delivery {
	if f == nil {
		return &delivery{}
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for old, d := range ds.open {
		if now.Sub(d.begun) > deliveryTime {
			delete(ds.open, old)
		}
	}
	d, ok := ds.open[f]
	if !ok {
		d = &delivery{begun: now}
		if ds.open == nil {
			ds.open = map[*commands.File]*delivery{}
		}
		ds.open[f] = d
	}
	return d
}

// end forgets a delivery unless it will be tried again.
func (ds *deliveries) end(f *commands.File, err error) {
	var retry *bot.Retry
	if f == nil || errors.As(err, &retry) {
		return
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	delete(ds.open, f)
}

// hand shares the file of a private reply in the direct messages with its asker.
func (p *Platform) hand(ctx context.Context, d *delivery, user string, reply commands.Reply) error {
	if d.shared {
		return nil
	}
	channel, err := p.direct(ctx, user)
	if err != nil {
		return p.verdict(err, false)
	}
	return p.upload(ctx, d, reply, channel, "")
}

// uploadTime bounds one upload: five minutes, and more for files that take longer at 256 KiB a second.
func uploadTime(size int64) time.Duration {
	return 5*time.Minute + time.Duration(size/(256<<10))*time.Second
}

// upload streams the file to Slack and shares it in a channel, by the external flow: ask for an address, send the
// bytes, complete. Only the last step shows anything.
func (p *Platform) upload(ctx context.Context, d *delivery, reply commands.Reply, channel, thread string) error {
	file := reply.File
	if d.shared || file.Size == 0 { // Slack takes no empty file; the message says what there is
		return nil
	}
	if file.Size > math.MaxInt32 {
		return &bot.Refused{Fix: p.lang.Say("slack.refused.file_upload_size_restricted"), Err: errors.New("file above 2 GiB")}
	}
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	ctx, cancel := context.WithTimeout(ctx, uploadTime(file.Size))
	defer cancel()
	_, err = p.api.UploadFileContext(ctx, slackapi.UploadFileParameters{
		Reader: content, FileSize: int(file.Size), Filename: file.Name, Title: file.Name,
		Channel: channel, ThreadTimestamp: thread, InitialComment: twin(reply.Card),
	})
	if err != nil {
		completing := strings.HasPrefix(err.Error(), "CompleteUploadExternal") // how the library names the step
		return p.verdict(err, completing)
	}
	d.shared, d.channel = true, channel
	return nil
}

// pointer tells the reader of a private reply where its file is.
func (p *Platform) pointer(channel string) slackapi.Block {
	if channel == "" {
		return smallPrint(markdown(escape(p.lang.Say("slack.file_empty"))))
	}
	site := strings.TrimSuffix(p.self.get().site, "/")
	if site == "" {
		return smallPrint(markdown(escape(p.lang.Say("slack.file_here"))))
	}
	return smallPrint(markdown(p.lang.Say("slack.file_there", reports.Args{"Link": site + "/archives/" + channel})))
}
