package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

func statusCommand(a *app) *cobra.Command {
	var asJSON, asLine bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show every node and socket, and what each waits for",
		Long: `status asks the loop that runs this project, or one that includes it. It works from
any directory of the project. Exit code 3 if no loop is running.

The first line says whether what was saved is live: ● live, ◐ and what works on it, ✗ and
what has failed where. With --line there is only that, for a prompt or a status bar.`,
		Example: "  devloop status\n  devloop status --line\n  devloop status --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			client, ctx, done, err := a.dial(context.Background())
			if err != nil {
				return err
			}
			defer done()
			s, err := client.Status(ctx)
			if err != nil {
				return runError{err}
			}
			if asJSON {
				return a.json(s)
			}
			if asLine {
				_, err := fmt.Fprintln(a.stdout, headline(s)[0].Text)
				return err
			}
			color, err := a.useColor(a.screen)
			if err != nil {
				return err
			}
			p := statusPrinter{w: a.screen, color: color, now: time.Now()}
			if isTerminal(a.screen) {
				p.width = max(width(a.screen), leastWidth)
			}
			return p.write(s)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asLine, "line", false, "print one short line, for a prompt or a status bar")
	cmd.MarkFlagsMutuallyExclusive("json", "line")
	return cmd
}

// stateText is the state of a node, and how a process ended.
func stateText(n *control.Node) string {
	if n.State != "ended" || n.End == nil {
		return n.State
	}
	switch {
	case n.End.Error != "":
		return "ended: could not be started"
	case n.End.Signal != "":
		return "ended: " + n.End.Signal
	}
	return fmt.Sprintf("ended: exit %d", n.End.Code)
}

// nodeNotes is what the columns do not show of a node.
func nodeNotes(n *control.Node, now time.Time) []string {
	var notes []string
	for _, stage := range n.Stages {
		notes = append(notes, lasting(stage.Name+" for ", now.Sub(stage.Since), stage.Usual))
	}
	if p := n.Problem; p != nil {
		text := console.Place(shorter(p.File), p.Line, p.Column) + " " + p.Message
		if n.Problems > 1 {
			text = fmt.Sprintf("%s, the first: %s", console.Count(n.Problems, "problem"), text)
		}
		notes = append(notes, text)
	}
	if n.Usual > 0 && n.Since != nil {
		notes = append(notes, lasting("for ", now.Sub(*n.Since), n.Usual))
	}
	if n.Waits != nil {
		notes = append(notes, n.Waits.Text)
	}
	if c := n.Candidate; c != nil {
		text := fmt.Sprintf("generation %d is %s", c.Number, c.State)
		if len(c.PIDs) > 0 {
			text += " (pid " + dash(c.PIDs...) + ")"
		}
		if c.Reason != "" {
			text += ": " + c.Reason
		}
		notes = append(notes, text)
	}
	if n.Reason != "" {
		notes = append(notes, n.Reason)
	}
	return notes
}

// lasting says how long something goes on, and how long it usually does.
func lasting(what string, since, usual time.Duration) string {
	text := what + console.Age(since)
	switch {
	case usual >= time.Second:
		text += ", usually " + console.Age(usual)
	case usual > 0:
		text += ", usually less than 1s"
	}
	return text
}

// waitingText counts the connections of a socket.
func waitingText(s *control.Socket) string {
	text := "-"
	switch {
	case s.Waiting != nil && s.Limit > 0:
		text = fmt.Sprintf("%d of %d", *s.Waiting, s.Limit)
	case s.Waiting != nil:
		text = fmt.Sprint(*s.Waiting)
	}
	if s.InFlight != nil && *s.InFlight > 0 {
		text += fmt.Sprintf(", %d in flight", *s.InFlight)
	}
	if s.Cut != nil && *s.Cut > 0 {
		text += fmt.Sprintf(", %d cut by the last restart", *s.Cut)
	}
	return text
}

// dash lists numbers, or writes a dash where there is none.
func dash(numbers ...int) string {
	var list []string
	for _, n := range numbers {
		if n > 0 {
			list = append(list, fmt.Sprint(n))
		}
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ",")
}
