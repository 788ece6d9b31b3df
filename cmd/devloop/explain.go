package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/inspect"
)

func explainCommand(a *app) *cobra.Command {
	var asJSON bool
	var why string
	cmd := &cobra.Command{
		Use:   "explain PATH…",
		Short: "Say which nodes a change of PATH wakes, or why it wakes none",
		Long: `explain says for each path which nodes a change wakes, by which pattern on which
line, or why it wakes none: an ignore pattern, a rule of git's, a name that is
never watched. No loop needs to run, and the path need not exist.

With --why it asks the running loop what last woke a node, and what it waits for
now. Exit code 3 if no loop is running.`,
		Example: "  devloop explain src/main.rs\n  devloop explain --why server",
		RunE: func(_ *cobra.Command, paths []string) error {
			switch {
			case why != "" && len(paths) > 0:
				return usageError{errors.New("--why asks about a node of the running loop, and takes no path"), "devloop explain"}
			case why != "":
				return explainWhy(a, why, asJSON)
			case len(paths) == 0:
				return usageError{errors.New("name a path, or a node with --why"), "devloop explain"}
			}
			p, err := a.load()
			if err != nil {
				return err
			}
			a.differs(p)
			list, err := inspect.Explain(p.cfg, p.graph, paths)
			if err != nil {
				return err
			}
			if asJSON {
				return a.json(list)
			}
			for i, e := range list {
				if i > 0 {
					fmt.Fprintln(a.stdout)
				}
				if err := printExplanation(a.stdout, e); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&why, "why", "", "say what last woke `NODE` in the running loop")
	_ = cmd.RegisterFlagCompletionFunc("why", a.nodeNames("")) // the flag is there
	return cmd
}

// printExplanation writes a line a node, and below it what follows from that.
func printExplanation(w io.Writer, e inspect.Explanation) error {
	head := console.Name(e.Path)
	switch e.Is {
	case "missing":
		head += " (does not exist now)"
	case "directory":
		head += " (a directory: this is about the files in it)"
	}
	if len(e.Trigger) > 0 {
		head += ": touched by " + strings.Join(e.Trigger, ", ")
	}
	fmt.Fprintln(w, head)
	t := table(w)
	for _, n := range e.Nodes {
		switch {
		case n.Wakes && e.Is == "directory":
			fmt.Fprintf(t, "  %s\tmay wake\t%s\n", n.Node, place(n.By))
		case n.Wakes:
			fmt.Fprintf(t, "  %s\twakes\t%s\n", n.Node, place(n.By))
		case n.Out != nil:
			fmt.Fprintf(t, "  %s\t-\t%s: %s (%s watches it)\n", n.Node, n.Why, place(n.Out), place(n.By))
		case n.By != nil:
			fmt.Fprintf(t, "  %s\t-\t%s (%s matches it)\n", n.Node, n.Why, place(n.By))
		default:
			fmt.Fprintf(t, "  %s\t-\t%s\n", n.Node, n.Why)
		}
		for _, s := range n.Stages {
			switch {
			case s.By != nil:
				fmt.Fprintf(t, "  \t\truns %s: %s\n", s.Stage, place(s.By))
			case s.Runs:
				fmt.Fprintf(t, "  \t\truns %s\n", s.Stage)
			default:
				fmt.Fprintf(t, "  \t\tskips %s, if it has passed before\n", s.Stage)
			}
		}
		if len(n.Then) > 0 {
			fmt.Fprintf(t, "  \t\tthen, when it has passed: %s\n", strings.Join(n.Then, ", "))
		}
	}
	return t.Flush()
}

// place writes a pattern and where it is.
func place(p *inspect.Place) string {
	if p.At == "built in" {
		return p.Pattern + " (built in)"
	}
	return p.Pattern + " at " + shorterPlace(p.At)
}

// shorterPlace shortens the path in PATH:LINE.
func shorterPlace(at string) string {
	i := strings.LastIndexByte(at, ':')
	if i < 0 {
		return at
	}
	return shorter(at[:i]) + at[i:]
}

func explainWhy(a *app, node string, asJSON bool) error {
	client, ctx, done, err := a.dial(context.Background())
	if err != nil {
		return err
	}
	defer done()
	wake, err := client.Wake(ctx, node)
	if err != nil {
		return answered(err)
	}
	if asJSON {
		return a.json(wake)
	}
	return printWake(a.stdout, wake, time.Now())
}

func printWake(w io.Writer, wake *control.Wake, now time.Time) error {
	number := "run"
	if wake.Kind == "process" {
		number = "generation"
	}
	if wake.Did == "" {
		fmt.Fprintf(w, "%s: nothing has woken it yet\n", wake.Node)
	} else {
		fmt.Fprintf(w, "%s: %s (%s %d), %s ago: %s\n", wake.Node, wake.Did, number, wake.Number, console.Age(now.Sub(*wake.At)), causeText(wake))
		for _, path := range wake.Paths {
			fmt.Fprintf(w, "  %s\n", console.Name(shorter(path)))
		}
		if wake.More > 0 {
			fmt.Fprintf(w, "  and %d more\n", wake.More)
		}
	}
	text := "now: " + wake.State
	if wake.Waits != nil {
		text += "; " + wake.Waits.Text
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// causeText says why a node started or stopped.
func causeText(wake *control.Wake) string {
	switch wake.Cause {
	case "start":
		if wake.Kind == "process" {
			return "its first start"
		}
		return "its first run"
	case "change":
		return "files changed"
	case "trigger":
		return wake.By + " passed"
	case "hand":
		return "by hand"
	case "crash":
		return "it had exited"
	case "first pass":
		return "its upstream passed for the first time"
	case "dependency":
		return wake.By + " was restarted"
	case "update":
		return "its new version is ready"
	case "checking":
		return wake.By + " is checking a change"
	case "checked":
		return "the checks passed"
	case "config":
		return "the configuration changed"
	case "shutdown":
		return "devloop is ending"
	}
	return wake.Cause
}
