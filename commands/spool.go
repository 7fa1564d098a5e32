package commands

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"outboundbot/reports"
	"outboundbot/storage"
)

// longExport is the number of rows from which on an export says that it is under way.
const longExport = 20_000

// export writes the answer into a file and describes the file on the card.
func (d *Desk) export(ctx context.Context, reply *Reply, pl plan, progress func(Reply)) (*File, error) {
	lang, result := pl.query.Lang, reply.Result
	all := result.Total.Sends()
	report, _ := reports.Named(pl.query.Report)
	if report.Records && all >= longExport {
		progress(Reply{Private: reply.Private, Card: reports.Card{
			Title: reply.Card.Title, Scope: reply.Card.Scope, Lang: lang, Footer: footer(pl, result.Stats),
			Lead:   lang.Say("commands.export.begun", reports.Args{"Sends": lang.Int(all)}),
			Blocks: []reports.Block{reports.Note{Text: lang.Say("commands.export.begun", reports.Args{"Sends": lang.Int(all)})}},
		}})
	}
	file, err := d.spool(ctx, pl.format, result.Sheet, fileName(pl))
	if err != nil {
		return nil, err
	}
	reply.Card.Lead = lang.Say("commands.export.done", reports.Args{
		"Name": file.Name, "N": file.Rows, "Size": lang.Size(file.Size),
	})
	reply.Card.Blocks = append(reply.Card.Blocks, reports.Note{Text: reply.Card.Lead})
	if report.Records && !report.OneOf && file.Rows < all {
		reply.Card.Blocks = append(reply.Card.Blocks, reports.Note{Kind: reports.Warning, Text: lang.Say("commands.export.newest", reports.Args{
			"Rows": lang.Int(file.Rows), "All": lang.Int(all),
		})})
	}
	return file, nil
}

// spool writes a sheet to a file of its own in the spool folder, readable by nobody else.
func (d *Desk) spool(ctx context.Context, format *reports.Format, sheet reports.Sheet, name string) (file *File, err error) {
	if d.Spool != "" {
		if err := os.MkdirAll(d.Spool, 0o700); err != nil {
			return nil, fmt.Errorf("spool folder: %w", err)
		}
	}
	f, err := os.CreateTemp(d.Spool, "export-*."+format.Name) // mode 0600
	if err != nil {
		return nil, fmt.Errorf("spool file: %w", err)
	}
	defer func() {
		if file == nil { // failed or panicked
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	rows, err := format.Write(ctx, w, sheet)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", format.Name, err)
	}
	return FileAt(f.Name(), name, format.Type, rows)
}

// longestName is how many characters a file's name has before its dates.
const longestName = 80

// fileName is made of safe words only: outbound_audit_WA_BlackFriday_2026-11-15_2026-11-21.xlsx.
func fileName(pl plan) string {
	words := []string{"outbound", pl.query.Report}
	for _, field := range []string{"channel", "campaign"} {
		for _, c := range pl.query.Where {
			if c.Field == field && !c.Not && len(c.Values) <= 3 {
				for _, v := range c.Values {
					words = append(words, safe(v))
				}
			}
		}
	}
	name := strings.Join(withoutEmpty(words), "_")
	if len(name) > longestName {
		name = strings.TrimRight(name[:longestName], "_-")
	}
	for _, day := range []storage.Day{pl.query.Range.From, pl.query.Range.To} {
		if day != 0 {
			name += "_" + day.String()
		}
	}
	return name + "." + pl.format.Name
}

func withoutEmpty(words []string) []string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return kept
}

// safe keeps the ASCII letters and digits of a name, with accents taken off.
func safe(name string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-') {
			return r
		}
		return -1
	}, norm.NFD.String(name))
}
