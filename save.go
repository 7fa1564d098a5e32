package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// saveAs writes a body to a file beside its final name and moves it there when it is whole.
func saveAs(path string, body io.Reader) error {
	return whole(path, body, func(made string) error { return os.Rename(made, path) })
}

// whole writes a body to a temporary file in the folder of path, and has it put in place when it is whole.
func whole(path string, body io.Reader, place func(made string) error) error {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return usage{fmt.Errorf("%s cannot be written: there is no folder %s", path, folder)}
	}
	f, err := os.CreateTemp(folder, ".outboundbot-*")
	if err != nil {
		return usage{fmt.Errorf("%s cannot be written: %w", path, plainly(err))}
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, body)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = place(f.Name())
	}
	if err != nil {
		return fmt.Errorf("%s was not written: %w", path, plainly(err))
	}
	return nil
}

// plainly is the cause of a file error, without the name of a temporary file.
func plainly(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// saveNew writes a body into the current folder under its name, or the next free one: report.csv, report-2.csv. A
// link is made only if the name is free, so that two commands at once do not take the same.
func saveNew(name string, body io.Reader) (string, error) {
	name = filepath.Base(name)
	stem, ending := strings.TrimSuffix(name, filepath.Ext(name)), filepath.Ext(name)
	err := whole(name, body, func(made string) error {
		for n := 2; ; n++ {
			err := os.Link(made, name)
			if !errors.Is(err, fs.ErrExist) {
				return err
			}
			name = fmt.Sprintf("%s-%d%s", stem, n, ending)
		}
	})
	return name, err
}

// formatOf is the export format that a file's name ends in.
func formatOf(path string) string {
	return strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
}
