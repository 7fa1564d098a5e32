package bottest

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Types of interaction responses and flags of messages, as Discord numbers them.
const (
	callbackMessage      = 4
	callbackDeferred     = 5
	callbackAutocomplete = 8
	flagEphemeral        = 1 << 6
	flagV2               = 1 << 15
)

func (d *Discord) listCommands(w http.ResponseWriter, r *http.Request) {
	if !d.here(w, r) {
		return
	}
	list := []json.RawMessage{}
	for _, c := range d.Commands() {
		list = append(list, c)
	}
	answer(w, http.StatusOK, list)
}

func (d *Discord) here(w http.ResponseWriter, r *http.Request) bool {
	if r.PathValue("app") != DiscordApplication || r.PathValue("guild") != DiscordGuild {
		refuse(w, http.StatusForbidden, 50001, "Missing Access")
		return false
	}
	return true
}

func (d *Discord) addCommand(w http.ResponseWriter, r *http.Request) {
	if !d.here(w, r) {
		return
	}
	in, err := receive(r)
	if err == nil {
		err = checkCommand(in.raw)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: "+err.Error())
		return
	}
	answer(w, http.StatusCreated, d.store(in.raw))
}

func (d *Discord) setCommands(w http.ResponseWriter, r *http.Request) {
	if !d.here(w, r) {
		return
	}
	var list []json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: "+err.Error())
		return
	}
	stored := make([]json.RawMessage, 0, len(list))
	for _, c := range list {
		if err := checkCommand(c); err != nil {
			refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: "+err.Error())
			return
		}
	}
	d.locked(func() { clear(d.commands) })
	for _, c := range list {
		stored = append(stored, d.store(c))
	}
	answer(w, http.StatusOK, stored)
}

// store keeps a command as Discord gives it back: with ids, without what is false or empty.
func (d *Discord) store(raw json.RawMessage) json.RawMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	var c map[string]any
	_ = json.Unmarshal(raw, &c)
	c = prune(c).(map[string]any)
	c["id"], c["application_id"], c["guild_id"], c["version"] = d.snowflake(), DiscordApplication, DiscordGuild, d.snowflake()
	kept, _ := json.Marshal(c)
	d.commands[c["name"].(string)] = kept
	return kept
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = prune(x); x == nil || x == false {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

// response is the first response to an interaction.
type response struct {
	Type int             `json:"type"`
	Data json.RawMessage `json:"data"`
}

// callback takes the first response to an interaction: within 3 seconds, and only once.
func (d *Discord) callback(w http.ResponseWriter, r *http.Request) {
	var in response
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	var slow time.Duration
	d.locked(func() { slow = d.slow })
	time.Sleep(slow)
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.asked[r.PathValue("id")]
	switch {
	case a == nil || a.token != r.PathValue("token") || a.expired || time.Since(a.at) > 3*time.Second:
		refuse(w, http.StatusNotFound, 10062, "Unknown interaction")
		return
	case a.Callback != 0:
		refuse(w, http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
		return
	}
	if err := d.respond(a, in); err != nil {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: "+err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// respond keeps a first response, or says why Discord would refuse it.
func (d *Discord) respond(a *DiscordReply, in response) (err error) {
	var data struct {
		Flags   int `json:"flags"`
		Choices []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"choices"`
	}
	if len(in.Data) > 0 {
		_ = json.Unmarshal(in.Data, &data)
	}
	switch in.Type {
	case callbackDeferred:
		if data.Flags&^flagEphemeral != 0 {
			err = errors.New("a deferred response takes the ephemeral flag only")
		}
	case callbackMessage:
		a.Message, err = d.message(received{raw: in.Data}, 0)
	case callbackAutocomplete:
		if len(data.Choices) > 25 {
			err = errors.New("more than 25 choices")
		}
		for _, c := range data.Choices {
			if n := length(c.Name); n < 1 || n > 100 || length(c.Value) > 100 {
				err = errors.New("a choice has 1 to 100 characters")
			}
			a.Choices = append(a.Choices, c.Value)
		}
	default:
		err = errors.New("unknown type of response")
	}
	if err == nil {
		a.Callback, a.After, a.Private = in.Type, time.Since(a.at), data.Flags&flagEphemeral != 0
	}
	return err
}

func (d *Discord) byToken(token string) *DiscordReply {
	for _, a := range d.asked {
		if a.token == token && !a.expired {
			return a
		}
	}
	return nil
}

func (d *Discord) editOriginal(w http.ResponseWriter, r *http.Request) {
	in, err := receive(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.byToken(r.PathValue("token"))
	switch {
	case a == nil:
		refuse(w, http.StatusUnauthorized, 50027, "Invalid Webhook Token")
		return
	case a.Callback == 0:
		refuse(w, http.StatusNotFound, 10015, "Unknown Webhook")
		return
	}
	m, ok := d.accept(w, in, err, a.Message.Flags)
	if !ok {
		return
	}
	if m.ID = a.Message.ID; m.ID == "" {
		m.ID = d.snowflake()
	}
	a.Message, a.Edits = m, a.Edits+1
	answer(w, http.StatusOK, map[string]any{"id": m.ID})
}

func (d *Discord) followUp(w http.ResponseWriter, r *http.Request) {
	in, err := receive(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byToken(r.PathValue("token")) == nil {
		refuse(w, http.StatusUnauthorized, 50027, "Invalid Webhook Token")
		return
	}
	if m, ok := d.accept(w, in, err, 0); ok {
		m.ID = d.snowflake()
		answer(w, http.StatusOK, map[string]any{"id": m.ID})
	}
}

func (d *Discord) post(w http.ResponseWriter, r *http.Request) {
	in, err := receive(r)
	var once struct {
		Nonce   string `json:"nonce"`
		Enforce bool   `json:"enforce_nonce"`
	}
	_ = json.Unmarshal(in.raw, &once)
	d.mu.Lock()
	defer d.mu.Unlock()
	if before := d.nonces[once.Nonce]; once.Enforce && before != nil {
		answer(w, http.StatusOK, map[string]any{"id": before.ID, "channel_id": before.Channel})
		return
	}
	m, ok := d.accept(w, in, err, 0)
	if !ok {
		return
	}
	m.ID, m.Channel = d.snowflake(), r.PathValue("channel")
	d.channels[m.Channel] = append(d.channels[m.Channel], &m)
	if once.Enforce {
		d.nonces[once.Nonce] = &m
	}
	answer(w, http.StatusOK, map[string]any{"id": m.ID, "channel_id": m.Channel})
}

// listMessages gives a page of a channel, the newest first: its last messages, or those next after an id.
func (d *Discord) listMessages(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	query := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(query.Get("limit"), "50"))
	after, afterErr := strconv.ParseInt(cmp.Or(query.Get("after"), "0"), 10, 64)
	if err != nil || afterErr != nil || limit < 1 || limit > 100 {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	list := []map[string]any{}
	for _, m := range d.channels[r.PathValue("channel")] {
		if id, _ := strconv.ParseInt(m.ID, 10, 64); id <= after || d.hidden {
			continue
		}
		var shown map[string]any
		_ = json.Unmarshal(m.Raw, &shown)
		shown["id"] = m.ID
		list = append(list, shown)
	}
	if most := min(limit, len(list)); query.Has("after") {
		list = list[:most]
	} else {
		list = list[len(list)-most:]
	}
	slices.Reverse(list)
	answer(w, http.StatusOK, list)
}

func (d *Discord) editMessage(w http.ResponseWriter, r *http.Request) {
	in, err := receive(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, old := range d.channels[r.PathValue("channel")] {
		if old.ID != r.PathValue("message") {
			continue
		}
		if m, ok := d.accept(w, in, err, old.Flags); ok {
			m.ID, m.Channel = old.ID, old.Channel
			*old = m
			answer(w, http.StatusOK, map[string]any{"id": m.ID, "channel_id": m.Channel})
		}
		return
	}
	refuse(w, http.StatusNotFound, 10008, "Unknown Message")
}

// accept checks a message and keeps its files, or answers why not. flags are those of the message that it replaces.
func (d *Discord) accept(w http.ResponseWriter, in received, err error, flags int) (DiscordMessage, bool) {
	if err != nil {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: "+err.Error())
		return DiscordMessage{}, false
	}
	for _, f := range in.files {
		if int64(len(f.Data)) > d.limit {
			refuse(w, http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
			return DiscordMessage{}, false
		}
	}
	m, err := d.message(in, flags)
	if err != nil {
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: "+err.Error())
		return DiscordMessage{}, false
	}
	d.files = append(d.files, in.files...)
	return m, true
}

func (d *Discord) message(in received, flags int) (DiscordMessage, error) {
	var body struct {
		Mentions *struct {
			Parse *[]string `json:"parse"`
			Users []string  `json:"users"`
			Roles []string  `json:"roles"`
		} `json:"allowed_mentions"`
	}
	_ = json.Unmarshal(in.raw, &body)
	if a := body.Mentions; a == nil || a.Parse == nil || len(*a.Parse)+len(a.Users)+len(a.Roles) > 0 {
		d.t.Errorf("a message could mention people, its allowed_mentions are not empty: %.300s", in.raw)
	}
	m, err := checkMessage(in, flags)
	if err == nil && d.refuseV2 && m.Flags&flagV2 != 0 {
		err = errors.New("flags: components of this kind are not allowed here")
	}
	return m, err
}
