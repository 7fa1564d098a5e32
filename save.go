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
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("%s was not written: %w", path, plainly(err))
	}
	return nil
}

// plainly is the cause of a file error, without the name of a temporary file.
func plainly(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// saveNew writes a body into the current folder under its name, or the next free one: report.csv, report-2.csv.
func saveNew(name string, body io.Reader) (string, error) {
	name = filepath.Base(name)
	stem, ending := strings.TrimSuffix(name, filepath.Ext(name)), filepath.Ext(name)
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, saveAs(name, body)
		}
		name = fmt.Sprintf("%s-%d%s", stem, n, ending)
	}
}

// formatOf is the export format that a file's name ends in.
func formatOf(path string) string {
	return strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
}
