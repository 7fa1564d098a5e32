package storage

import (
	"strings"
	"unicode/utf8"
)

// sound tells whether every text of the event may be stored (see checkText). Type is left out: known types are sound.
func (e *Event) sound() bool {
	return sound(e.ID, MaxName) && sound(e.Send, MaxName) && sound(e.Message, MaxName) &&
		sound(e.Conversation, MaxName) && sound(e.Channel, MaxName) && sound(e.Line, MaxName) &&
		sound(e.Contact, MaxName) && sound(e.Origin, MaxName) && sound(e.Campaign, MaxName) &&
		sound(e.Template, MaxName) && sound(e.Category, MaxName) && sound(e.Flow, MaxName) &&
		sound(e.Webhook, MaxName) && sound(e.Variant, MaxName) && sound(e.Sender, MaxName) && sound(e.Code, MaxName) &&
		sound(e.Reason, MaxText) && sound(e.Kind, MaxName) && sound(e.Text, MaxText) && sound(e.ReplyTo, MaxName) &&
		sound(e.How, MaxName) && sound(e.Group, MaxName) && sound(e.Agent, MaxName) && sound(e.Tag, MaxName) &&
		sound(e.TagType, MaxName) && sound(e.By, MaxName) && sound(e.Value, MaxName) && sound(e.Currency, MaxName) &&
		sound(e.Label, MaxName) && sound(e.Node, MaxName) && sound(e.Option, MaxName)
}

func sound(s string, limit int) bool { return s == "" || soundText(s, limit) }

// soundText: not longer than the limit, UTF-8, no NUL. ASCII, which most is, is looked at eight bytes at a time.
func soundText(s string, limit int) bool {
	n := len(s)
	if n > limit {
		return false
	}
	var odd uint64
	if n < 8 {
		for i := range n {
			odd |= uint64(s[i]-1) | uint64(s[i])
		}
		odd &= 0x80
	} else {
		for i := 0; i < n-8; i += 8 {
			odd |= oddBytes(s[i:])
		}
		odd |= oddBytes(s[n-8:])
	}
	return odd == 0 || utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// oddBytes is not 0 if one of the first eight bytes is NUL or no ASCII: the top bit of a byte is set, or becomes so
// when 1 is taken from it.
func oddBytes(s string) uint64 {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return (x | (x - 0x0101010101010101)) & 0x8080808080808080
}

// Equal tells what == does, in half the time: most fields are empty.
func (e *Event) Equal(o *Event) bool {
	return e.At == o.At && e.Seq == o.Seq && e.UpTo == o.UpTo && e.Test == o.Test && e.Sale == o.Sale && e.Type == o.Type &&
		same(e.ID, o.ID) && same(e.Message, o.Message) && same(e.Send, o.Send) &&
		same(e.Conversation, o.Conversation) && same(e.Channel, o.Channel) && same(e.Line, o.Line) &&
		same(e.Contact, o.Contact) && same(e.Origin, o.Origin) && same(e.Campaign, o.Campaign) &&
		same(e.Template, o.Template) && same(e.Category, o.Category) && same(e.Flow, o.Flow) &&
		same(e.Webhook, o.Webhook) && same(e.Variant, o.Variant) && same(e.Sender, o.Sender) &&
		same(e.Code, o.Code) && same(e.Reason, o.Reason) && same(e.Kind, o.Kind) && same(e.Text, o.Text) &&
		same(e.ReplyTo, o.ReplyTo) && same(e.How, o.How) && same(e.Group, o.Group) && same(e.Agent, o.Agent) &&
		same(e.Tag, o.Tag) && same(e.TagType, o.TagType) && same(e.By, o.By) && same(e.Value, o.Value) &&
		same(e.Currency, o.Currency) && same(e.Label, o.Label) && same(e.Node, o.Node) &&
		same(e.Option, o.Option)
}

func same(a, b string) bool { return len(a) == len(b) && (a == "" || a == b) }

// upper is strings.ToUpper, at once for what has no lower case.
func upper(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || 'a' <= c && c <= 'z' {
			return strings.ToUpper(s)
		}
	}
	return s
}

// plainAmount: digits, up to 18, and perhaps a minus before and a point among them, as nearly all amounts are.
// parseAmount takes every one of these.
func plainAmount(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if len(s) > 18 {
		return false
	}
	whole, decimals, pointed := strings.Cut(s, ".")
	return isDigits(whole) && (!pointed || isDigits(decimals))
}
