package main

import (
	"outboundbot/commands"
	"outboundbot/storage"
)

// access says what an asker may see: the machine's own command line sees contacts, and so do the people that the
// configuration lists, where nobody else reads along.
func (c *Config) access(req commands.Request) storage.Scope {
	if req.Local {
		return storage.Scope{Contacts: true}
	}
	for _, who := range c.Access.Contacts {
		if req.Place.Private && !req.External && who == req.Platform+":"+req.User {
			return storage.Scope{Contacts: true}
		}
	}
	return storage.Scope{}
}
