package bottest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// slackSocket is a link of Socket Mode.
type slackSocket struct {
	conn   *websocket.Conn
	mu     sync.Mutex // writes
	silent bool
	ended  chan struct{}
	once   sync.Once
}

func (c *slackSocket) send(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.WriteJSON(v)
}

func (c *slackSocket) hangUp() {
	c.once.Do(func() { close(c.ended) })
	_ = c.conn.Close()
}

// SlackConnection is a new link, for tests that script its first moments.
type SlackConnection struct{ socket *slackSocket }

// Disconnect asks the client to connect anew.
func (c *SlackConnection) Disconnect(reason string) {
	_ = c.socket.send(map[string]any{"type": "disconnect", "reason": reason})
}

// SlackAck is an acknowledgement of an envelope.
type SlackAck struct {
	Trigger string
	After   time.Duration // since the envelope was sent
	Payload json.RawMessage
}

// slackEnvelope is a question as it goes over the socket, without its own id.
type slackEnvelope struct {
	Type    string          `json:"type"`
	ID      string          `json:"envelope_id"`
	Payload json.RawMessage `json:"payload"`
	Accepts bool            `json:"accepts_response_payload"`
	Retry   int             `json:"retry_attempt,omitempty"`
	Reason  string          `json:"retry_reason,omitempty"`
	trigger string
	channel string
	user    string
}

type slackSent struct {
	envelope slackEnvelope
	at       time.Time
}

// link is the far end of a socket: hello, pings, and acknowledgements.
func (s *Slack) link(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &slackSocket{conn: conn, ended: make(chan struct{})}
	s.mu.Lock()
	s.fault("socket")
	greeting, ping := s.greeting, s.ping
	s.mu.Unlock()
	defer s.unlink(c)
	if c.send(map[string]any{"type": "hello", "num_connections": 1, "connection_info": map[string]string{"app_id": "A0FAKE"}}) != nil {
		return
	}
	if greeting != nil {
		greeting(&SlackConnection{c})
	}
	s.mu.Lock()
	s.sockets = append(s.sockets, c)
	s.mu.Unlock()
	go c.pings(ping)
	for {
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if conn.ReadJSON(&ack) != nil {
			return
		}
		s.acknowledge(ack.ID, ack.Payload)
	}
}

func (s *Slack) unlink(c *slackSocket) {
	c.hangUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = slices.DeleteFunc(s.sockets, func(other *slackSocket) bool { return other == c })
}

func (c *slackSocket) pings(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		c.mu.Lock()
		if !c.silent {
			_ = c.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second))
		}
		c.mu.Unlock()
		select {
		case <-tick.C:
		case <-c.ended:
			return
		}
	}
}

// acknowledge notes an acknowledgement. The text in that of a slash command is shown to its asker.
func (s *Slack) acknowledge(id string, payload json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent, ok := s.sent[id]
	if !ok {
		return
	}
	s.acks = append(s.acks, SlackAck{Trigger: sent.envelope.trigger, After: time.Since(sent.at), Payload: payload})
	var said struct{ Text string }
	if json.Unmarshal(payload, &said) == nil && said.Text != "" && sent.envelope.Accepts {
		s.ephemerals = append(s.ephemerals, &SlackMessage{
			Channel: sent.envelope.channel, User: sent.envelope.user, Text: said.Text, Words: said.Text,
		})
	}
}

// deliver sends an envelope over the newest link, for which it waits.
func (s *Slack) deliver(e slackEnvelope) {
	s.t.Helper()
	if !slackAwait(s.Connected) {
		s.t.Fatal("nobody is connected")
	}
	s.mu.Lock()
	e.ID = s.id("E")
	s.envelopes[e.trigger] = e
	s.sent[e.ID] = slackSent{envelope: e, at: time.Now()}
	var c *slackSocket
	if len(s.sockets) > 0 {
		c = s.sockets[len(s.sockets)-1]
	}
	s.mu.Unlock()
	if c == nil {
		s.t.Fatal("the link broke before the envelope was sent")
	}
	if err := c.send(e); err != nil {
		s.t.Fatalf("the envelope could not be sent: %v", err)
	}
}

// Connected tells whether a link is up.
func (s *Slack) Connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets) > 0
}

// Redeliver sends an envelope once more, as Slack does when it heard no acknowledgement.
func (s *Slack) Redeliver(trigger string) {
	s.t.Helper()
	s.mu.Lock()
	e, ok := s.envelopes[trigger]
	s.mu.Unlock()
	if !ok {
		s.t.Fatalf("no envelope has the trigger %q", trigger)
	}
	e.Retry, e.Reason = e.Retry+1, "timeout"
	s.deliver(e)
}

// Acks are the acknowledgements of a trigger, one for each delivery that was acknowledged.
func (s *Slack) Acks(trigger string) []SlackAck {
	s.mu.Lock()
	defer s.mu.Unlock()
	var acks []SlackAck
	for _, a := range s.acks {
		if a.Trigger == trigger {
			acks = append(acks, a)
		}
	}
	return acks
}

// Disconnect asks every client to connect anew, as Slack does every few hours: warning, or refresh_requested.
func (s *Slack) Disconnect(reason string) {
	for _, c := range s.linked() {
		_ = c.send(map[string]any{"type": "disconnect", "reason": reason})
	}
}

// Silence stops the pings of the links there are, as when a network dies without a word.
func (s *Slack) Silence() {
	for _, c := range s.linked() {
		c.mu.Lock()
		c.silent = true
		c.mu.Unlock()
	}
}

// Drop breaks every link.
func (s *Slack) Drop() {
	for _, c := range s.linked() {
		c.hangUp()
	}
}

func (s *Slack) linked() []*slackSocket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sockets)
}

// PingEvery sets how often new links are pinged; a second unless set.
func (s *Slack) PingEvery(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ping = d
}

// Greet runs f right after the hello of every new link; nil for nothing.
func (s *Slack) Greet(f func(*SlackConnection)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greeting = f
}

// Slash types "/outbound TEXT" in a channel and returns the trigger of the command.
func (s *Slack) Slash(channel, user, text string) (trigger string) {
	s.t.Helper()
	return s.SlashIn(SlackTeam, channel, user, text)
}

// SlashIn is Slash in another workspace.
func (s *Slack) SlashIn(team, channel, user, text string) (trigger string) {
	s.t.Helper()
	s.mu.Lock()
	trigger = s.id("trigger.")
	payload := map[string]any{
		"token": "x", "team_id": team, "team_domain": "fake", "channel_id": channel, "channel_name": "somewhere",
		"user_id": user, "user_name": "somebody", "command": "/outbound", "text": slackTyped.Replace(text), "api_app_id": "A0FAKE",
		"is_enterprise_install": "false", "response_url": s.respondAddress(channel, user), "trigger_id": trigger,
	}
	s.mu.Unlock()
	s.deliver(slackEnvelope{
		Type: "slash_commands", Payload: slackJSON(payload), Accepts: true, trigger: trigger, channel: channel, user: user,
	})
	return trigger
}

// Click presses a button of a message, named by its label or its action_id, and returns the trigger of the click.
func (s *Slack) Click(m SlackMessage, user, button string) (trigger string) {
	s.t.Helper()
	return s.ClickIn(SlackTeam, m, user, button)
}

// ClickIn is Click of a user of another workspace, in a shared channel.
func (s *Slack) ClickIn(team string, m SlackMessage, user, button string) (trigger string) {
	s.t.Helper()
	i := slices.IndexFunc(m.Buttons, func(b SlackButton) bool { return b.Label == button || b.ActionID == button })
	if i < 0 {
		s.t.Fatalf("the message has no button %q: %v", button, m.Buttons)
	}
	b := m.Buttons[i]
	s.mu.Lock()
	trigger = s.id("trigger.")
	payload := map[string]any{
		"type": "block_actions", "team": map[string]string{"id": SlackTeam, "domain": "fake"},
		"user": map[string]string{"id": user, "team_id": team}, "api_app_id": "A0FAKE", "token": "x",
		"container":  map[string]any{"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.User != ""},
		"trigger_id": trigger, "channel": map[string]string{"id": m.Channel, "name": "somewhere"},
		"message": map[string]any{"type": "message", "ts": m.TS, "text": m.Text}, "response_url": s.respondAddress(m.Channel, user),
		"actions": []any{map[string]any{
			"action_id": b.ActionID, "block_id": "b1", "type": "button", "value": b.Value, "action_ts": s.timestamp(),
			"text": map[string]any{"type": "plain_text", "text": b.Label},
		}},
	}
	s.mu.Unlock()
	s.deliver(slackEnvelope{Type: "interactive", Payload: slackJSON(payload), trigger: trigger, channel: m.Channel, user: user})
	return trigger
}

// Mention writes "@outbound TEXT" in a channel and returns the id of the event.
func (s *Slack) Mention(channel, user, text string) (event string) {
	s.t.Helper()
	return s.MentionIn(SlackTeam, channel, user, text)
}

// MentionIn is Mention by a user of another workspace, in a shared channel.
func (s *Slack) MentionIn(team, channel, user, text string) (event string) {
	s.t.Helper()
	return s.Event(map[string]any{
		"type": "app_mention", "channel": channel, "user": user, "user_team": team, "source_team": team,
		"text": "<@" + SlackBotUser + "> " + slackTyped.Replace(text),
	})
}

// Direct writes a direct message to the bot and returns the id of the event.
func (s *Slack) Direct(user, text string) (event string) {
	s.t.Helper()
	s.mu.Lock()
	channel := s.direct(user).id
	s.mu.Unlock()
	return s.Event(map[string]any{
		"type": "message", "channel_type": "im", "channel": channel, "user": user, "text": slackTyped.Replace(text),
	})
}

// Event sends an event, to which it adds a timestamp, and returns its id.
func (s *Slack) Event(event map[string]any) (id string) {
	s.t.Helper()
	s.mu.Lock()
	id = s.id("Ev")
	ts := s.timestamp()
	s.mu.Unlock()
	event["ts"], event["event_ts"] = ts, ts
	s.deliver(slackEnvelope{Type: "events_api", trigger: id, Payload: slackJSON(map[string]any{
		"token": "x", "team_id": SlackTeam, "api_app_id": "A0FAKE", "type": "event_callback", "event_id": id,
		"event_time": time.Now().Unix(), "event": event,
	})})
	return id
}

func slackJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of the fake's own maps
	}
	return b
}
