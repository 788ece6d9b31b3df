package main

import (
	"fmt"
	"slices"
	"strings"

	"devloop/orchestrator/console"
	"devloop/orchestrator/inspect"

	"github.com/spf13/cobra"
)

func checkCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "check",
		Short:   "Check the configuration: print every mistake and warning",
		Example: "  devloop check\n  devloop -f team.yaml check",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := a.load()
			if err != nil {
				return err
			}
			a.differs(p)
			warnings := slices.Concat(p.cfg.Warnings, inspect.Unmatched(p.cfg, p.graph))
			for _, w := range warnings {
				fmt.Fprintln(a.stdout, w.Text("warning"))
			}
			var parts []string
			for _, part := range []struct {
				n    int
				noun string
			}{{len(p.cfg.Watchers), "watcher"}, {len(p.cfg.Processes), "process"}, {len(p.cfg.Sockets), "socket"}} {
				if part.n > 0 {
					parts = append(parts, console.Count(part.n, part.noun))
				}
			}
			verdict := "ok"
			if len(warnings) > 0 {
				verdict = console.Count(len(warnings), "warning")
			}
			fmt.Fprintf(a.stdout, "%s: %s (%s)\n", shorter(p.cfg.File), verdict, strings.Join(parts, ", "))
			return nil
		},
	}
}
