package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"devloop/orchestrator/control"
)

func eventsCommand(a *app) *cobra.Command {
	var kinds []string
	var from control.EventQuery
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Print everything that the running loop does, one JSON object a line",
		Long: `events prints what happens from now on until the loop ends. Every line is a JSON
object with "v" (the version), "t" (nanoseconds since the loop began), "time", "kind"
and the fields of that kind. When nothing is left to do, a line of kind "cycle" has the
times of all that a save has led to: the first event, settled, each stage, the trigger,
stop, start, ready; "live" says whether what was saved is live. Exit code 3 if no loop is
running.

Each line has "seq", and the first one, or the "snapshot" after it, "boot": with --since BOOT.SEQ a later call goes on
where this one was.`,
		Example: "  devloop events\n  devloop events --kind cycle | jq '.times.end - .times.first'",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			client, _, err := a.connect()
			if err != nil {
				return err
			}
			defer client.Close()
			client.WritesTo(os.Stdout)
			err = client.Events(context.Background(), from, func(line json.RawMessage) error {
				if len(kinds) > 0 {
					var e struct{ Kind string }
					if err := json.Unmarshal(line, &e); err != nil {
						return fmt.Errorf("read the loop's answer: %w", err)
					}
					if !slices.Contains(kinds, e.Kind) {
						return nil
					}
				}
				_, err := fmt.Fprintf(a.stdout, "%s\n", line)
				return err
			})
			if err != nil {
				return answered(err)
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "only events of this `KIND`; may be given several times")
	cmd.Flags().StringVar(&from.Since, "since", "", "go on after event `BOOT.SEQ`, or with the state if that is too long ago")
	cmd.Flags().BoolVar(&from.Snapshot, "snapshot", false, "begin with the state, as \"devloop status --json\" prints it")
	return cmd
}
