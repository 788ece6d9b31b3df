//go:build !linux && !darwin && !freebsd

package main

import (
	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

func attachCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "attach NAME",
		Short:   "Connect to the terminal of a process (not on this system)",
		Example: "  devloop attach server",
		Args:    cobra.ExactArgs(1),
		RunE:    func(*cobra.Command, []string) error { return runError{control.ErrUnsupported} },
	}
}
