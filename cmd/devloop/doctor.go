package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/doctor"
	"devloop/orchestrator/inspect"
)

func doctorCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for problems on this machine and in the project, and say how to fix them",
		Long: `doctor looks at the system's limits, the file systems, what is watched and how much,
the ports, the triggers and the shell. It changes nothing, and works with or without
a running loop. Exit code 1 if it finds a problem.`,
		Example: "  devloop doctor\n  devloop doctor --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := a.load()
			if err != nil {
				return err
			}
			running, trouble := running(a)
			list := inspect.Diagnose(p.cfg, p.graph, running)
			if trouble != nil {
				list = append(list, *trouble)
			}
			wrong := 0
			for _, f := range list {
				if f.Mark == doctor.Warn {
					wrong++
				}
			}
			if asJSON {
				err = a.json(list)
			} else {
				err = printFindings(a.stdout, list, wrong)
			}
			if err == nil && wrong > 0 {
				return exitCode(exitFailed)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// running asks the loop of this project, if one runs.
func running(a *app) (*control.Status, *doctor.Finding) {
	client, ctx, done, err := a.dial(context.Background())
	if err == nil {
		defer done()
		var s *control.Status
		if s, err = client.Status(ctx); err == nil {
			return s, nil
		}
	}
	const about = "control socket"
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return nil, nil
	case errors.Is(err, control.ErrUnsupported):
		return nil, &doctor.Finding{Mark: doctor.Note, About: about, Text: err.Error()}
	}
	return nil, &doctor.Finding{Mark: doctor.Warn, About: about, Text: err.Error(), Hint: hintOf(err)}
}

func printFindings(w io.Writer, list []doctor.Finding, wrong int) error {
	t := table(w)
	for _, f := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Mark, f.About, f.Text)
		if f.Hint != "" {
			fmt.Fprintf(t, "\t\thint: %s\n", f.Hint)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	verdict := "no problems found"
	if wrong > 0 {
		verdict = console.Count(wrong, "warning")
	}
	_, err := fmt.Fprintf(w, "\n%s\n", verdict)
	return err
}
