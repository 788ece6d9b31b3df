package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"devloop/orchestrator/console"
	"devloop/schema"
)

// Exit codes, the same for every verb.
const (
	exitOK          = 0
	exitFailed      = 1 // something that was run failed
	exitUsage       = 2 // a mistake in the configuration or on the command line
	exitNoLoop      = 3 // no loop is running
	exitInterrupted = 130
)

// exitCode ends the program without a message: it has been printed.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// runError is an error of something that was run, not of the command line.
type runError struct{ error }

func (e runError) Unwrap() error { return e.error }

// hinted is an error that says what to do about it.
type hinted interface{ Hint() string }

func printError(w io.Writer, err error) {
	var mistakes schema.Mistakes
	if errors.As(err, &mistakes) {
		fmt.Fprintln(w, strings.TrimRight(mistakes.Error(), "\n"))
		fmt.Fprintf(w, "devloop: error: %s; nothing was started\n", console.Count(len(mistakes), "mistake"))
		return
	}
	for _, err := range flatten(err) {
		fmt.Fprintf(w, "devloop: error: %v\n", err)
		if hint := hintOf(err); hint != "" {
			fmt.Fprintf(w, "devloop: hint: %s\n", hint)
		}
	}
}

func hintOf(err error) string {
	var h hinted
	var e *schema.Error
	switch {
	case errors.As(err, &h):
		return h.Hint()
	case errors.As(err, &e):
		return e.Hint
	}
	return ""
}

// flatten splits joined errors, so that each gets a line of its own.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	if failed, ok := err.(runError); ok {
		return flatten(failed.error)
	}
	return []error{err}
}

// usageError is a mistake on the command line.
type usageError struct {
	error
	command string
}

func (e usageError) Hint() string { return fmt.Sprintf("see `%s --help`", e.command) }

// advised is an error with a hint.
type advised struct {
	error
	hint string
}

// Hint says what to do.
func (e advised) Hint() string { return e.hint }

func (e advised) Unwrap() error { return e.error }
