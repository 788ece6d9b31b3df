// Command devloop runs a project's development loop from its devloop.yaml: it
// watches, checks, builds and restarts, and holds the listening sockets
// meanwhile.
package main

import (
	"errors"
	"io"
	"os"
	"runtime"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

// The kernel gives a signal to the program's first thread, if that does not block it. A thread that waits for a file system
// that does not respond never takes it, and no other one does: so that Ctrl-C always works, only main runs on the first
// thread, and never asks a disk.
func init() { runtime.LockOSThread() }

func main() {
	code := make(chan int)
	go func() { code <- run(os.Args[1:], os.Stdout, os.Stderr) }()
	os.Exit(<-code)
}

// run carries out one command line and returns the exit code. Every error is
// printed here and nowhere else.
func run(args []string, stdout, stderr io.Writer) int {
	out := newOutlet(stdout)
	root := newRoot(out, stderr)
	root.SetArgs(fileFirst(args))
	err := root.Execute()
	if failed := out.failure(); failed != nil {
		printError(stderr, failed)
		return exitFailed
	}
	var code exitCode
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	}
	printError(console.VisibleWriter(foldedTo(stderr, stderr)), err)
	var failed runError
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return exitNoLoop
	case errors.As(err, &failed):
		return exitFailed
	}
	return exitUsage
}
