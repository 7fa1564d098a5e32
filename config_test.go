package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExampleConfig: the file that documents configuration works as it stands.
func TestExampleConfig(t *testing.T) {
	c, err := loadConfig("config.yaml", func(name string) string { return map[string]string{"SLACK_BOT_TOKEN": "xoxb-1"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.BotToken.Reveal() != "xoxb-1" || c.Discord.Token != "" || len(c.schedule) != 1 || c.zone.String() != "America/Bogota" {
		t.Errorf("read as %+v", c)
	}
}

// TestBadConfigs: testdata/config has one file a mistake; its first line says what must be told.
func TestBadConfigs(t *testing.T) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal("files are missing", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			_, err = loadConfig(file, func(string) string { return "" })
			if err == nil {
				t.Fatal("no fault was found")
			}
			for _, part := range strings.Split(strings.TrimPrefix(first, "# "), " & ") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("says %q, must say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "xoxb-secret") {
				t.Errorf("shows the token: %v", err)
			}
		})
	}
}

// TestSecretFiles: only a file that nobody else can read gives a secret.
func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	token, config := filepath.Join(dir, "token"), filepath.Join(dir, "config.yaml")
	write := func(path, text string, mode os.FileMode) {
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(config, "slack:\n  bot_token_file: "+token+"\n", 0o600)
	write(token, "xoxb-file\n", 0o600)
	c, err := loadConfig(config, func(string) string { return "" })
	if err != nil || c.Slack.BotToken.Reveal() != "xoxb-file" {
		t.Errorf("got %v, %v", c, err)
	}
	write(token, "xoxb-file\n", 0o644)
	if _, err := loadConfig(config, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read: %v", err)
	}
}

// TestReservedKeys: they are told of, whatever they hold, and are no fault.
func TestReservedKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte("retention: 400d\nstorage: {engine: badger}\npublic_places: [C1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadConfig(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if len(c.warnings) != 3 || !strings.Contains(c.warnings[0], ":1: retention: this key is reserved") {
		t.Errorf("warned of %q", c.warnings)
	}
}

// TestNoConfig: without a file, and with an empty one, the defaults hold.
func TestNoConfig(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, text := range []string{"", "# nothing yet\n", "data: elsewhere\n"} {
		if text != "" {
			if err := os.WriteFile("config.yaml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := loadConfig("", func(string) string { return "" })
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if c.Language != "en" || c.Timezone != "UTC" || c.HTTP.Listen == "" || c.Data == "" {
			t.Errorf("%q: read as %+v", text, c)
		}
	}
}
