package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator"
)

func upCommand(a *app) *cobra.Command {
	var noWatch, poll, detach bool
	var ui string
	cmd := &cobra.Command{
		Short:             "Run the loop until Ctrl-C, or only the named nodes and what they need",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.nodeNames(""),
		RunE: func(_ *cobra.Command, names []string) error {
			p, err := a.selected(names)
			if err != nil {
				return err
			}
			switch {
			case ui != "lines" && ui != "tui":
				return usageError{fmt.Errorf("--ui %s: expected lines or tui", ui), "devloop up"}
			case ui == "tui" && !detach && !a.detached:
				return upOnScreen(a, shorter(p.cfg.File))
			}
			if detach && !a.detached {
				return startDetached(a, shorter(p.cfg.File))
			}
			opt := orchestrator.Options{Mode: orchestrator.Mode{NoWatch: noWatch, NoReuse: a.withoutReuse()}, Stream: a.verbose}
			if !noWatch {
				opt.Reload = reloader(a, p, names)
			}
			if poll && p.cfg.Poll == nil {
				opt.Poll = new(time.Duration)
			}
			return runLoop(a, p, opt)
		},
	}
	cmd.Flags().BoolVar(&noWatch, "no-watch", false, "start everything, but ignore changes")
	cmd.Flags().BoolVar(&poll, "poll", false, "poll for changes instead of waiting for the system's events")
	a.reuseFlag(cmd)
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "run in the background; return once the loop answers")
	cmd.Flags().StringVar(&ui, "ui", "lines", "lines, or tui: the loop runs in the background, and the whole screen shows it")
	cmd.Flags().BoolVar(&a.detached, detachedFlag, false, "")
	_ = cmd.Flags().MarkHidden(detachedFlag) // the flag is there
	cmd.Flags().StringVar(&a.status, "status", "auto", "the status line at the bottom of a terminal: auto or off")
	a.attention.flags(cmd)
	return cmd
}
