package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"outboundbot/bot"
	"outboundbot/reports"
)

// api is the REST side of Discord. It tries once: what to do about a failure is the outbox's decision.
type api struct {
	session   *discordgo.Session // never opened: its requests and rate limits
	transport *http.Transport
	rewriting http.RoundTripper
	uploads   chan struct{} // a file is held in memory whole while it is sent, so few at a time
}

const (
	requestTimeout = 20 * time.Second
	uploadRate     = 64 << 10 // bytes a second that an upload must reach
	parallelFiles  = 2
	buckets        = 64 // rate limit buckets that interactions share: the library forgets none
)

func newAPI(cfg Config) (*api, error) {
	base, err := url.Parse(cfg.APIURL)
	if err != nil {
		return nil, err
	}
	a := &api{uploads: make(chan struct{}, parallelFiles)}
	a.transport = &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 8, ForceAttemptHTTP2: true,
	}
	a.rewriting = a.transport
	if cfg.APIURL != "" {
		a.rewriting = rewriter{base: base, next: a.transport}
	}
	a.session, err = a.newSession(cfg)
	return a, err
}

// newSession makes a session of the library as this package uses it: no retries, no reconnects, no intents, nothing
// printed.
func (a *api) newSession(cfg Config) (*discordgo.Session, error) {
	s, err := discordgo.New("Bot " + cfg.Token.Reveal())
	if err != nil {
		return nil, err
	}
	s.Client = a.client(requestTimeout)
	s.ShouldReconnectOnError, s.ShouldRetryOnRateLimit, s.MaxRestRetries = false, false, 0
	s.StateEnabled = false
	s.Identify.Intents = discordgo.IntentsNone
	s.LogLevel = -1
	return s, nil
}

func (a *api) client(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: a.rewriting, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// rewriter sends every request to another host, and makes the address of the gateway point there too.
type rewriter struct {
	base *url.URL
	next http.RoundTripper
}

func (w rewriter) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	rest := strings.TrimPrefix(r.URL.Path, "/")
	r.URL.Scheme, r.URL.Host, r.Host = w.base.Scheme, w.base.Host, ""
	r.URL.Path, r.URL.RawPath = w.base.Path+rest, ""
	resp, err := w.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusOK || !(strings.HasSuffix(rest, "/gateway") || strings.HasSuffix(rest, "/gateway/bot")) {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return nil, err
	}
	if body, err = w.gateway(body); err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// gateway replaces the host of the address in the answer to GET /gateway; path and query stay.
func (w rewriter) gateway(body []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	var address string
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fmt.Errorf("address of the gateway: %w", err)
	}
	if err := json.Unmarshal(fields["url"], &address); err != nil {
		return nil, fmt.Errorf("address of the gateway: %w", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address of the gateway: %w", err)
	}
	if bot.SameHost(u, w.base) {
		return body, nil // on a port of its own, perhaps
	}
	u.Scheme, u.Host = "ws", w.base.Host
	if w.base.Scheme == "https" {
		u.Scheme = "wss"
	}
	if fields["url"], err = json.Marshal(u.String()); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// call makes one request. bucket names the rate limit that it counts for.
func (a *api) call(ctx context.Context, method, address, bucket string, body any) ([]byte, error) {
	return a.session.RequestWithBucketID(method, address, body, bucket, discordgo.WithContext(ctx))
}

// send makes one request that carries a message, with its file if there is one.
func (a *api) send(ctx context.Context, method, address, bucket string, m *message, file *upload) ([]byte, error) {
	if file == nil {
		return a.call(ctx, method, address, bucket, m)
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r, err := file.open()
	if err != nil {
		return nil, fmt.Errorf("reading the file to send: %w", err)
	}
	defer r.Close()
	kind, data, err := discordgo.MultipartBodyWithJSON(m, []*discordgo.File{{Name: file.name, ContentType: file.kind, Reader: r}})
	if err != nil {
		return nil, fmt.Errorf("reading the file to send: %w", err)
	}
	patient := a.client(requestTimeout + time.Duration(file.size/uploadRate)*time.Second)
	return a.session.RequestRaw(method, address, kind, data, bucket, 0, discordgo.WithContext(ctx), discordgo.WithClient(patient))
}

// bucketOf spreads interactions over a fixed number of rate limit buckets.
func bucketOf(kind, key string) string {
	return fmt.Sprintf("%s/%d", kind, hashOf(key)%buckets)
}

func hashOf(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// codeOf gives the HTTP status and Discord's own code of a refused request; zeros for another error.
func codeOf(err error) (status, code int) {
	var rest *discordgo.RESTError
	if !errors.As(err, &rest) || rest.Response == nil {
		return 0, 0
	}
	if rest.Message != nil {
		code = rest.Message.Code
	}
	return rest.Response.StatusCode, code
}

// cannotDirect is Discord's code for a user who takes no direct messages; discordgo has no name for it.
const cannotDirect = 50007

// gone tells whether an interaction's token or response is no longer known.
func gone(err error) bool {
	switch _, code := codeOf(err); code {
	case discordgo.ErrCodeUnknownWebhook, discordgo.ErrCodeInvalidWebhookTokenProvided, discordgo.ErrCodeUnknownMessage, discordgo.ErrCodeUnknownInteraction:
		return true
	}
	return false
}

// tooLarge tells whether Discord found a file too large.
func tooLarge(err error) bool {
	status, code := codeOf(err)
	return status == http.StatusRequestEntityTooLarge || code == discordgo.ErrCodeRequestEntityTooLarge
}

// mayHaveActed tells whether Discord may have done what a failed request asked for: it failed inside, or the link
// broke after it was made.
func mayHaveActed(err error) bool {
	var limited *discordgo.RateLimitError
	var network *net.OpError
	switch status, _ := codeOf(err); {
	case errors.As(err, &limited):
		return false
	case errors.As(err, &network) && network.Op == "dial":
		return false
	default:
		return status == 0 || status >= http.StatusInternalServerError
	}
}

// outcome turns the error of a request into what the outbox understands.
func outcome(err error, l *reports.Language) error {
	var limited *discordgo.RateLimitError
	status, code := codeOf(err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limited):
		return &bot.Retry{After: max(limited.RetryAfter, time.Millisecond), Err: withoutToken(err)}
	case status == 0, status >= 500: // the network, a gateway's page, Discord itself
		return &bot.Retry{Err: withoutToken(err)}
	}
	fix := l.Say("discord.refused", reports.Args{"Code": code, "Status": status})
	switch {
	case status == http.StatusUnauthorized:
		fix = l.Say("discord.bad_token")
	case code == discordgo.ErrCodeMissingAccess:
		fix = l.Say("discord.no_access")
	case code == discordgo.ErrCodeMissingPermissions:
		fix = l.Say("discord.no_permission")
	case code == discordgo.ErrCodeUnknownChannel:
		fix = l.Say("discord.no_channel")
	case code == discordgo.ErrCodeUnknownMessage:
		fix = l.Say("discord.no_message")
	case code == cannotDirect:
		fix = l.Say("discord.no_direct")
	}
	return &bot.Refused{Fix: fix, Err: withoutToken(err)}
}

// withoutToken is the error without the address of the request, which has the interaction's token in it.
func withoutToken(err error) error {
	var address *url.Error
	var limited *discordgo.RateLimitError
	switch {
	case errors.As(err, &address):
		return fmt.Errorf("discord: %s: %w", strings.ToUpper(address.Op), address.Err)
	case errors.As(err, &limited):
		return fmt.Errorf("discord: too many requests, wait %s", limited.RetryAfter)
	}
	return fmt.Errorf("discord: %w", err)
}
