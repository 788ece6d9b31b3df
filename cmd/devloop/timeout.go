package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// exitTimeout is the exit code of a verb whose --timeout has passed.
const exitTimeout = 4

func timeoutFlag(cmd *cobra.Command, timeout *time.Duration) {
	cmd.Flags().DurationVar(timeout, "timeout", 0, "give up after `DURATION`, such as 30s, with exit code 4 (default: never)")
}

// deadline is the time that a --timeout leaves.
func deadline(timeout time.Duration, command string) (context.Context, context.CancelFunc, error) {
	switch {
	case timeout < 0:
		return nil, nil, usageError{fmt.Errorf("--timeout %s: must not be negative", timeout), command}
	case timeout == 0:
		ctx, cancel := context.WithCancel(context.Background())
		return ctx, cancel, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	return ctx, cancel, nil
}

// timedOut reports that a timeout has passed.
func timedOut(stderr io.Writer, err error, hint string) error {
	printError(stderr, advised{err, hint})
	return exitCode(exitTimeout)
}
