package storage

import "log/slog"

// Secret is a token or key. It prints and logs as ***; Reveal is the only way to its text.
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString keeps %#v from showing the text.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue keeps logs from showing the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps encoders from showing the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }
