package packed

import "strings"

// form is what events of one kind have in common: their type, which fields they have and how ids are told. It makes
// one code of all that.
type form struct {
	kind     int32  // the node of the type
	fields   uint32 // in dictionaries
	same     uint32 // of these, the ones that are as the component had them last
	more     uint16 // flags
	contact  uint8
	reply    uint8
	template uint8 // 0: the event's id is a literal
}

const (
	testFlag = 1 << iota
	saleFlag
	sequenceFlag
	upToFlag
	sendFlag
	talkFlag
	messageFlag
	valueFlag
	moreFlags
)

// How a contact is told.
const (
	noContact    = iota
	plainContact // as its person has it
	plusContact  // the same behind a +
	otherContact // a sealed spelling
	contactWays
)

// What a reply names.
const (
	noReply      = iota
	sendReply    // a send of the component
	messageReply // a message id
	replyWays
)

// template makes an event's id of another of its ids: wamid.X.delivered, r1000.
type template struct {
	base           uint8
	prefix, suffix string // letters and marks
}

// What the id of an event may be made of.
const (
	messageBase = iota
	sendBase
	talkBase
	bases
)

const (
	maxTemplates = 48
	maxAffix     = 16
	minBase      = 3
	marks        = ".:_-/#"
)

// cut finds base in an id and gives what stands around it, if that tells nobody anything.
func cut(id, base string) (prefix, suffix string, ok bool) {
	if len(base) < minBase || len(id) < len(base) || len(id) > len(base)+2*maxAffix {
		return "", "", false
	}
	i := len(id) - len(base)
	switch {
	case id[:len(base)] == base:
		i = 0
	case id[i:] == base:
	default:
		if i = strings.Index(id, base); i < 0 {
			return "", "", false
		}
	}
	prefix, suffix = id[:i], id[i+len(base):]
	return prefix, suffix, wordy(prefix) && wordy(suffix)
}

// wordy tells whether s is short and made of letters and marks, so that it can stand in the public part.
func wordy(s string) bool {
	if len(s) > maxAffix {
		return false
	}
	for i := range len(s) {
		if kinds[s[i]]&isLetter == 0 && strings.IndexByte(marks, s[i]) < 0 {
			return false
		}
	}
	return true
}

// forms are those of a block in the making. Each has a rank among those that came after the same form.
type forms struct {
	index     map[form]uint32
	list      []form
	followers [][]uint32        // of no form, then of each
	ranks     map[uint64]uint32 // of many followers
	last      int               // the form that code was asked for last
	templates []template
}

func newForms() forms {
	return forms{index: map[form]uint32{}, followers: make([][]uint32, 1), ranks: map[uint64]uint32{}}
}

// reset empties the forms for another block.
func (t *forms) reset() {
	clear(t.index)
	clear(t.ranks)
	clear(t.templates)
	for i := range t.followers {
		t.followers[i] = t.followers[i][:0]
	}
	t.list, t.followers, t.templates = t.list[:0], t.followers[:1], t.templates[:0]
}

// fewForms is how many followers are looked at one by one.
const fewForms = 16

// code is the rank of a form after another one, given as its number from 1.
func (t *forms) code(f form, after int) uint64 {
	list := t.followers[after]
	for rank, id := range list[:min(len(list), fewForms)] {
		if t.list[id] == f {
			t.last = int(id)
			return uint64(rank)
		}
	}
	id, ok := t.index[f]
	if !ok {
		id = uint32(len(t.list))
		t.index[f] = id
		t.list = append(t.list, f)
		if n := len(t.followers); n < cap(t.followers) {
			t.followers = t.followers[:n+1] // with the room of an earlier block
		} else {
			t.followers = append(t.followers, nil)
		}
	}
	t.last = int(id)
	key := uint64(after)<<32 | uint64(id)
	rank, ok := t.ranks[key]
	if !ok {
		rank = uint32(len(list))
		t.ranks[key] = rank
		t.followers[after] = append(list, id)
	}
	return uint64(rank)
}

// template is the number of a template from 1, or 0 if there are too many or it could tell a contact.
func (t *forms) template(x template, contacts []string) uint8 {
	for i := range t.templates {
		if y := &t.templates[i]; y.suffix == x.suffix && y.base == x.base && y.prefix == x.prefix {
			return uint8(i + 1)
		}
	}
	if len(t.templates) == maxTemplates || shares(x.prefix, contacts) || shares(x.suffix, contacts) {
		return 0
	}
	t.templates = append(t.templates, x)
	return uint8(len(t.templates))
}

// shares tells whether a word is part of a contact; of many contacts, it may be.
func shares(word string, contacts []string) bool {
	word = strings.ToLower(strings.Trim(word, marks))
	if len(word) < 3 {
		return false
	}
	if len(contacts) >= manyContacts {
		return true
	}
	for _, c := range contacts {
		if strings.Contains(strings.ToLower(c), word) {
			return true
		}
	}
	return false
}
