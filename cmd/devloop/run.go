package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"devloop/orchestrator"
	"devloop/orchestrator/control"
	"devloop/schema"
)

func runCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "run [WATCHER…]",
		Short: "Run every stage once, in the order of the graph, then exit",
		Long: `run is the loop without watching, for CI and git hooks. The stages of every watcher
(or of the named ones and what they need) run once, and triggers are touched. The
first failure ends it with exit code 1. Only processes that a watcher depends on are
started; they are stopped at the end. A stage with reuse that has passed with the same
inputs before, in the loop or in a run, does not run again.

With --json, standard output has one JSON object at the end: what has run, what was
reused, what failed and where. All else goes to standard error.`,
		Example:           "  devloop run\n  devloop run check\n  devloop run --json >ran.json",
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
			ran := make(chan control.Ran, 1)
			opt := orchestrator.Options{Mode: orchestrator.Mode{Once: true, NoReuse: a.withoutReuse()}, SignalCode: exitInterrupted}
			if asJSON {
				a.screen, opt.Ran = a.screenErr, ran
			}
			opt.Stream = a.verbose || !isTerminal(a.screen)
			err = runLoop(a, p, opt)
			select {
			case r := <-ran:
				return errors.Join(err, a.json(r))
			default:
				return err
			}
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what has become of it as JSON, and all else to standard error")
	a.reuseFlag(cmd)
	return cmd
}
