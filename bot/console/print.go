package console

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"charm.land/lipgloss/v2"

	"outboundbot/commands"
	"outboundbot/reports"
)

var (
	titleStyle   = lipgloss.NewStyle().Bold(true)
	warningStyle = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	wrongStyle   = lipgloss.NewStyle().Foreground(lipgloss.Red)
	footerStyle  = lipgloss.NewStyle().Faint(true)
)

// paint is the text twin of a card, with its title, notes and footer set off by colour if the console has colours.
func (c *Console) paint(card reports.Card) string {
	text := card.Text()
	if !c.options.Color {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch {
		case i == 0:
			lines[i] = titleStyle.Render(line)
		case strings.HasPrefix(line, reports.Note{Kind: reports.Warning}.Sign()):
			lines[i] = warningStyle.Render(line)
		case strings.HasPrefix(line, reports.Note{Kind: reports.Wrong}.Sign()):
			lines[i] = wrongStyle.Render(line)
		case line != "" && line == card.FooterText():
			lines[i] = footerStyle.Render(line)
		}
	}
	return strings.Join(lines, "\n")
}

// save copies a file under its name, or under a numbered one rather than over another.
func save(f *commands.File, folder string) (path string, err error) {
	from, err := f.Open()
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := create(folder, filepath.Base(f.Name))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		return "", errors.Join(err, os.Remove(to.Name()))
	}
	return to.Name(), nil
}

// mostCopies bounds the numbers tried after a name.
const mostCopies = 1000

// create makes a file that did not exist: audit.csv, audit-2.csv, …
func create(folder, name string) (*os.File, error) {
	extension := filepath.Ext(name)
	for n := 1; ; n++ {
		path := filepath.Join(folder, name)
		if n > 1 {
			path = filepath.Join(folder, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, extension), n, extension))
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, os.ErrExist) || n == mostCopies {
			return f, err
		}
	}
}
