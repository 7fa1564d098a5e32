package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"outboundbot/bot"
)

// wire is the transport of every HTTP call. It paces the opening of sockets, marks errors that came after a request
// was sent, and puts the host of api_url in place of the hosts that Slack's answers name.
type wire struct {
	base  *http.Transport
	api   *url.URL
	moved bool // api_url is not Slack's own
	pace  *pace
}

const (
	methodOpen   = "apps.connections.open"
	methodUpload = "files.getUploadURLExternal"

	// answerTime is from the end of a request to the head of its answer.
	answerTime = 20 * time.Second
	// answerBytes bounds the answers that are read whole here.
	answerBytes = 1 << 20
)

func newWire(api *url.URL, moved bool) *wire {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = answerTime
	return &wire{base: base, api: api, moved: moved, pace: newPace()}
}

func (w *wire) close() { w.base.CloseIdleConnections() }

// sentError is a failure after the request had left: Slack may have acted on it.
type sentError struct{ err error }

func (e *sentError) Error() string { return e.err.Error() }
func (e *sentError) Unwrap() error { return e.err }

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	method := path.Base(req.URL.Path)
	if method == methodOpen {
		if err := w.pace.wait(req.Context()); err != nil {
			if req.Body != nil {
				_ = req.Body.Close()
			}
			return nil, err
		}
	}
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	res, err := w.base.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		if sent.Load() {
			err = &sentError{err}
		}
		return nil, err
	}
	if method == methodOpen && res.StatusCode == http.StatusTooManyRequests {
		if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
			w.pace.hold(time.Duration(s) * time.Second)
		}
	}
	if w.moved && res.StatusCode == http.StatusOK && (method == methodOpen || method == methodUpload) {
		return w.rewrite(res)
	}
	return res, nil
}

// rewrite changes the addresses in an answer of Slack to those behind api_url.
func (w *wire) rewrite(res *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, answerBytes))
	_ = res.Body.Close()
	if err != nil {
		return nil, &sentError{err}
	}
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(body, &fields) == nil {
		for _, name := range []string{"url", "upload_url"} {
			var address string
			if json.Unmarshal(fields[name], &address) == nil && address != "" {
				moved, err := w.move(address)
				if err != nil {
					return nil, fmt.Errorf("%s of Slack's answer: %w", name, err)
				}
				fields[name], _ = json.Marshal(moved)
			}
		}
		body, _ = json.Marshal(fields)
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return res, nil
}

// move puts scheme and host of api_url in place of those of an address; ws and wss stay sockets. A socket that is on
// the same machine as api_url is behind it already, if on another port.
func (w *wire) move(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("not an address")
	}
	socket := u.Scheme == "ws" || u.Scheme == "wss"
	if socket && bot.SameHost(u, w.api) {
		return address, nil
	}
	u.Scheme, u.Host = w.api.Scheme, w.api.Host
	if socket {
		u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	}
	return u.String(), nil
}

// slackHooks is the only public host of response addresses.
const slackHooks = "hooks.slack.com"

// respondURL checks that an address to respond to is Slack's (https, exactly its host, no port, no user) or behind
// api_url, and returns where to send. Anything else could make the bot post into a stranger's network.
func (w *wire) respondURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return "", errForeign
	}
	switch {
	case u.Scheme == "https" && u.Host == slackHooks:
		if !w.moved {
			return address, nil
		}
		return w.move(address)
	case u.Scheme == w.api.Scheme && u.Port() == w.api.Port() && w.moved && bot.SameHost(u, w.api):
		return address, nil
	default:
		return "", errForeign
	}
}

var errForeign = errors.New("the address to respond to is not Slack's")

// dialer opens sockets and notes when anything was last read from one, pings included.
func (w *wire) dialer(seen func()) *websocket.Dialer {
	dial := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: 15 * time.Second,
		WriteBufferSize:  32 << 10, // Slack drops fragmented messages
		NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &watched{Conn: conn, seen: seen}, nil
		},
	}
}

type watched struct {
	net.Conn
	seen func()
}

func (c *watched) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.seen()
	}
	return n, err
}

// pace bounds how often a socket is asked for: three at once, then one every five seconds, with jitter so that many
// bots do not return in step. The library itself reconnects without a pause when a fresh link drops.
type pace struct {
	limit *rate.Limiter
	mu    sync.Mutex
	until time.Time // Slack's Retry-After
}

const (
	openEvery  = 5 * time.Second
	openBurst  = 3
	openJitter = 2 * time.Second
)

func newPace() *pace { return &pace{limit: rate.NewLimiter(rate.Every(openEvery), openBurst)} }

func (p *pace) hold(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Now().Add(d)
}

// wait blocks until a socket may be asked for, or ctx ends.
func (p *pace) wait(ctx context.Context) error {
	turn := p.limit.Reserve()
	delay := turn.Delay()
	if delay > 0 {
		delay += rand.N(openJitter)
	}
	p.mu.Lock()
	delay = max(delay, time.Until(p.until))
	p.mu.Unlock()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		turn.Cancel()
		return ctx.Err()
	}
}
