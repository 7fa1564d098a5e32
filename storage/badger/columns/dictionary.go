package columns

import (
	"math"
	"strings"

	"outboundbot/storage"
)

// coded is a column whose values repeat: a dictionary of texts, and the code of one for each row. The empty text is
// absent, code 0.
type coded struct {
	column int
	get    func(*storage.Send) string
	set    func(*storage.Send, string)
}

// codedColumns are all of them but tags and labels, which are lists.
var codedColumns = [...]coded{
	{columnTemplate, func(s *storage.Send) string { return s.Template }, func(s *storage.Send, v string) { s.Template = v }},
	{columnCategory, func(s *storage.Send) string { return s.Category }, func(s *storage.Send, v string) { s.Category = v }},
	{columnFlow, func(s *storage.Send) string { return s.Flow }, func(s *storage.Send, v string) { s.Flow = v }},
	{columnWebhook, func(s *storage.Send) string { return s.Webhook }, func(s *storage.Send, v string) { s.Webhook = v }},
	{columnVariant, func(s *storage.Send) string { return s.Variant }, func(s *storage.Send, v string) { s.Variant = v }},
	{columnSender, func(s *storage.Send) string { return s.Sender }, func(s *storage.Send, v string) { s.Sender = v }},
	{columnGroup, func(s *storage.Send) string { return s.Group }, func(s *storage.Send, v string) { s.Group = v }},
	{columnAgent, func(s *storage.Send) string { return s.Agent }, func(s *storage.Send, v string) { s.Agent = v }},
	{columnCode, func(s *storage.Send) string { return s.Code }, func(s *storage.Send, v string) { s.Code = v }},
	{columnReason, func(s *storage.Send) string { return s.Reason }, func(s *storage.Send, v string) { s.Reason = v }},
	{columnSkipReason, func(s *storage.Send) string { return s.SkipReason }, func(s *storage.Send, v string) { s.SkipReason = v }},
	{columnFirstOption, func(s *storage.Send) string { return s.FirstOption }, func(s *storage.Send, v string) { s.FirstOption = v }},
	{columnLastNode, func(s *storage.Send) string { return s.LastNode }, func(s *storage.Send, v string) { s.LastNode = v }},
	{columnLastText, func(s *storage.Send) string { return s.LastText }, func(s *storage.Send, v string) { s.LastText = v }},
	{columnTags, tagsText, func(s *storage.Send, v string) { s.Tags, _ = parseTags(v) }},
	{columnLabels, labelsText, func(s *storage.Send, v string) { s.Labels, _ = parseLabels(v) }},
}

func codedColumn(column int) *coded {
	for i := range codedColumns {
		if codedColumns[i].column == column {
			return &codedColumns[i]
		}
	}
	return nil
}

// tagsText writes all that a list of taggings says but the amounts, which seldom repeat.
func tagsText(s *storage.Send) string {
	if len(s.Tags) == 0 {
		return ""
	}
	w := writer{b: make([]byte, 0, 64)}
	for _, t := range s.Tags {
		flags := uint64(0)
		if t.Sale {
			flags |= 1
		}
		if t.Value != "" {
			flags |= 2
		}
		w.uint(flags)
		w.text(t.Name)
		w.text(t.Type)
		w.text(t.Currency)
	}
	return string(w.b)
}

// elsewhere stands for an amount that is kept in another column.
const elsewhere = "?"

// parseTags reads what tagsText wrote; a tagging with an amount has the value [elsewhere].
func parseTags(text string) (tags []storage.Tag, ok bool) {
	r := reader{b: []byte(text)}
	for len(r.b) > 0 {
		flags := r.uint()
		t := storage.Tag{Name: r.text(), Type: r.text(), Currency: r.text(), Sale: flags&1 != 0}
		if flags&2 != 0 {
			t.Value = elsewhere
		}
		tags = append(tags, t)
	}
	return tags, !r.bad
}

func labelsText(s *storage.Send) string {
	if len(s.Labels) == 0 {
		return ""
	}
	var w writer
	for _, l := range s.Labels {
		w.text(l)
	}
	return string(w.b)
}

func parseLabels(text string) (labels []string, ok bool) {
	r := reader{b: []byte(text)}
	for len(r.b) > 0 {
		labels = append(labels, r.text())
	}
	return labels, !r.bad
}

// dictionary gives texts codes from 1, in order of first appearance.
type dictionary struct {
	codes map[string]uint16
	texts []string
	near  [64]struct { // texts asked for lately
		text string
		code uint16
	}
}

func newDictionary() *dictionary { return &dictionary{codes: map[string]uint16{}} }

func (d *dictionary) of(text string) uint16 {
	n := len(text)
	if n == 0 {
		return 0
	}
	near := &d.near[(uint(text[n-1])+uint(text[n/2])<<1+uint(text[0])<<2)%uint(len(d.near))]
	if near.text == text {
		return near.code
	}
	code, ok := d.codes[text]
	if !ok {
		d.texts = append(d.texts, strings.Clone(text))
		code = uint16(len(d.texts))
		d.codes[text] = code
	}
	near.text, near.code = text, code
	return code
}

// Ways to write codes.
const (
	codesRecent = iota // as places in the list of codes, the last used first
	codesByte
	codesWide // low bytes, then high bytes
)

// codes appends the codes of some rows and the texts they stand for.
func (w *writer) codes(codes []uint16, texts []string) {
	var t writer
	for _, text := range texts {
		t.text(text)
	}
	w.uint(uint64(len(texts)))
	w.packed(t.b)
	plain := make([]byte, 0, 2*len(codes))
	for _, c := range codes {
		plain = append(plain, byte(c))
	}
	switch recent := recentOf(codes, len(texts)); {
	case len(texts) > 255:
		for _, c := range codes {
			plain = append(plain, byte(c>>8))
		}
		w.uint(codesWide)
	case recent != nil && entropy(recent) < entropy(plain):
		plain = recent
		w.uint(codesRecent)
	default:
		w.uint(codesByte)
	}
	w.packed(plain)
}

// manyCodes is up to how many texts it pays to look for repetition of recent ones.
const manyCodes = 128

func recentOf(codes []uint16, texts int) []byte {
	if texts > manyCodes {
		return nil
	}
	recent := make([]byte, len(codes))
	list := newRecent(texts)
	for i, c := range codes {
		k := 0
		for list[k] != byte(c) {
			k++
		}
		recent[i] = byte(k)
		list.use(k)
	}
	return recent
}

// recentList has all codes, the last used first.
type recentList []byte

func newRecent(texts int) recentList {
	list := make(recentList, texts+1)
	for i := range list {
		list[i] = byte(i)
	}
	return list
}

func (l recentList) use(k int) byte {
	c := l[k]
	for ; k > 0; k-- {
		l[k] = l[k-1]
	}
	l[0] = c
	return c
}

// entropy is how many bits bytes need at least if each is coded alone.
func entropy(b []byte) float64 {
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	var sum float64
	for _, n := range count {
		if n > 0 {
			sum -= float64(n) * math.Log2(float64(n)/float64(len(b)))
		}
	}
	return sum
}

// codes reads the codes of n rows and their texts; texts[0] is the absent one.
func (r *reader) codes(n int) (codes []uint16, texts []string) {
	count := r.below(1 << 16)
	t := reader{b: r.packed()}
	mode := r.below(codesWide + 1)
	packed := r.packed()
	if count > len(t.b) || r.bad {
		r.fail()
		return nil, nil
	}
	texts = make([]string, 1, count+1)
	for range count {
		texts = append(texts, t.text())
	}
	width := 1
	if mode == codesWide {
		width = 2
	}
	if t.bad || len(t.b) > 0 || len(packed) != n*width {
		r.fail()
		return nil, nil
	}
	codes = make([]uint16, n)
	if !unpack(codes, packed, mode, count) {
		r.fail()
		return nil, nil
	}
	return codes, texts
}

func unpack(codes []uint16, packed []byte, mode, texts int) bool {
	var highest uint16
	switch mode {
	case codesRecent:
		if texts > 255 {
			return false
		}
		list := newRecent(texts)
		for i, k := range packed {
			if int(k) >= len(list) {
				return false
			}
			if k > 0 {
				list.use(int(k))
			}
			codes[i] = uint16(list[0])
		}
		return true
	case codesByte:
		for i, c := range packed {
			codes[i] = uint16(c)
			highest = max(highest, uint16(c))
		}
	case codesWide:
		high := packed[len(codes):]
		for i, c := range packed[:len(codes)] {
			codes[i] = uint16(c) | uint16(high[i])<<8
			highest = max(highest, codes[i])
		}
	}
	return int(highest) <= texts
}
