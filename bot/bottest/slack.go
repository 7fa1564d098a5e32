package bottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the fake Slack believes in: the tokens it accepts, its workspace, the bot, and a channel of which the bot is a
// member.
const (
	SlackBotToken = "xoxb-fake-bot-token"
	SlackAppToken = "xapp-fake-app-token"
	SlackTeam     = "T0FAKE"
	SlackBotUser  = "U0BOT"
	SlackBotID    = "B0BOT"
	SlackChannel  = "C0SALES"
	SlackName     = "sales" // of that channel
	SlackUser     = "U0ANA"
)

// Slack is a stateful stand-in for Slack on a loopback address: the Web API, Socket Mode, response addresses and the
// upload of files, as far as a bot needs them. It keeps what the real one would show to people, refuses what the real
// one refuses, and fails on demand. Addresses in its answers name Slack's public hosts, as behind a proxy.
type Slack struct {
	t      testing.TB
	server *httptest.Server

	mu         sync.Mutex
	next       int
	botToken   string
	appToken   string
	scopes     []string
	channels   map[string]*slackChannel
	locales    map[string]string
	guests     []string
	messages   []*SlackMessage
	ephemerals []*SlackMessage
	files      []*SlackFile
	responses  map[string]*slackResponse
	faults     []*SlackFault
	refused    []string // kinds of blocks
	calls      []string // methods of the Web API, and response_url, upload, socket
	sockets    []*slackSocket
	envelopes  map[string]slackEnvelope // by trigger
	sent       map[string]slackSent     // by envelope id
	acks       []SlackAck
	ping       time.Duration
	greeting   func(*SlackConnection)
}

type slackChannel struct {
	id, name string
	member   bool // the bot is
	archived bool
}

// slackResponse is a response address: five uses within 30 minutes.
type slackResponse struct {
	channel, user string
	used          int
	until         time.Time
}

const (
	slackResponseUses = 5
	slackResponseLife = 30 * time.Minute
)

// SlackFault makes calls fail.
type SlackFault struct {
	Method     string // of the Web API, or response_url or upload
	Status     int    // of the answer; 0 for 200 with Error
	RetryAfter time.Duration
	Error      string // code
	Needed     string // scope, with missing_scope
	Hang       bool   // break the connection without an answer
	Times      int    // how many calls fail; 0 for all from now on
	Acted      bool   // the call takes effect all the same
	used       int
}

// SlackFile is a file that was shared.
type SlackFile struct {
	ID, Name, Title          string
	Channel, Thread, Comment string
	Data                     []byte
	declared                 int
	shared                   bool
}

// NewSlack starts a fake Slack that ends with the test.
func NewSlack(t testing.TB) *Slack {
	s := &Slack{
		t: t, botToken: SlackBotToken, appToken: SlackAppToken, ping: time.Second,
		scopes:    []string{"commands", "chat:write", "files:write", "users:read", "im:write", "connections:write"},
		channels:  map[string]*slackChannel{SlackChannel: {id: SlackChannel, name: SlackName, member: true}},
		locales:   map[string]string{},
		responses: map[string]*slackResponse{}, envelopes: map[string]slackEnvelope{}, sent: map[string]slackSent{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{method}", s.web)
	mux.HandleFunc("POST /commands/{id}", s.respond)
	mux.HandleFunc("POST /upload/v1/{id}", s.receiveFile)
	mux.HandleFunc("GET /link/", s.link)
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.close)
	return s
}

func (s *Slack) close() {
	s.mu.Lock()
	sockets := slices.Clone(s.sockets)
	s.mu.Unlock()
	for _, c := range sockets {
		c.hangUp()
	}
	s.server.CloseClientConnections()
	s.server.Close()
}

// APIURL is the value for the setting slack.api_url.
func (s *Slack) APIURL() string { return s.server.URL + "/api/" }

// Wait blocks until cond is true, and fails the test if that takes ten seconds.
func (s *Slack) Wait(cond func() bool) {
	s.t.Helper()
	if !slackAwait(cond) {
		s.t.Fatalf("waited in vain; calls so far: %v", s.methods())
	}
}

func slackAwait(cond func() bool) bool {
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return cond()
		}
	}
	return true
}

// Messages are the messages in channels and direct messages, in the order they came.
func (s *Slack) Messages() []SlackMessage { return slackCopies(s, &s.messages) }

// Ephemerals are the messages that one person alone saw.
func (s *Slack) Ephemerals() []SlackMessage { return slackCopies(s, &s.ephemerals) }

func slackCopies(s *Slack, list *[]*SlackMessage) []SlackMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	var copies []SlackMessage
	for _, m := range *list {
		copies = append(copies, *m)
	}
	return copies
}

// Files are the files that were shared.
func (s *Slack) Files() []SlackFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	var shared []SlackFile
	for _, f := range s.files {
		if f.shared {
			shared = append(shared, *f)
		}
	}
	return shared
}

// Calls counts the calls of a method of the Web API, or of response_url, upload or socket, those that failed too.
func (s *Slack) Calls(method string) int {
	return len(slices.DeleteFunc(s.methods(), func(m string) bool { return m != method }))
}

func (s *Slack) methods() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Fail makes calls of a method fail from now on, as the fault says.
func (s *Slack) Fail(f SlackFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// RefuseBlocks answers messages that contain one of these kinds of blocks with invalid_blocks.
func (s *Slack) RefuseBlocks(kinds ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = kinds
}

// RevokeTokens makes Slack refuse the bot's token, the app's, or both.
func (s *Slack) RevokeTokens(bot, app bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bot {
		s.botToken = ""
	}
	if app {
		s.appToken = ""
	}
}

// Grant gives the app more scopes than it needs at least.
func (s *Slack) Grant(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = append(s.scopes, scopes...)
}

// Withdraw takes scopes from the app.
func (s *Slack) Withdraw(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = slices.DeleteFunc(s.scopes, func(scope string) bool { return slices.Contains(scopes, scope) })
}

// AddChannel makes a channel, of which the bot may be a member, and which may be archived.
func (s *Slack) AddChannel(id, name string, member, archived bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id] = &slackChannel{id: id, name: name, member: member, archived: archived}
}

// Chatter writes n messages of other people into a channel.
func (s *Slack) Chatter(channel string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.messages = append(s.messages, &SlackMessage{Channel: channel, TS: s.timestamp(), Text: "…", Words: "…"})
	}
}

// SetLocale is what users.info says of a user's language; en-US without.
func (s *Slack) SetLocale(user, locale string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locales[user] = locale
}

// SetGuest makes a user a guest of the workspace.
func (s *Slack) SetGuest(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guests = append(s.guests, user)
}

// channel finds a channel by id, #name or the id of a direct message, which exists as soon as it is opened.
func (s *Slack) channel(id string) *slackChannel {
	for _, c := range s.channels {
		if c.id == id || "#"+c.name == id || c.name == id {
			return c
		}
	}
	return nil
}

// direct is the channel of the direct messages with a user.
func (s *Slack) direct(user string) *slackChannel {
	id := "D" + strings.TrimPrefix(user, "U")
	if s.channels[id] == nil {
		s.channels[id] = &slackChannel{id: id, name: id, member: true}
	}
	return s.channels[id]
}

func (s *Slack) id(prefix string) string {
	s.next++
	return fmt.Sprintf("%s%06d", prefix, s.next)
}

// fault finds the fault for a call, if any, and notes the call.
func (s *Slack) fault(method string) *SlackFault {
	s.calls = append(s.calls, method)
	for _, f := range s.faults {
		if f.Method == method && (f.Times == 0 || f.used < f.Times) {
			f.used++
			return f
		}
	}
	return nil
}

// write answers as the fault says.
func (f *SlackFault) write(w http.ResponseWriter) {
	if f.Hang {
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(f.RetryAfter.Seconds())))
	}
	if f.Status != 0 {
		w.WriteHeader(f.Status)
		return
	}
	slackAnswer(w, slackError{Error: f.Error, Needed: f.Needed})
}

// slackError is an answer that is not ok.
type slackError struct {
	OK     bool     `json:"ok"`
	Error  string   `json:"error"`
	Needed string   `json:"needed,omitempty"`
	Errors []string `json:"errors,omitempty"`
}

func slackAnswer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}
