package main

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"outboundbot/storage"
	"outboundbot/storage/intake"
)

// socketName is the unix socket in the data folder by which the command line reaches a running serve.
const socketName = "outboundbot.sock"

// Headers of an answer: its exit code and the name of the file that it is. What goes wrong while a backup is written
// follows it, together with the exit code.
const (
	headerExit  = "Outbound-Exit"
	headerFile  = "Outbound-File"
	headerFault = "Outbound-Fault"
)

// inFolder calls use with a name of the socket that fits the system's 108 bytes, however long the folder's own path
// is: a long one is reached through the folder, opened.
func inFolder[T any](dir string, use func(address string) (T, error)) (T, error) {
	path := filepath.Join(dir, socketName)
	if len(path) < 100 {
		return use(path)
	}
	folder, err := os.Open(dir)
	if err != nil {
		var none T
		return none, err
	}
	defer folder.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), socketName))
}

// listenSocket opens the socket for the owner of the folder, in place of one that a crash left behind. The caller
// owns the store already, so nobody answers on an old one.
func listenSocket(dir string) (net.Listener, error) {
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := inFolder(dir, func(address string) (net.Listener, error) { return net.Listen("unix", address) })
	if err != nil {
		return nil, usage{fmt.Errorf("the command line's socket cannot be opened in %s (%w); give a folder with a shorter path", dir, err)}
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // by that name it may be gone already
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// desktop answers the command line over the socket.
func desktop(o office) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "outboundbot\n") })
	mux.HandleFunc("POST /ask", func(w http.ResponseWriter, r *http.Request) {
		var a asking
		err := json.NewDecoder(r.Body).Decode(&a)
		var got answered
		if err == nil {
			got, err = o.Ask(r.Context(), a)
		}
		if err != nil {
			fail(w, err)
			return
		}
		defer got.Body.Close()
		w.Header().Set(headerExit, strconv.Itoa(got.Exit))
		w.Header().Set(headerFile, url.QueryEscape(got.File))
		io.Copy(w, got.Body) // a client that left needs no answer
	})
	mux.HandleFunc("POST /append", func(w http.ResponseWriter, r *http.Request) {
		var events []storage.Event
		err := gob.NewDecoder(r.Body).Decode(&events)
		var receipt storage.Receipt
		if err == nil {
			receipt, err = o.Append(r.Context(), events)
		}
		if err != nil {
			fail(w, err)
			return
		}
		encode(w, receipt)
	})
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", headerExit+", "+headerFault)
		err := o.Backup(r.Context(), w)
		w.Header().Set(headerFault, url.QueryEscape(sentence(err)))
		w.Header().Set(headerExit, strconv.Itoa(exitCode(err)))
	})
	mux.HandleFunc("POST /verify", func(w http.ResponseWriter, r *http.Request) {
		said, err := o.Verify(r.Context())
		if err != nil {
			fail(w, err)
			return
		}
		io.WriteString(w, said)
	})
	mux.HandleFunc("POST /digest/{name}", func(w http.ResponseWriter, r *http.Request) {
		if err := o.RunDigest(r.Context(), r.PathValue("name")); err != nil {
			fail(w, err)
		}
	})
	return mux
}

// fail sends what went wrong with its exit code.
func fail(w http.ResponseWriter, err error) {
	w.Header().Set(headerExit, strconv.Itoa(exitCode(err)))
	http.Error(w, sentence(err), http.StatusUnprocessableEntity)
}

// remoteError is what went wrong in a running serve.
type remoteError struct {
	code int
	msg  string
}

func (e *remoteError) Error() string { return e.msg }

// remote is the office of a running serve.
type remote struct{ client *http.Client }

// answerTime is how long a running serve may take to say that it is there.
const answerTime = 5 * time.Second

// dial reaches the serve that owns a data folder; nil if there is none.
func dial(dir string) (*remote, error) {
	connect := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return inFolder(dir, func(address string) (net.Conn, error) {
			return (&net.Dialer{Timeout: answerTime}).DialContext(ctx, "unix", address)
		})
	}
	conn, err := connect(context.Background(), "", "")
	if err != nil { // no socket, or one that a crash left
		return nil, nil
	}
	conn.Close()
	r := &remote{&http.Client{Transport: &http.Transport{DialContext: connect}}}
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://serve/", nil)
	if err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, &ownedError{fmt.Sprintf("the serve that owns the data folder %s does not answer: look whether it hangs, or end it", dir), true}
	}
	resp.Body.Close()
	return r, nil
}

// Ask implements office.
func (r *remote) Ask(ctx context.Context, a asking) (answered, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return answered{}, err
	}
	resp, err := r.post(ctx, "/ask", body)
	if err != nil {
		return answered{}, err
	}
	got := answered{Body: resp.Body}
	if got.File, err = url.QueryUnescape(resp.Header.Get(headerFile)); err == nil {
		got.Exit, err = strconv.Atoi(resp.Header.Get(headerExit))
	}
	return got, err
}

// Append implements office.
func (r *remote) Append(ctx context.Context, events []storage.Event) (receipt storage.Receipt, err error) {
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(events); err != nil {
		return receipt, err
	}
	resp, err := r.post(ctx, "/append", body.Bytes())
	if err != nil {
		return receipt, err
	}
	defer resp.Body.Close()
	return receipt, json.NewDecoder(resp.Body).Decode(&receipt)
}

// Intake implements office. It appends in batches, so that a running serve goes on with other work in between.
func (r *remote) Intake() intake.Target { return r }

// RunDigest implements office.
func (r *remote) RunDigest(ctx context.Context, name string) error {
	resp, err := r.post(ctx, "/digest/"+url.PathEscape(name), nil)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// Backup implements office.
func (r *remote) Backup(ctx context.Context, to io.Writer) error {
	resp, err := r.post(ctx, "/backup", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err = io.Copy(to, resp.Body); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errEnded
		}
		return err
	}
	switch code, err := strconv.Atoi(resp.Trailer.Get(headerExit)); {
	case err != nil:
		return errEnded
	case code != exitDone:
		msg, _ := url.QueryUnescape(resp.Trailer.Get(headerFault))
		return &remoteError{code, msg}
	}
	return nil
}

// Verify implements office.
func (r *remote) Verify(ctx context.Context) (string, error) {
	resp, err := r.post(ctx, "/verify", nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	return string(said), err
}

// Close implements office.
func (r *remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// errEnded: serve went away.
var errEnded = errors.New("the running serve was ended while it answered: ask again")

func (r *remote) post(ctx context.Context, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://serve"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errEnded
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	msg, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	code, err := strconv.Atoi(resp.Header.Get(headerExit))
	if err != nil {
		code = exitFault
	}
	return nil, &remoteError{code, string(bytes.TrimSpace(msg))}
}
