package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"outboundbot/bot"
	"outboundbot/bot/discord"
	"outboundbot/bot/slack"
	"outboundbot/reports"
	"outboundbot/storage"
	"outboundbot/storage/intake"
)

// Config is config.yaml. Keys are never renamed; the file in the repository documents them.
type Config struct {
	Data     string `yaml:"data"`
	Timezone string `yaml:"timezone"`
	Language string `yaml:"language"`
	Memory   string `yaml:"memory"` // normal | small

	MasterKey storage.Secret `yaml:"master_key"` // 32 bytes in hex or base64; without one the file master.key in data

	HTTP struct {
		Listen string `yaml:"listen"`
	} `yaml:"http"`
	Access struct {
		Contacts []string `yaml:"contacts"` // platform:user
	} `yaml:"access"`
	Intake struct {
		Sources []SourceConfig `yaml:"sources"`
	} `yaml:"intake"`
	Slack   slack.Config   `yaml:"slack"`
	Discord discord.Config `yaml:"discord"`
	Digests []DigestConfig `yaml:"digests"`
	Intents []IntentConfig `yaml:"intents"`

	Ranges  map[string]string `yaml:"ranges"`  // name → dates of CHAT 2
	Windows map[string]string `yaml:"windows"` // channel → answer window
	Expiry  map[string]string `yaml:"expiry"`  // channel → silence after which a flow counts as abandoned

	zone     *time.Location
	windows  storage.Windows
	rules    storage.Rules
	schedule []bot.Digest
	path     string
	warnings []string

	acceptLoss bool // open a store that has lost some of what it acknowledged
}

// SourceConfig is a producer of events that may post to /intake/NAME.
type SourceConfig struct {
	Name         string         `yaml:"name"`
	Kind         string         `yaml:"kind"`
	Secret       storage.Secret `yaml:"secret"`
	SecondSecret storage.Secret `yaml:"second_secret"` // accepted as well, while the first is being replaced
	Lines        []string       `yaml:"lines"`
}

// DigestConfig is a scheduled post (CHAT 5).
type DigestConfig struct {
	Name    string `yaml:"name"`
	At      string `yaml:"at"`
	TZ      string `yaml:"tz"`
	Post    string `yaml:"post"`
	Command string `yaml:"command"`
	Empty   string `yaml:"empty"`
	Format  string `yaml:"format"`
}

// IntentConfig says which campaigns serve an intent (MODEL 4).
type IntentConfig struct {
	Name      string   `yaml:"name"`
	Campaigns []string `yaml:"campaigns"`
}

// platformNames are the chat services that the configuration knows.
var platformNames = []string{"slack", "discord"}

// reserved keys have a meaning in a later version; until then they do nothing, which whoever writes one is told.
var reserved = []string{"storage", "retention", "public_places"}

// ConfigError is what is wrong with a configuration, all faults at once.
type ConfigError struct{ Faults []string }

func (e *ConfigError) Error() string { return strings.Join(e.Faults, "\n") }

// loadConfig reads a configuration. A path that was asked for must exist; without one config.yaml in the current
// folder is read if it is there, else defaults hold.
func loadConfig(path string, getenv func(string) string) (*Config, error) {
	asked := path != ""
	if !asked {
		path = "config.yaml"
	}
	source, err := os.ReadFile(path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && !asked:
		source = nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &ConfigError{[]string{fmt.Sprintf("There is no configuration at %s: give another --config or copy config.yaml from the repository.", path)}}
	default:
		return nil, &ConfigError{[]string{fmt.Sprintf("The configuration %s cannot be read: %v.", path, errors.Unwrap(err))}}
	}
	c := &Config{Data: "data", Timezone: "UTC", Language: "en", Memory: "normal", path: path}
	c.HTTP.Listen = "127.0.0.1:8080"
	doc := parseYAML(path, source, c, getenv)
	if !doc.misshapen {
		c.check(doc)
	}
	if faults := doc.list(); len(faults) > 0 {
		return nil, &ConfigError{faults}
	}
	c.warnings = doc.warnings
	return c, nil
}

// check resolves what the text of the configuration names and collects all faults.
func (c *Config) check(doc *document) {
	c.zone = c.location(doc, "timezone", c.Timezone)
	if !slices.ContainsFunc(reports.Languages(), func(l *reports.Language) bool { return l.Tag == c.Language }) {
		doc.fault("language", "language %q is not there; use en", c.Language)
	}
	if c.Memory != "normal" && c.Memory != "small" {
		doc.fault("memory", "%q is not known; write normal or small", c.Memory)
	}
	c.windows = storage.Windows(spans(doc, "windows", c.Windows))
	c.rules.Expiry = spans(doc, "expiry", c.Expiry)
	for _, in := range c.Intents {
		c.rules.Intents = append(c.rules.Intents, storage.Intent{Name: in.Name, Campaigns: in.Campaigns})
	}
	for i, who := range c.Access.Contacts {
		if platform, user, _ := strings.Cut(who, ":"); user == "" || !slices.Contains(platformNames, platform) {
			doc.fault(fmt.Sprintf("access.contacts[%d]", i), "%q must be slack:USER_ID or discord:USER_ID", who)
		}
	}
	if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
		doc.fault("http.listen", "%q is not an address such as 127.0.0.1:8080", c.HTTP.Listen)
	}
	for i, in := range c.Intents {
		if in.Name == "" || len(in.Campaigns) == 0 {
			doc.fault(fmt.Sprintf("intents[%d]", i), "an intent needs a name and campaigns")
		}
	}
	c.checkSources(doc)
	c.checkPlatforms(doc)
	c.checkDigests(doc)
}

func (c *Config) location(doc *document, key, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		doc.fault(key, "%q is not a time zone; write one such as America/Bogota or UTC", name)
		return time.UTC
	}
	return zone
}

func spans(doc *document, key string, texts map[string]string) map[string]time.Duration {
	out := make(map[string]time.Duration, len(texts))
	for channel, text := range texts {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			doc.fault(key+"."+channel, "%q is not a span such as 72h", text)
			continue
		}
		out[strings.ToUpper(channel)] = d
	}
	return out
}

func (c *Config) checkSources(doc *document) {
	names := map[string]bool{}
	for i, s := range c.Intake.Sources {
		at := fmt.Sprintf("intake.sources[%d]", i)
		switch {
		case s.Name == "" || strings.ContainsAny(s.Name, "/ ?#"):
			doc.fault(at, "a source needs a name without spaces and slashes: it is part of the address /intake/NAME")
		case names[s.Name]:
			doc.fault(at+".name", "the name %q is taken by another source", s.Name)
		}
		names[s.Name] = true
		c.checkKind(doc, at+".kind", s.Kind)
	}
}

func (c *Config) checkKind(doc *document, at, kind string) {
	var ready []string
	for _, k := range intake.Kinds() {
		switch {
		case k.Name == kind && k.Ready:
			return
		case k.Name == kind:
			doc.fault(at, "kind %s comes with a later version", kind)
			return
		case k.Ready:
			ready = append(ready, k.Name)
		}
	}
	doc.fault(at, "kind %q cannot be read; use %s", kind, strings.Join(ready, " or "))
}

func (c *Config) checkPlatforms(doc *document) {
	if m := c.Slack.Mode; m != "" && m != "socket" {
		if m == "http" {
			doc.fault("slack.mode", "mode http comes with a later version; use socket")
		} else {
			doc.fault("slack.mode", "mode %q is neither socket nor http", m)
		}
	}
	if u := c.Slack.APIURL; u != "" && !strings.HasSuffix(u, "/api/") {
		doc.fault("slack.api_url", "%q must end in /api/", u)
	}
	if u := c.Discord.APIURL; u != "" && !strings.HasSuffix(u, "/") {
		doc.fault("discord.api_url", "%q must end in /", u)
	}
}

func (c *Config) checkDigests(doc *document) {
	names := map[string]bool{}
	for i, d := range c.Digests {
		at := fmt.Sprintf("digests[%d]", i)
		zone := c.zone
		if d.TZ != "" {
			zone = c.location(doc, at+".tz", d.TZ)
		}
		if d.Name == "" || names[d.Name] {
			doc.fault(at+".name", "a digest needs a name of its own")
		}
		names[d.Name] = true
		if d.Format != "" && !slices.Contains(formatNames(), d.Format) {
			doc.fault(at+".format", "%q is not a format; use %s", d.Format, strings.Join(formatNames(), ", "))
		}
		if d.Command == "" {
			doc.fault(at, "a digest needs a command such as summary date:\"last week\"")
		}
		planned := bot.Digest{Name: d.Name, At: d.At, Zone: zone, Post: d.Post, Command: d.Command, Empty: d.Empty, Format: d.Format}
		if err := planned.Check(); err != nil {
			for _, fault := range strings.Split(err.Error(), "\n") {
				doc.fault(at, "%s", fault)
			}
		} else if platform, _, _ := strings.Cut(d.Post, ":"); !slices.Contains(platformNames, platform) {
			doc.fault(at+".post", "%q is on no platform; write slack:#channel or discord:CHANNEL_ID", d.Post)
		}
		c.schedule = append(c.schedule, planned)
	}
}
