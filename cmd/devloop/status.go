package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

func statusCommand(a *app) *cobra.Command {
	var asJSON, asLine bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show every node and socket, and what each waits for",
		Long: `status asks the loop that runs this project, or one that includes it. It works from
any directory of the project. Exit code 3 if no loop is running.

With --line it prints one short line for a prompt or a status bar: ● live, ◐ and what is
running, or ✗ and what has failed where.`,
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
				_, err := fmt.Fprintln(a.stdout, statusLine(s))
				return err
			}
			return printStatus(a.stdout, s, time.Now())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asLine, "line", false, "print one short line, for a prompt or a status bar")
	cmd.MarkFlagsMutuallyExclusive("json", "line")
	return cmd
}

// statusLine is everything in a few words. What has failed comes first: nobody
// waits for what runs, and a failure stays until it is fixed.
func statusLine(s *control.Status) string {
	var failed, busy, down []string
	for _, n := range s.Nodes {
		switch {
		case n.Failed && n.Problem != nil:
			text := n.Name + " " + at(*n.Problem, filepath.Base(n.Problem.File))
			if n.Problems > 1 {
				text += fmt.Sprintf(" +%d", n.Problems-1)
			}
			failed = append(failed, text)
		case n.Failed:
			failed = append(failed, n.Name+" "+n.State)
		case n.Busy:
			busy = append(busy, n.Name)
		case n.Kind == "process" && n.State != "ready" && n.State != "stopped":
			down = append(down, n.Name+" "+n.State)
		}
	}
	switch {
	case s.Mistakes != nil && len(s.Mistakes.List) > 0:
		return "✗ " + filepath.Base(s.Config)
	case len(failed) > 0:
		return "✗ " + strings.Join(failed, ", ")
	case len(busy) > 0:
		return "◐ " + strings.Join(busy, ", ")
	case len(down) > 0:
		return "○ " + strings.Join(down, ", ")
	}
	return "● live"
}

// printStatus writes a table: a line for each node, and at its end what the node waits for.
func printStatus(w io.Writer, s *control.Status, now time.Time) error {
	watching := "nothing"
	if n := s.Watching; n != nil {
		watching = count(n.Directories, "directory")
		if n.Polled > 0 {
			watching += ", polling " + count(n.Polled, "directory")
			if n.Directories == 0 {
				watching = count(n.Polled, "directory") + " by polling"
			}
		}
		if n.Unwatched > 0 {
			watching += fmt.Sprintf(" (%d more cannot be watched: see `devloop doctor`)", n.Unwatched)
		}
	}
	if m := s.Mistakes; m != nil {
		fmt.Fprintf(w, "%s has been broken since %s (%s ago); the last valid configuration still runs\n", shorter(s.Config), m.Since.Local().Format(time.TimeOnly), age(now.Sub(m.Since)))
		for _, mistake := range m.List {
			fmt.Fprintf(w, "  %s\n", mistake)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s: pid %d, up %s, watching %s\n\n", shorter(s.Config), s.PID, age(now.Sub(s.Since)), watching)
	t := table(w)
	fmt.Fprintln(t, "NODE\tSTATE\tRUN\tBEGAN\tPID\tRESTARTS\t")
	for _, n := range s.Nodes {
		since := "-"
		if n.Since != nil {
			since = age(now.Sub(*n.Since)) + " ago"
		}
		restarts := "-"
		if n.Kind == "process" {
			restarts = fmt.Sprint(n.Restarts)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", n.Name, stateText(&n), dash(n.Number), since, dash(n.PIDs...), restarts, nodeNotes(&n, now))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(s.Sockets) > 0 {
		fmt.Fprintln(t, "\nSOCKET\tADDRESS\tFOR\tWAITING\t")
		for _, sock := range s.Sockets {
			users := strings.Join(sock.Nodes, ", ")
			if users == "" {
				users = "-"
			}
			notes := ""
			if sock.Exposed != "" {
				notes = "reachable from the network: " + sock.Exposed
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", sock.Name, sock.Address, users, waitingText(&sock), notes)
		}
	}
	return t.Flush()
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
func nodeNotes(n *control.Node, now time.Time) string {
	var notes []string
	for _, stage := range n.Stages {
		notes = append(notes, lasting(stage.Name+" for ", now.Sub(stage.Since), stage.Usual))
	}
	if p := n.Problem; p != nil {
		text := at(*p, shorter(p.File)) + " " + p.Message
		if n.Problems > 1 {
			text = fmt.Sprintf("%s, the first: %s", count(n.Problems, "problem"), text)
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
	return strings.Join(notes, "; ")
}

// lasting says how long something goes on, and how long it usually does.
func lasting(what string, since, usual time.Duration) string {
	text := what + age(since)
	switch {
	case usual >= time.Second:
		text += ", usually " + age(usual)
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
