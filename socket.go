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
	"os"
	"path/filepath"
	"strconv"
	"time"

	"outboundbot/storage"
)

// socketName is the unix socket in the data folder by which the command line reaches a running serve.
const socketName = "outboundbot.sock"

// Trailers of an answer: its exit code, the name of the file that it is, and what went wrong.
const (
	trailerExit  = "Outbound-Exit"
	trailerFile  = "Outbound-File"
	trailerError = "Outbound-Error"
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
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Trailer", trailerExit+", "+trailerFile+", "+trailerError)
		done, err := o.Ask(r.Context(), a, w)
		if err != nil {
			w.Header().Set(trailerError, sentence(err))
			done.Exit = exitCode(err)
		}
		w.Header().Set(trailerExit, strconv.Itoa(done.Exit))
		w.Header().Set(trailerFile, done.File)
	})
	mux.HandleFunc("POST /append", func(w http.ResponseWriter, r *http.Request) {
		var events []storage.Event
		if err := gob.NewDecoder(r.Body).Decode(&events); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		receipt, err := o.Append(r.Context(), events)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		json.NewEncoder(w).Encode(receipt)
	})
	mux.HandleFunc("POST /digest/{name}", func(w http.ResponseWriter, r *http.Request) {
		if err := o.RunDigest(r.Context(), r.PathValue("name")); err != nil {
			http.Error(w, sentence(err), http.StatusUnprocessableEntity)
		}
	})
	return mux
}

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
func (r *remote) Ask(ctx context.Context, a asking, out io.Writer) (answered, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return answered{}, err
	}
	resp, err := r.post(ctx, "/ask", body)
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(out, resp.Body); err != nil {
		return answered{}, fmt.Errorf("the running serve broke off: %w", err)
	}
	done := answered{File: resp.Trailer.Get(trailerFile)}
	if done.Exit, err = strconv.Atoi(resp.Trailer.Get(trailerExit)); err != nil {
		return done, errors.New("the running serve broke off; ask again")
	}
	if msg := resp.Trailer.Get(trailerError); msg != "" {
		io.WriteString(out, msg+"\n")
	}
	return done, nil
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
	resp, err := r.post(ctx, "/digest/"+name, nil)
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
	return nil, errors.New(string(bytes.TrimSpace(msg)))
}
