package badger

import (
	"fmt"
	"os"
)

// prepare makes the folder, for the owner only.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { // it may have been there
		return fmt.Errorf("closing the data folder to others: %w", err)
	}
	return nil
}
