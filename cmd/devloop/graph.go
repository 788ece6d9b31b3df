package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"devloop/orchestrator/graph"
)

func graphCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "graph",
		Short:   "Draw the dependency graph",
		Example: "  devloop graph\n  devloop graph --format dot | dot -Tsvg > graph.svg",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if !slices.Contains(graph.Formats, format) {
				return usageError{fmt.Errorf("unknown format %q: one of %s", format, strings.Join(graph.Formats, ", ")), "devloop graph"}
			}
			p, err := a.load()
			if err != nil {
				return err
			}
			a.differs(p)
			return p.graph.Write(a.stdout, p.cfg, format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(graph.Formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(graph.Formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}
