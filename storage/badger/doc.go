// Package badger is the embedded engine: events, the sends they fold into and the bot's own memory in one Badger
// database in one folder, for stores of up to some hundred million sends on one machine.
//
// # Components, runs, segments
//
// A component is a set of events that is closed under what storage.Join looks at: whatever shares the id of a send, a
// message, an event or a conversation, or the number of a contact, lies in one component, so that folding a component
// gives the same as folding everything. That ties more together than need be, which does no harm. Components have
// numbers; where an event ties two together, the younger becomes part of the older and a redirect says so.
//
// A run holds the events of some components in blocks in order of their numbers (package packed), and an index from
// the keyed hashes of all identifiers in them to components. A segment holds sends in columns (package columns). Both
// never change. An Append makes one small run of what is new and one small segment of the sends that it adds or
// changes; of a send that is replaced the older row is marked dead. An Import sets events aside by component and folds
// each once, in the end. In the background small runs are merged into larger ones and small segments too, which
// leaves dead rows out.
//
// A person is the number of a contact, or of a send without one. Phones and user ids stand in the persons' pages only,
// each sealed under a key of its own, and the keys under the master key (package vault); message and event ids are
// sealed under the key of their component's first person. Rows and columns know numbers.
//
// # Keys
//
// Numbers are big-endian. Every value has an envelope with kind, length, number of rows and a checksum (package guard).
//
//	key                value
//	C                  catalogue: all runs and segments, and the figures of Stats; written with every commit
//	d run              directory: the components that blocks begin with, redirects, where the index pages are
//	b run block        events
//	i run page         index: identifier hash → component
//	g segment column   a column of sends; column 65535 has all of a small segment
//	z number           rows of a segment that are dead
//	f number           first successes of 8,192 persons
//	p page             1,024 persons
//	s key, x expiry key, S   the bot's memory, and what it adds up to; see State
//	m name             format, what the store was converted from
//
// Everything is read by point lookups of what the catalogue names, and a name without its value, or with another one
// than was written, is damage: the answer is refused and never smaller. Nothing that the catalogue names is overwritten;
// numbers of parts are used once. So a change writes its values first and becomes part of the store with the
// catalogue, in one transaction; what a crash leaves of it is removed by the next Open. The last page of persons alone
// is written again as it grows, with the same persons at the same places.
//
// A view is one state of the store. A question takes the present one and keeps it until it is answered; parts that were
// merged since are deleted when nobody looks at them any more.
//
// # Settings of Badger
//
// SyncWrites: an acknowledged event survives a power cut, which Badger's default does not promise. Tables are checked
// when the folder is opened, by guard, as far as Badger reads them at once, and values by their envelopes whenever they
// are read; OnTableRead would read a gigabyte at every start, and Badger's stricter modes end scans early or crash on a
// damaged table. No compression and no block cache: values are compressed already, and are read from mapped files. Two
// memtables of 32 MiB (16 in a small box), and few large tables, since a start reads the index of each.
// Values up to 1 MiB stay in the tables and hardly any gets that large; the value log, where others land, is cleaned by
// the merger. Conflict detection is off: whoever holds the writer's token is the only one.
package badger
