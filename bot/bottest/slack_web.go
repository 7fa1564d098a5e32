package bottest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// slackMethods are the methods of the Web API that the fake knows, with the scope each needs.
func (s *Slack) slackMethods() map[string]slackMethod {
	return map[string]slackMethod{
		"auth.test":                    {"", s.authTest},
		"apps.connections.open":        {"connections:write", s.openConnection},
		"chat.postMessage":             {"chat:write", s.postMessage},
		"chat.postEphemeral":           {"chat:write", s.postEphemeral},
		"chat.update":                  {"chat:write", s.update},
		"conversations.open":           {"im:write", s.openDirect},
		"conversations.history":        {"channels:history", s.history},
		"conversations.list":           {"channels:read", s.listChannels},
		"users.info":                   {"users:read", s.userInfo},
		"files.getUploadURLExternal":   {"files:write", s.uploadURL},
		"files.completeUploadExternal": {"files:write", s.completeUpload},
	}
}

type slackMethod struct {
	scope string
	call  func(url.Values) any // under the lock
}

// web answers a call of the Web API.
func (s *Slack) web(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = r.PostForm.Get("token")
	}
	s.mu.Lock()
	fault := s.fault(name)
	var result any
	if fault == nil || fault.Acted {
		result = s.callMethod(name, token, r.PostForm)
	}
	s.mu.Unlock()
	if fault != nil {
		fault.write(w)
		return
	}
	slackAnswer(w, result)
}

func (s *Slack) callMethod(name, token string, form url.Values) any {
	wanted := s.botToken
	if name == "apps.connections.open" {
		wanted = s.appToken
	}
	method, known := s.slackMethods()[name]
	switch {
	case token == "":
		return slackError{Error: "not_authed"}
	case token != wanted:
		return slackError{Error: "invalid_auth"}
	case !known:
		return slackError{Error: "unknown_method"}
	case method.scope != "" && !slices.Contains(s.scopes, method.scope):
		return slackError{Error: "missing_scope", Needed: method.scope}
	}
	return method.call(form)
}

func (s *Slack) authTest(url.Values) any {
	return map[string]any{
		"ok": true, "url": "https://fake.slack.com/", "team": "Fake", "user": "outbound",
		"team_id": SlackTeam, "user_id": SlackBotUser, "bot_id": SlackBotID,
	}
}

func (s *Slack) openConnection(url.Values) any {
	return map[string]any{"ok": true, "url": "wss://wss-primary.slack.com/link/?ticket=" + s.id("ticket") + "&app_id=A0FAKE"}
}

// compose makes a message of a call that posts to a channel, or says how Slack refuses it.
func (s *Slack) compose(form url.Values) (SlackMessage, *slackError) {
	m, failed := s.read(form.Get("text"), form.Get("blocks"))
	c := s.channel(form.Get("channel"))
	switch {
	case failed != nil:
		return m, failed
	case c == nil:
		return m, &slackError{Error: "channel_not_found"}
	case c.archived:
		return m, &slackError{Error: "is_archived"}
	case !c.member:
		return m, &slackError{Error: "not_in_channel"}
	}
	m.Channel, m.TS, m.Thread = c.id, s.timestamp(), form.Get("thread_ts")
	return m, nil
}

func (s *Slack) postMessage(form url.Values) any {
	m, failed := s.compose(form)
	if failed != nil {
		return *failed
	}
	m.Metadata = json.RawMessage(form.Get("metadata"))
	s.messages = append(s.messages, &m)
	return map[string]any{"ok": true, "channel": m.Channel, "ts": m.TS}
}

func (s *Slack) timestamp() string {
	s.next++
	return fmt.Sprintf("%d.%06d", time.Now().Unix(), s.next)
}

func (s *Slack) postEphemeral(form url.Values) any {
	m, failed := s.compose(form)
	if failed != nil {
		return *failed
	}
	m.User = form.Get("user")
	s.ephemerals = append(s.ephemerals, &m)
	return map[string]any{"ok": true, "message_ts": m.TS}
}

func (s *Slack) update(form url.Values) any {
	m, failed := s.read(form.Get("text"), form.Get("blocks"))
	if failed != nil {
		return *failed
	}
	for _, old := range s.messages {
		if old.Channel == form.Get("channel") && old.TS == form.Get("ts") {
			m.Channel, m.TS, m.Thread, m.Metadata, m.Edits = old.Channel, old.TS, old.Thread, old.Metadata, old.Edits+1
			*old = m
			return map[string]any{"ok": true, "channel": m.Channel, "ts": m.TS, "text": m.Text}
		}
	}
	return slackError{Error: "message_not_found"}
}

func (s *Slack) openDirect(form url.Values) any {
	user := form.Get("users")
	if !strings.HasPrefix(user, "U") || strings.Contains(user, ",") {
		return slackError{Error: "user_not_found"}
	}
	return map[string]any{"ok": true, "channel": map[string]any{"id": s.direct(user).id, "is_im": true, "user": user}}
}

// history is a page of a channel's messages, the newest first, as far back as oldest.
func (s *Slack) history(form url.Values) any {
	c := s.channels[form.Get("channel")]
	if c == nil {
		return slackError{Error: "channel_not_found"}
	}
	oldest, _ := strconv.ParseFloat(form.Get("oldest"), 64)
	list := []map[string]any{}
	for _, m := range slices.Backward(s.messages) {
		if ts, _ := strconv.ParseFloat(m.TS, 64); m.Channel != c.id || m.Thread != "" || ts <= oldest {
			continue
		}
		line := map[string]any{"type": "message", "ts": m.TS, "text": m.Text, "user": SlackBotUser}
		if form.Get("include_all_metadata") != "0" && len(m.Metadata) > 0 {
			line["metadata"] = m.Metadata
		}
		list = append(list, line)
	}
	page, next := slackPage(list, form)
	return map[string]any{"ok": true, "messages": page, "has_more": next != "", "response_metadata": map[string]string{"next_cursor": next}}
}

func (s *Slack) listChannels(form url.Values) any {
	list := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(s.channels)) {
		if c := s.channels[id]; strings.HasPrefix(id, "C") && (!c.archived || form.Get("exclude_archived") != "true") {
			list = append(list, map[string]any{"id": id, "name": c.name, "is_channel": true, "is_member": c.member})
		}
	}
	page, next := slackPage(list, form)
	return map[string]any{"ok": true, "channels": page, "response_metadata": map[string]string{"next_cursor": next}}
}

// slackPage is the part of a list that cursor and limit name, and the cursor of the next one.
func slackPage(list []map[string]any, form url.Values) (page []map[string]any, next string) {
	from, _ := strconv.Atoi(form.Get("cursor"))
	limit, err := strconv.Atoi(form.Get("limit"))
	if err != nil {
		limit = 100
	}
	from = min(from, len(list))
	to := min(from+limit, len(list))
	if to < len(list) {
		next = strconv.Itoa(to)
	}
	return list[from:to], next
}

func (s *Slack) userInfo(form url.Values) any {
	user := form.Get("user")
	locale := s.locales[user]
	if locale == "" {
		locale = "en-US"
	}
	return map[string]any{"ok": true, "user": map[string]any{
		"id": user, "team_id": SlackTeam, "locale": locale, "is_restricted": slices.Contains(s.guests, user),
	}}
}

func (s *Slack) uploadURL(form url.Values) any {
	n, err := strconv.Atoi(form.Get("length"))
	if err != nil || n <= 0 || form.Get("filename") == "" {
		return slackError{Error: "invalid_arguments"}
	}
	f := &SlackFile{ID: s.id("F"), Name: form.Get("filename"), declared: n}
	s.files = append(s.files, f)
	return map[string]any{"ok": true, "upload_url": "https://files.slack.com/upload/v1/" + f.ID, "file_id": f.ID}
}

// receiveFile takes the bytes of a file, raw or as a form.
func (s *Slack) receiveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault("upload")
	s.mu.Unlock()
	if fault != nil {
		fault.write(w)
		return
	}
	var data []byte
	var err error
	if part, _, formErr := r.FormFile("file"); formErr == nil {
		data, err = io.ReadAll(part)
	} else {
		data, err = io.ReadAll(r.Body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.ID == r.PathValue("id") && err == nil && len(data) == f.declared {
			f.Data = data
			_, _ = fmt.Fprintf(w, "OK - %d", len(data))
			return
		}
	}
	http.Error(w, "the bytes are not those that were announced", http.StatusBadRequest)
}

func (s *Slack) completeUpload(form url.Values) any {
	var list []struct{ ID, Title string }
	if json.Unmarshal([]byte(form.Get("files")), &list) != nil || len(list) != 1 {
		return slackError{Error: "invalid_arguments"}
	}
	c := s.channels[form.Get("channel_id")]
	switch {
	case c == nil: // a #name is not enough here
		return slackError{Error: "channel_not_found"}
	case !c.member:
		return slackError{Error: "not_in_channel"}
	}
	for _, f := range s.files {
		if f.ID == list[0].ID && f.Data != nil {
			f.Title, f.Channel, f.Thread, f.Comment = list[0].Title, c.id, form.Get("thread_ts"), form.Get("initial_comment")
			f.shared = true
			return map[string]any{"ok": true, "files": []any{map[string]any{"id": f.ID, "title": f.Title}}}
		}
	}
	return slackError{Error: "file_not_found"}
}

// respond takes what is posted to a response address.
func (s *Slack) respond(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Text            string          `json:"text"`
		Blocks          json.RawMessage `json:"blocks"`
		ResponseType    string          `json:"response_type"`
		ReplaceOriginal bool            `json:"replace_original"`
	}
	malformed := json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := s.fault("response_url")
	address := s.responses[r.PathValue("id")]
	switch {
	case fault != nil:
		fault.write(w)
		return
	case malformed != nil:
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	case address == nil || time.Now().After(address.until):
		http.Error(w, "expired_url", http.StatusNotFound)
		return
	case address.used == slackResponseUses:
		http.Error(w, "used_url", http.StatusNotFound)
		return
	}
	address.used++
	m, failed := s.read(body.Text, string(body.Blocks))
	if failed != nil {
		slackAnswer(w, *failed)
		return
	}
	m.Channel, m.TS, m.Replaces = address.channel, s.timestamp(), body.ReplaceOriginal
	if body.ResponseType == "in_channel" {
		s.messages = append(s.messages, &m)
	} else {
		m.User = address.user
		s.ephemerals = append(s.ephemerals, &m)
	}
	_, _ = io.WriteString(w, "ok")
}

// respondAddress makes a response address for a question.
func (s *Slack) respondAddress(channel, user string) string {
	id := s.id("R")
	s.responses[id] = &slackResponse{channel: channel, user: user, until: time.Now().Add(slackResponseLife)}
	return "https://hooks.slack.com/commands/" + id
}

// ExpireResponses makes every response address given out so far invalid.
func (s *Slack) ExpireResponses() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.responses {
		r.until = time.Time{}
	}
}
