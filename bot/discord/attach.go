package discord

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"outboundbot/bot"
	"outboundbot/commands"
	"outboundbot/reports"
)

// uploadMargin is the part of a request that is not the file.
const uploadMargin = 64 << 10

// upload is a file that is ready to be sent; it can be opened for every try.
type upload struct {
	name, kind string
	size       int64
	open       func() (io.ReadCloser, error)
	remove     func()
}

func (u *upload) close() {
	if u != nil && u.remove != nil {
		u.remove()
	}
}

// attach readies a file, zipped if only that brings it under the limit; nil for none.
func (p *Platform) attach(f *commands.File, limit int64, l *reports.Language) (*upload, error) {
	if f == nil {
		return nil, nil
	}
	u := &upload{name: safeName(f.Name), kind: f.Type, size: f.Size, open: f.Open}
	if f.Size <= limit-uploadMargin {
		return u, nil
	}
	if strings.HasSuffix(u.name, ".xlsx") || strings.HasSuffix(u.name, ".zip") { // is a zip file already
		return nil, p.tooBig(l, limit, nil)
	}
	zipped, err := p.zip(f, u.name, limit-uploadMargin)
	if errors.Is(err, errOver) {
		return nil, p.tooBig(l, limit, err)
	}
	if err != nil {
		return nil, &bot.Retry{Err: err}
	}
	return zipped, nil
}

// zip writes the file into the spool, compressed, and stops as soon as it is longer than limit.
func (p *Platform) zip(f *commands.File, name string, limit int64) (u *upload, err error) {
	out, err := os.CreateTemp(p.deps.Spool, "outbound-*.zip")
	if err != nil {
		return nil, fmt.Errorf("discord: zipping the file: %w", err)
	}
	remove := func() { _ = os.Remove(out.Name()) }
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
		if err != nil {
			remove()
			err = fmt.Errorf("discord: zipping the file: %w", err)
		}
	}()
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	bounded := &boundedWriter{w: out, left: limit}
	z := zip.NewWriter(bounded)
	part, err := z.Create(name)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(part, in); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return &upload{
		name: name + ".zip", kind: "application/zip", size: limit - bounded.left, remove: remove,
		open: func() (io.ReadCloser, error) { return os.Open(out.Name()) },
	}, nil
}

// errOver: even zipped the file is over the limit.
var errOver = errors.New("over the limit")

type boundedWriter struct {
	w    io.Writer
	left int64
}

func (b *boundedWriter) Write(data []byte) (int, error) {
	if int64(len(data)) > b.left {
		return 0, errOver
	}
	n, err := b.w.Write(data)
	b.left -= int64(n)
	return n, err
}

func (p *Platform) tooBig(l *reports.Language, limit int64, err error) error {
	if err == nil {
		err = errOver
	}
	return &bot.Refused{Fix: l.Say("discord.too_big", reports.Args{"Limit": l.Size(limit)}), Err: err}
}

// safeName is a name that survives Discord's own cleaning, so that the message can point at it.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, path.Base(name))
	if name = strings.TrimLeft(name, "."); name == "" {
		return "export"
	}
	return name
}
