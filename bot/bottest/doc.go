// Package bottest has stateful stand-ins for chat services on loopback addresses, for tests that drive a whole bot
// through the real client libraries: [NewSlack] and [NewDiscord].
package bottest
