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
)

// socketName is the unix socket in the data folder by which the command line reaches a running serve.
const socketName = "outboundbot.sock"

// Headers of an answer: its exit code and the name of the file that it is.
const (
	headerExit = "Outbound-Exit"
	headerFile = "Outbound-File"
)

// socketAddress is the socket's path in a form that fits the system's 108 bytes.
func socketAddress(dir string) string {
	path := filepath.Join(dir, socketName)
	if len(path) < 100 {
		return path
	}
	if wd, err := os.Getwd(); err == nil {
		if abs, err := filepath.Abs(path); err == nil {
			if rel, err := filepath.Rel(wd, abs); err == nil && len(rel) < len(path) {
				return rel
			}
		}
	}
	return path
}

// listenSocket opens the socket for the owner of the folder, in place of one that a crash left behind. The caller
// owns the store already, so nobody answers on an old one.
func listenSocket(dir string) (net.Listener, error) {
	address := socketAddress(dir)
	if err := os.Remove(address); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", address)
	if err != nil {
		return nil, fmt.Errorf("the command line's socket cannot be opened in %s; give a folder with a shorter path: %w", dir, err)
	}
	if err := os.Chmod(address, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// counter answers the command line over the socket.
func counter(o office) http.Handler {
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

// dial reaches the serve that owns a data folder, if there is one.
func dial(dir string) (*remote, bool) {
	address := socketAddress(dir)
	if _, err := os.Stat(address); err != nil {
		return nil, false
	}
	r := &remote{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", address)
		},
	}}}
	resp, err := r.client.Get("http://serve/")
	if err != nil {
		return nil, false
	}
	resp.Body.Close()
	return r, true
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

// RunDigest implements office.
func (r *remote) RunDigest(ctx context.Context, name string) error {
	resp, err := r.post(ctx, "/digest/"+url.PathEscape(name), nil)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// Close implements office.
func (r *remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

func (r *remote) post(ctx context.Context, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://serve"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the running serve does not answer: %w", err)
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
