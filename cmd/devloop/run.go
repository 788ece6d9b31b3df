package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"devloop/orchestrator"
	"devloop/schema"
)

func runCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "run [WATCHER…]",
		Short: "Run every stage once, in the order of the graph, then exit",
		Long: `run is the loop without watching, for CI and git hooks. The stages of every watcher
(or of the named ones and what they need) run once, and triggers are touched. The
first failure ends it with exit code 1. Only processes that a watcher depends on are
started; they are stopped at the end.`,
		Example:           "  devloop run\n  devloop run check",
		ValidArgsFunction: a.nodeNames("watcher"),
		RunE: func(_ *cobra.Command, names []string) error {
			p, nodes, err := a.loadNamed(names)
			if err != nil {
				return err
			}
			for _, n := range nodes {
				if p.graph.Nodes[n].Watcher == nil {
					return usageError{fmt.Errorf("%s is a process; this runs only watchers", p.graph.Nodes[n].Name), "devloop run"}
				}
			}
			p.cfg, p.graph = orchestrator.SelectOnce(p.cfg, p.graph, nodes)
			if len(p.cfg.Watchers) == 0 {
				return usageError{fmt.Errorf("no watcher of %s runs at start; name one", p.cfg.File), "devloop run"}
			}
			if !slices.ContainsFunc(p.cfg.Watchers, func(w schema.Watcher) bool { return len(w.Stages) > 0 }) {
				_, err := fmt.Fprintln(a.stdout, "nothing to run: no watcher has a stage")
				return err
			}
			stream := a.verbose || !isTerminal(a.screen)
			return runLoop(a, p, orchestrator.Options{Once: true, Stream: stream, SignalCode: exitInterrupted})
		},
	}
}
