package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"time"

	"outboundbot/storage"
)

// Handler receives POST /intake/{source}, and the GET by which WhatsApp asks whether the address is ours. It
// answers 200 only when the events are durable.
//
//	200  parsed; the answer counts and lists what was rejected
//	400  nothing in the body could be parsed
//	401  not signed with a secret of the source, or the source has none
//	403  an event is about a line that is not the source's: nothing was stored
//	404  no such source, 405 not POST, 415 an encoding other than gzip, 501 a kind that comes later (see [Kinds])
//	413  body too large
//	503  the store cannot take it now, 507 the disk is full: send it again after Retry-After
func Handler(sources []Source, store Append, now func() time.Time, log *slog.Logger) http.Handler {
	d := &door{sources: map[string]*Source{}, store: store, now: now, log: log, slots: make(chan struct{}, bodySlots)}
	for i := range sources {
		d.sources[sources[i].Name] = &sources[i]
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /intake/{source}", d.post)
	mux.HandleFunc("GET /intake/{source}", d.subscribe)
	return mux
}

type door struct {
	sources map[string]*Source
	store   Append
	now     func() time.Time
	log     *slog.Logger
	slots   chan struct{} // held by requests with large bodies
}

// answer is what a sender reads.
type answer struct {
	Error      string    `json:"error,omitempty"`
	Accepted   int       `json:"accepted"`
	Duplicates int       `json:"duplicates"`
	Conflicts  int       `json:"conflicts,omitempty"`
	Rejected   []refused `json:"rejected"`
	More       int       `json:"more_rejected,omitempty"` // beyond those listed
}

type refused struct {
	Line   int    `json:"line"`
	Where  string `json:"where,omitempty"`
	Reason string `json:"reason"`
}

func (a *answer) list(r Reject) {
	if len(a.Rejected) == maxListed {
		a.More++
		return
	}
	a.Rejected = append(a.Rejected, refused{r.Line, r.Path, r.Reason})
}

// refusal is an answer other than 200.
type refusal struct {
	code  int
	after time.Duration // Retry-After, if not 0
	err   error
}

func (r *refusal) Error() string { return r.err.Error() }

func refuse(code int, format string, args ...any) *refusal {
	return &refusal{code: code, err: fmt.Errorf(format, args...)}
}

func (d *door) post(w http.ResponseWriter, r *http.Request) {
	start := d.now()
	got, no := d.take(w, r)
	code := http.StatusOK
	if no != nil {
		code, got.Error = no.code, no.Error()
		if no.after > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(int(no.after.Seconds())))
		}
		if code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
	}
	level := slog.LevelInfo
	if no != nil {
		level = slog.LevelWarn
	}
	d.log.Log(r.Context(), level, "intake", "source", r.PathValue("source"), "code", code, "accepted", got.Accepted,
		"duplicates", got.Duplicates, "conflicts", got.Conflicts, "rejected", len(got.Rejected)+got.More,
		"ms", d.now().Sub(start).Milliseconds(), "error", got.Error)
	if got.Rejected == nil {
		got.Rejected = []refused{}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(got) // the sender may be gone; the events are stored
}

// take checks a request and stores its events.
func (d *door) take(w http.ResponseWriter, r *http.Request) (answer, *refusal) {
	src, kind, no := d.source(r)
	if no != nil {
		return answer{}, no
	}
	raw, release, no := d.body(w, r)
	if no != nil {
		return answer{}, no
	}
	defer release()
	if err := kind.signed(r.Header, raw, src.secrets(), d.now()); err != nil {
		return answer{}, &refusal{code: http.StatusUnauthorized, err: err}
	}
	content, no := contentOf(r.Header.Get("Content-Encoding"), raw)
	if no != nil {
		return answer{}, no
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return answer{}, refuse(http.StatusBadRequest, "the body is empty")
	}
	if got, no := survey(src, kind, content()); no != nil {
		return got, no
	}
	return d.keep(r.Context(), src, kind, content())
}

func (d *door) source(r *http.Request) (*Source, kind, *refusal) {
	name := r.PathValue("source")
	src, ok := d.sources[name]
	if !ok {
		return nil, kind{}, refuse(http.StatusNotFound, "no source %.40q: add it to intake.sources in the configuration", name)
	}
	k := kindNamed(src.Kind)
	if k.signed == nil {
		return nil, k, refuse(http.StatusNotImplemented, "source %s is of kind %s, which this version cannot receive", name, src.Kind)
	}
	if len(src.secrets()) == 0 {
		return nil, k, refuse(http.StatusUnauthorized, "source %s has no secret, so it refuses everything: set one in the configuration", name)
	}
	return src, k, nil
}

// body reads a request as it was sent. Beyond freeBody it needs one of a few slots, held until release.
func (d *door) body(w http.ResponseWriter, r *http.Request) (raw []byte, release func(), no *refusal) {
	link := http.NewResponseController(w)
	_ = link.SetReadDeadline(time.Now().Add(readTime)) // a recorder in a test has no deadlines
	limited := http.MaxBytesReader(w, r.Body, maxBody)
	raw, err := io.ReadAll(io.LimitReader(limited, freeBody))
	release = func() {}
	if err == nil && len(raw) == freeBody {
		select {
		case d.slots <- struct{}{}:
		default:
			return nil, nil, &refusal{http.StatusServiceUnavailable, time.Second, errors.New("too many large requests at one time: send it again")}
		}
		release = func() { <-d.slots }
		var rest []byte
		rest, err = io.ReadAll(limited)
		raw = append(raw, rest...)
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		no = refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d MiB: send it in parts", maxBody>>20)
	case err != nil:
		no = refuse(http.StatusBadRequest, "the body did not arrive in whole within %s", readTime)
	}
	if no != nil {
		release()
		return nil, nil, no
	}
	_ = link.SetReadDeadline(time.Time{})
	return raw, release, nil
}

// contentOf gives a way to read the body, as often as needed, without gzip.
func contentOf(encoding string, raw []byte) (func() io.Reader, *refusal) {
	switch strings.ToLower(encoding) {
	case "", "identity":
		return func() io.Reader { return bytes.NewReader(raw) }, nil
	case "gzip":
		if _, err := gzip.NewReader(bytes.NewReader(raw)); err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is not gzip")
		}
		return func() io.Reader {
			z, _ := gzip.NewReader(bytes.NewReader(raw)) // the header was read above
			return &inflated{r: z, left: maxInflate}
		}, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "send the body plain or with Content-Encoding: gzip")
}

var errInflated = fmt.Errorf("the body is larger than %d MiB without gzip: send it in parts", maxInflate>>20)

// inflated reads up to a limit and fails beyond.
type inflated struct {
	r    io.Reader
	left int64
}

func (i *inflated) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if i.left -= int64(n); i.left < 0 {
		return 0, errInflated
	}
	return n, err
}

// survey reads a body once before anything is stored: it refuses one that cannot be read as a whole, has nothing
// that can be parsed, or has an event about a line that is not the source's. The answer lists what is rejected.
func survey(src *Source, k kind, content io.Reader) (got answer, no *refusal) {
	parsed := false
	for item, err := range k.format.Read(content) {
		switch {
		case errors.Is(err, errInflated):
			return answer{}, &refusal{code: http.StatusRequestEntityTooLarge, err: err}
		case err != nil:
			return answer{}, refuse(http.StatusBadRequest, "the body cannot be read: %w", err)
		case item.Reason != "":
			parsed = parsed || !item.Unreadable
			got.list(Reject{Place: item.Place, Reason: item.Reason})
			continue
		}
		parsed = true
		if err := src.bind(&item.Event); err != nil {
			return answer{}, refuse(http.StatusForbidden, "nothing was stored: the event on %s is not allowed: %w", item.Place, err)
		}
	}
	if len(got.Rejected) > 0 && !parsed {
		return got, refuse(http.StatusBadRequest, "nothing in the body could be read as %s events", k.name)
	}
	return got, nil
}

// keep appends the events of a body that survey let pass.
func (d *door) keep(ctx context.Context, src *Source, k kind, content io.Reader) (answer, *refusal) {
	bound := func(ctx context.Context, events []storage.Event) (storage.Receipt, error) {
		for i := range events {
			if err := src.bind(&events[i]); err != nil {
				return storage.Receipt{}, err
			}
		}
		return d.store(ctx, events)
	}
	var got answer
	sum, err := Import(ctx, Append(bound), content, k.format, Watch{Reject: got.list})
	got.Accepted, got.Duplicates, got.Conflicts = sum.Accepted, sum.Duplicates, sum.Conflicts
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return got, &refusal{http.StatusInsufficientStorage, 5 * time.Minute, errors.New("the disk is full: send it again later")}
	case err != nil:
		d.log.Error("intake could not store", "source", src.Name, "error", err)
		return got, &refusal{http.StatusServiceUnavailable, 30 * time.Second, errors.New("the events could not be stored: send them again later")}
	}
	return got, nil
}

// subscribe answers WhatsApp's question whether the address is ours: it sends a verify token, which is any word that
// both sides know. Either secret of the source serves; a second one made for this keeps the app secret out of
// addresses and their logs.
func (d *door) subscribe(w http.ResponseWriter, r *http.Request) {
	src, k, no := d.source(r)
	ask := r.URL.Query()
	switch {
	case no != nil:
		http.Error(w, no.Error(), no.code)
	case k.name != "whatsapp":
		http.Error(w, "only sources of kind whatsapp answer GET: send events with POST", http.StatusMethodNotAllowed)
	case ask.Get("hub.mode") != "subscribe" || !knows(ask.Get("hub.verify_token"), src.secrets()):
		d.log.Warn("intake subscription refused", "source", src.Name)
		http.Error(w, "hub.verify_token is not a secret of this source", http.StatusForbidden)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, cut(ask.Get("hub.challenge"), maxReason))
	}
}
