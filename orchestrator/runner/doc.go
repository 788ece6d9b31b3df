// Package runner runs commands: the stages of watchers, and the generations of
// processes. It gives them their environment, their sockets and their terminal,
// finds out when a process is ready and whether it has taken its sockets, and ends
// them with their whole trees. Nothing outlives it: every command carries a mark,
// and a guardian is told of each.
//
// Which command is to start or to end is decided above. A Runner belongs to one
// goroutine, its owner; goroutines of its own post events, which the owner hands
// to Handle.
package runner
