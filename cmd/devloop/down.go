package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

func (a *app) downCommand() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "down",
		Short: "End the running loop in order, and wait until it is gone",
		Long: `down does what Ctrl-C does in the loop's own terminal: everything is stopped in
order, and the sockets are closed. It returns when the loop has ended. Exit code
3 if none is running, 4 if it has not ended in time (it goes on ending).`,
		Example: "  devloop down\n  devloop down --timeout 10s",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, cancel, err := deadline(timeout, "devloop down")
			if err != nil {
				return err
			}
			defer cancel()
			client, config, err := a.connect()
			if err != nil {
				return err
			}
			defer client.Close()
			d, err := client.Down(ctx)
			if err == nil {
				err = control.WaitGone(ctx, config, d.PID)
			}
			if errors.Is(err, context.DeadlineExceeded) {
				return a.timedOut(fmt.Errorf("the loop has not ended after %s", timeout), "it goes on ending; `devloop status` tells what is still there")
			}
			if err != nil {
				return runError{err}
			}
			return nil
		},
	}
	timeoutFlag(cmd, &timeout)
	return cmd
}

// exitTimeout is the exit code of a verb that has waited for as long as it was
// told to.
const exitTimeout = 4

func timeoutFlag(cmd *cobra.Command, timeout *time.Duration) {
	cmd.Flags().DurationVar(timeout, "timeout", 0, "give up after `DURATION`, such as 30s, with exit code 4 (default: never)")
}

// deadline is the time that a --timeout leaves.
func deadline(timeout time.Duration, command string) (context.Context, context.CancelFunc, error) {
	switch {
	case timeout < 0:
		return nil, nil, usageError{fmt.Errorf("--timeout %s: it is no less than 0", timeout), command}
	case timeout == 0:
		ctx, cancel := context.WithCancel(context.Background())
		return ctx, cancel, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	return ctx, cancel, nil
}

// timedOut tells of an end that did not come.
func (a *app) timedOut(err error, hint string) error {
	printError(a.stderr, advised{err, hint})
	return exitCode(exitTimeout)
}

// advised is an error with something to do about it.
type advised struct {
	error
	hint string
}

// Hint says what to do.
func (e advised) Hint() string { return e.hint }

func (e advised) Unwrap() error { return e.error }
