package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"outboundbot/storage"
)

// ErrMissing: there is data, and no master key for it.
var ErrMissing = errors.New("the master key file is missing")

// Open makes a vault of the master key given, 32 bytes in hex or base64, else of that in the file: 64 hex digits. If
// there is none yet and create says that there is no data either, it makes one, readable by its owner alone.
func Open(given storage.Secret, file string, create bool) (*Vault, error) {
	if given != "" {
		master, ok := parse([]byte(given.Reveal()))
		if !ok {
			return nil, errors.New("the master key given is not 32 bytes in hex or base64: make one with openssl rand -hex 32")
		}
		return New(master)
	}
	master, err := read(file)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, fmt.Errorf("%w: %s: put it back from its backup, or give the key that the data was written with", ErrMissing, file)
		}
		master, err = make32(file)
	}
	if err != nil {
		return nil, err
	}
	return New(master)
}

// parse reads a master key.
func parse(text []byte) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	if master, err := hex.DecodeString(string(text)); err == nil && len(master) == masterSize {
		return master, true
	}
	master, err := base64.StdEncoding.DecodeString(string(text))
	return master, err == nil && len(master) == masterSize
}

// read reads the file of a master key, and refuses one that others may read.
func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the master key file %s may be read by others: run chmod 600 %s", file, file)
	}
	text := make([]byte, 4*masterSize)
	n, err := f.Read(text)
	if err != nil && n > 0 {
		return nil, err
	}
	master, ok := parse(text[:n])
	if !ok {
		return nil, fmt.Errorf("the master key file %s does not hold 64 hex digits: put it back from its backup", file)
	}
	return master, nil
}

// make32 makes a master key and its file: whole and on disk, or not at all.
func make32(file string) ([]byte, error) {
	master := make([]byte, masterSize)
	_, _ = rand.Read(master)                                              // never fails (crypto/rand)
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // of mode 0600
	if err != nil {
		return nil, fmt.Errorf("the master key file cannot be made: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(master) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return nil, fmt.Errorf("the master key file cannot be made: %w", err)
	}
	return master, syncFolder(filepath.Dir(file))
}

// syncFolder makes a rename last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
