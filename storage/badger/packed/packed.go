// Package packed keeps the events of components in blocks: packed in columns, compressed, and with all that leads to
// a person sealed.
//
// A block has the events of many components, in order of their numbers. What events say of sends stands in its
// public part, in columns over all components: one code an event for its type and the fields it has (its form), time
// steps, dictionaries of names, steps of numbered ids. Ids of messages and events and contacts as somebody wrote
// them stand in the sealed part, a piece for each component under the key of its first person, so that destroying
// the key destroys them (MODEL 6). A [Builder] makes a block, [Open] reads one; an [Index] tells which blocks of a
// run may know an identifier.
//
// What a send takes is the bits of its times, which nothing foretells, and its message id; dictionaries stand in each
// block, so that large blocks take less room a send (256 KiB by [Builder.Size]: a twentieth less than 128 KiB) and small
// ones are quicker to open.
//
// Whoever stores a block guards it with a checksum: sealing hides, it does not prove. Damaged blocks give errors.
package packed

import (
	"errors"

	"outboundbot/storage"
)

// Bundle is what a block holds of one component.
type Bundle struct {
	Component uint32
	Persons   []uint32        // the contacts of its events, and sends without contact; the first one's key seals it
	Events    []storage.Event // normalised, in order (storage.Event.Before)
	State     []byte          // what retention left of its walk at the cut (MODEL 7), sealed and given back as it is
}

// Keys gives the keys that seal components, and the persons that events point to.
type Keys interface {
	// Key is the key of a person.
	Key(person uint32) ([16]byte, error)
	// Loose is the key of a component without persons.
	Loose(component uint32) [16]byte
	// Contact is the channel and the phone or platform id of a person, "" for a send without contact.
	Contact(person uint32) (channel, id string, err error)
}

// errDamaged is what reading garbage gives.
var errDamaged = errors.New("a damaged block of events")

// field is a text of an event that is kept in dictionaries: few values, many events.
type field uint8

// Fields are read in this order; parents come before the fields that follow from them. The numbers stand on disk.
const (
	typeField field = iota // of forms only
	lineField
	channelField
	campaignField
	originField
	templateField
	categoryField
	flowField
	webhookField
	variantField
	senderField
	codeField
	reasonField
	kindField
	nodeField
	textField
	optionField
	howField
	groupField
	agentField
	tagField
	tagTypeField
	byField
	currencyField
	labelField
	fields
)

// parents tells which field nearly decides another one: a campaign has few templates, a code one reason. Each value
// of the parent has a dictionary of its own. A parent has no parent.
var parents = [fields]field{
	channelField: lineField, originField: campaignField, templateField: campaignField, categoryField: campaignField,
	flowField: campaignField, webhookField: campaignField, reasonField: codeField, tagTypeField: tagField,
}

// placeFields seldom change within a component: its form tells whether they do.
var placeFields = [...]field{lineField, channelField}

// at is where an event has a field.
func (f field) at(e *storage.Event) *string {
	switch f {
	case lineField:
		return &e.Line
	case channelField:
		return &e.Channel
	case campaignField:
		return &e.Campaign
	case originField:
		return &e.Origin
	case templateField:
		return &e.Template
	case categoryField:
		return &e.Category
	case flowField:
		return &e.Flow
	case webhookField:
		return &e.Webhook
	case variantField:
		return &e.Variant
	case senderField:
		return &e.Sender
	case codeField:
		return &e.Code
	case reasonField:
		return &e.Reason
	case kindField:
		return &e.Kind
	case nodeField:
		return &e.Node
	case textField:
		return &e.Text
	case optionField:
		return &e.Option
	case howField:
		return &e.How
	case groupField:
		return &e.Group
	case agentField:
		return &e.Agent
	case tagField:
		return &e.Tag
	case tagTypeField:
		return &e.TagType
	case byField:
		return &e.By
	case currencyField:
		return &e.Currency
	case labelField:
		return &e.Label
	}
	return (*string)(&e.Type)
}

// present is the set of fields in dictionaries that an event has.
func present(e *storage.Event) uint32 {
	return has(e.Line)<<lineField | has(e.Channel)<<channelField | has(e.Campaign)<<campaignField |
		has(e.Origin)<<originField | has(e.Template)<<templateField | has(e.Category)<<categoryField |
		has(e.Flow)<<flowField | has(e.Webhook)<<webhookField | has(e.Variant)<<variantField |
		has(e.Sender)<<senderField | has(e.Code)<<codeField | has(e.Reason)<<reasonField | has(e.Kind)<<kindField |
		has(e.Node)<<nodeField | has(e.Text)<<textField | has(e.Option)<<optionField | has(e.How)<<howField |
		has(e.Group)<<groupField | has(e.Agent)<<agentField | has(e.Tag)<<tagField | has(e.TagType)<<tagTypeField |
		has(e.By)<<byField | has(e.Currency)<<currencyField | has(e.Label)<<labelField
}

func has(s string) uint32 {
	if s != "" {
		return 1
	}
	return 0
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
