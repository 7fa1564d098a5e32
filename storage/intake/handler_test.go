package intake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/intake"
	"outboundbot/storage/memory"
)

var clock = time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)

var sources = []intake.Source{
	{Name: "shop", Kind: "native", Secret: "first-secret", Secret2: "second-secret"},
	{Name: "bound", Kind: "native", Secret: "first-secret", Lines: []string{"+504 2222-0000", "page-1"}},
	{Name: "one", Kind: "native", Secret: "first-secret", Lines: []string{"+504 2222-0000"}},
	{Name: "std", Kind: "native", Secret: storage.Secret("whsec_" + base64.StdEncoding.EncodeToString([]byte("first-secret")))},
	{Name: "wa", Kind: "whatsapp", Secret: "first-secret", Secret2: "second-secret"},
	{Name: "open", Kind: "native"},
	{Name: "open-wa", Kind: "whatsapp"},
	{Name: "sms", Kind: "twilio", Secret: "first-secret"},
}

func handler(store intake.Append) http.Handler {
	return intake.Handler(sources, store, func() time.Time { return clock }, slog.New(slog.DiscardHandler))
}

func post(h http.Handler, source, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/intake/"+source, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func mac(secret, text string) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

func meta(secret, body string) string { return "sha256=" + hex.EncodeToString(mac(secret, body)) }

func standard(secret, id string, at time.Time, body string) []string {
	stamp := fmt.Sprint(at.Unix())
	return []string{"webhook-id", id, "webhook-timestamp", stamp, "webhook-signature", "v1," + base64.StdEncoding.EncodeToString(mac(secret, id+"."+stamp+"."+body))}
}

const event = `{"id":"e1","type":"message.sent","at":"2025-11-24T10:00:00Z","send":"S1","channel":"WA","line":"50422220000"}`

func TestWhatsAppSignature(t *testing.T) {
	raw, err := os.ReadFile("testdata/whatsapp/statuses.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	body, _, _ := strings.Cut(string(raw), "\n")
	right := meta("first-secret", body)
	for _, c := range []struct {
		name, source, header, body string
		code                       int
	}{
		{"right", "wa", right, body, 200},
		{"second secret", "wa", meta("second-secret", body), body, 200},
		{"upper case", "wa", "sha256=" + strings.ToUpper(right[7:]), body, 200},
		{"wrong secret", "wa", meta("third-secret", body), body, 401},
		{"empty secret", "wa", meta("", body), body, 401},
		{"no header", "wa", "", body, 401},
		{"no prefix", "wa", right[7:], body, 401},
		{"other prefix", "wa", "sha1=" + right[7:], body, 401},
		{"short", "wa", right[:len(right)-2], body, 401},
		{"odd", "wa", right[:len(right)-1], body, 401},
		{"long", "wa", right + "00", body, 401},
		{"no hex", "wa", right[:len(right)-2] + "zz", body, 401},
		{"only prefix", "wa", "sha256=", body, 401},
		{"changed body", "wa", right, body + " ", 401},
		{"source without secret", "open-wa", meta("", body), body, 401},
		{"bearer", "wa", "Bearer first-secret", body, 401},
	} {
		store := memory.New(nil)
		w := post(handler(store.Append), c.source, c.body, "X-Hub-Signature-256", c.header)
		stats, _ := store.Stats(t.Context())
		if w.Code != c.code || (stats.Events > 0) != (c.code == 200) {
			t.Errorf("%s: %d with %d events, want %d: %s", c.name, w.Code, stats.Events, c.code, w.Body)
		}
	}
}

func TestNativeSignature(t *testing.T) {
	std := func(change func(h []string)) []string {
		h := standard("first-secret", "msg_1", clock, event)
		change(h)
		return h
	}
	for _, c := range []struct {
		name, source string
		headers      []string
		code         int
	}{
		{"right", "shop", standard("first-secret", "msg_1", clock, event), 200},
		{"second secret", "shop", standard("second-secret", "msg_1", clock, event), 200},
		{"whsec_", "std", standard("first-secret", "msg_1", clock, event), 200},
		{"one of several", "shop", std(func(h []string) { h[5] = "v1,AAAA v1a,xx " + h[5] }), 200},
		{"5 minutes old", "shop", standard("first-secret", "msg_1", clock.Add(-5*time.Minute), event), 200},
		{"301 s old", "shop", standard("first-secret", "msg_1", clock.Add(-301*time.Second), event), 401},
		{"301 s ahead", "shop", standard("first-secret", "msg_1", clock.Add(301*time.Second), event), 401},
		{"wrong secret", "shop", standard("third-secret", "msg_1", clock, event), 401},
		{"other body", "shop", standard("first-secret", "msg_1", clock, event+" "), 401},
		{"other id", "shop", std(func(h []string) { h[1] = "msg_2" }), 401},
		{"other time", "shop", std(func(h []string) { h[3] = fmt.Sprint(clock.Unix() + 1) }), 401},
		{"no id", "shop", std(func(h []string) { h[1] = "" }), 401},
		{"time in words", "shop", std(func(h []string) { h[3] = "now" }), 401},
		{"far time", "shop", std(func(h []string) { h[3] = "-9223372036854775808" }), 401},
		{"no version", "shop", std(func(h []string) { h[5] = h[5][3:] }), 401},
		{"short", "shop", std(func(h []string) { h[5] = h[5][:20] }), 401},
		{"bad signature beside a good token", "shop", append(std(func(h []string) { h[5] = "v1,AAAA" }), "Authorization", "Bearer first-secret"), 401},
		{"bearer", "shop", []string{"Authorization", "Bearer first-secret"}, 200},
		{"bearer, second secret", "shop", []string{"Authorization", "bearer second-secret"}, 200},
		{"wrong bearer", "shop", []string{"Authorization", "Bearer first-secre"}, 401},
		{"empty bearer", "shop", []string{"Authorization", "Bearer "}, 401},
		{"basic", "shop", []string{"Authorization", "Basic first-secret"}, 401},
		{"nothing", "shop", nil, 401},
		{"source without secret", "open", []string{"Authorization", "Bearer "}, 401},
		{"source without secret, signed", "open", standard("", "msg_1", clock, event), 401},
		{"unknown source", "nobody", []string{"Authorization", "Bearer first-secret"}, 404},
		{"later kind", "sms", []string{"Authorization", "Bearer first-secret"}, 501},
	} {
		store := memory.New(nil)
		w := post(handler(store.Append), c.source, event, c.headers...)
		stats, _ := store.Stats(t.Context())
		if w.Code != c.code || (stats.Events > 0) != (c.code == 200) {
			t.Errorf("%s: %d with %d events, want %d: %s", c.name, w.Code, stats.Events, c.code, w.Body)
		}
		var got struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || (got.Error == "") != (c.code == 200) {
			t.Errorf("%s: answer %s", c.name, w.Body)
		}
	}
}

func zip(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

// TestAnswers posts bodies of all kinds with a good token.
func TestAnswers(t *testing.T) {
	two := event + "\n" + strings.Replace(event, "e1", "e2", 1)
	other := strings.Replace(strings.Replace(event, "e1", "e3", 1), "50422220000", "50422229999", 1)
	bare := strings.Replace(event, `,"line":"50422220000"`, "", 1)
	for _, c := range []struct {
		name, source, body, encoding string
		code, events                 int
		want                         string
	}{
		{"lines", "shop", two, "", 200, 2, `{"accepted":2,"duplicates":0,"rejected":[]}`},
		{"array", "shop", "[" + event + "," + other + "]", "", 200, 2, `{"accepted":2,"duplicates":0,"rejected":[]}`},
		{"duplicate", "shop", event + "\n" + event, "", 200, 1, `{"accepted":1,"duplicates":1,"rejected":[]}`},
		{"conflict", "shop", event + "\n" + bare, "", 200, 1, `{"accepted":1,"duplicates":0,"conflicts":1,"rejected":[]}`},
		{"gzip", "shop", zip(two), "gzip", 200, 2, `{"accepted":2,"duplicates":0,"rejected":[]}`},
		{"a bad line", "shop", event + "\n{}\n{x", "", 200, 1, `{"accepted":1,"duplicates":0,"rejected":[{"line":2,"reason":"id is missing"},{"line":3,"reason":"not JSON: no string at byte 2"}]}`},
		{"parsed and rejected", "shop", "{}", "", 200, 0, `{"accepted":0,"duplicates":0,"rejected":[{"line":1,"reason":"id is missing"}]}`},
		{"no JSON", "shop", "hello\nyou", "", 400, 0, `{"error":"nothing in the body could be read as native events","accepted":0,"duplicates":0,"rejected":[{"line":1,"reason":"not JSON: no object at byte 1"},{"line":2,"reason":"not JSON: no object at byte 1"}]}`},
		{"empty", "shop", " \n", "", 400, 0, `{"error":"the body is empty","accepted":0,"duplicates":0,"rejected":[]}`},
		{"not gzip", "shop", two, "gzip", 400, 0, `{"error":"the body is not gzip","accepted":0,"duplicates":0,"rejected":[]}`},
		{"cut gzip", "shop", zip(two)[:60], "gzip", 400, 0, `{"error":"the body cannot be read: unexpected EOF","accepted":0,"duplicates":0,"rejected":[]}`},
		{"brotli", "shop", two, "br", 415, 0, `{"error":"send the body plain or with Content-Encoding: gzip","accepted":0,"duplicates":0,"rejected":[]}`},
		{"large", "shop", strings.Repeat(event+"\n", 160_000), "", 413, 0, `{"error":"the body is larger than 16 MiB: send it in parts","accepted":0,"duplicates":0,"rejected":[]}`},
		{"bomb", "shop", zip(strings.Repeat(" ", 65<<20)), "gzip", 413, 0, `{"error":"the body is larger than 64 MiB without gzip: send it in parts","accepted":0,"duplicates":0,"rejected":[]}`},
		{"own line", "bound", event, "", 200, 1, `{"accepted":1,"duplicates":0,"rejected":[]}`},
		{"other line", "bound", event + "\n" + other, "", 403, 0, `{"error":"nothing was stored: the event on line 2 is not allowed: source bound may not write about line \"50422229999\", only about +504 2222-0000, page-1","accepted":0,"duplicates":0,"rejected":[]}`},
		{"no line, several allowed", "bound", bare, "", 403, 0, `{"error":"nothing was stored: the event on line 1 is not allowed: source bound must name the line of each event: one of +504 2222-0000, page-1","accepted":0,"duplicates":0,"rejected":[]}`},
		{"no line, one allowed", "one", bare, "", 200, 1, `{"accepted":1,"duplicates":0,"rejected":[]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(nil)
			w := post(handler(store.Append), c.source, c.body, "Authorization", "Bearer first-secret", "Content-Encoding", c.encoding)
			stats, _ := store.Stats(t.Context())
			if w.Code != c.code || stats.Events != c.events || strings.TrimSpace(w.Body.String()) != c.want {
				t.Errorf("%d with %d events, want %d with %d\ngot  %s\nwant %s", w.Code, stats.Events, c.code, c.events, w.Body, c.want)
			}
		})
	}
}

func TestManyRejects(t *testing.T) {
	w := post(handler(memory.New(nil).Append), "shop", event+"\n"+strings.Repeat("{}\n", 1500), "Authorization", "Bearer first-secret")
	var got struct {
		Rejected []struct{ Line int }
		More     int `json:"more_rejected"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Rejected) != 1000 || got.More != 500 || got.Rejected[999].Line != 1001 {
		t.Errorf("%v, %d listed, %d more", err, len(got.Rejected), got.More)
	}
}

// TestStoreFails: never 200 before the events are durable, and a word on when to try again.
func TestStoreFails(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  int
		after string
	}{
		{errors.New("badger: conflict"), 503, "30"},
		{fmt.Errorf("write: %w", syscall.ENOSPC), 507, "300"},
	} {
		store := func(context.Context, []storage.Event) (storage.Receipt, error) { return storage.Receipt{}, c.err }
		w := post(handler(store), "shop", event, "Authorization", "Bearer first-secret")
		if w.Code != c.code || w.Header().Get("Retry-After") != c.after || strings.Contains(w.Body.String(), "badger") {
			t.Errorf("%v: %d, Retry-After %s, %s", c.err, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}

func TestSubscribe(t *testing.T) {
	for _, c := range []struct {
		target string
		code   int
		body   string
	}{
		{"/intake/wa?hub.mode=subscribe&hub.verify_token=second-secret&hub.challenge=1158201444", 200, "1158201444"},
		{"/intake/wa?hub.mode=subscribe&hub.verify_token=first-secret&hub.challenge=%3Cb%3E", 200, "<b>"},
		{"/intake/wa?hub.mode=subscribe&hub.verify_token=third&hub.challenge=1", 403, ""},
		{"/intake/wa?hub.mode=subscribe&hub.challenge=1", 403, ""},
		{"/intake/wa?hub.mode=unsubscribe&hub.verify_token=first-secret&hub.challenge=1", 403, ""},
		{"/intake/open-wa?hub.mode=subscribe&hub.verify_token=&hub.challenge=1", 401, ""},
		{"/intake/shop?hub.mode=subscribe&hub.verify_token=first-secret&hub.challenge=1", 405, ""},
		{"/intake/nobody?hub.mode=subscribe", 404, ""},
	} {
		w := httptest.NewRecorder()
		handler(nil).ServeHTTP(w, httptest.NewRequest("GET", c.target, nil))
		if w.Code != c.code || c.code == 200 && w.Body.String() != c.body || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %s", c.target, w.Code, w.Body)
		}
	}
}

// TestLargeBodies: strangers that send large bodies slowly get two slots; small posts still pass.
func TestLargeBodies(t *testing.T) {
	server := httptest.NewServer(handler(memory.New(nil).Append))
	defer server.Close()
	head := "POST /intake/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
	var slow []net.Conn
	dawdle := func() {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, head+strings.Repeat("x", 1<<20+1)); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}
	defer func() {
		for _, conn := range slow {
			conn.Close()
		}
	}()
	send := func(body string) int {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/intake/shop", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer first-secret")
		w, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		return w.StatusCode
	}
	large := strings.Repeat(event+"\n", 20_000)
	deadline := time.Now().Add(time.Minute)
	for send(large) != 503 {
		if time.Now().After(deadline) {
			t.Fatal("a third large body was taken")
		}
		dawdle() // the one before may have found the slots taken by our own
	}
	if code := send(event); code != 200 {
		t.Errorf("a small body gets %d", code)
	}
	for _, conn := range slow {
		conn.Close()
	}
	for send(large) != 200 {
		if time.Now().After(deadline) {
			t.Fatal("the slots stay taken")
		}
		time.Sleep(10 * time.Millisecond)
	}
	for range 3 {
		if code := send(large); code != 200 {
			t.Fatalf("a slot was not given back: %d", code)
		}
	}
}

func TestKinds(t *testing.T) {
	ready := map[string]bool{"native": true, "whatsapp": true, "messenger": false, "twilio": false, "cloudevents": false}
	for _, k := range intake.Kinds() {
		if want, ok := ready[k.Name]; !ok || k.Ready != want {
			t.Errorf("kind %s ready: %v", k.Name, k.Ready)
		}
		delete(ready, k.Name)
	}
	if len(ready) > 0 {
		t.Errorf("missing kinds %v", ready)
	}
}
