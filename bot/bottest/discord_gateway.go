package bottest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Operations of the gateway, as Discord numbers them.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opResume         = 6
	opReconnect      = 7
	opInvalidSession = 9
	opHello          = 10
	opAck            = 11
)

// DiscordGreeting is how the gateway answers an Identify. The zero value is READY.
type DiscordGreeting struct {
	Silent    bool // say nothing
	Reconnect bool // Op 7 instead of READY
	Invalid   bool // Op 9; the next Identify is answered by the next greeting
	Close     int  // close code
}

// link is one connection of a client to the gateway.
type link struct {
	conn  *websocket.Conn
	write sync.Mutex
	seq   int64
	ready bool // guarded by Discord.mu
}

func (l *link) send(op int, event string, data any) {
	l.write.Lock()
	defer l.write.Unlock()
	frame := map[string]any{"op": op, "d": data}
	if op == opDispatch {
		l.seq++
		frame["s"], frame["t"] = l.seq, event
	}
	_ = l.conn.WriteJSON(frame)
}

func (l *link) hangUp(code int) {
	l.write.Lock()
	defer l.write.Unlock()
	_ = l.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
	_ = l.conn.Close()
}

// gatewayAddress gives the public address of the gateway: a client that is told another host must not go there.
func (d *Discord) gatewayAddress(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"url": "wss://gateway.discord.gg", "shards": 1})
}

func (d *Discord) gateway(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		d.t.Errorf("fake Discord does not know %s %s", r.Method, r.URL.Path)
		refuse(w, http.StatusNotFound, 0, "404: Not Found")
		return
	}
	conn, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	l := &link{conn: conn}
	d.locked(func() { d.links[l] = true })
	defer d.locked(func() { delete(d.links, l) })
	defer conn.Close()
	l.send(opHello, "", map[string]any{"heartbeat_interval": d.beat.Milliseconds()})
	for {
		var in struct {
			Op   int             `json:"op"`
			Data json.RawMessage `json:"d"`
		}
		if conn.ReadJSON(&in) != nil {
			return
		}
		switch in.Op {
		case opHeartbeat:
			if d.muted() {
				l.send(opDispatch, "NOISE", map[string]any{})
			} else {
				l.send(opAck, "", nil)
			}
		case opIdentify:
			d.greet(l, in.Data)
		case opResume:
			l.send(opInvalidSession, "", false)
		}
	}
}

func (d *Discord) greet(l *link, data json.RawMessage) {
	var in struct {
		Token   string `json:"token"`
		Intents int    `json:"intents"`
	}
	_ = json.Unmarshal(data, &in)
	var g DiscordGreeting
	d.locked(func() {
		d.identifies++
		d.intents = in.Intents
		if len(d.script) > 0 {
			g, d.script = d.script[0], d.script[1:]
		}
	})
	switch {
	case strings.TrimPrefix(in.Token, "Bot ") != DiscordToken:
		l.hangUp(4004)
	case g.Silent:
	case g.Reconnect:
		l.send(opReconnect, "", nil)
	case g.Invalid:
		l.send(opInvalidSession, "", false)
	case g.Close != 0:
		l.hangUp(g.Close)
	default:
		l.send(opDispatch, "READY", map[string]any{
			"v": 9, "session_id": "session", "guilds": []any{}, "application": map[string]any{"id": DiscordApplication},
			"user": map[string]any{"id": DiscordApplication, "username": "outbound", "bot": true},
		})
		d.locked(func() { l.ready = true })
	}
}

// Greet scripts the answers to the next Identifies.
func (d *Discord) Greet(script ...DiscordGreeting) { d.locked(func() { d.script = script }) }

// Mute makes the gateway acknowledge no heartbeat from now on, while other events still come, as on a half-dead link;
// Mute(false) ends it.
func (d *Discord) Mute(on bool) { d.locked(func() { d.mute = on }) }

// SetBeat sets the heartbeat interval of links opened from now on.
func (d *Discord) SetBeat(every time.Duration) { d.locked(func() { d.beat = every }) }

func (d *Discord) muted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mute
}

// Reconnect sends Op 7 to all links.
func (d *Discord) Reconnect() {
	for _, l := range d.ready() {
		l.send(opReconnect, "", nil)
		d.locked(func() { l.ready = false })
	}
}

// HangUp closes all links with a close code.
func (d *Discord) HangUp(code int) {
	for _, l := range d.ready() {
		d.locked(func() { l.ready = false })
		l.hangUp(code)
	}
}

// Identifies counts the Identifies so far.
func (d *Discord) Identifies() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.identifies
}

// Intents of the last Identify.
func (d *Discord) Intents() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.intents
}

// Connected tells whether a link is ready.
func (d *Discord) Connected() bool { return len(d.ready()) > 0 }

func (d *Discord) ready() []*link {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Keys(d.links)), func(l *link) bool { return !l.ready })
}

// Command has a user run /outbound SUB with options, and gives the interaction's id.
func (d *Discord) Command(guild, channel, user, sub string, options map[string]string) string {
	d.t.Helper()
	return d.interact(2, guild, channel, user, map[string]any{"id": "1", "name": "outbound", "type": 1, "options": []any{
		map[string]any{"name": sub, "type": 1, "options": optionList(options, "")},
	}})
}

// Autocomplete has a user type into an option.
func (d *Discord) Autocomplete(guild, channel, user, sub, option, typed string) string {
	d.t.Helper()
	return d.interact(4, guild, channel, user, map[string]any{"id": "1", "name": "outbound", "type": 1, "options": []any{
		map[string]any{"name": sub, "type": 1, "options": optionList(map[string]string{option: typed}, option)},
	}})
}

// Click has a user press a button. The message that carries it holds a component that the client library does not
// know, as messages of other bots may.
func (d *Discord) Click(guild, channel, user, customID string) string {
	d.t.Helper()
	return d.interact(3, guild, channel, user, map[string]any{"custom_id": customID, "component_type": 2})
}

// Redeliver sends an interaction once more, with the same id.
func (d *Discord) Redeliver(id string) {
	d.t.Helper()
	d.mu.Lock()
	body := d.sent[id]
	d.mu.Unlock()
	d.dispatch(body)
}

func optionList(options map[string]string, focused string) []any {
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		o := map[string]any{"name": name, "type": 3, "value": options[name]}
		if name == focused {
			o["focused"] = true
		}
		list = append(list, o)
	}
	return list
}

func (d *Discord) interact(kind int, guild, channel, user string, data map[string]any) string {
	d.t.Helper()
	d.mu.Lock()
	id := d.snowflake()
	a := &DiscordReply{ID: id, token: "token-" + id, at: time.Now()}
	body := map[string]any{
		"id": id, "application_id": DiscordApplication, "type": kind, "token": a.token, "version": 1, "data": data,
		"channel_id": channel, "locale": "en-US", "attachment_size_limit": d.limit, "app_permissions": "0",
	}
	if who := map[string]any{"id": user, "username": "user" + user}; guild != "" {
		body["guild_id"], body["member"] = guild, map[string]any{"user": who, "permissions": strconv.Itoa(0)}
	} else {
		body["user"] = who
	}
	if kind == 3 {
		body["message"] = map[string]any{"id": "1", "channel_id": channel, "components": []any{map[string]any{"type": 99}}}
	}
	raw, _ := json.Marshal(body)
	d.asked[id], d.sent[id] = a, raw
	d.order = append(d.order, id)
	d.mu.Unlock()
	d.dispatch(raw)
	return id
}

func (d *Discord) dispatch(raw json.RawMessage) {
	d.t.Helper()
	d.Wait("a link to the gateway", d.Connected)
	d.ready()[0].send(opDispatch, "INTERACTION_CREATE", raw)
}
