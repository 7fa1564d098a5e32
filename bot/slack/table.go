package slack

import (
	"strings"

	slackapi "github.com/slack-go/slack"

	"outboundbot/reports"
)

const (
	tableLeast = 300 // characters: enough for a title and the count of rows
	rowLeast   = 8   // characters of a row in a fixed font
	tableWidth = 96  // columns of a table in a fixed font; Slack's window shows about a hundred
	cellLength = 120 // characters of a name
	nothing    = "–" // Slack takes no empty cell
)

// table renders a table within room: natively the first time, then in a fixed font. It ends in the number of rows
// that are not shown.
func (p *page) table(t reports.Table, r room) []slackapi.Block {
	t = tidyTable(t)
	if len(t.Columns) == 0 || (len(t.Rows) == 0 && t.Total == nil && t.Omitted == 0) {
		return nil
	}
	if p.native && len(t.Columns) <= maxColumns && r.blocks >= 3 {
		if blocks := p.nativeTable(t, r); blocks != nil {
			p.native = false
			return blocks
		}
	}
	return p.monospace(t, r)
}

// tidyTable cleans every cell and makes all rows as long as the heading.
func tidyTable(t reports.Table) reports.Table {
	row := func(cells []reports.Entry) []reports.Entry {
		line := make([]reports.Entry, len(t.Columns))
		copy(line, cells)
		for i := range line {
			if line[i].Text = reports.Cut(reports.Clean(line[i].Text), cellLength); line[i].Text == "" {
				line[i].Text = nothing
			}
		}
		return line
	}
	tidied := reports.Table{Title: reports.Cut(reports.Clean(t.Title), maxHeader), Omitted: t.Omitted}
	for _, c := range t.Columns {
		if c.Label = reports.Cut(reports.Clean(c.Label), cellLength); c.Label == "" {
			c.Label = nothing
		}
		tidied.Columns = append(tidied.Columns, c)
	}
	for _, cells := range t.Rows {
		tidied.Rows = append(tidied.Rows, row(cells))
	}
	if t.Total != nil {
		tidied.Total = row(t.Total)
	}
	return tidied
}

// nativeTable is Slack's own table, or nil if not a single row fits.
func (p *page) nativeTable(t reports.Table, r room) []slackapi.Block {
	left := min(r.characters-reports.Units(t.Title)-moreRoom, maxTableCells) - labels(t.Columns) - length(t.Total)
	rows := maxTableRows - 1
	if t.Total != nil {
		rows--
	}
	n := 0
	for n < len(t.Rows) && n < rows {
		if left -= length(t.Rows[n]); left < 0 {
			break
		}
		n++
	}
	if left < 0 && n == 0 {
		return nil
	}
	table := slackapi.NewTableBlock("")
	var heading []reports.Entry
	for _, c := range t.Columns {
		heading = append(heading, reports.Entry{Text: c.Label})
		setting := slackapi.ColumnSetting{Align: slackapi.ColumnAlignmentLeft, IsWrapped: true}
		if c.Number {
			setting = slackapi.ColumnSetting{Align: slackapi.ColumnAlignmentRight}
		}
		table.ColumnSettings = append(table.ColumnSettings, setting)
	}
	table.AddRow(cells(heading)...)
	for _, row := range t.Rows[:n] {
		table.AddRow(cells(row)...)
	}
	if t.Total != nil {
		table.AddRow(cells(t.Total)...)
	}
	var blocks []slackapi.Block
	if t.Title != "" {
		blocks = append(blocks, slackapi.NewRichTextBlock("", bold(t.Title)))
	}
	blocks = append(blocks, table)
	if below := p.omitted(t, n); below != "" {
		blocks = append(blocks, smallPrint(plainText(below)))
	}
	return blocks
}

// cells are raw text: workspaces differ in whether they take numbers, and right alignment shows them as well.
func cells(row []reports.Entry) []slackapi.TableCell {
	line := make([]slackapi.TableCell, len(row))
	for i, e := range row {
		line[i] = slackapi.NewTableRawTextCell(e.Text)
	}
	return line
}

// monospace is the table in a fixed font, with as many rows as fit; with none it still counts them.
func (p *page) monospace(t reports.Table, r room) []slackapi.Block {
	most := min(r.characters, maxRichText) - reports.Units(t.Title) - reports.Units(p.omitted(t, 0))
	for n := min(len(t.Rows), most/rowLeast); n > 0; {
		text := reports.Grid{Columns: t.Columns, Rows: t.Rows[:n], Total: t.Total, Width: tableWidth}.Text()
		if over := reports.Units(text) - most; over > 0 {
			n -= max(1, over/(reports.Units(text)/(n+3)+1))
			continue
		}
		return []slackapi.Block{preformatted(t.Title, text, p.omitted(t, n))}
	}
	text := ""
	if t.Total != nil || len(t.Rows) == 0 {
		if text = (reports.Grid{Columns: t.Columns, Total: t.Total, Width: tableWidth}).Text(); reports.Units(text) > most {
			text = ""
		}
	}
	below := p.omitted(t, 0)
	if strings.TrimSpace(text) == "" && below == "" {
		below = nothing
	}
	return []slackapi.Block{preformatted(t.Title, text, below)}
}

// omitted says how many rows are not shown, or nothing.
func (p *page) omitted(t reports.Table, shown int) string {
	if n := len(t.Rows) - shown + t.Omitted; n > 0 {
		return p.lang.Say("card.more", reports.Args{"N": n})
	}
	return ""
}

func labels(columns []reports.Heading) (n int) {
	for _, c := range columns {
		n += reports.Units(c.Label)
	}
	return n
}

func length(row []reports.Entry) (n int) {
	for _, e := range row {
		n += reports.Units(e.Text)
	}
	return n
}
