package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
)

// Digest is a command whose answer is posted on schedule (CHAT 5).
type Digest struct {
	Name    string
	At      string         // see [ParseSchedule]
	Zone    *time.Location // of At
	Post    string         // platform:place, such as slack:#sales
	Command string         // with a relative range
	Empty   string         // what to do when nothing was sent: post (also ""), skip, or note
	Format  string         // csv, xlsx or json is attached as well; "" for none
}

// Check says what is wrong with a digest's schedule, destination or empty, in one sentence each.
func (d Digest) Check() error {
	lang := reports.Languages()[0]
	var faults []error
	if _, err := ParseSchedule(d.At, d.Zone); err != nil {
		faults = append(faults, err)
	}
	if platform, place, _ := strings.Cut(d.Post, ":"); platform == "" || place == "" {
		faults = append(faults, errors.New(lang.Say("bot.digest.post", reports.Args{"Name": d.Name, "Post": d.Post})))
	}
	if !slices.Contains([]string{"", "post", "skip", "note"}, d.Empty) {
		faults = append(faults, errors.New(lang.Say("bot.digest.kind", reports.Args{"Name": d.Name, "Empty": d.Empty})))
	}
	return errors.Join(faults...)
}

// plannedDigest is a digest ready to run, or the fault that keeps it from running.
type plannedDigest struct {
	Digest
	schedule Schedule
	platform Platform
	place    commands.Place
	fault    error
	since    time.Time // slots before are none of this schedule's; zero until it was read from State

	mu    sync.Mutex
	slots map[string]slotPhase
}

// slotPhase is what this bot knows of a slot without asking State.
type slotPhase uint8

const (
	open    slotPhase = iota // State decides
	running                  // this bot is at it
	settled                  // needs no second look
)

func (d *plannedDigest) mark(s Slot, phase slotPhase) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slots[s.Local] = phase
}

// seen tells whether there is nothing to do for a slot at the moment.
func (d *plannedDigest) seen(s Slot) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.slots[s.Local] != open
}

func (b *Bot) plan(d Digest) *plannedDigest {
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	p := &plannedDigest{Digest: d, slots: map[string]slotPhase{}}
	if p.fault = d.Check(); p.fault != nil {
		return p
	}
	p.schedule, p.fault = ParseSchedule(d.At, d.Zone)
	platform, place, _ := strings.Cut(d.Post, ":")
	p.platform, p.place = b.platforms[platform], commands.Place{ID: place}
	if p.platform == nil {
		p.fault = errors.New(b.lang.Say("bot.digest.platform", reports.Args{"Name": d.Name, "Platform": platform}))
	}
	return p
}

// RunDigest posts a digest now, whatever its schedule, and waits for the outcome. It is a slot of its own.
func (b *Bot) RunDigest(ctx context.Context, name string) error {
	i := slices.IndexFunc(b.digests, func(d *plannedDigest) bool { return d.Name == name })
	if i < 0 {
		return errors.New(b.lang.Say("bot.digest.unknown", reports.Args{"Name": name, "Names": b.digestNames()}))
	}
	d := b.digests[i]
	if d.fault != nil {
		return d.fault
	}
	if err := b.gate.enter(0); err != nil {
		return err
	}
	now := b.now()
	slot := Slot{Local: "manual/" + now.UTC().Format(time.RFC3339Nano), At: now}
	c, err := b.ledger.claim(ctx, slotKey(d, slot), slotLife, slotLease, nil)
	if err != nil {
		b.gate.leave()
		return err
	}
	outcome := make(chan error, 1)
	go b.runSlot(d, slot, c, false, func(err error) { b.gate.leave(); outcome <- err })
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *Bot) digestNames() string {
	names := make([]string, 0, len(b.digests))
	for _, d := range b.digests {
		names = append(names, d.Name)
	}
	if len(names) == 0 {
		return b.lang.Say("bot.digest.none")
	}
	return strings.Join(names, ", ")
}

// errEmpty: nothing was sent and the digest does not want to say so.
var errEmpty = errors.New("nothing was sent in the range")

// compose makes what a slot posts. Its range is that of the slot's own moment, however late it runs. The request is
// not local and its place not private, so that contacts are masked.
func (b *Bot) compose(d *plannedDigest, slot Slot, late bool) (commands.Reply, error) {
	req := commands.Request{
		Platform: d.platform.Name(), Trigger: slotKey(d, slot), Place: d.place, Text: d.Command, At: slot.At,
		Zone: d.Zone.String(),
	}
	reply := b.reply(req, nil)
	if reply.Err != nil {
		closeFile(reply)
		return reply, reply.Err
	}
	if reply.Empty && d.Empty == "skip" {
		closeFile(reply)
		return reply, errEmpty
	}
	if reply.Empty && d.Empty == "note" {
		closeFile(reply)
		reply.File = nil
		reply.Card.Lead = b.lang.Say("bot.digest.empty")
		reply.Card.Blocks = []reports.Block{reports.Note{Text: reply.Card.Lead}}
	} else if d.Format != "" && reply.File == nil {
		b.attach(&reply, req, d)
	}
	reply.Private, reply.Mark = false, req.Trigger
	reply.Card.Title = b.lang.Say("bot.digest.title", reports.Args{"Name": d.Name, "Title": reply.Card.Title})
	if late {
		due := b.lang.Moment(storage.InstantOf(slot.At), d.Zone)
		reply.Card.Title = b.lang.Say("bot.digest.late", reports.Args{"Title": reply.Card.Title, "Due": due})
	}
	return reply, nil
}

// attach asks once more for the digest as a file. A digest without its file is better than none.
func (b *Bot) attach(reply *commands.Reply, req commands.Request, d *plannedDigest) {
	req.Format = d.Format
	withFile := b.reply(req, nil)
	if withFile.File != nil {
		reply.File = withFile.File
		return
	}
	b.log.Error("a digest goes without its file", "digest", d.Name, "format", d.Format, "err", withFile.Err)
	note := reports.Note{Kind: reports.Warning, Text: b.lang.Say("bot.digest.no_file")}
	reply.Card.Blocks = append(slices.Clone(reply.Card.Blocks), note)
}
