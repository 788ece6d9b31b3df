package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

// byHand is a verb that people give to nodes of the running loop.
type byHand struct {
	verb    string
	kind    string // of the nodes that it is for; "": both
	short   string
	long    string
	example string
	ask     func(*control.Client, context.Context, ...string) ([]control.Moved, error)
}

var byHands = []byHand{
	{"trigger", "watcher", "Run all stages of a watcher now",
		`trigger runs every stage of the named watchers now, whether files have changed or
not, and touches their triggers when the stages pass. It does not wait for the
end: that is what "devloop wait" is for.`,
		"  devloop trigger check\n  devloop trigger check && devloop wait", (*control.Client).Trigger},
	{"restart", "process", "Restart a process now",
		`restart stops the named processes and starts them again, at once, whatever their
checks say. A process that was stopped or had given up is started.`,
		"  devloop restart server", (*control.Client).Restart},
	{"stop", "", "Stop a watcher or a process, and keep it stopped",
		`stop ends the named nodes: a process stops, a watcher's run is cancelled. No change
starts them again before "devloop start", and "devloop wait" leaves them out.
Their sockets stay open.`,
		"  devloop stop worker\n  devloop stop check server", (*control.Client).Stop},
	{"start", "", "Start what was stopped, or what starts only by hand",
		`start undoes "devloop stop", and starts processes that have "start: false". A
watcher catches up with what changed meanwhile.`,
		"  devloop start worker", (*control.Client).Start},
}

func byHandCommand(a *app, h byHand) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               h.verb + " NAME…",
		Short:             h.short,
		Long:              h.long + "\n\nAll of the named nodes are known and fit, or nothing is done. Exit code 3 if no\nloop is running, 2 for a wrong name.",
		Example:           h.example,
		ValidArgsFunction: a.nodeNames(h.kind),
		RunE: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				return usageError{errors.New("name a node, or several"), "devloop " + h.verb}
			}
			client, ctx, done, err := a.dial()
			if err != nil {
				return err
			}
			defer done()
			moved, err := h.ask(client, ctx, names...)
			if err != nil {
				return answered(err)
			}
			if asJSON {
				return a.json(moved)
			}
			for _, m := range moved {
				if _, err := fmt.Fprintln(a.stdout, movedText(m)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs")
	return cmd
}

// movedText says what became of a node, in a line.
func movedText(m control.Moved) string {
	text := m.Node + ": " + m.State
	if m.Before != m.State {
		text = fmt.Sprintf("%s: %s → %s", m.Node, m.Before, m.State)
	}
	if m.Waits != nil {
		text += ", " + m.Waits.Text
	}
	return text
}
