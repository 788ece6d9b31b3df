// Command devloop runs a project's development loop from its devloop.yaml: it
// watches, checks, builds and restarts, and holds the listening sockets
// meanwhile.
package main

import (
	"errors"
	"io"
	"os"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
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
	printError(console.VisibleWriter(stderr), err)
	var failed runError
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return exitNoLoop
	case errors.As(err, &failed):
		return exitFailed
	}
	return exitUsage
}
