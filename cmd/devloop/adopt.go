package main

import (
	"os"

	"github.com/spf13/cobra"

	"devloop/orchestrator/listenfd/shim"
)

func adoptCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "adopt -- COMMAND [ARG…]",
		Short: "Set LISTEN_PID to its own pid and exec COMMAND",
		Long: `adopt corrects LISTEN_PID behind a wrapper that starts the server as a child: most
servers that take sockets by the systemd protocol insist that LISTEN_PID is their
own pid.`,
		Example: `  go run -exec 'devloop adopt --' .
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='devloop adopt --' cargo test`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, argv []string) error {
			err := shim.Exec(argv, os.Environ())
			printError(a.stderr, err)
			return exitCode(shim.ExitCode(err))
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}
