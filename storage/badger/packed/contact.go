package packed

import (
	"slices"
	"strings"
)

// manyContacts is from where on contacts are not looked through one by one.
const manyContacts = 32

func (c *componentState) place() {
	c.places = nil
	if len(c.contacts) < manyContacts {
		return
	}
	c.places = make(map[string]int, len(c.contacts))
	for i, id := range c.contacts {
		c.places[id] = i
	}
}

// contact tells how a contact is written and whose it is.
func (c *componentState) contact(s string) (way uint8, person int) {
	if c.person < len(c.contacts) && c.contacts[c.person] == s {
		return plainContact, c.person
	}
	if i := c.indexOf(s); i >= 0 {
		c.person = i
		return plainContact, i
	}
	if s[0] == '+' && len(s) > 1 {
		if i := c.indexOf(s[1:]); i >= 0 {
			return plusContact, i
		}
	}
	return otherContact, 0
}

// indexOf is the place of a contact among those of the component, or -1.
func (c *componentState) indexOf(s string) int {
	if c.places == nil {
		return slices.Index(c.contacts, s)
	}
	if i, ok := c.places[s]; ok {
		return i
	}
	return -1
}

// tells whether a public id says who somebody is: a message id that stands for a send, or one made with a contact.
func (c *componentState) tells(id string) bool {
	if c.selfNamed || strings.Contains(id, "wamid.") {
		return true
	}
	if _, ok := c.messages.known(id); ok {
		return true
	}
	return c.names(id)
}

// names tells whether a text has a contact of the component in it; where there are many, whether it could.
func (c *componentState) names(s string) bool {
	if len(c.contacts) >= manyContacts {
		return suspicious(s)
	}
	for _, id := range c.contacts {
		if len(id) >= 4 && len(s) >= len(id) && strings.Contains(s, id) {
			return true
		}
	}
	return false
}

// suspicious tells whether a text could hold a phone, a platform id or an address.
func suspicious(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] == '@' {
			return true
		}
		digits += int(kinds[s[i]] & isDigit)
	}
	return digits >= 7
}
