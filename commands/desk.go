package commands

import (
	"log/slog"
	"time"

	"outboundbot/reports"
	"outboundbot/storage"
)

// Desk answers requests. It is safe for concurrent use.
type Desk struct {
	Store   storage.Store
	Formats []reports.Format
	Rules   *storage.Rules
	Zone    *time.Location              // the workspace's; tz: overrides it
	Lang    *reports.Language           // the workspace's
	Ranges  map[string]string           // named ranges of the configuration: name → a date expression of CHAT 2
	Access  func(Request) storage.Scope // what the asker may see
	Spool   string                      // folder for export files
	Log     *slog.Logger
}
