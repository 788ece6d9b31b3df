package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

// byHand is a verb for nodes of the running loop.
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
		`trigger runs every stage of the named watchers now, even if no file has changed, and
touches their triggers when the stages pass. It returns at once; use "devloop wait" to
wait for the end.`,
		"  devloop trigger check\n  devloop trigger check && devloop wait", (*control.Client).Trigger},
	{"restart", "process", "Restart a process now",
		`restart stops the named processes and starts them again at once, even if their checks
fail. A process that was stopped, or that devloop has given up on, is started.`,
		"  devloop restart server", (*control.Client).Restart},
	{"stop", "", "Stop a watcher or a process until it is started again",
		`stop stops the named nodes: a process ends, a watcher's run is cancelled. Changes do
not start them again; "devloop start" does. "devloop wait" leaves them out. Their
sockets stay open.`,
		"  devloop stop worker\n  devloop stop check server", (*control.Client).Stop},
	{"start", "", "Start what was stopped, or what starts only by hand",
		`start undoes "devloop stop", and starts processes with "start: false". A watcher
catches up with what has changed meanwhile.`,
		"  devloop start worker", (*control.Client).Start},
}

func byHandCommand(a *app, h byHand) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               h.verb + " NAME…",
		Short:             h.short,
		Long:              h.long + "\n\nIf any name is wrong, nothing is done. Exit code 3 if no loop is running, 2 for a\nwrong name.",
		Example:           h.example,
		ValidArgsFunction: a.nodeNames(h.kind),
		RunE: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				return usageError{errors.New("name at least one node"), "devloop " + h.verb}
			}
			client, ctx, done, err := a.dial(context.Background())
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// movedText says what happened to a node, in a line.
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
