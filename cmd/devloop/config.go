package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func configCommand(a *app) *cobra.Command {
	var origin, defaults bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration with all that it extends",
		Long: `config prints what devloop.yaml comes to with the presets that it extends and
the personal file beside it, as one file that means the same. Nothing of the
environment is in it: ${NAME} stays as it is written. Included projects are
only named; -f prints one of them.`,
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
	cmd.Flags().BoolVar(&origin, "origin", false, "say where each value comes from")
	cmd.Flags().BoolVar(&defaults, "defaults", false, "name the keys that are not there, with their defaults")
	return cmd
}
