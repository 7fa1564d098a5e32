package bottest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the fake Discord believes in: the token it accepts, its application, its server and one channel.
const (
	DiscordToken       = "fake.discord.token"
	DiscordApplication = "1000000000000000001"
	DiscordGuild       = "2000000000000000002"
	DiscordChannel     = "3000000000000000003"
	DiscordUser        = "4000000000000000004"
)

// Discord is a stateful stand-in for Discord on a loopback address: its REST interface and its gateway, as far as a
// bot with slash commands needs them. It keeps what the real one would show to people, refuses what the real one
// refuses, and fails on demand.
type Discord struct {
	t      testing.TB
	server *httptest.Server

	mu         sync.Mutex
	next       int64 // last snowflake given out
	limit      int64 // attachment_size_limit
	refuseV2   bool
	hidden     bool          // the bot lacks Read Message History
	slow       time.Duration // before a first response takes effect
	faults     []*DiscordFault
	requests   []string // "PATCH /api/v9/…"
	commands   map[string]json.RawMessage
	asked      map[string]*DiscordReply // by interaction id
	order      []string                 // interaction ids as they were sent
	sent       map[string]json.RawMessage
	channels   map[string][]*DiscordMessage
	nonces     map[string]*DiscordMessage
	files      []DiscordFile
	links      map[*link]bool
	identifies int
	intents    int
	script     []DiscordGreeting
	beat       time.Duration
	mute       bool
}

// DiscordReply is what became of one interaction.
type DiscordReply struct {
	ID       string
	Callback int           // type of the first response; 0 while there is none
	After    time.Duration // from the interaction to its first response
	Private  bool          // the first response was ephemeral
	Edits    int           // how often the first response was edited
	Message  DiscordMessage
	Choices  []string // values offered by an autocomplete response

	token   string
	at      time.Time
	expired bool
}

// DiscordMessage is a message as people see it.
type DiscordMessage struct {
	ID, Channel string
	Flags       int
	Content     string
	Text        string            // everything that can be read: content, embeds, text displays
	Buttons     map[string]string // label → custom id
	Files       []DiscordFile
	Raw         json.RawMessage // as it was sent
}

// DiscordFile is a received attachment.
type DiscordFile struct {
	Name, Type string
	Data       []byte
}

// DiscordFault makes requests fail.
type DiscordFault struct {
	Method string // "" for any
	Path   string // a part of the path
	Status int
	Code   int           // of Discord's error body
	After  time.Duration // retry_after of a 429
	Times  int           // how many requests fail; 0 for all from now on
	Posted bool          // the request takes effect all the same
	Hang   bool          // break the connection without an answer

	used int
}

// NewDiscord starts a fake Discord that ends with the test.
func NewDiscord(t testing.TB) *Discord {
	d := &Discord{
		t: t, limit: 20 << 20, beat: 41250 * time.Millisecond,
		commands: map[string]json.RawMessage{}, asked: map[string]*DiscordReply{}, sent: map[string]json.RawMessage{},
		channels: map[string][]*DiscordMessage{}, nonces: map[string]*DiscordMessage{}, links: map[*link]bool{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v9/gateway", d.gatewayAddress)
	mux.HandleFunc("GET /api/v9/gateway/bot", d.gatewayAddress)
	mux.HandleFunc("GET /api/v9/users/@me", d.private(d.me))
	mux.HandleFunc("POST /api/v9/users/@me/channels", d.private(d.openDirect))
	mux.HandleFunc("GET /api/v9/applications/{app}/guilds/{guild}/commands", d.private(d.listCommands))
	mux.HandleFunc("POST /api/v9/applications/{app}/guilds/{guild}/commands", d.private(d.addCommand))
	mux.HandleFunc("PUT /api/v9/applications/{app}/guilds/{guild}/commands", d.private(d.setCommands))
	mux.HandleFunc("POST /api/v9/interactions/{id}/{token}/callback", d.callback)
	mux.HandleFunc("PATCH /api/v9/webhooks/{app}/{token}/messages/@original", d.editOriginal)
	mux.HandleFunc("POST /api/v9/webhooks/{app}/{token}", d.followUp)
	mux.HandleFunc("POST /api/v9/channels/{channel}/messages", d.private(d.post))
	mux.HandleFunc("GET /api/v9/channels/{channel}/messages", d.private(d.listMessages))
	mux.HandleFunc("PATCH /api/v9/channels/{channel}/messages/{message}", d.private(d.editMessage))
	mux.HandleFunc("/", d.gateway)
	d.server = httptest.NewServer(d.faulty(mux))
	t.Cleanup(d.close)
	return d
}

func (d *Discord) close() {
	d.mu.Lock()
	links := slices.Collect(maps.Keys(d.links))
	d.mu.Unlock()
	for _, l := range links {
		l.conn.Close()
	}
	d.server.CloseClientConnections()
	d.server.Close()
}

// APIURL is the value for the setting discord.api_url.
func (d *Discord) APIURL() string { return d.server.URL + "/" }

// SetFileLimit sets the attachment_size_limit that interactions tell and uploads obey, in bytes.
func (d *Discord) SetFileLimit(n int64) { d.locked(func() { d.limit = n }) }

// SlowDown makes the first responses to interactions take effect only after a time.
func (d *Discord) SlowDown(by time.Duration) { d.locked(func() { d.slow = by }) }

// RefuseV2 makes Discord refuse every message of the newer components.
func (d *Discord) RefuseV2() { d.locked(func() { d.refuseV2 = true }) }

// Chatter writes n messages of other people into a channel.
func (d *Discord) Chatter(channel string, n int) {
	d.locked(func() {
		for range n {
			d.channels[channel] = append(d.channels[channel], &DiscordMessage{ID: d.snowflake(), Channel: channel, Raw: []byte(`{"content":"…"}`)})
		}
	})
}

// HideHistory takes the permission Read Message History from the bot.
func (d *Discord) HideHistory() { d.locked(func() { d.hidden = true }) }

// Fail makes requests fail.
func (d *Discord) Fail(f DiscordFault) { d.locked(func() { d.faults = append(d.faults, &f) }) }

// Expire makes the token of an interaction unknown, as 15 minutes would.
func (d *Discord) Expire(id string) { d.locked(func() { d.asked[id].expired = true }) }

// Replies tells what became of the interactions, in the order they were sent.
func (d *Discord) Replies() []DiscordReply {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []DiscordReply
	for _, id := range d.order {
		list = append(list, *d.asked[id])
	}
	return list
}

// Reply tells what became of one interaction.
func (d *Discord) Reply(id string) DiscordReply {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *d.asked[id]
}

// Messages are the messages of a channel, the oldest first. The direct messages with a user are in channel "dm" + id.
func (d *Discord) Messages(channel string) []DiscordMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []DiscordMessage
	for _, m := range d.channels[channel] {
		list = append(list, *m)
	}
	return list
}

// Files are all attachments received, in order.
func (d *Discord) Files() []DiscordFile {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.files)
}

// Commands are the registered commands by name, as they were sent.
func (d *Discord) Commands() map[string]json.RawMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.commands)
}

// Requests counts the requests whose "METHOD /path" begins with prefix.
func (d *Discord) Requests(prefix string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, r := range d.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// Wait waits until done says so; after 10 seconds the test fails.
func (d *Discord) Wait(what string, done func() bool) {
	d.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	d.t.Fatalf("Discord waited 10 s in vain: %s", what)
}

// WaitAnswer waits until the deferred response of an interaction was edited, and gives it.
func (d *Discord) WaitAnswer(id string) DiscordReply {
	d.t.Helper()
	d.Wait("the answer to interaction "+id, func() bool { return d.Reply(id).Edits > 0 })
	return d.Reply(id)
}

func (d *Discord) locked(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// snowflake is an id that tells the time, as Discord's do.
func (d *Discord) snowflake() string {
	const epoch = 1_420_070_400_000
	d.next = max(d.next+1, (time.Now().UnixMilli()-epoch)<<22)
	return strconv.FormatInt(d.next, 10)
}

// faulty records requests and fails those that a fault asks for.
func (d *Discord) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.requests = append(d.requests, r.Method+" "+r.URL.Path)
		var fault *DiscordFault
		for _, f := range d.faults {
			if (f.Method == "" || f.Method == r.Method) && strings.Contains(r.URL.Path, f.Path) && (f.Times == 0 || f.used < f.Times) {
				f.used++
				fault = f
				break
			}
		}
		d.mu.Unlock()
		if fault == nil {
			next.ServeHTTP(w, r)
			return
		}
		if fault.Posted {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if fault.Hang {
			panic(http.ErrAbortHandler)
		}
		if fault.Status == http.StatusTooManyRequests {
			answer(w, fault.Status, map[string]any{"message": "You are being rate limited.", "retry_after": fault.After.Seconds(), "global": false})
			return
		}
		refuse(w, fault.Status, fault.Code, "scripted failure")
	})
}

func (d *Discord) private(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bot "+DiscordToken {
			refuse(w, http.StatusUnauthorized, 0, "401: Unauthorized")
			return
		}
		next(w, r)
	}
}

func (d *Discord) me(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"id": DiscordApplication, "username": "outbound", "bot": true})
}

func (d *Discord) openDirect(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Recipient string `json:"recipient_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Recipient == "" {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	answer(w, http.StatusOK, map[string]any{"id": "dm" + in.Recipient, "type": 1})
}

// received is a message of a request: its JSON and the files that came with it.
type received struct {
	raw   json.RawMessage
	files []DiscordFile
}

func receive(r *http.Request) (received, error) {
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		raw, err := io.ReadAll(r.Body)
		return received{raw: raw}, err
	}
	var in received
	for parts := multipart.NewReader(r.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF {
			return in, nil
		}
		if err != nil {
			return in, err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return in, err
		}
		switch {
		case part.FormName() == "payload_json":
			in.raw = data
		case part.FormName() == fmt.Sprintf("files[%d]", len(in.files)):
			in.files = append(in.files, DiscordFile{Name: part.FileName(), Type: part.Header.Get("Content-Type"), Data: data})
		default:
			return in, fmt.Errorf("unexpected form part %q", part.FormName())
		}
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	answer(w, status, map[string]any{"code": code, "message": message})
}
