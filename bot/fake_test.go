package bot

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"outboundbot/bot/bottest"
	"outboundbot/commands"
	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chat is the service behind fake platforms: what people see, whatever happens to the bots.
type chat struct {
	mu       sync.Mutex
	messages []message
	tries    []time.Time // of every Post that reached it
}

type message struct {
	place, title, note, mark string
	private, file            bool
}

func (c *chat) seen() []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]message{}, c.messages...)
}

// titled counts the messages whose title contains a text.
func (c *chat) titled(text string) (n int) {
	for _, m := range c.seen() {
		if strings.Contains(m.title, text) {
			n++
		}
	}
	return n
}

func (c *chat) accept(place commands.Place, r commands.Reply) {
	m := message{title: r.Card.Title, mark: r.Mark, private: r.Private, file: r.File != nil, place: place.ID}
	switch {
	case place.Respond != "":
		m.place = place.Respond
	case place.User != "":
		m.place = "direct " + place.User
	}
	for _, block := range r.Card.Blocks {
		if n, ok := block.(reports.Note); ok {
			m.note += n.Text
		}
	}
	c.messages = append(c.messages, m)
}

// fake is one process's platform.
type fake struct {
	name  string
	chat  *chat
	take  Take
	up    chan struct{} // closed when Serve has take
	life  time.Duration
	serve func(ctx context.Context) error                                         // nil: until ctx ends
	post  func(try int, place commands.Place, reply commands.Reply) (bool, error) // accepted, and what the bot is told
	find  func(since time.Time) error                                             // of finding: why it cannot look
	cut   *cut
}

func newFake(c *chat) *fake {
	return &fake{name: "fake", chat: c, up: make(chan struct{}), life: 30 * time.Minute}
}

func (f *fake) Name() string            { return f.name }
func (f *fake) Lifetime() time.Duration { return f.life }

func (f *fake) Serve(ctx context.Context, take Take) error {
	if f.take == nil {
		f.take = take
		close(f.up)
	}
	if f.serve != nil {
		return f.serve(ctx)
	}
	<-ctx.Done()
	return nil
}

func (f *fake) Post(_ context.Context, place commands.Place, reply commands.Reply) (Posted, error) {
	if err := f.cut.step(); err != nil { // the process ended before the post left
		return Posted{}, err
	}
	f.chat.mu.Lock()
	defer f.chat.mu.Unlock()
	f.chat.tries = append(f.chat.tries, time.Now())
	accepted, err := true, error(nil)
	if f.post != nil {
		accepted, err = f.post(len(f.chat.tries), place, reply)
	}
	if accepted {
		f.chat.accept(place, reply)
	}
	if cutErr := f.cut.step(); cutErr != nil { // it ended before the platform's answer arrived
		return Posted{}, cutErr
	}
	return Posted{Place: place, ID: "1"}, err
}

func (f *fake) Edit(context.Context, Posted, commands.Reply) error { return nil }

// finding is a fake that can tell.
type finding struct{ *fake }

func (f finding) Find(_ context.Context, place commands.Place, mark string, since time.Time) (bool, error) {
	if err := f.cut.step(); err != nil {
		return false, err
	}
	if f.find != nil {
		if err := f.find(since); err != nil {
			return false, err
		}
	}
	for _, m := range f.chat.seen() {
		if m.place == place.ID && m.mark == mark {
			return true, nil
		}
	}
	return false, nil
}

// cut ends a process, as its State and its platforms see it, after a number of steps. nil never does.
type cut struct {
	mu    sync.Mutex
	after int
	steps int
}

var errCut = errors.New("the process has ended")

func (c *cut) step() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps++
	if c.steps > c.after {
		return errCut
	}
	return nil
}

func (c *cut) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.steps > c.after
}

// in ends the process after so many steps more.
func (c *cut) in(steps int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after = c.steps + steps
}

// cutState is State as a process sees it that is cut off before or after a write.
type cutState struct {
	storage.State
	*cut
}

func (s cutState) Put(ctx context.Context, key string, data []byte, ttl time.Duration, ifVersion uint64) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.State.Put(ctx, key, data, ttl, ifVersion)
}

func (s cutState) Get(ctx context.Context, key string) (storage.Value, error) {
	if s.over() {
		return storage.Value{}, errCut
	}
	return s.State.Get(ctx, key)
}

func (s cutState) Scan(ctx context.Context, prefix string) iter.Seq2[storage.Value, error] {
	return s.State.Scan(ctx, prefix)
}

// answering is a desk at which every command goes well.
func answering(ctx context.Context, req commands.Request, _ func(commands.Reply)) commands.Reply {
	return commands.Reply{Private: req.Place.Private, Card: reports.Card{
		Title: "answer to " + req.Text, Footer: reports.Footer{Command: "/outbound " + req.Text},
	}}
}

// start runs a bot until the returned function is called, which waits for its end and says how long that took.
func start(t *testing.T, c Config) (*Bot, func() time.Duration) {
	t.Helper()
	if c.Answer == nil {
		c.Answer = answering
	}
	if c.State == nil {
		c.State = memory.NewState(c.Now)
	}
	b := New(c)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
		close(ended)
	}()
	synctest.Wait()
	return b, func() time.Duration {
		begun := time.Now()
		cancel()
		<-ended
		synctest.Wait()
		return time.Since(begun)
	}
}

// ask brings a command to a fake platform, as its trigger says.
func ask(t *testing.T, f *fake, trigger, text string) (bool, error) {
	t.Helper()
	return f.take(t.Context(), commands.Request{
		Trigger: trigger, Text: text, Place: commands.Place{ID: "C1", Respond: "respond-" + trigger, Private: true},
	})
}

func mustAsk(t *testing.T, f *fake, trigger, text string) {
	t.Helper()
	if fresh, err := ask(t, f, trigger, text); err != nil || !fresh {
		t.Fatalf("take %s: fresh %v, error %v", trigger, fresh, err)
	}
}

// logged collects log lines.
type logged struct{ bottest.Journal }

// lines are the log lines with a message.
func (l *logged) lines(msg string) (found []string) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, "msg="+msg+" ") || strings.Contains(line, fmt.Sprintf("msg=%q", msg)) {
			found = append(found, line)
		}
	}
	return found
}
