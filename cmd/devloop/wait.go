package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

func waitCommand(a *app) *cobra.Command {
	var timeout time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "wait [NAME…]",
		Short: "Wait until everything saved so far is checked, built and ready",
		Long: `wait is a barrier: it returns with exit code 0 when everything that any save
before the call could cause is checked, built and running, and has not died
since. Later saves do not make it longer. With names, it waits only for these nodes
and what they need. A process without "ready" has to live for a second.

Exit code 1 on the first failure or crash (its output is printed), on mistakes in
devloop.yaml, and when a failure keeps a node from running; 3 if no loop is running;
4 when the time is up. Nodes that were stopped by hand are left out.`,
		Example:           "  devloop wait && curl http://127.0.0.1:3000\n  devloop wait server --timeout 1m",
		ValidArgsFunction: a.nodeNames(""),
		RunE: func(_ *cobra.Command, names []string) error {
			ctx, cancel, err := deadline(timeout, "devloop wait")
			if err != nil {
				return err
			}
			defer cancel()
			client, _, err := a.connect()
			if err != nil {
				return err
			}
			defer client.Close()
			v, err := client.Wait(ctx, names...)
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				return timedOut(a.stderr, fmt.Errorf("not finished after %s", timeout), stillBusy(client))
			case err != nil:
				return answered(err)
			case asJSON:
				err = a.json(waited{v, failingPlaces(client, v)})
			case !v.OK:
				err = printFailing(a, client, v)
			}
			if err != nil || v.OK {
				return err
			}
			if !asJSON {
				printError(a.stderr, verdictError(v))
			}
			return exitCode(exitFailed)
		},
	}
	timeoutFlag(cmd, &timeout)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the verdict as JSON, without output")
	return cmd
}

// waited is a verdict, with the places in files that the failing node complains of.
type waited struct {
	*control.Verdict
	Diagnostics []control.Diagnostic `json:"diagnostics,omitempty"`
}

func failingPlaces(client *control.Client, v *control.Verdict) []control.Diagnostic {
	if v.OK || v.Node == "" {
		return nil
	}
	d, err := askProblems(client, []string{v.Node})
	if err != nil {
		return nil // the verdict stands
	}
	return d.Diagnostics
}

// verdictError is a verdict that something failed.
func verdictError(v *control.Verdict) error {
	return advised{errors.New(v.Why), v.Hint}
}

// printFailing prints the output of the node that has failed, as the loop's own screen shows it.
func printFailing(a *app, client *control.Client, v *control.Verdict) error {
	if v.Node == "" || v.Number == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	p, err := newPrinter(a, []string{v.Node})
	if err != nil {
		return err
	}
	want := control.LogQuery{Nodes: []string{v.Node}, Run: v.Number, Stages: v.Stages}
	if err := client.Logs(ctx, want, p.print); err != nil {
		printError(a.stderr, fmt.Errorf("read the output of %s: %w", v.Node, err))
	}
	return nil
}

// stillBusy says what a loop is doing, as a hint: "" if unknown.
func stillBusy(client *control.Client) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s, err := client.Status(ctx)
	if err != nil {
		return ""
	}
	now := time.Now()
	var busy []string
	for _, n := range s.Nodes {
		if n.Waits == nil && !n.Busy {
			continue
		}
		text := n.Name + " is " + n.State
		if notes := nodeNotes(&n, now); len(notes) > 0 {
			text += " (" + strings.Join(notes, "; ") + ")"
		}
		busy = append(busy, text)
	}
	return strings.Join(busy, "; ")
}
