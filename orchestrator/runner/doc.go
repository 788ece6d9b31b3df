// Package runner runs commands: the stages of watchers, and the generations of processes. It gives them their
// environment, their sockets and their terminal, finds out when a process is ready and whether it uses its
// sockets, and ends them with their whole trees. Nothing outlives it: every command carries a mark, and a
// guardian knows each.
//
// It does not decide which command starts or ends. A Runner belongs to one goroutine, its owner; its own
// goroutines post events, which the owner passes to Handle.
package runner
