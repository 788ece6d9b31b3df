package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

func downCommand(a *app) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the running loop, and wait until it has ended",
		Long: `down does what Ctrl-C does in the loop's own terminal: everything is stopped in
order, and the sockets are closed. It returns when the loop has ended. Exit code
3 if none is running, 4 if it has not ended in time (it is still stopping then).`,
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
				return timedOut(a.stderr, fmt.Errorf("the loop has not ended after %s", timeout), "it is still stopping; `devloop status` shows what is left")
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
