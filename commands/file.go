package commands

import (
	"io"
	"os"
)

// File is a finished export on disk: its size is known, it can be opened again for every try of an upload, and
// Close removes it.
type File struct {
	Name string // shown to people: made of ids and safe words
	Type string // MIME
	Size int64
	Rows int64
	path string
}

// Open reads the file from its start.
func (f *File) Open() (io.ReadCloser, error) { return os.Open(f.path) }

// Close removes the file.
func (f *File) Close() error { return os.Remove(f.path) }

// FileAt takes over a finished file: from now on whoever holds the File removes it.
func FileAt(path, name, mime string, rows int64) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &File{Name: name, Type: mime, Size: info.Size(), Rows: rows, path: path}, nil
}
