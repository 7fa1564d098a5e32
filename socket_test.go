package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// halfBackup is an office whose backup goes wrong after it has begun.
type halfBackup struct {
	office
	fail func() error
}

func (h halfBackup) Backup(_ context.Context, to io.Writer) error {
	io.WriteString(to, strings.Repeat("outbound backup\n", 1000))
	return h.fail()
}

// TestBackupThatEndsEarly: what goes wrong in a serve while it writes a backup reaches the command line, with its
// exit code.
func TestBackupThatEndsEarly(t *testing.T) {
	for says, h := range map[string]halfBackup{
		"a data table is damaged\nin two lines": {fail: func() error { return errors.New("a data table is damaged\nin two lines") }},
		"was ended while it answered":           {fail: func() error { panic(http.ErrAbortHandler) }},
	} {
		server := httptest.NewServer(desktop(h))
		dialer := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
		}
		r := &remote{&http.Client{Transport: &http.Transport{DialContext: dialer}}}
		var got bytes.Buffer
		err := r.Backup(t.Context(), &got)
		if err == nil || !strings.Contains(err.Error(), says) || exitCode(err) != exitFault {
			t.Errorf("%v, exit %d, want %q", err, exitCode(err), says)
		}
		r.Close()
		server.Close()
	}
}
