package export

import (
	"context"
	"encoding/json"
	"io"

	"outboundbot/reports"
)

// writeJSON writes {"about":{fact: value, "columns":{name: definition}},"records":[…]}: records as in the machine form
// (CHAT 7), with names that do not depend on the language and times in UTC.
func writeJSON(ctx context.Context, w io.Writer, s reports.Sheet) (int64, error) {
	out := untilDone{ctx, w}
	b := []byte(`{"about":{`)
	var err error
	for _, f := range s.About {
		if b, err = appendMember(b, f.Name, f.Value); err != nil {
			return 0, err
		}
		b = append(b, ',')
	}
	b = append(b, `"columns":{`...)
	for i, c := range s.Columns {
		if b, err = appendMember(separate(b, i), c.Name, c.Doc); err != nil {
			return 0, err
		}
	}
	b = append(b, "}},\n\"records\":"...)
	if _, err := out.Write(b); err != nil {
		return 0, err
	}
	n, err := reports.WriteRecords(out, s.Columns, rowsOf(ctx, s))
	if err != nil {
		return n, err
	}
	_, err = out.Write([]byte("}\n"))
	return n, err
}

func appendMember(b []byte, name, value string) ([]byte, error) {
	key, err := json.Marshal(name)
	if err != nil {
		return b, err
	}
	text, err := json.Marshal(value)
	return append(append(append(b, key...), ':'), text...), err
}
