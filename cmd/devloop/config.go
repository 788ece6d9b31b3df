package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func configCommand(a *app) *cobra.Command {
	var origin, defaults bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the merged configuration, with everything it extends",
		Long: `config merges devloop.yaml with the presets that it extends and your personal
file, and prints the result as one file. Nothing of the environment is in it: ${NAME}
stays as written. Included projects are only named; -f prints one of them.`,
		Example: "  devloop config\n  devloop config --origin\n  devloop -f services/api/devloop.yaml config",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := a.load()
			if err != nil {
				return err
			}
			a.differs(p)
			if _, err := fmt.Fprint(a.stdout, p.cfg.Resolved(origin, defaults)); err != nil {
				return fmt.Errorf("print the configuration: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&origin, "origin", false, "show where each value comes from")
	cmd.Flags().BoolVar(&defaults, "defaults", false, "also list the keys that are not set, with their defaults")
	return cmd
}
