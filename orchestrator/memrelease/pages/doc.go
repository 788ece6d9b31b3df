// Package pages gives back the memory that a running program takes by being
// read from its file; it never touches what the program has written. It is also
// for a process that does little and must be initialised before everything else
// (orchestrator/guardian), and so needs next to nothing itself.
package pages
